"""Fleets: work is balanced, a server that fails rests, and each request is answered once, by another."""

import time
from collections import Counter
from types import SimpleNamespace

import pytest

from gaia_judge.cli.engines import read_engine_options
from gaia_judge.engines import Draws, EngineOptions, Labels, ModelSpec, Request, ask
from gaia_judge.engines.openai import OpenAIEngine, fleets, servers
from gaia_judge.engines.openai.fleets import ILL, Fleet
from gaia_judge.errors import EngineError, GaiaJudgeError
from tests.servers import Pass, ScriptedServer
from tests.test_engines_openai import AUTO, CLIPS, SAYS, TURNS, WORDS, clip, expected, question


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(servers, "FLEET_RETRIES", 0)


def engine_of(*scripted, **options):
    engine = OpenAIEngine(AUTO, EngineOptions(base_urls=tuple(one.url for one in scripted), **options))
    for server in scripted:
        server.chats.clear()
        server.armed = True
    return engine


def ill(status):
    said = b"<html>soon</html>" if status == 200 else b'{"error": {"message": "ill"}}'
    return lambda server, body, key: (status, said) if status else None


@pytest.mark.parametrize(
    "status", [500, 503, 429, 408, 0, 200], ids=["500", "503", "429", "408", "dropped", "garbage"]
)
def test_what_one_server_fails_another_answers_and_all_replies_are_as_from_one(status):
    questions = [question(Labels(WORDS), text=str(number)) for number in range(20)]
    with ScriptedServer(SAYS) as alone:
        engine = engine_of(alone)
        expected, needed = ask(engine, questions), len(alone.chats)
        engine.close()
    with ScriptedServer(SAYS) as well, ScriptedServer(SAYS, fault=ill(status)) as sick:
        engine = engine_of(sick, well)  # of equals the first is asked
        replies = [reply for one in questions for reply in ask(engine, [one])]
        asked_sick, asked_well = len(sick.chats), len(well.chats)
        engine.close()
    assert replies == expected
    assert asked_well == needed  # nothing is asked twice
    assert asked_sick == ILL  # then it rests


def test_a_server_that_dies_while_others_work_loses_nothing(monkeypatch):
    monkeypatch.setattr(fleets, "ILL", 2)
    ends = []

    def slow(server, body, key):
        time.sleep(0.01)
        raise Pass

    def mortal(server, body, key):
        """Answer six, then none."""
        with server.lock:
            ends.append("answered" if len(ends) < 6 else "dropped")
            if ends[-1] == "dropped":
                return None
        return slow(server, body, key)

    with ScriptedServer(SAYS, fault=slow) as first, ScriptedServer(SAYS, fault=mortal) as second:
        engine = engine_of(first, second, concurrency=2)
        for number in range(40):
            engine.submit(number, question(Draws(WORDS, 1), text=str(number)))
        found = Counter()
        replies = {}
        while len(replies) < 40:
            for key, reply in engine.collect():
                found[key] += 1
                replies[key] = reply
        engine.close()
    assert ends.count("answered") == 6
    assert ends.count("dropped") >= fleets.ILL
    assert len(first.chats) == 40 - 6  # what the other dropped among them
    assert set(found.values()) == {1}
    assert all(reply.draws == ("Good",) for reply in replies.values())


