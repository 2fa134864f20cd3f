"""Motions: means of known flows by hand; no pair twice; no more fields in memory than needed."""

import weakref
from itertools import pairwise

import numpy as np
import pytest

from gaia_judge.baselines import Setting, dynamics, flowscores, smoothness
from gaia_judge.baselines.clips import Clip
from gaia_judge.baselines.motions import Motion, motions, padding_note, steps, stream_flows
from gaia_judge.errors import GaiaJudgeError
from gaia_judge.frames import FrameSpec, subset
from tests.textures import Known, clip_of, uniform


def blank(frames, height=64, width=64):
    return np.zeros((frames, height, width, 3), np.uint8)


def measurers(monkeypatch, flow, *metrics):
    monkeypatch.setattr("gaia_judge.baselines.motions.load_flow", lambda name, setting: flow)
    return [metric.load(metric, Setting()) for metric in metrics]


def test_a_uniform_flow_is_as_long_on_average_as_at_the_top():
    field = np.broadcast_to(np.float32([3, -4]), (10, 12, 2))
    assert Motion.of(field) == Motion(mean=5.0, top=5.0)


def test_the_top_of_a_ramp_is_its_upper_twentieth():
    field = np.zeros((10, 20, 2), np.float32)
    field[..., 1] = -np.random.default_rng(0).permutation(200).reshape(10, 20)
    # 200 pixels of lengths 0 to 199: the ten longest are 190 to 199.
    assert Motion.of(field) == Motion(mean=99.5, top=194.5)


@pytest.mark.parametrize(
    ("fast", "top"), [(204, 10.0), (203, 10 * 203 / 204), (102, 5.0), (1000, 10.0), (0, 0.0)]
)
def test_the_top_counts_as_many_pixels_as_a_twentieth_rounded_down(fast, top):
    field = np.zeros((4096, 2), np.float32)
    field[:fast] = [6, 8]
    motion = Motion.of(field.reshape(64, 64, 2))
    assert motion.top == pytest.approx(top, rel=1e-12)
    assert motion.mean == pytest.approx(10 * fast / 4096, rel=1e-12)


def test_the_top_of_a_tiny_field_is_one_pixel():
    assert Motion.of(np.float32([[[3, 4], [0, 1]]])) == Motion(mean=3.0, top=5.0)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 7])
def test_steps_are_the_pairs_of_frames_that_are_left(count):
    for interval in (1, 2, 3):
        left = list(range(0, count, interval))
        if len(left) < 2:
            with pytest.raises(GaiaJudgeError, match="shows no motion"):
                steps(count, interval)
        else:
            assert steps(count, interval) == list(pairwise(left))


def test_no_pair_is_computed_twice_whichever_metric_asks_first(monkeypatch):
    known = Known(lambda first, second: uniform(second - first))
    metrics = [flowscores.RAFT, dynamics.RAFT, dynamics.RAFT_CONTINUOUS]
    for order in (metrics, metrics[::-1]):
        known.asked.clear()
        clip = clip_of(blank(9), fps=8)
        for measurer in measurers(monkeypatch, known, *order):
            measurer.measure([clip])
        assert sorted(known.asked) == [(at, at + 1) for at in range(8)]


def test_pairs_that_are_further_apart_are_other_pairs(monkeypatch):
    known = Known(lambda first, second: uniform(second - first))
    clip = clip_of(blank(9), fps=16)
    flow, continuous = measurers(monkeypatch, known, flowscores.RAFT, dynamics.RAFT_CONTINUOUS)
    assert flow.measure([clip])[0][0].value == pytest.approx(1)
    assert continuous.measure([clip])[0][0].value == pytest.approx(2 * 256 / 64)
    apart = [(0, 2), (2, 4), (4, 6), (6, 8)]
    assert known.asked == [(at, at + 1) for at in range(8)] + apart


def test_smoothness_leaves_its_pairs_to_others(monkeypatch):
    known = Known(lambda first, second: uniform(second - first))
    clip = clip_of(blank(9), fps=16)
    smooth, degree = measurers(monkeypatch, known, smoothness.RAFT, dynamics.RAFT)
    smooth.measure([clip])
    asked = list(known.asked)
    assert asked == [pair for at in (0, 2, 4, 6) for pair in ((at, at + 2), (at + 2, at))]
    assert degree.measure([clip])[0][0].trace["fast"] == 4
    assert known.asked == asked


def test_other_flows_and_other_frames_are_not_taken_for_the_same():
    one, two = Known(lambda *_: uniform(1)), Known(lambda *_: uniform(2))
    clip = clip_of(blank(6))
    assert motions(clip, one, [(0, 1)]) == [Motion(1.0, 1.0)]
    assert motions(clip, two, [(0, 1)]) == [Motion(2.0, 2.0)]
    fewer = Clip(clip.video, subset(clip.frames, FrameSpec(count=2)), clip.found)
    motions(fewer, one, [(0, 1)])
    assert len(one.asked) == 2
    motions(clip, one, [(0, 1), (1, 2)])
    assert one.asked == [(0, 1), (0, 1), (1, 2)]


def test_flow_fields_do_not_pile_up(monkeypatch):
    fields, alive = [], []

    def field(first, second):
        alive.append(sum(one() is not None for one in fields))
        made = uniform(second - first).copy()
        fields.append(weakref.ref(made))
        return made

    known = Known(field)
    clip = clip_of(blank(21))
    for measurer in measurers(monkeypatch, known, flowscores.RAFT, dynamics.RAFT, smoothness.RAFT):
        measurer.measure([clip])
    assert len(fields) == 20 + 20
    assert max(alive) <= 3


def test_a_flow_that_gives_too_few_fields_is_an_error():
    class Short(Known):
        def stream(self, images, pairs):
            yield uniform(1)

    with pytest.raises(ValueError, match="shorter"):
        list(stream_flows(clip_of(blank(3)), Short(None), [(0, 1), (1, 2)]))


@pytest.mark.parametrize(
    ("height", "width", "padded", "told"),
    [(64, 128, 8, False), (65, 128, 8, True), (64, 100, 8, True), (65, 101, 1, False)],
)
def test_a_row_says_where_padding_is_left_out(height, width, padded, told):
    flow = Known(None)
    flow.padded = padded
    note = padding_note(clip_of(blank(2, height, width)), flow)
    assert (note is not None) == told
    assert not told or note.startswith(f"{width}x{height} is padded to multiples of 8")
