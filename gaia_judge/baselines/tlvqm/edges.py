"""Edges: gradients of CIELAB colours, and how they are spread over a frame."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gaia_judge.baselines.tlvqm.filters import gradients
from gaia_judge.baselines.tlvqm.planes import Plane

SCALES = (100.0, 50.0, 50.0)
"""What L, a and b are divided by."""

FAINT = 0.01
"""Edges weaker than this count as none."""


@dataclass(frozen=True, slots=True)
class Edges:
    """Lengths of the gradients of L, a and b together at each pixel; 0 at the frame's outermost pixels."""

    down: Plane
    """Across the rows: strong where an edge is horizontal."""
    across: Plane
    """Across the columns: strong where an edge is vertical."""
    length: Plane
    """Both."""


def edges(lab: NDArray[np.float64]) -> Edges:
    """Return the edges of CIELAB colours, shape [3, H, W]."""
    down, across = np.zeros((2, *lab.shape[1:]))
    for plane, scale in zip(lab, SCALES, strict=True):
        for total, one in zip((down, across), gradients(plane, scale), strict=True):
            one *= one
            total[1:-1, 1:-1] += one[1:-1, 1:-1]
    return Edges(np.sqrt(down), np.sqrt(across), np.sqrt(down + across))


def spatial(length: Plane, saturated: NDArray[np.bool_]) -> tuple[float, float, float, float]:
    """Return mean and standard deviation of edges, how far off the middle they are, and how far spread.

    The middle is that of edges outside saturated areas, weighted by strength, in sides; upstream's spread is
    the root of the summed squares of weighted distances less their mean, over the sum of weights. All are 0
    where no such edge is at least 0.01 strong.

    Args:
        length: Of gradients.
        saturated: Where luma is extreme.
    """
    height, width = length.shape
    length = np.where((length < FAINT) & ~saturated, 0, length)
    rows, columns = np.nonzero((length > 0) & ~saturated)
    if not rows.size:
        return 0.0, 0.0, 0.0, 0.0
    weights = length[rows, columns]
    y, x = (rows + 1) / height - 0.5, (columns + 1) / width - 0.5
    offset = np.hypot((weights * y).sum(), (weights * x).sum()) / weights.sum()
    far = np.sqrt(y**2 + x**2) * weights
    spread = np.sqrt(((far - far.mean()) ** 2).sum() / weights.sum())
    return float(length.mean()), float(length.std(ddof=1)), float(offset), float(spread)
