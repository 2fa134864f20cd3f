"""Textures: what TLVQM reads off the luma of one frame at full size, blur and interlacing, and its grid."""

from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gaia_judge.baselines.tlvqm.filters import boxes, highest
from gaia_judge.baselines.tlvqm.planes import Plane


def interlacing(grey: NDArray[np.uint8]) -> float:
    """Return how alike the strongest differences of neighbouring rows and columns are, 0 to 1; 0 if none.

    Rows and columns are paired (first with second, third with fourth, ...); the strongest are the highest
    0.1% of squared differences. A frame of two fields differs far more between rows than between columns.
    """
    signed = grey.astype(np.int32)
    rows, columns = (
        highest(np.square(one - other), 0.001)
        for one, other in ((signed[::2], signed[1::2]), (signed[:, ::2], signed[:, 1::2]))
    )
    return min(rows, columns) / max(rows, columns) if max(rows, columns) > 0 else 0.0


def bluntness(grey: NDArray[np.uint8]) -> float:
    """Return TLVQM's blur: energy of second differences over first ones', at the strongest 10%; 0 if flat.

    Despite its name it falls with blur, since a blurred edge has little second difference. Differences are
    from the pixel above and from the one to the left, smoothed along the edge.
    """
    down, across = _step(grey, True), _step(grey, False)
    first = highest(_energy(down[3:-3, 3:-3], across[3:-3, 3:-3]), 0.1)
    down, across = _step(down, True), _step(across, False)
    second = highest(_energy(down[2:-2, 2:-2], across[2:-2, 2:-2]), 0.1)
    return second / first / 64 if first > 0 else 0.0


def _step(plane: NDArray[Any], down: bool) -> NDArray[np.int16]:
    """Return eight times the smoothed differences; whole numbers that fit even when taken twice."""
    import cv2

    step, smooth = np.array([-1.0, 1.0, 0.0]), np.array([1.0, 2.0, 1.0])
    across, along = (smooth, step) if down else (step, smooth)
    steps = cv2.sepFilter2D(plane, cv2.CV_16S, across, along, borderType=cv2.BORDER_CONSTANT)
    return np.asarray(steps, dtype=np.int16)


def _energy(down: NDArray[np.int16], across: NDArray[np.int16]) -> NDArray[np.int32]:
    total = np.square(down, dtype=np.int32)
    total += np.square(across, dtype=np.int32)
    return total


def corners(luma: Plane) -> tuple[Plane, Plane]:
    """Return the strongest of four corner responses at each pixel, and how far it is above the weakest.

    A response is half the mean over a 5x5 square outside one 3x3 corner, less half that over the corner
    without the middle pixel; its sign is dropped.
    """
    threes = boxes(np.pad(luma * (3 / 32), 1), 3)
    whole = (boxes(luma, 5) + 2 * luma) / 32
    ends = (slice(None, -2), slice(2, None))
    quarters = [np.abs(whole - threes[down, across]) for down in ends for across in ends]
    strongest = reduce(np.maximum, quarters)
    return strongest, strongest - reduce(np.minimum, quarters)


def gridding(strongest: Plane) -> float:
    """Return half the squared ratio of mean to spread of the lowest 99% of corner responses; 0 if alike."""
    flat = strongest.ravel()
    count = int(0.99 * flat.size)
    lowest = np.partition(flat, count)[:count]
    spread = float(lowest.std(ddof=1))
    return 0.5 * (float(lowest.mean()) / spread) ** 2 if spread > 0 else 0.0
