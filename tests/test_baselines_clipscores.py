"""CLIPScore: by hand on known vectors, against the raw network, cut prompts, short clips, batches, rows."""

import numpy as np
import pytest
import torch
from transformers import CLIPModel, CLIPProcessor

from gaia_judge.baselines import Setting, clipscores, find_metric, load_battery
from gaia_judge.baselines.clipscores import B16, B32, B32_LAION, L14, ClipScores
from gaia_judge.videos import Video
from tests.clips import write_images
from tests.encoders import clip_of, noise, write_clip_checkpoint

PROMPTS = ["a person jumps", "red dog", "dances in the park"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_clip_checkpoint(tmp_path_factory.mktemp("clip"))


@pytest.fixture(scope="module")
def scores(folder):
    return ClipScores(B32, Setting(weights={"clip-b32": folder}))


class Known:
    """An encoder whose vectors are written down: frames by their first pixel, texts by one axis."""

    limit = 77
    frames = ([0.6, 0.8], [-1.0, 0.0], [1.0, 0.0])

    def __init__(self):
        self.read = []

    def images(self, frames):
        return np.array([self.frames[image[0, 0, 0]] for image in frames], np.float32)

    def texts(self, texts):
        self.read += texts
        return np.array([[1.0, 0.0]] * len(texts), np.float32), [9] * len(texts)


def test_by_hand_frames_that_contradict_the_prompt_count_as_nothing(monkeypatch):
    known = Known()
    monkeypatch.setattr(clipscores, "load_clip", lambda *_: known)
    images = np.zeros((3, 4, 4, 3), np.uint8) + np.arange(3, dtype=np.uint8)[:, None, None, None]
    measurer = ClipScores(B32, Setting())
    clips = [clip_of(images[which], "jumping") for which in ([0, 1, 2], [1], [2], [0, 1])]
    values = [score.value for (score,) in measurer.measure(clips)]
    assert values == pytest.approx([2.5 * 1.6 / 3, 0, 2.5, 2.5 * 0.3], abs=1e-6)
    assert set(known.read) == {"A photo depicts jumping"}
    cosines = [score.trace["cosine"] for (score,) in measurer.measure(clips)]
    assert cosines == pytest.approx([0.2, -1, 1, -0.2], abs=1e-6)


@pytest.mark.parametrize("frames", [1, 2, 8])
def test_the_score_is_the_raw_networks(folder, scores, frames):
    model, process = CLIPModel.from_pretrained(folder).eval(), CLIPProcessor.from_pretrained(folder)
    images = noise(frames, frames, 48, 32)
    (score,) = scores.measure([clip_of(images, PROMPTS[0])])[0]
    cosines = []
    for image in images:
        inputs = process(text=["A photo depicts " + PROMPTS[0]], images=[image], return_tensors="pt")
        with torch.no_grad():
            cosines.append(model(**inputs).logits_per_image.item() / model.logit_scale.exp().item())
    kept = [cosine for cosine in cosines if cosine > 0]
    assert score.value == pytest.approx(2.5 * sum(kept) / frames, abs=1e-5)
    assert score.trace["cosine"] == pytest.approx(sum(cosines) / frames, abs=1e-5)
    assert (frames, len(kept)) != (8, 0)
    assert score.note == (None if frames == 8 else f"too short for 8 frames: gives {frames}")


def test_eight_frames_are_taken_from_the_middles(scores):
    images = noise(9, 24)
    (all_of_them,) = scores.measure([clip_of(images, "dog")])[0]
    (middles,) = scores.measure([clip_of(images[1::3], "dog")])[0]
    assert all_of_them.value == middles.value


def test_a_prompt_too_long_is_cut_and_said_to_be(scores):
    # The prefix has 13 letters and each is a token; with both ends 62 more make 77.
    images = noise(4, 8)
    texts = ["x" * 62, "x" * 63, "x" * 62 + "dances"]
    fits, beyond, far = (score for clip in texts for (score,) in scores.measure([clip_of(images, clip)]))
    assert fits.note is None
    assert beyond.note == "prompt cut: 77 of its 78 tokens were read"
    assert far.note == "prompt cut: 77 of its 83 tokens were read"
    assert far.value == pytest.approx(fits.value, abs=0.1)
    _, (total, _) = scores._encoder.texts(["A photo depicts " + texts[0], "x"])
    assert total == 77


def test_batches_change_nothing(scores):
    clips = [clip_of(noise(seed, 8), prompt) for seed, prompt in enumerate([*PROMPTS, "x" * 90])]
    together = [score.value for (score,) in scores.measure(clips)]
    alone = [score.value for clip in clips for (score,) in scores.measure([clip])]
    assert together == pytest.approx(alone, rel=1e-5)
    assert len(set(together)) == len(clips)


def test_rows_say_what_is_adapted_and_random_and_what_lacks_a_prompt(folder, tmp_path):
    write_images(tmp_path / "a.mp4", noise(1, 12, 48, 64))
    path = tmp_path / "a.mp4"
    videos = [
        Video(id="a", path=path, prompt="red dog"),
        Video(id="b", path=path),
        Video(id="c", path=path, action="runs"),
    ]
    with load_battery([find_metric("clip-b32")], Setting(weights={"clip-b32": folder})) as battery:
        rows = battery.rate(videos).to_pandas().set_index("video")
        facts = battery.manifest()["metrics"]["clip-b32 (adapted, random weights)"]
    assert set(rows["rater"]) == {"clip-b32 (adapted, random weights)"}
    assert rows["value"].notna().tolist() == [True, False, True]
    assert "no prompt and no action" in rows.loc["b", "error"]
    assert facts["prefix"] == "A photo depicts "
    assert facts["frames"]["count"] == 8


def test_four_networks_have_their_own_weights():
    names = [metric.weights[0].name for metric in (B16, B32, B32_LAION, L14)]
    assert names == ["clip-b16", "clip-b32", "clip-b32-laion", "clip-l14"]
    assert len({metric.weights[0].repo for metric in (B16, B32, B32_LAION, L14)}) == 4
