"""Dynamic Degree: thresholds and counts by hand with a known flow; with DIS on moving textures."""

import numpy as np
import pytest

from gaia_judge.baselines import Setting, dynamics
from gaia_judge.errors import GaiaJudgeError
from tests.textures import Known, clip_of, pan, uniform

NEEDED = {
    2: 1,
    3: 1,
    4: 1,
    5: 1,
    6: 2,
    7: 2,
    8: 2,
    9: 2,
    10: 2,
    11: 3,
    12: 3,
    13: 3,
    14: 4,
    16: 4,
    18: 4,
    19: 5,
}
"""How many fast pairs so many frames need: round(4 n / 16), where 0.5, 1.5, 2.5, 3.5 and 4.5 go to even."""


def measure(metric, clip):
    ((found,),) = metric.load(metric, Setting()).measure([clip])
    return found


def known(monkeypatch, field):
    flow = Known(field)
    monkeypatch.setattr("gaia_judge.baselines.motions.load_flow", lambda name, setting: flow)
    return flow


def blank(frames, height=64, width=96):
    return np.zeros((frames, height, width, 3), np.uint8)


@pytest.mark.parametrize(("frames", "least"), NEEDED.items())
def test_a_video_is_dynamic_from_so_many_fast_pairs_on(monkeypatch, frames, least):
    # The shorter side is 64, so 6 * 64 / 256 = 1.5 pixels is not yet fast; the fast pairs come last.
    for fast, value in ((least - 1, 0.0), (least, 1.0)):
        slow = frames - 1 - fast
        known(monkeypatch, lambda first, _, slow=slow: uniform(1.5 if first < slow else 1.5001))
        found = measure(dynamics.RAFT, clip_of(blank(frames)))
        assert (found.value, found.trace["fast"], found.trace["pairs"]) == (value, fast, frames - 1)


@pytest.mark.parametrize(("height", "width", "border"), [(256, 512, 6.0), (512, 256, 6.0), (128, 128, 3.0)])
def test_what_is_fast_grows_with_the_shorter_side(monkeypatch, height, width, border):
    for length, value in ((border, 0.0), (border * 1.001, 1.0)):
        known(monkeypatch, lambda *_, length=length: uniform(length))
        assert measure(dynamics.RAFT, clip_of(blank(5, height, width))).value == value


def test_only_the_fastest_twentieth_must_be_fast(monkeypatch):
    field = np.zeros((4096, 2), np.float32)
    field[:204] = [0, 1.6]
    known(monkeypatch, lambda *_: field.reshape(64, 64, 2))
    assert measure(dynamics.RAFT, clip_of(blank(8))).value == 1
    # 191 of the 204 longest at 1.6 have a mean of 1.498.
    field[191:204] = 0
    assert measure(dynamics.RAFT, clip_of(blank(8))).value == 0


@pytest.mark.parametrize(
    ("fps", "step"),
    [(2, 1), (4, 1), (8, 1), (11, 1), (12, 2), (16, 2), (20, 2), (24, 3), (25, 3), (30, 4), (60, 8)],
)
def test_about_eight_frames_per_second_are_looked_at(monkeypatch, fps, step):
    flow = known(monkeypatch, lambda first, second: uniform(second - first))
    found = measure(dynamics.RAFT_CONTINUOUS, clip_of(blank(33), fps))
    assert flow.asked == [(at, at + step) for at in range(0, 33 - step, step)]
    assert found.value == pytest.approx(step * 256 / 64)
    assert found.trace["step"] == step


@pytest.mark.parametrize("duration", [99 / 20, np.nextafter(99 / 20, 0), np.nextafter(99 / 20, 9)])
def test_a_rate_is_the_same_however_its_floats_are_rounded(duration):
    assert dynamics.interval(99 / duration) == 2


def test_the_continuous_value_is_the_mean_over_pairs_at_side_256(monkeypatch):
    known(monkeypatch, lambda first, _: uniform([1, 2, 6][first]))
    found = measure(dynamics.RAFT_CONTINUOUS, clip_of(blank(4, 128, 192)))
    assert found.value == pytest.approx(3 * 256 / 128, rel=1e-12)
    assert found.note is None
    assert dynamics.RAFT_CONTINUOUS.fidelity == "adapted"


def test_two_frames_need_a_fast_pair_and_the_row_says_so(monkeypatch):
    known(monkeypatch, lambda *_: uniform(0))
    found = measure(dynamics.RAFT, clip_of(blank(2)))
    assert found.value == 0
    assert "VBench calls anything dynamic" in found.note
    assert measure(dynamics.RAFT_CONTINUOUS, clip_of(blank(2))).note is None
    assert measure(dynamics.RAFT, clip_of(blank(3))).note is None


@pytest.mark.parametrize(("frames", "fps"), [(1, 8), (2, 30), (4, 30)])
def test_a_video_of_which_one_frame_is_left_has_no_score(monkeypatch, frames, fps):
    known(monkeypatch, lambda *_: uniform(1))
    with pytest.raises(GaiaJudgeError, match="shows no motion"):
        measure(dynamics.RAFT, clip_of(blank(frames), fps))


@pytest.mark.parametrize("fps", [4, 8])
def test_eight_frames_of_a_short_clip_are_enough(fps):
    # At side 128, 3 pixels are not yet fast.
    speeds = {right: measure(dynamics.DIS, clip_of(pan(8, right), fps)) for right in (0, 1, 2, 4, 6)}
    assert [found.value for found in speeds.values()] == [0, 0, 0, 1, 1]
    assert {found.trace["pairs"] for found in speeds.values()} == {7}


def test_faster_motion_is_more_dynamic():
    from dataclasses import replace

    continuous = replace(dynamics.DIS, facts={"flow": "dis", "continuous": True})
    values = [measure(continuous, clip_of(pan(6, 0, down))).value for down in (0, 1, 2, 4, 8)]
    assert values == pytest.approx([0, 2, 4, 8, 16], rel=0.1)
