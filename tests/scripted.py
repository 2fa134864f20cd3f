"""An engine that answers by a given function: for tests of everything above the engines."""

from collections.abc import Callable, Hashable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gaia_judge.engines import EngineOptions, Labels, ModelSpec, Preview, Problem, Reply, Request
from gaia_judge.frames import Frames
from gaia_judge.videos import Video


class ScriptedEngine:
    """Answers each request by ``script``; keeps all requests, and answers the latest first."""

    width = 4

    def __init__(self, script: Callable[[Request], Reply]) -> None:
        self.script = script
        self.asked: list[Request] = []
        self.most_in_flight = 0
        self._queue: list[tuple[Hashable, Request]] = []

    @classmethod
    def problems(cls, model: ModelSpec, options: EngineOptions) -> list[Problem]:
        return []

    def submit(self, key: Hashable, request: Request) -> None:
        self.asked.append(request)
        self._queue.append((key, request))
        self.most_in_flight = max(self.most_in_flight, len(self._queue))

    def collect(self) -> list[tuple[Hashable, Reply]]:
        if not self._queue:
            return []
        key, request = self._queue.pop()
        return [(key, self.script(request))]

    def preview(self, request: Request) -> Preview:
        return Preview("\n".join(message.text for message in request.messages), None)

    def describe(self) -> dict[str, Any]:
        return {"engine": "scripted"}

    def close(self) -> None:
        self._queue.clear()


class FifoEngine(ScriptedEngine):
    """Answers the oldest request first, as a server may, but fails once before it answers any."""

    failed = False

    def collect(self) -> list[tuple[Hashable, Reply]]:
        if not self.failed:
            self.failed = True
            raise RuntimeError("the line is cut")
        if not self._queue:
            return []
        key, request = self._queue.pop(0)
        return [(key, self.script(request))]


def certain(label: str, request: Request, off_scale: float = 0.0) -> Reply:
    """Return the reply of a model that is sure of one label."""
    assert isinstance(request.ask, Labels)
    return Reply(distribution={one: float(one == label) for one in request.ask.labels}, off_scale=off_scale)


def shares(request: Request, *probabilities: float) -> Reply:
    """Return a reply with these probabilities of the labels, from worst to best."""
    assert isinstance(request.ask, Labels)
    return Reply(distribution=dict(zip(request.ask.labels, probabilities, strict=True)), off_scale=0.0)


def some_frames(seed: int = 0) -> Frames:
    """Return frames without a file."""
    images = np.random.default_rng(seed).integers(0, 255, (2, 4, 4, 3)).astype(np.uint8)
    return Frames(
        images=images,
        seconds=np.array([0.0, 0.5]),
        indices=np.array([0, 4]),
        total=8,
        duration=1.0,
        decoder="test",
    )


def some_video(name: str = "clip") -> Video:
    """Return a video without a file."""
    return Video(id=name, path=Path(f"{name}.mp4"), prompt="A girl arranges daisies.", action="arranging")


def run_dialogue(
    dialogue: Any, script: Callable[[Request], Reply]
) -> tuple[list[Any], list[Sequence[Request]]]:
    """Drive a dialogue to its end; return its scores and the requests of each round."""
    rounds: list[Sequence[Request]] = []
    requests = next(dialogue)
    while True:
        rounds.append(requests)
        try:
            requests = dialogue.send([script(request) for request in requests])
        except StopIteration as end:
            return end.value, rounds
