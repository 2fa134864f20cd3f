"""Surveys: many doubtful videos through one pool of decoders, and what became of each."""

import re
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import psutil

from gaia_judge.errors import GaiaJudgeError
from gaia_judge.frames import Decoders, Frames, FrameSpec
from gaia_judge.videos import Video

ENDS = {
    "died": "The decoder died on",
    "late": "took longer than timeout_s",
    "too big": "of memory for|needs more memory",
    "refused": "",
}
"""How a video that gives no frames ends, and how its error tells."""


@dataclass(slots=True)
class Survey:
    """What became of some videos."""

    ends: Counter[str] = field(default_factory=Counter)
    """Videos by ``ENDS``, and ``frames``."""
    answers: list[tuple[Path, str]] = field(default_factory=list)
    """How each video ended, in order."""
    wrong: list[str] = field(default_factory=list)
    """Answers that are neither sound frames nor an error of their own video."""
    slowest_s: float = 0.0
    grown: int = 0
    """Bytes that the biggest worker had more than one that has decoded a small sound video."""
    parent_grown: int = 0
    left: int = 0
    """Processes that outlived the pool."""

    @property
    def videos(self) -> int:
        return self.ends.total()


def survey(paths: Sequence[Path], spec: FrameSpec, sound: Path, processes: int = 1) -> Survey:
    """Decode all videos and examine every answer.

    Args:
        paths: Videos.
        spec: How they are decoded.
        sound: A small video with nothing wrong, to tell how big a worker is anyway.
        processes: Workers.
    """
    resting = _resting_size(sound)
    videos = [Video(id=path.name, path=path) for path in paths]
    found, before, resident = Survey(), psutil.Process().children(), psutil.Process().memory_info().rss
    with _watched(found, resting), Decoders(spec, processes=processes) as decoders:
        start, asked = time.monotonic(), iter(videos)
        for video, answer in decoders.stream(videos):
            found.slowest_s, start = max(found.slowest_s, time.monotonic() - start), time.monotonic()
            found.answers.append((video.path, _end(answer)))
            found.ends[found.answers[-1][1]] += 1
            complaint = (
                "another video's answer" if video is not next(asked) else _complaint(video, answer, spec)
            )
            if complaint:
                found.wrong.append(f"{video.id}: {complaint}")
    if found.videos != len(videos):
        found.wrong.append(f"{found.videos} answers to {len(videos)} videos")
    found.left = sum(child.is_running() for child in psutil.Process().children() if child not in before)
    found.parent_grown = psutil.Process().memory_info().rss - resident
    return found


def _end(answer: object) -> str:
    if isinstance(answer, Frames):
        return "frames"
    return next(end for end, said in ENDS.items() if re.search(said, str(answer)))


def _complaint(video: Video, answer: object, spec: FrameSpec) -> str:
    """Return what is wrong with an answer; empty if nothing is."""
    if isinstance(answer, GaiaJudgeError):
        text = str(answer)
        return "" if video.path.name in text and text.isprintable() else f"an odd error: {text!r}"
    if not isinstance(answer, Frames):
        return f"no answer: {answer!r}"
    count, height, width, colours = answer.images.shape
    sound = [
        answer.images.dtype == np.uint8 and colours == 3 and height > 0 and width > 0,
        count == len(answer.seconds) == len(answer.indices) and 1 <= count <= spec.count,
        bool((np.diff(answer.indices) > 0).all())
        and 0 <= answer.indices[0] <= answer.indices[-1] < answer.total,
        bool(np.isfinite(answer.seconds).all()) and bool((np.diff(answer.seconds) >= 0).all()),
        np.isfinite(answer.duration) and answer.duration >= 0,
    ]
    return (
        "" if all(sound) else f"unsound frames: {sound}, {answer.seconds}, {answer.indices}, {answer.total}"
    )


def _resting_size(sound: Path) -> int:
    before = psutil.Process().children()
    with Decoders(FrameSpec(), processes=1) as decoders:
        for _ in decoders.stream([Video(id="sound", path=sound)]):
            (worker,) = (child for child in psutil.Process().children() if child not in before)
            return int(worker.memory_info().rss)
    raise AssertionError("no answer")


@contextmanager
def _watched(found: Survey, resting: int) -> Iterator[None]:
    """Note how much bigger workers become than one that rests."""
    done, others = threading.Event(), psutil.Process().children()

    def look() -> None:
        while not done.wait(0.02):
            for child in psutil.Process().children():
                if child in others:
                    continue
                with suppress(psutil.Error):
                    found.grown = max(found.grown, child.memory_info().rss - resting)

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()
