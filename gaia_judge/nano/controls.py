"""Controls: what a judge says when what it should look at is taken away."""

from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, cast

import numpy as np

from gaia_judge.engines import VIDEO_MARK, Engine, Preview, Reply, Request
from gaia_judge.frames import Frames
from gaia_judge.judges import Judge
from gaia_judge.videos import Video

Change = Callable[[Request], Request]


def _blank(frames: Frames) -> Frames:
    return replace(frames, images=np.full_like(frames.images, 128))


def _shuffled(frames: Frames) -> Frames:
    order = np.random.default_rng(int(frames.digest[:8], 16)).permutation(len(frames.images))
    return replace(frames, images=frames.images[order])


def _frozen(frames: Frames) -> Frames:
    return replace(frames, images=np.repeat(frames.images[:1], len(frames.images), axis=0))


def _shown(change: Callable[[Frames], Frames]) -> Change:
    def changed(request: Request) -> Request:
        return request if request.frames is None else replace(request, frames=change(request.frames))

    return changed


def _text_only(request: Request) -> Request:
    messages = tuple(replace(one, text=one.text.replace(VIDEO_MARK, "")) for one in request.messages)
    return replace(request, frames=None, messages=messages)


CONTROLS: dict[str, Change] = {
    "text only": _text_only,
    "blank video": _shown(_blank),
    "frames shuffled": _shown(_shuffled),
    "first frame frozen": _shown(_frozen),
}
"""What is done to each request, by name."""


class Controlled:
    """An engine whose requests are changed on their way."""

    def __init__(self, engine: Engine, change: Change) -> None:
        self.engine, self.change = engine, change
        self.width = engine.width

    def submit(self, key: Hashable, request: Request) -> None:
        """Hand over the changed request."""
        self.engine.submit(key, self.change(request))

    def collect(self) -> list[tuple[Hashable, Reply]]:
        """Return what has been answered."""
        return self.engine.collect()

    def preview(self, request: Request) -> Preview:
        """Return what the model would read."""
        return self.engine.preview(self.change(request))

    def describe(self) -> dict[str, Any]:
        """Return what the engine says of itself."""
        return self.engine.describe()

    def close(self) -> None:
        """Free the engine."""
        self.engine.close()


@contextmanager
def controlled(judge: Judge, name: str) -> Iterator[Judge]:
    """Let a judge work under a control for a while."""
    engine = judge.engine
    judge.engine = cast(Engine, Controlled(engine, CONTROLS[name]))
    try:
        yield judge
    finally:
        judge.engine = engine


def misname(videos: Sequence[Video], seed: int = 0) -> list[Video]:
    """Return videos, each with action and prompt of another one's action of its subset, if there is one."""
    chance = np.random.default_rng(seed)
    known = {video.action: video for video in videos}
    found = []
    for video in videos:
        rivals = [one for one in known.values() if one.subset == video.subset and one.action != video.action]
        rival = rivals[chance.integers(len(rivals))] if rivals else video
        found.append(replace(video, action=rival.action, prompt=rival.prompt))
    return found
