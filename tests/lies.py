"""Lies: how servers answer wrongly, half or never; none of them may become a rating."""

import gzip
import json
import math
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from random import Random
from typing import Any

from tests.servers import Pass, ScriptedServer

Said = dict[str, Any]
Twist = Callable[[Random, Said], Any]
"""Spoils a right answer, in place or by returning another body."""


def _status(random: Random, _: Said) -> tuple[int, bytes]:
    return random.choice([408, 429, 500, 502, 503]), b'{"error": {"message": "ill"}}'


def _half(random: Random, said: Said) -> bytes:
    whole = json.dumps(said).encode()
    return whole[: random.randrange(1, len(whole))]


def _page(_: Random, __: Said) -> bytes:
    return b"<html><h1>502 Bad Gateway</h1></html>"


def _noise(random: Random, _: Said) -> bytes:
    return random.randbytes(300)


def _deep(_: Random, __: Said) -> bytes:
    return b'{"choices": ' + b"[" * 100_000


def _no_choices(_: Random, said: Said) -> None:
    said["choices"] = []


def _no_object(random: Random, _: Said) -> bytes:
    return random.choice([b"[]", b"null", b"3", b'"Good"', b"NaN"])


def _off_choice(random: Random, said: Said) -> None:
    """Say a word that is on no scale, in place of the answer."""
    for choice in said["choices"]:
        choice["message"]["content"] = random.choice(
            ["Nice", "Goo", "Good!", "", "\x1b[2J", "5", "Good\nBad", "é" * 999]
        )
        _unsure(choice)


def _cut(_: Random, said: Said) -> None:
    """Break the answer off at its limit."""
    for choice in said["choices"]:
        choice["message"]["content"] = choice["message"]["content"][:1]
        choice["finish_reason"] = "length"
        _unsure(choice)


def _silent(_: Random, said: Said) -> None:
    for choice in said["choices"]:
        choice["message"]["content"] = None
        choice.pop("logprobs", None)


def _refusal(_: Random, said: Said) -> None:
    for choice in said["choices"]:
        choice["message"] = {"content": None, "refusal": "I would rather not."}
        choice.pop("logprobs", None)


def _kinds(random: Random, said: Said) -> None:
    """Put values of another kind where text, numbers or lists belong."""
    odd = random.choice([3, [], {}, True, "x", None, 1e999])
    place = random.choice(["choices", "choice", "message", "content"])
    if place == "choices":
        said["choices"] = odd if odd != [] else 0
    for choice in said["choices"] if isinstance(said["choices"], list) else ():
        if place == "choice":
            said["choices"] = [odd]
        elif place == "message":
            choice["message"] = odd
        else:
            choice["message"]["content"] = odd if odd != "x" else 7
            _unsure(choice)


def _odds(random: Random, said: Said) -> Any:
    """Give numbers that are no logarithms of probabilities, or none; else say nothing of use."""
    wrong = random.choice([math.nan, 7.5, 1e9, "often", None])
    for choice in said["choices"]:
        tops = _tops(choice)
        if not tops:
            return b"{}"
        for top in tops:
            top["logprob"] = wrong
    return None


def _all_sure(_: Random, said: Said) -> Any:
    """Call every token certain."""
    for choice in said["choices"]:
        tops = _tops(choice)
        if len(tops) < 2:
            return b"{}"
        for top in tops:
            top["logprob"] = 0.0
    return None


def _tops(choice: Said) -> list[Said]:
    tokens = (choice.get("logprobs") or {}).get("content", ())
    return [top for token in tokens for top in token["top_logprobs"]]


def _unsure(choice: Said) -> None:
    choice.pop("logprobs", None)
    choice.pop("token_ids", None)


LIES: dict[str, Twist] = {
    "status": _status,
    "half": _half,
    "page": _page,
    "noise": _noise,
    "deep": _deep,
    "no choices": _no_choices,
    "no object": _no_object,
    "off choice": _off_choice,
    "cut": _cut,
    "silent": _silent,
    "refusal": _refusal,
    "kinds": _kinds,
    "odds": _odds,
    "all sure": _all_sure,
}
"""Answers that are complete as far as HTTP goes."""


def _drop(_: Any, __: float) -> None:
    """Close the connection."""


def _head(handler: Any, _: float) -> None:
    handler.wfile.write(b"HTTP/1.1 2")


def _break_off(handler: Any, _: float) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n")
    handler.wfile.write(b'{"choices": [{"message": {"content": "Go')


def _trickle(handler: Any, wait_s: float) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n")
    until = time.monotonic() + wait_s
    while time.monotonic() < until:
        handler.wfile.write(b" ")
        time.sleep(0.05)


def _silence(_: Any, wait_s: float) -> None:
    time.sleep(wait_s)


def _endless(handler: Any, _: float) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
    with suppress(OSError):
        while True:
            handler.wfile.write(b" " * 2**16)


def _packed(handler: Any, _: float) -> None:
    """Send a small body that is a gigabyte when it is unpacked."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Type: application/json\r\n")
    handler.wfile.write(b"Content-Length: %d\r\n\r\n" % len(BOMB) + BOMB)


BOMB = gzip.compress(b" " * 2**24) * 64

DEATHS: dict[str, Callable[[Any, float], None]] = {
    "drop": _drop,
    "head": _head,
    "break off": _break_off,
    "trickle": _trickle,
    "silence": _silence,
    "endless": _endless,
    "packed": _packed,
}
"""How a connection gives no whole answer."""


class LyingServer(ScriptedServer):
    """A scripted server that lies about some texts.

    Args:
        says: As for ``ScriptedServer``.
        lies: Name of the lie or death for a text, or None for the truth.
        seed: Of what is drawn.
        wait_s: How long silence and trickling last.
    """

    def __init__(
        self,
        says: dict[str, float],
        lies: Callable[[str], str | None],
        seed: int = 0,
        wait_s: float = 1.0,
        **more: Any,
    ) -> None:
        super().__init__(says, fault=self._lie, **more)
        self._lies, self._random, self._wait_s = lies, Random(seed), wait_s
        self.told: Counter[str] = Counter()
        """Lies so far, by name."""
        self.bodies: list[bytes] = []
        """What was sent as such answers, but not by ``DEATHS``."""

    def _lie(self, _: ScriptedServer, body: Said, __: str) -> Any:
        name = self._lies(str(body["messages"]))
        if name is None:
            raise Pass
        self.told[name] += 1
        if name in DEATHS:
            return lambda handler: DEATHS[name](handler, self._wait_s)
        said = json.loads(json.dumps(self.post("/v1/chat/completions", body)))
        spoilt = LIES[name](self._random, said)
        if isinstance(spoilt, tuple):
            return spoilt
        self.bodies.append(json.dumps(said).encode() if spoilt is None else spoilt)
        return 200, self.bodies[-1]
