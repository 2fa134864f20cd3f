"""Talks that are broken off: what an engine still answers of them is nobody else's."""

from dataclasses import replace

import numpy as np
import pytest

from gaia_judge.cards import JudgeCard
from gaia_judge.dialogues import Asking
from gaia_judge.engines import Message, Reply, Request, Text, ask
from gaia_judge.frames import FrameSpec
from gaia_judge.judges import Judge, Plan
from gaia_judge.prompts import load_prompt_set
from tests.scripted import FifoEngine, ScriptedEngine, shares, some_frames, some_video

CARD = JudgeCard(name="scripted", model="none", about="A judge for tests.")


def grey(level):
    """Return a video of one grey, and its frames."""
    frames = some_frames()
    return some_video(f"grey{level}"), replace(frames, images=np.full_like(frames.images, level))


def by_grey(request):
    """Be sure of the label whose number the grey is."""
    level = int(request.frames.images[0, 0, 0, 0])
    return shares(request, *(float(place == level) for place in range(5)))


@pytest.mark.parametrize("prompt", ["syllogism", "independent"])
def test_replies_of_a_rating_that_broke_off_are_not_taken_for_another(prompt):
    engine = FifoEngine(by_grey)
    judge = Judge(Plan(CARD, load_prompt_set(prompt), FrameSpec(count=2), Asking()), engine)
    with pytest.raises(RuntimeError, match="the line is cut"):
        list(judge.rate_frames(grey(level) for level in (0, 1, 2)))
    assert engine._queue
    found = {
        one.video.id: {score.value for score in one.scores}
        for one in judge.rate_frames(grey(level) for level in (4, 3, 0))
    }
    assert found == {"grey4": {5.0}, "grey3": {4.0}, "grey0": {1.0}}


@pytest.mark.parametrize(("ready", "most"), [(True, ScriptedEngine.width), (False, 1)])
def test_the_engine_is_filled_but_is_not_kept_waiting_for_a_video_that_is_not_ready(ready, most):
    engine = ScriptedEngine(by_grey)
    judge = Judge(Plan(CARD, load_prompt_set("syllogism"), FrameSpec(count=2), Asking()), engine)
    rated = judge.rate_frames((grey(level % 5) for level in range(10)), lambda: ready)
    assert len([one for one in rated if one.scores[2].value is not None]) == 10
    assert engine.most_in_flight == most


def test_replies_of_a_question_that_broke_off_are_not_taken_for_another():
    def echo(request):
        return Reply(text=request.messages[0].text)

    def asked(*texts):
        return [Request((Message("user", text),), None, Text(9)) for text in texts]

    engine = FifoEngine(echo)
    with pytest.raises(RuntimeError, match="the line is cut"):
        ask(engine, asked("a", "b"))
    assert [reply.text for reply in ask(engine, asked("c", "d"))] == ["c", "d"]
