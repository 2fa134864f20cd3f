"""Replies that were recorded once are given again, and nothing else is made up."""

import json
from dataclasses import replace

import pytest

from gaia_judge.engines import Draws, EngineOptions, Labels, Message, ModelSpec, Reply, Request, ask
from gaia_judge.engines.replay import Recorder, ReplayEngine, request_digest
from gaia_judge.errors import EngineError
from tests.scripted import ScriptedEngine, shares, some_frames

MODEL = ModelSpec(model="none")
REQUEST = Request((Message("user", "How good?"),), some_frames(), Labels(("Bad", "Good")))


def record(file, requests):
    engine = Recorder(ScriptedEngine(lambda request: shares(request, 0.25, 0.75)), file)
    replies = ask(engine, requests)
    engine.close()
    return replies


def test_a_recorded_reply_is_given_again(tmp_path):
    file = tmp_path / "replies.jsonl"
    said = record(file, [REQUEST])
    replay = ReplayEngine(MODEL, EngineOptions(record=str(file)))
    assert ask(replay, [REQUEST]) == said
    assert said[0].distribution == {"Bad": 0.25, "Good": 0.75}


@pytest.mark.parametrize(
    "other",
    [
        replace(REQUEST, frames=some_frames(1)),
        replace(REQUEST, messages=(Message("user", "How bad?"),)),
        replace(REQUEST, ask=Labels(("Good", "Bad"))),
        replace(REQUEST, ask=Draws(("Bad", "Good"), 1)),
    ],
)
def test_a_request_that_differs_in_anything_is_missing(tmp_path, other):
    file = tmp_path / "replies.jsonl"
    record(file, [REQUEST])
    (reply,) = ask(ReplayEngine(MODEL, EngineOptions(record=str(file))), [other])
    assert reply == Reply(error="replies.jsonl holds no reply to this request.")
    assert request_digest(other) != request_digest(REQUEST)


def test_a_damaged_recording_is_refused_by_line(tmp_path):
    file = tmp_path / "replies.jsonl"
    record(file, [REQUEST])
    file.write_text(file.read_text() + json.dumps({"ask": "x"}) + "\n")
    with pytest.raises(EngineError, match="line 2"):
        ReplayEngine(MODEL, EngineOptions(record=str(file)))


def test_a_missing_recording_is_a_problem_with_its_cure(tmp_path):
    assert ReplayEngine.problems(MODEL, EngineOptions())[0].cure == "--record FILE"
    assert "nothing.jsonl" in ReplayEngine.problems(MODEL, EngineOptions(record="nothing.jsonl"))[0].what
