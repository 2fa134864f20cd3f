"""Tuned judges: their dimensions, one of them, the mean; frames by time."""

import numpy as np
import pytest

from gaia_judge.baselines import Setting, find_metric, loans
from gaia_judge.engines import Reply
from gaia_judge.errors import GaiaJudgeError
from tests.encoders import clip_of
from tests.scripted import ScriptedEngine, shares

AXES = {
    "videoscore2": ("visual-quality", "alignment", "physics"),
    "unifiedreward": ("alignment", "physics", "style"),
}


def axis_of(request):
    """Return which of the dimensions a question is about, by words that only it has."""
    words = {"clear, sharp": "visual-quality", "asked for all there": "alignment", "common sense": "physics"}
    words |= {"content match": "alignment", "gravity": "physics", "pleasing": "style"}
    (found,) = {axis for word, axis in words.items() if word in request.messages[-1].text}
    return found


def script(request):
    """Rate by the dimension: by hand 2.5, 4 and 1."""
    ratings = {"alignment": (0, 0, 0, 1, 0), "physics": (1, 0, 0, 0, 0)}
    if "lost" in request.messages[-1].text and axis_of(request) == "physics":
        return Reply(error="no answer")
    return shares(request, *ratings.get(axis_of(request), (0, 0.5, 0.5, 0, 0)))


@pytest.fixture
def scores(monkeypatch):
    """Return what a metric says of clips with these prompts, and the requests."""
    engine = ScriptedEngine(script)
    monkeypatch.setattr(loans, "choose_engine", lambda *_: lambda *_: engine)

    def measured(name, *prompts):
        metric = find_metric(name)
        measurer = metric.load(metric, Setting())
        found = measurer.measure([clip_of(np.zeros((8, 4, 4, 3), np.uint8), prompt) for prompt in prompts])
        measurer.close()
        return found

    measured.asked = engine.asked
    return measured


@pytest.mark.parametrize("name", AXES)
def test_all_dimensions_are_asked_in_their_order(scores, name):
    assert find_metric(name).dimensions == AXES[name]
    (rows,) = scores(name, "a dog")
    values = {"visual-quality": 2.5, "alignment": 4.0, "physics": 1.0, "style": 2.5}
    assert {row.dimension: row.value for row in rows} == {axis: values[axis] for axis in AXES[name]}
    assert [row.dimension for row in rows] == list(AXES[name])


@pytest.mark.parametrize(("name", "axis"), [(name, axis) for name, axes in AXES.items() for axis in axes])
def test_of_one_dimension_only_its_question_is_asked(scores, name, axis):
    metric = find_metric(f"{name}:{axis}")
    assert (metric.dimensions, metric.name) == ((axis,), f"{name}:{axis}")
    whole = {row.dimension: row.value for row in scores(name, "a dog")[0]}
    before = len(scores.asked)
    ((score,),) = scores(f"{name}:{axis}", "a dog")
    assert (score.dimension, score.value) == (axis, whole[axis])
    assert [axis_of(request) for request in scores.asked[before:]] == [axis]


def test_the_mean_is_of_all_dimensions_and_missing_with_any(scores):
    (good,), (lost,) = scores("videoscore2:mean", "a dog", "a lost dog")
    assert (good.dimension, good.value) == ("mean", 2.5)
    assert good.trace["parts"] == {"visual-quality": 2.5, "alignment": 4.0, "physics": 1.0}
    assert good.distribution == pytest.approx({"1": 1 / 3, "2": 1 / 6, "3": 1 / 6, "4": 1 / 3, "5": 0})
    assert (lost.value, lost.error) == (None, "physics: no answer")


def test_a_dimension_that_there_is_not_is_named():
    with pytest.raises(GaiaJudgeError, match="no dimension 'subject'"):
        find_metric("videoscore2:subject")


def test_frames_are_those_that_the_authors_take():
    assert (find_metric("videoscore2").frames.fps, find_metric("videoscore2").frames.count) == (2, 16)
    assert (find_metric("unifiedreward").frames.fps, find_metric("unifiedreward").frames.count) == (None, 16)
