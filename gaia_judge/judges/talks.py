"""Talks: many dialogues with one engine at a time."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING

from gaia_judge.dialogues import Dialogue, converse
from gaia_judge.engines import Reply, Request
from gaia_judge.errors import GaiaJudgeError
from gaia_judge.frames import Frames
from gaia_judge.runs.records import DECIMALS
from gaia_judge.scores import Score, missing
from gaia_judge.videos import Video

if TYPE_CHECKING:
    from gaia_judge.judges import Judge


@dataclass(slots=True)
class Usage:
    """Tokens that have been used so far."""

    prompt: int = 0
    cached: int = 0
    output: int = 0

    def add(self, reply: Reply) -> None:
        """Count a reply's tokens."""
        self.prompt += reply.prompt_tokens
        self.cached += reply.cached_tokens
        self.output += reply.output_tokens


@dataclass(frozen=True, slots=True)
class Rated:
    """One video with its scores; ``frames`` is None where it could not be decoded."""

    video: Video
    frames: Frames | None
    scores: tuple[Score, ...]
    decimals: int = DECIMALS
    """To which values are told apart."""
    usage: Usage = field(default_factory=Usage)
    """Tokens of its own dialogue."""


@dataclass(slots=True)
class _Talk:
    """A video's dialogue and the replies of its present round."""

    video: Video
    frames: Frames
    dialogue: Dialogue
    requests: list[Request]
    replies: dict[int, Reply] = field(default_factory=dict)
    usage: Usage = field(default_factory=Usage)


_numbers = count(1)
"""Of talks, never used again: an engine may still answer what talks that were broken off have asked."""


class Talks:
    """Holds many dialogues with one engine, so that it never waits for a whole batch."""

    def __init__(
        self,
        judge: "Judge",
        supply: Iterator[tuple[Video, Frames | GaiaJudgeError]],
        is_ready: Callable[[], bool],
    ) -> None:
        self._judge = judge
        self._supply = supply
        self._is_ready = is_ready
        self._talks: dict[int, _Talk] = {}
        self._in_flight = 0

    def run(self) -> Iterator[Rated]:
        """Yield each video when its dialogue has ended."""
        more = True
        while more or self._talks:
            while more and self._has_room():
                item = next(self._supply, None)
                if item is None:
                    more = False
                elif (failed := self._start(*item)) is not None:
                    yield failed
            yield from self._collect()

    def _has_room(self) -> bool:
        # An engine that has something to do is not kept waiting for a video that is still being decoded.
        return not self._in_flight or (self._in_flight < self._judge.engine.width and self._is_ready())

    def _start(self, video: Video, frames: Frames | GaiaJudgeError) -> Rated | None:
        """Begin a dialogue; return the video at once if there is nothing to judge."""
        judge = self._judge
        if isinstance(frames, GaiaJudgeError):
            return Rated(video, None, tuple(missing(judge.dimensions, video.id, judge.rater, str(frames))))
        dialogue = converse(judge.prompt, judge.asking, video, frames, judge.rater)
        try:
            requests = next(dialogue)
        except GaiaJudgeError as error:
            return Rated(video, frames, tuple(missing(judge.dimensions, video.id, judge.rater, str(error))))
        number = next(_numbers)
        self._talks[number] = _Talk(video, frames, dialogue, requests)
        self._submit(number)
        return None

    def _submit(self, number: int) -> None:
        for place, request in enumerate(self._talks[number].requests):
            self._judge.engine.submit((number, place), request)
            self._in_flight += 1

    def _collect(self) -> Iterator[Rated]:
        for key, reply in self._judge.engine.collect():
            assert isinstance(key, tuple)
            number, place = key
            if number not in self._talks:
                continue
            self._in_flight -= 1
            self._judge.usage.add(reply)
            talk = self._talks[number]
            talk.usage.add(reply)
            talk.replies[place] = reply
            if len(talk.replies) == len(talk.requests) and (rated := self._advance(number)):
                yield rated

    def _advance(self, number: int) -> Rated | None:
        """Send a dialogue its replies; return the video if that was its last round."""
        talk = self._talks[number]
        replies = [talk.replies[place] for place in range(len(talk.requests))]
        try:
            talk.requests, talk.replies = talk.dialogue.send(replies), {}
        except StopIteration as end:
            del self._talks[number]
            return Rated(talk.video, talk.frames, tuple(end.value), usage=talk.usage)
        self._submit(number)
        return None
