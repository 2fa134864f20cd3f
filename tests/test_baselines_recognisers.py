"""UMT's probabilities: which frames it looks at, and which output is which class."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from gaia_judge.baselines import Setting
from gaia_judge.baselines.kinetics import class_names, umt_numbers
from gaia_judge.baselines.recognisers import UMT, load_umt, pick_sixteen, take_sixteen
from gaia_judge.errors import GaiaJudgeError
from gaia_judge.frames import FrameSpec, subset
from tests.recognisers import make_clip, make_frames, make_state, plain_logits, plain_pixels, plain_resize

MIDDLES = {
    1: [0] * 16,
    2: [0] + [1] * 15,
    8: [0, 1, 2, 3, 4, 5, 6] + [7] * 9,
    16: list(range(16)),
    64: [1, 5, 9, 13, 17, 21, 25, 29, 33, 37, 41, 45, 49, 53, 57, 61],
    100: [2, 8, 14, 21, 27, 33, 39, 46, 52, 58, 64, 71, 77, 83, 89, 96],
}
"""By hand: of 64, stretches of four; of 100, they begin at 0, 6, 12, 18, 25 and so on."""


@pytest.fixture(scope="module")
def setting(tmp_path_factory):
    path = tmp_path_factory.mktemp("umt") / "umt.pth"
    torch.save(make_state(), path)
    return Setting(weights={UMT.name: path})


@pytest.mark.parametrize("total", MIDDLES)
def test_frames_are_middles_and_short_videos_repeat_their_last(total):
    assert pick_sixteen(total).tolist() == MIDDLES[total]


@pytest.mark.parametrize("total", [1, 8, 64])
def test_the_pixels_are_the_middle_of_the_chosen_frames(total):
    frames = make_frames(total, 240, 323)  # 344.53 wide
    found = take_sixteen(frames)
    sized = {one: plain_resize(frames[one], 256, 344) for one in set(MIDDLES[total])}
    wanted = np.stack([sized[one][16:240, 60:284] for one in MIDDLES[total]])
    assert found.shape == wanted.shape
    assert np.abs(found - wanted).max() <= 1


def test_probabilities_are_sigmoids_in_alphabetical_order(setting):
    clip = make_clip(make_frames(20))
    (found,) = load_umt(setting).probabilities([clip])
    logits = plain_logits(make_state(), plain_pixels(take_sixteen(clip.frames.images)))
    assert found.shape == (400,)
    for place in (0, 5, 267, 399):
        wanted = 1 / (1 + np.exp(-logits[umt_numbers()[place]].item()))
        assert found[place] == pytest.approx(wanted, abs=1e-5)
    assert found[class_names().index("riding a bike")] == pytest.approx(
        torch.sigmoid(logits[0]).item(), abs=1e-5
    )


def test_a_batch_changes_nothing_and_each_video_is_looked_at_once(setting, monkeypatch):
    videos = [make_frames(total, seed=total) for total in (1, 9, 40)]
    recogniser = load_umt(setting)
    together = [make_clip(frames) for frames in videos]
    batch = recogniser.probabilities(together)
    for frames, wanted in zip(videos, batch, strict=True):
        np.testing.assert_allclose(recogniser.probabilities([make_clip(frames)])[0], wanted, rtol=1e-5)
    assert np.abs(batch[0] - batch[1]).max() > 0.01
    monkeypatch.setattr(recogniser, "_model", None)
    np.testing.assert_array_equal(recogniser.probabilities(together), batch)


def test_other_frames_of_a_video_are_looked_at_anew(setting):
    recogniser = load_umt(setting)
    clip = make_clip(make_frames(9))
    other = replace(clip, frames=subset(clip.frames, FrameSpec(count=2)))
    assert other.found is clip.found
    whole, two = recogniser.probabilities([clip, other])
    assert np.abs(whole - two).max() > 1e-3
    np.testing.assert_array_equal(recogniser.probabilities([other])[0], two)


def test_metrics_share_one_network(setting):
    recogniser = load_umt(setting)
    assert load_umt(setting) is recogniser


def test_a_network_of_other_classes_is_refused(tmp_path):
    path = tmp_path / "umt.pth"
    torch.save(make_state(labels=710), path)
    with pytest.raises(GaiaJudgeError, match="knows 710 classes"):
        load_umt(Setting(weights={UMT.name: path}))


def test_missing_weights_name_file_cache_and_cure():
    problem = UMT.problem(hub=lambda: "the hub does not answer")
    assert problem is not None
    assert "OpenGVLab/VBench_Used_Models/l16_ptk710_ftk710_ftk400_f16_res224.pth" in problem.what
    assert str(UMT.home) in problem.what
    assert "hf download OpenGVLab/VBench_Used_Models l16_ptk710" in problem.cure
    assert "--weights umt-l16-k400=PATH" in problem.cure
