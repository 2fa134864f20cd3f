"""Talks: many dialogues with one engine at a time."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gaia_judge.dialogues import Dialogue, converse
from gaia_judge.engines import Reply, Request
from gaia_judge.errors import GaiaJudgeError
from gaia_judge.frames import Frames
from gaia_judge.scores import Score, missing
from gaia_judge.videos import Video

if TYPE_CHECKING:
    from gaia_judge.judges import Judge


@dataclass(frozen=True, slots=True)
class Rated:
    """One video with its scores; ``frames`` is None where it could not be decoded."""

    video: Video
    frames: Frames | None
    scores: tuple[Score, ...]


@dataclass(slots=True)
class _Talk:
    """A video's dialogue and the replies of its present round."""

    video: Video
    frames: Frames
    dialogue: Dialogue
    requests: list[Request]
    replies: dict[int, Reply] = field(default_factory=dict)


class Talks:
    """Holds many dialogues with one engine, so that it never waits for a whole batch."""

    def __init__(self, judge: "Judge", supply: Iterator[tuple[Video, Frames | GaiaJudgeError]]) -> None:
        self._judge = judge
        self._supply = supply
        self._talks: dict[int, _Talk] = {}
        self._in_flight = 0
        self._count = 0

    def run(self) -> Iterator[Rated]:
        """Yield each video when its dialogue has ended."""
        more = True
        while more or self._talks:
            while more and self._in_flight < self._judge.engine.width:
                item = next(self._supply, None)
                if item is None:
                    more = False
                elif (failed := self._start(*item)) is not None:
                    yield failed
            yield from self._collect()

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
        self._count += 1
        self._talks[self._count] = _Talk(video, frames, dialogue, requests)
        self._submit(self._count)
        return None

    def _submit(self, number: int) -> None:
        for place, request in enumerate(self._talks[number].requests):
            self._judge.engine.submit((number, place), request)
            self._in_flight += 1

    def _collect(self) -> Iterator[Rated]:
        for key, reply in self._judge.engine.collect():
            assert isinstance(key, tuple)
            number, place = key
            self._in_flight -= 1
            self._judge.usage.add(reply)
            talk = self._talks[number]
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
            return Rated(talk.video, talk.frames, tuple(end.value))
        self._submit(number)
        return None
