"""X-CLIP: against the raw network, short clips by repeated frames, cut prompts, batches, rows."""

import json

import pytest
import torch
from transformers import CLIPTokenizer, VideoMAEImageProcessor, XCLIPModel

from gaia_judge.baselines import Setting, load_battery
from gaia_judge.baselines.xclipscores import XCLIP, XclipScores
from gaia_judge.errors import GaiaJudgeError
from gaia_judge.videos import Video
from tests.clips import write_images
from tests.encoders import clip_of, noise, write_xclip_checkpoint

REPEATED = {
    1: [0] * 8,
    2: [0] * 4 + [1] * 4,
    3: [0, 0, 0, 1, 1, 2, 2, 2],
    5: [0, 0, 1, 2, 2, 3, 4, 4],
    8: list(range(8)),
}
"""Which frame stands at each of eight moments."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_xclip_checkpoint(tmp_path_factory.mktemp("xclip"))


@pytest.fixture(scope="module")
def scores(folder):
    return XclipScores(XCLIP, Setting(weights={"xclip": folder}))


def reference(folder, images, text, cut=None):
    model = XCLIPModel.from_pretrained(folder).eval()
    process = VideoMAEImageProcessor.from_pretrained(folder)
    words = CLIPTokenizer.from_pretrained(folder)
    ids = words(text)["input_ids"]
    if cut:
        ids = [*ids[: cut - 1], words.eos_token_id]
    values = torch.stack([process([image], return_tensors="pt")["pixel_values"][0, 0] for image in images])
    with torch.no_grad():
        logits = model(input_ids=torch.tensor([ids]), pixel_values=values[None]).logits_per_video
    return logits.item() / model.logit_scale.exp().item()


@pytest.mark.parametrize("frames", sorted(REPEATED))
def test_the_score_is_the_raw_networks_frames_repeated_to_eight(folder, scores, frames):
    images = noise(frames, frames, 48, 64)
    (score,) = scores.measure([clip_of(images, "a person jumps")])[0]
    told = reference(folder, images[REPEATED[frames]], "a person jumps")
    assert score.value == pytest.approx(told, abs=1e-5)
    assert -1 <= score.value <= 1
    note = f"too short for 8 frames: gives {frames}; repeated to 8"
    assert score.note == (None if frames == 8 else note)


def test_the_order_of_frames_counts(scores):
    images = noise(5, 8)
    (forth,) = scores.measure([clip_of(images, "runs")])[0]
    (back,) = scores.measure([clip_of(images[::-1].copy(), "runs")])[0]
    assert forth.value != pytest.approx(back.value, abs=1e-5)


def test_a_prompt_too_long_is_cut_and_said_to_be(folder, scores):
    images = noise(6, 8)
    fits, beyond = (scores.measure([clip_of(images, "x" * letters)])[0][0] for letters in (75, 90))
    assert fits.note is None
    assert beyond.note == "prompt cut: 77 of its 92 tokens were read"
    assert beyond.value == pytest.approx(reference(folder, images, "x" * 90, cut=77), abs=1e-5)


def test_batches_change_nothing(scores):
    clips = [clip_of(noise(seed, 8), prompt) for seed, prompt in enumerate(["a dog", "runs", "x" * 90])]
    together = [score.value for (score,) in scores.measure(clips)]
    assert together == [score.value for clip in clips for (score,) in scores.measure([clip])]
    assert len(set(together)) == 3


def test_the_hubs_older_way_to_write_the_size_is_read(folder, scores, tmp_path):
    write_xclip_checkpoint(tmp_path)
    file = tmp_path / "preprocessor_config.json"
    facts = json.loads(file.read_text())
    older = {
        name: facts[name] for name in ("do_resize", "do_normalize", "image_mean", "image_std", "resample")
    }
    older |= {"size": 32, "crop_size": 32, "feature_extractor_type": "VideoMAEFeatureExtractor"}
    file.write_text(json.dumps(older))
    clip = clip_of(noise(7, 8, 48, 64), "dog")
    again = XclipScores(XCLIP, Setting(weights={"xclip": tmp_path})).measure([clip])[0][0]
    assert again.value == pytest.approx(scores.measure([clip])[0][0].value, abs=1e-6)


def test_a_network_of_other_length_is_refused(tmp_path):
    write_xclip_checkpoint(tmp_path, frames=16)
    with pytest.raises(GaiaJudgeError, match="wants 16 frames"):
        XclipScores(XCLIP, Setting(weights={"xclip": tmp_path}))


def test_a_missing_prompt_is_a_row_with_an_error(folder, tmp_path):
    write_images(tmp_path / "a.mp4", noise(1, 12, 48, 64))
    videos = [Video(id="a", path=tmp_path / "a.mp4"), Video(id="b", path=tmp_path / "a.mp4", prompt="runs")]
    with load_battery([XCLIP], Setting(weights={"xclip": folder})) as battery:
        rows = battery.rate(videos).to_pandas().set_index("video")
    assert set(rows["rater"]) == {"xclip (random weights)"}
    assert "no prompt and no action" in rows.loc["a", "error"]
    assert rows["value"].notna().tolist() == [False, True]
