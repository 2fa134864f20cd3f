"""Smoothness by warping: against plain loops, exact on known motion, lower with jitter and flicker."""

import numpy as np
import pytest

from gaia_judge.baselines import Setting, smoothness
from gaia_judge.baselines.smoothness import midpoint
from gaia_judge.errors import GaiaJudgeError
from tests.textures import Known, clip_of, pan, uniform


def score(images, metric=smoothness.DIS):
    ((found,),) = metric.load(metric, Setting()).measure([clip_of(images)])
    return found


def known(monkeypatch, field):
    flow = Known(field)
    monkeypatch.setattr("gaia_judge.baselines.motions.load_flow", lambda name, setting: flow)
    return flow


def fetched(image, x, y):
    """Linear interpolation with repeated edges, and whether the place is inside."""
    height, width = image.shape[:2]
    inside = 0 <= x <= width - 1 and 0 <= y <= height - 1
    left, top = int(np.floor(x)), int(np.floor(y))
    total = np.zeros(3)
    for row in (top, top + 1):
        for column in (left, left + 1):
            weight = (1 - abs(x - column)) * (1 - abs(y - row))
            total += weight * image[min(max(row, 0), height - 1), min(max(column, 0), width - 1)]
    return total, inside


def plain_midpoint(first, second, forward, backward):
    middle = np.zeros(first.shape)
    for y in range(first.shape[0]):
        for x in range(first.shape[1]):
            one, one_in = fetched(first, x - forward[y, x, 0] / 2, y - forward[y, x, 1] / 2)
            two, two_in = fetched(second, x - backward[y, x, 0] / 2, y - backward[y, x, 1] / 2)
            middle[y, x] = (one + two) / 2 if one_in == two_in else one if one_in else two
    return middle


def test_midpoints_are_what_plain_loops_give():
    draw = np.random.default_rng(0)
    first, second = draw.integers(0, 256, (2, 13, 17, 3)).astype(np.uint8)
    # In steps of a sixteenth, so that OpenCV before version 5, which interpolates in steps of 1/32, agrees.
    forward, backward = (draw.integers(-80, 81, (2, 13, 17, 2)) / 16).astype(np.float32)
    wanted = plain_midpoint(first, second, forward, backward)
    np.testing.assert_allclose(midpoint(first, second, forward, backward), wanted, atol=1e-3)


def test_the_score_is_what_dropped_frames_miss_by(monkeypatch):
    flow = known(monkeypatch, lambda *_: uniform(0))
    levels = np.array([10, 20, 40, 40, 60, 0], np.uint8)
    images = np.broadcast_to(levels[:, None, None, None], (6, 64, 64, 3))
    found = score(images, smoothness.RAFT)
    # Foretold 25 and 50 where 20 and 40 stand; the last frame has no even one behind it.
    assert found.value == pytest.approx((255 - (5 + 10) / 2) / 255, rel=1e-6)
    assert found.trace["compared"] == 2
    assert flow.asked == [(0, 2), (2, 0), (2, 4), (4, 2)]


@pytest.mark.parametrize(("right", "down"), [(3, 0), (0, -5), (-4, 2)])
def test_motion_that_is_known_is_foretold_exactly_up_to_the_edges(monkeypatch, right, down):
    moved = np.float32([right, down])
    known(monkeypatch, lambda first, second: np.broadcast_to((second - first) * moved, (128, 160, 2)))
    # Each pixel of a dropped frame is inside at least one neighbour, unless it came in at a corner.
    found = score(pan(5, right, down), smoothness.RAFT).value
    assert found == pytest.approx(1, abs=1e-6 if 0 in (right, down) else 1e-3)
    known(monkeypatch, lambda first, second: np.broadcast_to((first - second) * moved, (128, 160, 2)))
    assert score(pan(5, right, down), smoothness.RAFT).value < 0.95


@pytest.mark.parametrize(("right", "down"), [(0, 0), (1, 0), (0, -2), (3, 1)])
def test_even_motion_is_nearly_perfectly_smooth_and_jitter_is_not(right, down):
    smooth = score(pan(9, right, down)).value
    rough = [score(pan(9, right, down, jitter=jitter)).value for jitter in (1, 3)]
    assert smooth > 0.998
    assert smooth > rough[0] + 0.02
    assert rough[0] > rough[1]


@pytest.mark.parametrize("defect", ["flicker", "stutter", "blur"])
def test_defects_in_time_lower_it(defect):
    images = pan(9, 2, 1)
    spoilt = images.copy()
    for at in range(1, 8, 2):
        if defect == "flicker":
            spoilt[at] = images[at] // 2
        elif defect == "stutter":
            spoilt[at] = images[at - 1]
        else:
            near = images[max(0, at - 3) : at + 4]
            spoilt[at] = near.mean(axis=0).astype(np.uint8)
    assert score(spoilt).value < score(images).value - 0.02


@pytest.mark.parametrize("frames", [1, 2])
def test_without_a_frame_between_two_others_there_is_no_score(frames):
    with pytest.raises(GaiaJudgeError, match="none between two others"):
        score(pan(frames))


@pytest.mark.parametrize(("frames", "compared"), [(3, 1), (4, 1), (5, 2), (8, 3)])
def test_short_clips_compare_what_they_have(frames, compared):
    found = score(pan(frames, 1))
    assert found.trace["compared"] == compared
    assert 0.998 < found.value <= 1
