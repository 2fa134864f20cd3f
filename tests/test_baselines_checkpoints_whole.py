"""Checkpoints of transformers: whole ones load, whatever else they hold; no weight is ever made up."""

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import VideoMAEConfig, VideoMAEForVideoClassification

from gaia_judge.baselines import Setting
from gaia_judge.baselines.actionscores import V1, load_v1
from gaia_judge.baselines.blipscores import ITM
from gaia_judge.baselines.clipscores import B32
from gaia_judge.baselines.consistencies import DINO, SubjectConsistency
from gaia_judge.baselines.kinetics import class_names
from gaia_judge.baselines.xclipscores import XCLIP
from gaia_judge.errors import GaiaJudgeError
from tests.encoders import (
    noise,
    write_blip_checkpoint,
    write_clip_checkpoint,
    write_vit_checkpoint,
    write_xclip_checkpoint,
)


def write_videomae(folder):
    sizes = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    names = dict(enumerate(class_names()))
    config = VideoMAEConfig(**sizes, image_size=32, patch_size=16, id2label=names)
    VideoMAEForVideoClassification(config).save_pretrained(folder)
    return folder


def load(metric):
    return lambda folder: metric.load(metric, Setting(weights={metric.weights[0].name: folder}))


NETWORKS = {
    "clip": (write_clip_checkpoint, load(B32), "text_projection.weight"),
    "blip": (write_blip_checkpoint, load(ITM), "itm_head.weight"),
    "xclip": (write_xclip_checkpoint, load(XCLIP), "visual_projection.weight"),
    "dino": (write_vit_checkpoint, load(DINO), "layernorm.weight"),
    "videomae": (
        write_videomae,
        lambda folder: load_v1(Setting(weights={V1.name: folder})),
        "classifier.weight",
    ),
}
WORDED = ("clip", "blip", "xclip")
"""Those that have image processors and tokenizers."""


@pytest.mark.parametrize("name", NETWORKS)
def test_a_tensor_that_is_lacking_is_named_and_not_drawn_at_random(name, tmp_path):
    write, make, key = NETWORKS[name]
    write(tmp_path)
    make(tmp_path)
    weights = load_file(tmp_path / "model.safetensors")
    del weights[key]
    save_file(weights, tmp_path / "model.safetensors")
    with pytest.raises(GaiaJudgeError, match=rf"has no {key} for a \w+ \(1 such weights\)"):
        make(tmp_path)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_tensor_of_another_shape_is_refused(name, tmp_path):
    write, make, key = NETWORKS[name]
    write(tmp_path)
    weights = load_file(tmp_path / "model.safetensors")
    weights[key] = torch.cat([weights[key], weights[key]])
    save_file(weights, tmp_path / "model.safetensors")
    with pytest.raises(GaiaJudgeError, match=r"cannot be loaded|has no"):
        make(tmp_path)


@pytest.mark.parametrize("name", NETWORKS)
def test_another_network_is_refused(name, tmp_path):
    NETWORKS["dino" if name == "clip" else "clip"][0](tmp_path)
    with pytest.raises(GaiaJudgeError, match=r"cannot be loaded|has no"):
        NETWORKS[name][1](tmp_path)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_folder_of_weights_alone_is_refused(name, tmp_path):
    write, make, _ = NETWORKS[name]
    write(tmp_path)
    for file in tmp_path.iterdir():
        if file.name != "model.safetensors":
            file.unlink()
    with pytest.raises(GaiaJudgeError, match=rf"{tmp_path.name}.* (cannot be loaded|has no)"):
        make(tmp_path)


@pytest.mark.parametrize("name", WORDED)
@pytest.mark.parametrize(
    ("part", "said"), [("preprocessor", "cannot be loaded"), ("token", "has no tokenizer")]
)
def test_a_folder_without_a_processor_or_tokenizer_is_refused(name, part, said, tmp_path):
    write, make, _ = NETWORKS[name]
    write(tmp_path)
    for file in tmp_path.glob(f"{part}*"):
        file.unlink()
    with pytest.raises(GaiaJudgeError, match=rf"{tmp_path.name}.* {said}"):
        make(tmp_path)


@pytest.mark.parametrize("name", NETWORKS)
def test_what_older_checkpoints_hold_beside_does_not_matter(name, tmp_path):
    write, make, _ = NETWORKS[name]
    write(tmp_path)
    weights = load_file(tmp_path / "model.safetensors")
    weights |= {
        f"{tower}_model.embeddings.position_ids": torch.arange(3)[None] for tower in ("text", "vision")
    }
    weights |= {"pooler.dense.weight": torch.ones(32, 32), "pooler.dense.bias": torch.ones(32)}
    save_file(weights, tmp_path / "model.safetensors")
    make(tmp_path)


def test_dinos_pooler_changes_nothing(tmp_path):
    bare = SubjectConsistency(DINO, Setting(weights={"dino-vitb16": write_vit_checkpoint(tmp_path)}))
    before = bare.vectors(noise(0, 2))
    weights = load_file(tmp_path / "model.safetensors")
    weights |= {"pooler.dense.weight": torch.ones(32, 32), "pooler.dense.bias": torch.ones(32)}
    save_file(weights, tmp_path / "model.safetensors")
    pooled = SubjectConsistency(DINO, Setting(weights={"dino-vitb16": tmp_path}))
    assert (pooled.vectors(noise(0, 2)) == before).all()
