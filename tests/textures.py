"""Moving textures and known flows, for tests of what measures motion."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from gaia_judge.baselines import Clip
from gaia_judge.frames import Frames
from gaia_judge.videos import Video


def texture(seed: int = 0, size: int = 700) -> NDArray[np.uint8]:
    """Coloured spots a few pixels wide, shape [size, size, 3]."""
    noise = np.random.default_rng(seed).integers(0, 256, (size, size, 3)).astype(np.uint8)
    spots = cv2.GaussianBlur(noise, (0, 0), 2)
    return cv2.normalize(spots, None, 0, 255, cv2.NORM_MINMAX)


def pan(
    frames: int, right: int = 0, down: int = 0, *, height: int = 128, width: int = 160, jitter: int = 0
) -> NDArray[np.uint8]:
    """Frames of a texture that moves so many pixels per frame, and jumps up to ``jitter`` more at random."""
    field, draw = texture(), np.random.default_rng(1)
    views = []
    for time in range(frames):
        jump_x, jump_y = draw.integers(-jitter, jitter + 1, 2)
        left, top = 280 - time * right - jump_x, 280 - time * down - jump_y
        assert min(left, top) >= 0
        assert max(left + width, top + height) <= len(field)
        views.append(field[top : top + height, left : left + width])
    return np.stack(views)


def clip_of(images: NDArray[np.uint8], fps: float = 8) -> Clip:
    """A clip of given frames."""
    count = len(images)
    frames = Frames(
        images=images,
        seconds=np.arange(count) / fps,
        indices=np.arange(count),
        total=count,
        duration=count / fps,
        decoder="none",
    )
    return Clip(Video(id="a", path=Path("a.mp4")), frames)


class Known:
    """A flow whose fields are given, and which counts what it is asked for."""

    padded = 1

    def __init__(self, field: Callable[[int, int], NDArray[np.float32]]) -> None:
        self.field = field
        self.asked: list[tuple[int, int]] = []

    def stream(self, images, pairs):
        for pair in pairs:
            self.asked.append(pair)
            yield self.field(*pair)

    def describe(self):
        return {"known": True}


def uniform(length: float, height: int = 64, width: int = 64) -> NDArray[np.float32]:
    """A field in which everything moves so far to the right."""
    return np.stack([np.full((height, width), length, np.float32), np.zeros((height, width), np.float32)], -1)
