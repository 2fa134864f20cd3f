"""BLIPScore: both heads against the raw network, shared image encoding, cut prompts, short clips, batches."""

from dataclasses import replace

import pytest
import torch
from transformers import BertTokenizer, BlipForImageTextRetrieval
from transformers.models.blip.image_processing_pil_blip import BlipImageProcessorPil

from gaia_judge.baselines import EVERY, Setting, find_metrics, load_battery
from gaia_judge.baselines.blipscores import ITC, ITM, BlipMatcher, BlipScores
from gaia_judge.frames import FrameSpec, subset
from gaia_judge.videos import Video
from tests.clips import write_images
from tests.encoders import clip_of, noise, write_blip_checkpoint
from tests.metrics import metric_of


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_blip_checkpoint(tmp_path_factory.mktemp("blip"))


@pytest.fixture(scope="module")
def heads(folder):
    setting = Setting(weights={"blip-itm": folder})
    return {metric.name: BlipScores(metric, setting) for metric in (ITC, ITM)}


def reference(folder, images, text, head):
    """One image at a time through the whole model, with the text padded and cut as BLIP's own code does."""
    model = BlipForImageTextRetrieval.from_pretrained(folder).eval()
    process = BlipImageProcessorPil.from_pretrained(folder)
    words = BertTokenizer.from_pretrained(folder)
    text = words(text, padding="max_length", truncation=True, max_length=35, return_tensors="pt")
    total = 0.0
    for image in images:
        given = {name: text[name] for name in ("input_ids", "attention_mask")}
        given["pixel_values"] = process(image, return_tensors="pt")["pixel_values"]
        with torch.no_grad():
            if head == "blip-itc":
                total += model(**given, use_itm_head=False).itm_score.item()
            else:
                no, yes = model(**given, use_itm_head=True).itm_score[0].double().exp().tolist()
                total += yes / (no + yes)
    return total / len(images)


@pytest.mark.parametrize("head", ["blip-itc", "blip-itm"])
@pytest.mark.parametrize("frames", [1, 2, 8])
def test_the_score_is_the_raw_networks(folder, heads, head, frames):
    images = noise(frames, frames)
    (score,) = heads[head].measure([clip_of(images, "a person walks")])[0]
    assert score.value == pytest.approx(reference(folder, images, "a person walks", head), abs=1e-5)
    assert score.note == (None if frames == 8 else f"too short for 8 frames: gives {frames}")


@pytest.mark.parametrize("head", ["blip-itc", "blip-itm"])
def test_a_prompt_too_long_is_cut_and_said_to_be(folder, heads, head):
    # Every word is one token; with both ends 33 of them make 35.
    images = noise(3, 8)
    texts = ["red " * 32 + "dog", "red " * 32 + "dog runs", "red " * 32 + "dog blue blue"]
    fits, beyond, far = (score for text in texts for (score,) in heads[head].measure([clip_of(images, text)]))
    assert fits.note is None
    assert beyond.note == "prompt cut: 35 of its 36 tokens were read"
    assert far.note == "prompt cut: 35 of its 37 tokens were read"
    assert beyond.value == pytest.approx(fits.value, abs=1e-6)
    assert far.value == pytest.approx(reference(folder, images, texts[2], head), abs=1e-5)
    (shorter,) = heads[head].measure([clip_of(images, "red " * 32)])[0]
    assert shorter.value != pytest.approx(fits.value, abs=1e-6)


@pytest.mark.parametrize("head", ["blip-itc", "blip-itm"])
def test_batches_change_nothing(heads, head):
    prompts = ["a dog", "a person jumps in the park slowly", "red"]
    clips = [clip_of(noise(seed, 8), prompt) for seed, prompt in enumerate(prompts)]
    together = [score.value for (score,) in heads[head].measure(clips)]
    alone = [
        heads[head].measure([clip_of(noise(seed, 8), prompt)])[0][0].value
        for seed, prompt in enumerate(prompts)
    ]
    assert together == pytest.approx(alone, rel=1e-5)
    assert len(set(together)) == 3


@pytest.mark.parametrize("others", [[], [metric_of("every", lambda clip: 1.0, EVERY)]])
def test_both_heads_load_one_network_and_encode_each_video_once(folder, tmp_path, monkeypatch, others):
    write_images(tmp_path / "a.mp4", noise(1, 12, 48, 64))
    write_images(tmp_path / "b.mp4", noise(2, 12, 48, 64))
    texts = {"a": "a dog", "b": "a red dog", "c": "runs"}
    paths = {"a": "a.mp4", "b": "b.mp4", "c": "a.mp4"}
    videos = [Video(id=name, path=tmp_path / paths[name], prompt=texts[name]) for name in texts]
    seen, encode = [], BlipMatcher._encode
    monkeypatch.setattr(
        BlipMatcher, "_encode", lambda self, clip: seen.append(clip.video.id) or encode(self, clip)
    )
    metrics = [*find_metrics(["blip-itc", "blip-itm"]), *others]
    with load_battery(metrics, Setting(weights={"blip-itm": folder}), batch=2) as battery:
        assert battery._measurers[0]._matcher is battery._measurers[1]._matcher
        rows = battery.rate(videos).to_pandas()
    assert sorted(seen) == ["a", "b", "c"]
    assert rows["error"].isna().all()
    assert rows["value"].nunique() >= 6


def test_metrics_that_look_at_other_frames_of_a_video_encode_their_own(heads):
    clip = clip_of(noise(5, 8), "a dog")
    fewer = replace(clip, frames=subset(clip.frames, FrameSpec(count=2)))
    values = [heads["blip-itc"].measure([one])[0][0].value for one in (clip, fewer, clip)]
    alone = heads["blip-itc"].measure([clip_of(noise(5, 8)[[2, 6]], "a dog")])[0][0].value
    assert values[1] == pytest.approx(alone, abs=1e-6)
    assert values[0] == values[2] != pytest.approx(alone, abs=1e-4)


def test_a_missing_prompt_costs_its_own_rows_only(folder, tmp_path):
    write_images(tmp_path / "a.mp4", noise(1, 8, 48, 64))
    videos = [Video(id="a", path=tmp_path / "a.mp4"), Video(id="b", path=tmp_path / "a.mp4", action="runs")]
    with load_battery([ITC, ITM], Setting(weights={"blip-itm": folder})) as battery:
        rows = battery.rate(videos).to_pandas().set_index(["video", "rater"])
    assert rows["value"].isna().tolist() == [True, True, False, False]
    assert rows.loc["a", "error"].str.contains("no prompt and no action").all()
    assert set(rows.index.get_level_values("rater")) == {
        "blip-itc (adapted, random weights)",
        "blip-itm (adapted, random weights)",
    }
