"""Servers that lie, break off or never answer: a rating is right, or missing with its reason."""

import json
import math

import pytest

from gaia_judge.engines import Draws, EngineOptions, Form, Labels, Reply, Text, ask
from gaia_judge.engines.openai import OpenAIEngine, bodies, servers
from tests.lies import DEATHS, LIES, LyingServer
from tests.test_engines_openai import AUTO, SAYS, WORDS, question

TIMEOUT_S, WAIT_S = 1.5, 2.0
"""How long the engine waits, and how long a silent server is silent."""

ASKS = {
    "labels": Labels(WORDS),
    "draws": Draws(WORDS, 3),
    "form": Form((("subject", WORDS), ("completeness", WORDS))),
}


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servers, "RETRIES", 0)
    monkeypatch.setattr(servers, "FLEET_RETRIES", 0)
    monkeypatch.setattr(bodies, "LARGEST", 2**20)


def told(text: str) -> str | None:
    """Return the lie that a question names: ``<half>``."""
    return next((name for name in (*LIES, *DEATHS) if f"<{name}>" in text), None)


def rated(reply: Reply) -> bool:
    return bool(reply.distribution or reply.draws or reply.fields or reply.distributions)


@pytest.mark.parametrize("vllm", [True, False], ids=["vllm", "other"])
@pytest.mark.parametrize("kind", ASKS)
def test_no_lie_becomes_a_rating_and_no_other_rating_is_lost(kind: str, vllm: bool) -> None:
    names = [*LIES, *DEATHS]
    texts = [text for name in names for text in (f"<{name}>", "the truth")]
    with LyingServer(SAYS, told, wait_s=WAIT_S, vllm=vllm) as server:
        engine = OpenAIEngine(AUTO, EngineOptions(base_urls=(server.url,), timeout_s=TIMEOUT_S))
        (right,) = ask(engine, [question(ASKS[kind], text="the truth")])
        server.armed = True
        replies = ask(engine, [question(ASKS[kind], text=text) for text in texts])
        engine.close()
    assert rated(right)
    assert set(server.told) == set(names), [
        (t, r.error) for t, r in zip(texts, replies, strict=True) if r != right
    ]
    assert all(reply == right for reply in replies[1::2])
    for name, reply in zip(names, replies[::2], strict=True):
        assert not rated(reply), (name, reply)
        assert reply.error, name
        assert "\n" not in reply.error


@pytest.mark.parametrize("name", [*DEATHS, "status"])
def test_of_two_servers_the_honest_one_answers_what_the_other_cannot(name: str) -> None:
    with LyingServer(SAYS, told, wait_s=WAIT_S) as liar, LyingServer(SAYS, lambda _: None) as honest:
        options = EngineOptions(base_urls=(liar.url, honest.url), timeout_s=TIMEOUT_S)
        engine = OpenAIEngine(AUTO, options)  # of equals the first is asked
        (right,) = ask(engine, [question(ASKS["labels"], text="the truth")])
        liar.armed = True
        replies = ask(engine, [question(ASKS["labels"], text=f"<{name}> {number}") for number in range(4)])
        engine.close()
    assert set(liar.told) == {name}
    assert rated(right)
    assert replies == [right] * 4


def texts(body: bytes) -> set[str]:
    """Return what a body says, if it is a completion: the first line of the first answer."""
    try:
        said = json.loads(body)["choices"][0]["message"]["content"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return set()
    return {said.strip().partition("\n")[0]} if isinstance(said, str) else set()


@pytest.mark.parametrize("name", [*LIES, *DEATHS])
def test_a_reason_is_what_the_server_said_or_missing(name: str) -> None:
    with LyingServer(SAYS, told, wait_s=WAIT_S) as server:
        engine = OpenAIEngine(AUTO, EngineOptions(base_urls=(server.url,), timeout_s=TIMEOUT_S))
        server.armed = True
        replies = ask(engine, [question(Text(9), text=f"<{name}> {number}") for number in range(8)])
        engine.close()
    assert set(server.told) == {name}
    said = {text for body in server.bodies for text in texts(body)}
    for reply in replies:
        assert bool(reply.text) != bool(reply.error), reply
        assert not reply.text or reply.text in said
    assert {reply.text for reply in replies if reply.text} == {text for text in said if text}


@pytest.mark.parametrize(("finish", "draws"), [("length", ()), ("stop", ("1",))])
def test_half_a_label_that_is_another_label_is_no_answer(finish: str, draws: tuple[str, ...]) -> None:
    said = {"choices": [{"message": {"content": "1"}, "finish_reason": finish}]}
    with LyingServer({"10": 1.0}, lambda _: None) as server:
        engine = OpenAIEngine(AUTO, EngineOptions(base_urls=(server.url,)))
        server.fault, server.armed = (lambda *_: (200, said)), True
        (reply,) = ask(engine, [question(Draws(("1", "10"), 1))])
        engine.close()
    assert reply.draws == draws
    assert bool(reply.error) == (not draws)


@pytest.mark.parametrize("count", [1, 2, 5, 40])
def test_the_wrong_number_of_choices_gives_as_many_samples_as_asked(count: int) -> None:
    def some(server: LyingServer, body: dict, key: str) -> tuple[int, dict]:
        return 200, {"choices": [{"message": {"content": "Good"}}] * count}

    with LyingServer(SAYS, lambda _: None) as server:
        engine = OpenAIEngine(AUTO, EngineOptions(base_urls=(server.url,)))
        server.fault, server.armed = some, True
        (reply,) = ask(engine, [question(Draws(WORDS, 5))])
        engine.close()
    assert reply.draws == ("Good",) * 5


@pytest.mark.parametrize("wrong", [math.nan, 2.0, 0.0])
def test_a_form_does_not_take_other_numbers_for_probabilities(wrong: float) -> None:
    tops = [{"token": word, "logprob": wrong} for word in WORDS]
    tokens = [
        {"token": '{"subject": "', "logprob": 0.0, "top_logprobs": []},
        {"token": "Good", "logprob": -0.1, "top_logprobs": tops},
        {"token": '"}', "logprob": 0.0, "top_logprobs": []},
    ]
    said = {"choices": [{"message": {"content": '{"subject": "Good"}'}, "logprobs": {"content": tokens}}]}
    with LyingServer(SAYS, lambda _: None) as server:
        engine = OpenAIEngine(AUTO, EngineOptions(base_urls=(server.url,)))
        server.fault, server.armed = (lambda *_: (200, said)), True
        (reply,) = ask(engine, [question(Form((("subject", WORDS),)))])
        engine.close()
    assert not rated(reply)
    assert "not a completion" in (reply.error or "")
