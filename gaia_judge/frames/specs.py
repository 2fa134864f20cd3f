"""Which frames are asked for, which indices that means, and how frames are carried."""

import hashlib
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt


class FrameSpec(BaseModel):
    """How frames are taken from a video."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    count: PositiveInt = 8
    """Frames per video, each at the middle of its equal stretch; with ``fps``, the most that are taken."""
    fps: float | None = Field(None, gt=0, allow_inf_nan=False)
    """Frames per second instead of a fixed count."""
    every: bool = False
    """Every frame, whatever ``count`` and ``fps`` say."""
    decoder: Literal["auto", "decord", "pyav", "torchcodec"] = "auto"
    """Which library decodes; ``auto`` follows the rule in ``gaia_judge.frames.decoders``."""
    timeout_s: PositiveFloat = 60.0
    """Seconds that decoding one video may take before it becomes a row with an error."""
    memory_gib: PositiveFloat = 4.0
    """Memory that decoding one video may take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frames:
    """Frames in time order, exactly as every engine receives them."""

    images: NDArray[np.uint8]
    """RGB, shape [T, H, W, 3]."""
    seconds: NDArray[np.float64]
    """Presentation times counted from the first frame of the video, shape [T]."""
    indices: NDArray[np.int64]
    """Positions among the decoded frames, shape [T]."""
    total: int
    """Frames in the video."""
    duration: float
    """Seconds from the first frame's start to the last one's end."""
    decoder: str
    """Library and version."""
    note: str = ""
    """What a reader of the row must know, such as a clip shorter than asked."""
    synthetic: bool = False
    """Whether the file says that it is of the synthetic world."""
    digest: str = field(init=False)
    """SHA-256 over shape, times and pixels; equal only for frames that every model sees as equal."""

    def __post_init__(self) -> None:
        # Here and not when asked for: frames are made in decoding processes, which leaves engines free.
        total = hashlib.sha256(repr((self.images.shape, self.total, self.duration)).encode())
        total.update(self.seconds.tobytes() + self.indices.tobytes())
        total.update(np.ascontiguousarray(self.images).data)
        object.__setattr__(self, "digest", total.hexdigest())

    @property
    def fps(self) -> float:
        """Mean frames per second of the video."""
        return self.total / self.duration if self.duration > 0 else 0.0


def frames_text(spec: FrameSpec) -> str:
    """Return for people which frames a spec asks for.

    >>> frames_text(FrameSpec(count=8)), frames_text(FrameSpec(every=True)), frames_text(FrameSpec(fps=2))
    ('8', 'every', '2/s, at most 8')
    """
    if spec.every:
        return "every"
    return str(spec.count) if spec.fps is None else f"{spec.fps:g}/s, at most {spec.count}"


def middles(total: int, count: int) -> NDArray[np.int64]:
    """Return the indices at the middle of ``count`` equal stretches.

    >>> middles(total=8, count=4).tolist()
    [1, 3, 5, 7]
    """
    return ((np.arange(count) + 0.5) * total / count).astype(np.int64)


def choose(seconds: NDArray[np.float64], duration: float, spec: FrameSpec) -> tuple[NDArray[np.int64], str]:
    """Return the indices that a spec asks for, in order and without repetition, and a note if they are fewer.

    A fixed count divides the frames into equal stretches. A rate divides the duration into as many equal
    stretches as the rate gives, at least one and at most ``count``, and takes the frame that is on screen
    at the middle of each, so that a variable frame rate changes nothing.

    Args:
        seconds: Presentation times from 0, rising, shape [N].
        duration: Seconds until the last frame's end.
        spec: What is asked.

    >>> choose(np.array([0.0, 0.1, 0.2, 0.9]), 1.0, FrameSpec(fps=3))
    (array([1, 2]), 'too short for 3 frames: gives 2')
    """
    if spec.every:
        return np.arange(len(seconds)), ""
    if spec.fps is None:
        wanted = spec.count
        indices = middles(len(seconds), min(wanted, len(seconds)))
    else:
        wanted = min(max(1, round(duration * spec.fps)), spec.count)
        moments = (np.arange(wanted) + 0.5) * duration / wanted
        indices = np.unique(np.searchsorted(seconds, moments, side="right") - 1)
    note = f"too short for {wanted} frames: gives {len(indices)}" if len(indices) < wanted else ""
    if spec.fps is not None and duration * spec.fps >= spec.count + 0.5:
        note = f"too long for {spec.fps:g} frames per second: capped at {spec.count}"
    return indices, note
