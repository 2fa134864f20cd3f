"""Action-Score: clips, crops, and the whole against loops over plain forward passes."""

import numpy as np
import pytest
import torch
from transformers import VideoMAEConfig, VideoMAEForVideoClassification

from gaia_judge.baselines import Setting
from gaia_judge.baselines.actionscores import ACTIONSCORE, ACTIONSCORE_V2, V1, V2, pick_clips
from gaia_judge.baselines.crops import shorten
from gaia_judge.baselines.encoders import load_clip
from gaia_judge.baselines.kinetics import class_names
from gaia_judge.errors import GaiaJudgeError
from tests.encoders import write_clip_checkpoint
from tests.recognisers import as_mmaction, make_clip, make_frames, make_state, plain_logits, plain_pixels

STARTS = {
    1: [0, 0, 0, 0, 0],
    2: [0, 0, 0, 0, 0],
    8: [0, 0, 0, 0, 0],
    16: [0, 0, 0, 0, 0],
    61: [0, 0, 0, 0, 0],
    64: [0, 1, 2, 2, 3],  # 0, 0.75, 1.5, 2.25, 3
    100: [0, 10, 20, 29, 39],  # 0, 9.75, 19.5, 29.25, 39
}
FIRST = {
    1: [0] * 16,
    2: [0] * 16,
    8: [0, 4] * 8,
    16: [0, 4, 8, 12] * 4,
    61: [0, 4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 44, 48, 52, 56, 60],
}
"""Of the first clip; longer videos are as the last."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("weights")
    write_clip_checkpoint(folder / "clip")
    torch.save({"meta": {"epoch": 1}, "state_dict": as_mmaction(make_state(tubelet=2))}, folder / "v2.pth")
    return folder


@pytest.fixture(scope="module")
def measurer(folder):
    setting = Setting(weights={V2.name: folder / "v2.pth", "clip-b32": folder / "clip"})
    return ACTIONSCORE_V2.load(ACTIONSCORE_V2, setting)


@pytest.mark.parametrize("total", STARTS)
def test_clips_are_those_of_the_table(total):
    found = pick_clips(total)
    first = FIRST.get(total, FIRST[61])
    wanted = [[(start + one) for one in first] for start in STARTS[total]]
    assert found.tolist() == wanted
    assert found.max() < total


def plain_score(frames, action, folder):
    """Return the score by loops over five clips and three squares."""
    sized = shorten(frames, 224, rounded=True)
    margin = sized.shape[2] - 224
    softmaxes, made = [], {}
    for start in STARTS[len(frames)]:
        clip = sized[[(start + 4 * one) % len(frames) for one in range(16)]]
        for left in (0, margin // 2, margin // 2 * 2):
            if (start, left) not in made:  # of equal ones, all count
                pixels = plain_pixels(clip[:, :, left : left + 224])
                made[start, left] = torch.softmax(plain_logits(make_state(tubelet=2), pixels), dim=0).numpy()
            softmaxes.append(made[start, left])
    mean = sum(softmaxes) / 15
    encoder = load_clip({"pretrained_model_name_or_path": str(folder / "clip")})
    keyword = encoder.texts([action])[0][0]
    total, seen = 0.0, []
    for _ in range(5):
        best = max((one for one in range(400) if one not in seen), key=lambda one: mean[one])
        seen.append(best)
        vector = encoder.texts([class_names()[best]])[0][0]
        total += mean[best] * sum(float(a) * float(b) for a, b in zip(vector, keyword, strict=True))
    return total, [class_names()[one] for one in seen]


@pytest.mark.parametrize(
    ("total", "size", "note"),
    [
        (8, (224, 230), "short: 8 frames wrapped round to 61"),
        (64, (120, 181), None),
        (16, (96, 96), "short: 16 frames wrapped round to 61"),
    ],
)
def test_the_score_is_that_of_loops_over_clips_and_squares(measurer, folder, total, size, note):
    frames = make_frames(total, *size, seed=total)
    ((score,),) = measurer.measure([make_clip(frames, action="arm wrestling")])
    wanted, labels = plain_score(frames, "arm wrestling", folder)
    assert score.value == pytest.approx(wanted, rel=1e-4)
    assert list(score.trace["labels"]) == labels
    assert score.note == note
    assert score.value != 0


def test_a_batch_changes_nothing_and_rows_say_what_stood_in(measurer):
    clips = [
        make_clip(make_frames(total, 64, 64, seed=total), prompt="dogs " * 90, id=str(total))
        for total in (1, 3)
    ]
    batch = [score for (score,) in measurer.measure(clips)]
    assert [score.video for score in batch] == ["1", "3"]
    for clip, together in zip(clips, batch, strict=True):
        ((alone,),) = measurer.measure([clip])
        assert alone.value == pytest.approx(together.value, rel=1e-5)
        assert "no action known: its prompt taken; prompt cut: 77 of its" in together.note
        assert "wrapped round" in together.note


def test_probabilities_sum_to_one_and_follow_the_video(measurer):
    first, second = (measurer.probabilities(make_frames(5, 64, 64, seed=seed)) for seed in (1, 2))
    assert first.sum() == pytest.approx(1)
    assert np.abs(first - second).max() > 1e-4


def write_v1(folder, names):
    config = VideoMAEConfig(
        patch_size=56, hidden_size=16, num_hidden_layers=1, num_attention_heads=1, intermediate_size=16
    )
    config.id2label = dict(enumerate(names))
    config.label2id = {name: number for number, name in enumerate(names)}
    VideoMAEForVideoClassification(config).save_pretrained(folder)
    return folder


def test_the_first_videomae_brings_its_own_names(folder, tmp_path):
    names = tuple(reversed(class_names()))
    own = {V1.name: write_v1(tmp_path, names), "clip-b32": folder / "clip"}
    measurer = ACTIONSCORE.load(ACTIONSCORE, Setting(weights=own, non_commercial=True))
    frames = make_frames(2, 224, 224)
    ((score,),) = measurer.measure([make_clip(frames, action="yoga")])
    model = VideoMAEForVideoClassification.from_pretrained(tmp_path).eval()
    with torch.inference_mode():
        logits = model(plain_pixels(frames[[0] * 16]).float()[None]).logits[0]
    wanted = [names[one] for one in logits.argsort(descending=True)[:5].tolist()]
    assert list(score.trace["labels"]) == wanted


@pytest.mark.parametrize("names", [[f"LABEL_{one}" for one in range(400)], ["yoga", "zumba"]])
def test_a_checkpoint_without_the_400_names_is_refused(folder, tmp_path, names):
    own = {V1.name: write_v1(tmp_path, names), "clip-b32": folder / "clip"}
    with pytest.raises(GaiaJudgeError, match="does not name Kinetics-400's classes"):
        ACTIONSCORE.load(ACTIONSCORE, Setting(weights=own))


def test_a_file_of_other_classes_is_refused(folder, tmp_path):
    torch.save(as_mmaction(make_state(labels=9, tubelet=2)), tmp_path / "v2.pth")
    own = {V2.name: tmp_path / "v2.pth", "clip-b32": folder / "clip"}
    with pytest.raises(GaiaJudgeError, match="knows 9 classes"):
        ACTIONSCORE_V2.load(ACTIONSCORE_V2, Setting(weights=own))


def test_what_may_not_be_sold_asks_first():
    assert "CC-BY-NC-4.0" in V1.problem(hub=lambda: None).what
    assert V1.problem(non_commercial=True, hub=lambda: None) is None
    assert "unclear" in V2.problem(hub=lambda: None).what
    assert V2.problem(non_commercial=True, hub=lambda: None) is None
    assert ACTIONSCORE.rater(Setting()) == "action-score-v1 (adapted)"
    assert ACTIONSCORE_V2.rater(Setting()) == "action-score"