def test_a_rested_server_is_asked_again_and_its_next_rest_is_longer_until_it_answers(monkeypatch):
    clock = [100.0]
    monkeypatch.setattr(fleets, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    crew = [SimpleNamespace(server=SimpleNamespace(url=name, in_flight=0)) for name in "ab"]
    fleet = Fleet(crew, 4)
    sick, well = fleet.berths
    well.answerer.server.in_flight = 1  # so that the other would be asked
    for _ in range(ILL):
        assert fleet.pick("") is sick
        fleet.failed(sick)
    assert fleet.pick("") is well
    clock[0] += fleets.REST_S + 0.1
    assert fleet.pick("") is sick
    fleet.failed(sick)
    clock[0] += fleets.REST_S + 0.1
    assert fleet.pick("") is well
    clock[0] += fleets.REST_S
    assert fleet.pick("") is sick
    fleet.answered(sick)
    fleet.failed(sick)
    assert fleet.pick("") is sick


def test_where_all_rest_the_first_to_be_back_is_asked_but_no_request_goes_round_for_ever(monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(fleets, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    crew = [SimpleNamespace(server=SimpleNamespace(url=name, in_flight=0)) for name in "ab"]
    fleet = Fleet(crew, 4)
    for berth in fleet.berths:
        for _ in range(ILL):
            fleet.failed(berth)
        clock[0] += 1
    first, second = fleet.berths
    assert fleet.pick("video") is first
    assert fleet.pick("video", [first]) is None
    assert fleet.pick("video", [first, second]) is None


def test_where_all_fail_the_rows_say_why():
    with ScriptedServer(SAYS, fault=ill(500)) as left, ScriptedServer(SAYS, fault=ill(500)) as right:
        engine = engine_of(left, right)
        replies = ask(engine, [question(Labels(WORDS), text=str(number)) for number in range(8)])
        engine.close()
    assert all(reply.distribution is None and "500" in reply.error for reply in replies)


def test_a_refused_question_is_not_asked_elsewhere():
    def refuse(server, body, key):
        return 400, b'{"error": {"message": "too long"}}'

    with ScriptedServer(SAYS, fault=refuse) as left, ScriptedServer(SAYS, fault=refuse) as right:
        engine = engine_of(left, right)
        (reply,) = ask(engine, [question(Draws(WORDS, 1))])
        assert len(left.chats) + len(right.chats) == 1
        engine.close()
    assert "too long" in reply.error


def test_a_server_that_is_down_at_the_start_is_told_of_and_left_out():
    gone = "http://127.0.0.1:9/v1"
    with ScriptedServer(SAYS) as server:
        options = EngineOptions(base_urls=(gone, server.url))
        assert OpenAIEngine.problems(AUTO, options) == []
        with pytest.warns(UserWarning, match=r"left out.*127\.0\.0\.1:9"):
            engine = OpenAIEngine(AUTO, options)
        (reply,) = ask(engine, [question(Draws(WORDS, 1))])
        engine.close()
    assert reply.draws == ("Good",)
    with pytest.raises(EngineError, match="no server"):
        OpenAIEngine(AUTO, EngineOptions(base_urls=(gone, gone)))


def given(*urls):
    return {"base_url": urls, "engine_arg": (), "send": "auto", "record": None}


def test_servers_may_stand_in_a_file(tmp_path):
    file = tmp_path / "servers.txt"
    file.write_text("# ours\nhttp://a:8000/v1\n\n  http://b:8000\n", encoding="utf-8")
    found = read_engine_options(given("http://c/v1", str(file))).base_urls
    assert found == ("http://c/v1", "http://a:8000/v1", "http://b:8000")
    file.write_text("# none\n", encoding="utf-8")
    with pytest.raises(GaiaJudgeError, match=r"servers\.txt names no server"):
        read_engine_options(given(str(file)))


@pytest.mark.vllm
@pytest.mark.slow
def test_a_fleet_of_real_servers_rates_as_one_does(vllm_server, monkeypatch):
    url, folder = vllm_server
    spec, scale = ModelSpec(model=str(folder)), Labels((*WORDS, "Excellent"))
    requests = [Request(TURNS[:turns], clip(seed), scale) for seed in CLIPS for turns in (1, 3)]
    ratings, answered, plain = [], Counter(), Fleet.answered

    def note(fleet, berth):
        answered[berth.answerer.server.url] += 1
        plain(fleet, berth)

    monkeypatch.setattr(Fleet, "answered", note)
    # One server under two names is two members that vLLM itself answers.
    for urls in ((url,), (url, url.replace("127.0.0.1", "localhost"))):
        answered.clear()
        engine = OpenAIEngine(spec, EngineOptions(base_urls=urls, concurrency=1))
        ratings.append([expected(reply) for reply in ask(engine, requests)])
        engine.close()
    assert ratings[1] == pytest.approx(ratings[0], abs=0.02)
    assert max(ratings[0]) - min(ratings[0]) > 1
    assert len(answered) == 2
