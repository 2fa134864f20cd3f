"""Encoders of images and texts: the raw network's vectors, cut texts, safe loading, one copy in memory."""

import gc
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from transformers import CLIPModel, CLIPTokenizer
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

from gaia_judge.baselines import Setting, encoders
from gaia_judge.baselines.blipscores import ITC, ITM
from gaia_judge.baselines.clipscores import B16, B32, B32_LAION, L14
from gaia_judge.baselines.consistencies import DINO
from gaia_judge.baselines.encoders import ClipEncoder, load_clip, pixels, remarks
from gaia_judge.baselines.xclipscores import XCLIP
from gaia_judge.errors import GaiaJudgeError
from tests.encoders import clip_of, noise, write_clip_checkpoint


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_clip_checkpoint(tmp_path_factory.mktemp("clip"))


@pytest.fixture(scope="module")
def encoder(folder):
    return ClipEncoder({"pretrained_model_name_or_path": str(folder)})


def unit(vector):
    vector = vector.double().numpy()
    return vector / np.sqrt((vector**2).sum())


def test_image_vectors_are_the_raw_networks(folder, encoder):
    model = CLIPModel.from_pretrained(folder).eval()
    process = CLIPImageProcessorPil.from_pretrained(folder)
    images = noise(1, 3, 32, 48)
    found = encoder.images(images)
    assert found.shape == (3, 16)
    for image, vector in zip(images, found, strict=True):
        values = process(image, return_tensors="pt")["pixel_values"]
        with torch.no_grad():
            pooled = model.vision_model(values).pooler_output[0]
            np.testing.assert_allclose(vector, unit(model.visual_projection.weight @ pooled), atol=1e-5)


def test_text_vectors_are_the_raw_networks_cut_before_the_end_token(folder, encoder):
    model = CLIPModel.from_pretrained(folder).eval()
    words = CLIPTokenizer.from_pretrained(folder)
    texts = ["a", "xyz" * 50, "red dog"]
    found, totals = encoder.texts(texts)
    assert totals == [3, 152, 8]
    for text, vector in zip(texts, found, strict=True):
        ids = words(text)["input_ids"]
        ids = ids if len(ids) <= 77 else [*ids[:76], words.eos_token_id]
        with torch.no_grad():
            pooled = model.text_model(torch.tensor([ids])).pooler_output[0]
            np.testing.assert_allclose(vector, unit(model.text_projection.weight @ pooled), atol=1e-5)


@pytest.mark.parametrize("size", [(40, 100), (500, 333), (20, 31), (32, 32), (3, 3)])
def test_images_reach_the_network_as_pillow_would_have_made_them(folder, encoder, size):
    images = noise(2, 2, *size)
    made = pixels(encoder._process, images, "cpu")
    told = CLIPImageProcessorPil.from_pretrained(folder)(
        list(images), return_tensors="pt", input_data_format="channels_last"
    )["pixel_values"]
    assert made.shape == told.shape == (2, 3, 32, 32)
    # Pillow and torchvision round half a grey level differently here and there, of 255 in 0.2613 or more.
    assert (made - told).abs().max() <= 1.01 / 255 / 0.2613
    assert (made - told).abs().mean() < 2e-3


def test_many_images_go_through_in_parts_that_change_nothing(encoder, monkeypatch):
    images = noise(3, 7)
    whole = encoder.images(images)
    monkeypatch.setattr(encoders, "portions", lambda frames: [frames[:3], frames[3:5], frames[5:]])
    np.testing.assert_allclose(encoder.images(images), whole, rtol=1e-5, atol=1e-6)


def test_one_network_serves_all_who_use_it_and_goes_when_they_do(folder):
    checkpoint = {"pretrained_model_name_or_path": str(folder)}
    first = load_clip(checkpoint)
    assert load_clip(dict(checkpoint)) is first
    assert load_clip(checkpoint | {"revision": None}) is not first
    del first
    gc.collect()
    assert not [key for key in encoders._loaded if str(folder) in str(key)]


def test_weights_kept_in_half_precision_are_computed_with_in_single(folder, tmp_path):
    write_clip_checkpoint(tmp_path)
    model = CLIPModel.from_pretrained(tmp_path).half()
    model.save_pretrained(tmp_path)
    assert {tensor.dtype for tensor in load_file(tmp_path / "model.safetensors").values()} == {torch.float16}
    vectors = ClipEncoder({"pretrained_model_name_or_path": str(tmp_path)})
    assert vectors._model.dtype == torch.float32


def test_a_bin_file_loads_as_tensors(folder, encoder, tmp_path):
    write_clip_checkpoint(tmp_path)
    torch.save(load_file(tmp_path / "model.safetensors"), tmp_path / "pytorch_model.bin")
    (tmp_path / "model.safetensors").unlink()
    again = ClipEncoder({"pretrained_model_name_or_path": str(tmp_path)})
    np.testing.assert_allclose(again.texts(["red dog"])[0], encoder.texts(["red dog"])[0], atol=1e-6)


class Trap:
    """Unpickled, it makes a file."""

    def __init__(self, file):
        self.file = file

    def __reduce__(self):
        return os.mkdir, (str(self.file),)


def test_a_bin_file_with_code_is_not_run(tmp_path):
    write_clip_checkpoint(tmp_path / "clip")
    (tmp_path / "clip" / "model.safetensors").unlink()
    torch.save({"trap": Trap(tmp_path / "sprung")}, tmp_path / "clip" / "pytorch_model.bin")
    with pytest.raises(GaiaJudgeError, match=r"(?i)cannot be loaded: weights.only"):
        ClipEncoder({"pretrained_model_name_or_path": str(tmp_path / "clip")})
    assert not (tmp_path / "sprung").exists()


def test_remarks_join_what_there_is():
    assert remarks(clip_of(noise(0, 8))) is None
    assert remarks(clip_of(noise(0, 8)), None, "cut") == "cut"
    assert remarks(clip_of(noise(0, 2)), "a", None, "b") == "too short for 8 frames: gives 2; a; b"


@pytest.mark.parametrize(
    "metric", [B16, B32, B32_LAION, L14, ITC, ITM, XCLIP, DINO], ids=lambda one: one.name
)
def test_without_weights_a_metric_says_at_once_what_it_lacks(metric, tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    (problem,) = metric.problems(Setting())
    (weights,) = metric.weights
    assert metric.name in problem.what
    assert weights.repo in problem.what
    assert str(tmp_path / "hub") in problem.what
    assert f"--weights {weights.name}=PATH" in problem.cure
    assert f"hf download {weights.repo}" in problem.cure
    (problem,) = metric.problems(Setting(weights={weights.name: tmp_path}))
    assert str(tmp_path) in problem.what
    (tmp_path / "config.json").write_text("{}")
    assert metric.problems(Setting(weights={weights.name: Path(tmp_path)})) == []
