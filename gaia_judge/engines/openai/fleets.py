"""Fleets: several servers of one model, balanced by load; those that fail rest, and others take over."""

import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from hashlib import sha256

import openai

from gaia_judge.engines.openai.answers import Answerer
from gaia_judge.engines.openai.completions import Garbled

ILL = 3
"""Failures in a row after which a server rests."""

REST_S, LONGEST_REST_S = 15.0, 600.0
"""Seconds of the first rest, and of the longest; each is twice as long as the one before."""


@dataclass(slots=True, eq=False)
class Berth:
    """A server and how it has fared of late."""

    answerer: Answerer
    failures: int = 0
    """In a row."""
    rest_s: float = REST_S
    """Of the next rest."""
    until: float = 0.0
    """End of its rest, on the monotonic clock."""

    @property
    def load(self) -> int:
        """Requests that it has not answered yet."""
        return self.answerer.server.in_flight


class Fleet:
    """Chooses who is asked.

    Args:
        answerers: One per server.
        concurrency: Requests that a server has at once before it counts as full.
    """

    def __init__(self, answerers: Iterable[Answerer], concurrency: int) -> None:
        self.berths = [Berth(one) for one in answerers]
        self._concurrency = concurrency

    def pick(self, digest: str, tried: Collection[Berth] = ()) -> Berth | None:
        """Return who is to be asked next; None when all that can be asked have been tried.

        Questions about one video go to one server, which has it in its caches, unless that is full or rests.
        Where all rest, the one that rests the shortest is asked.

        Args:
            digest: Of the frames; empty for text alone.
            tried: Servers that failed this request.
        """
        left = [berth for berth in self.berths if berth not in tried]
        if not left:
            return None
        now = time.monotonic()
        well = [berth for berth in left if berth.until <= now]
        if not well:
            return None if tried else min(left, key=lambda berth: berth.until)
        if digest:
            home = max(well, key=lambda one: sha256((one.answerer.server.url + digest).encode()).digest())
            if home.load < self._concurrency:
                return home
        return min(well, key=lambda berth: berth.load)

    def answered(self, berth: Berth) -> None:
        """Note that a server has answered: it is well."""
        berth.failures, berth.rest_s, berth.until = 0, REST_S, 0.0

    def failed(self, berth: Berth) -> None:
        """Note that a server has failed; after ``ILL`` failures in a row it rests, ever longer."""
        berth.failures += 1
        now = time.monotonic()
        if berth.failures >= ILL and berth.until <= now:
            berth.until = now + berth.rest_s
            berth.rest_s = min(2 * berth.rest_s, LONGEST_REST_S)


def is_servers_fault(error: Exception) -> bool:
    """Tell whether another server may well answer what this one did not: it is down, ill or overloaded."""
    if isinstance(error, openai.APIStatusError):
        return error.status_code in (408, 409, 429) or error.status_code >= 500
    return isinstance(error, openai.APIConnectionError | TimeoutError | Garbled)
