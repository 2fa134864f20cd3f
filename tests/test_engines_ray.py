"""The Ray engine: replies equal those of one engine, whatever becomes of its workers."""

import os
import signal
import threading
from collections import Counter
from types import SimpleNamespace

import psutil
import pytest

from gaia_judge.cards import load_card
from gaia_judge.engines import EngineOptions, Labels, Message, Request, ask
from gaia_judge.engines.ray import TRIES, Crew, RayEngine, _Desk, _planned, _Task
from gaia_judge.engines.transformers import TransformersEngine
from gaia_judge.errors import EngineError
from tests.scripted import some_frames

WORDS = ("Bad", "Poor", "Fair", "Good", "Excellent")
MODEL = load_card("nano").spec()


def questions(count):
    return [
        Request((Message("user", f"￼\nNumber {n}: how is it?"),), some_frames(n % 5), Labels(WORDS))
        for n in range(count)
    ]


@pytest.fixture(scope="module")
def expected():
    engine = TransformersEngine(MODEL, EngineOptions(engine_args={"batch_size": 1}))
    found = ask(engine, questions(24))
    engine.close()
    return found


def engine_of(**args):
    told = {"inner": "transformers", "batch_size": 1, **args}
    return RayEngine(MODEL, EngineOptions(engine_args=told))


def workers():
    """Return the processes of Ray's workers on this machine that descend from this one."""
    own = psutil.Process().children(recursive=True)
    return [one for one in own if any(part.startswith("ray::Worker") for part in one.cmdline())]


def check(replies, expected):
    for reply, one in zip(replies, expected, strict=True):
        assert reply.error is None
        assert reply.distribution == pytest.approx(one.distribution, abs=1e-5)
        assert (reply.prompt_tokens, reply.output_tokens) == (one.prompt_tokens, one.output_tokens)


@pytest.mark.slow
def test_a_lost_worker_costs_no_request_and_the_last_one_ends_the_run(expected):
    engine = engine_of(workers=2, restarts=0)
    try:
        assert len(workers()) == 2
        assert engine.describe()["inner"]["engine"] == "transformers"
        assert "how is it" in engine.preview(questions(1)[0]).text
        check(ask(engine, questions(24)), expected)

        for number, request in enumerate(questions(24)):
            engine.submit(number, request)
        doomed = workers()[0].pid
        found = engine.collect()
        left = list(engine._tasks.values())
        os.kill(doomed, signal.SIGKILL)
        assert len(found) + len(left) == 24
        assert all(desk.in_hand for desk in engine._desks)
        while len(found) < 24:
            found += engine.collect()
        assert set(Counter(key for key, _ in found).values()) == {1}
        check([reply for _, reply in sorted(found)], expected)
        assert len(engine._desks) == 1
        redone = [task.key for task in left if task.tries]
        assert redone  # the lost worker had these in hand
        assert len(redone) < len(left)

        engine.submit("last", questions(1)[0])
        threading.Timer(0.0, lambda: [os.kill(one.pid, signal.SIGKILL) for one in workers()]).run()
        with pytest.raises(EngineError, match="All workers are lost"):
            engine.collect()
    finally:
        engine.close()
    assert workers() == []


@pytest.mark.slow
def test_the_only_worker_is_started_again_and_its_loss_counts_once(expected):
    engine = engine_of(workers=1)
    try:
        for number, request in enumerate(questions(24)):
            engine.submit(number, request)
        found = engine.collect()
        assert len(found) < 24
        os.kill(workers()[0].pid, signal.SIGKILL)
        while len(found) < 24:
            found += engine.collect()
        check([reply for _, reply in sorted(found)], expected)
        assert [desk.lost for desk in engine._desks] == [1]
    finally:
        engine.close()


def bare(*desks, restarts=1):
    """Return an engine without Ray, for what it decides."""
    engine = object.__new__(RayEngine)
    engine._crew, engine._desks, engine._tasks, engine._ready = Crew(restarts=restarts), list(desks), {}, []
    return engine


def test_a_request_that_kills_its_workers_becomes_an_error_and_others_go_on():
    desks = [_Desk(None, 1) for _ in range(3)]
    engine = bare(*desks, restarts=9)
    engine._tasks = {0: _Task("deadly", questions(1)[0]), 1: _Task("harmless", questions(2)[1])}
    for _ in range(TRIES):
        holder = next((desk for desk in desks if 0 in desk.waiting), desks[0])
        holder.waiting.clear()
        holder.in_hand.add(0)
        holder.waiting.append(1)
        engine._lose(holder, Exception("killed"))
    assert [(key, "lost" in reply.error) for key, reply in engine._ready] == [("deadly", True)]
    assert engine._tasks.keys() == {1}
    assert engine._tasks[1].tries == 0


def test_questions_about_a_video_go_to_one_worker_until_it_has_far_too_much():
    desks = [_Desk(None, 4) for _ in range(3)]
    engine = bare(*desks)
    requests = [SimpleNamespace(frames=SimpleNamespace(digest="00000001" + "0" * 56))] * 6
    for number, request in enumerate(requests):
        engine._tasks[number] = _Task(number, request)
        engine._assign(number)
        assert sum(len(desk.waiting) for desk in desks) == number + 1
    waiting = [list(desk.waiting) for desk in desks]
    # Three at home, until it has half its width more than the idle ones; then one each, and home again.
    assert waiting == [[3], [0, 1, 2, 5], [4]]


@pytest.mark.parametrize(
    ("args", "found", "planned"),
    [
        ({}, 0, (0.0, 1)),
        ({}, 8, (1.0, 8)),
        ({"gpus": 2}, 8, (2.0, 4)),
        ({"gpus": 0.5}, 1, (0.5, 2)),
        ({"workers": 3}, 0, (0.0, 3)),
        ({"workers": 3, "gpus": 0}, 8, (0.0, 3)),
        ({"gpus": 4}, 2, (4.0, 1)),
    ],
)
def test_workers_follow_from_the_gpus_of_the_cluster(args, found, planned):
    assert _planned(Crew(**args), found) == planned


@pytest.mark.parametrize("args", [{"workers": 0}, {"gpus": -1}, {"workers": "many"}])
def test_wrong_arguments_are_named(args):
    with pytest.raises(EngineError, match=f"--engine-arg {next(iter(args))}"):
        RayEngine(MODEL, EngineOptions(engine_args=args))


def test_without_ray_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr("gaia_judge.engines.ray.missing_packages", lambda names: list(names))
    (problem,) = RayEngine.problems(MODEL, EngineOptions())
    assert "gaia-judge[ray]" in problem.cure


@pytest.mark.slow
def test_a_worker_that_cannot_start_is_told_in_one_line(tmp_path):
    broken = MODEL.model_copy(update={"model": str(tmp_path)})
    with pytest.raises(EngineError, match="A worker cannot start") as failed:
        RayEngine(broken, EngineOptions(engine_args={"inner": "transformers"}))
    assert "\n" not in failed.value.message
