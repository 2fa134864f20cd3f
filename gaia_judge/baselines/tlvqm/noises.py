"""Noises: lone pixels that stick out of smooth surroundings."""

import numpy as np
from numpy.typing import NDArray

from gaia_judge.baselines.tlvqm.filters import correlated
from gaia_judge.baselines.tlvqm.planes import Plane

SMOOTH = 0.05
"""Surroundings whose luma deviates less are smooth."""

MARGIN = 4
"""Pixels at the edges that are not looked at."""


def noise(luma: Plane, saturated: NDArray[np.bool_], lab: NDArray[np.float64]) -> tuple[float, float, float]:
    """Return how many pixels are noise, and mean and standard deviation of how far they stick out; 0 if none.

    Noise is brighter or darker than all others in its 5x5 square, where each of the nine columns of its 9x9
    square deviates by less than 0.05. It sticks out by its distance in CIELAB, in hundreds, from the means of
    the seven columns of its 7x7 square; upstream takes all seven distances and columns, and so do we, where
    the paper speaks of squares.

    Args:
        luma: 0-1, shape [H, W].
        saturated: Where luma is extreme: not looked at.
        lab: CIELAB colours, shape [3, H, W].
    """
    looked_at = ~saturated
    looked_at[:MARGIN] = looked_at[-MARGIN:] = False
    looked_at[:, :MARGIN] = looked_at[:, -MARGIN:] = False
    rows, columns = np.nonzero(lone(luma) & smooth(luma) & looked_at)
    if not rows.size:
        return 0.0, 0.0, 0.0
    near = columns[:, None] + np.arange(-3, 4)
    squares = np.zeros(near.shape)
    for plane in lab:
        means = correlated(plane, np.ones(7), np.ones(1)) / 7
        squares += (means[rows[:, None], near] - plane[rows, columns][:, None]) ** 2
    distances = np.sqrt(squares) / 100
    return float(rows.size / looked_at.sum()), float(distances.mean()), float(distances.std(ddof=1))


def lone(luma: Plane) -> NDArray[np.bool_]:
    """Return which pixels are brighter, or darker, than all others in their 5x5 square."""
    import cv2

    others = np.ones((5, 5), dtype=np.uint8)
    others[2, 2] = 0
    single = luma.astype(np.float32)  # distinct multiples of 1/255 stay distinct
    return np.asarray((single > cv2.dilate(single, others)) | (single < cv2.erode(single, others)))


def smooth(luma: Plane) -> NDArray[np.bool_]:
    """Return around which pixels luma deviates little in each column of their 9x9 square."""
    import cv2

    ones, one = np.ones(9), np.ones(1)
    sums = correlated(luma, ones, one)
    variances = (correlated(luma**2, ones, one) - sums**2 / 9) / 8
    return np.asarray(cv2.dilate(variances, np.ones((1, 9)))) < SMOOTH**2
