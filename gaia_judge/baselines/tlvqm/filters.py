"""Filters: small correlations that see zeros beyond a plane's edges, as TLVQM's do."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gaia_judge.baselines.tlvqm.planes import Plane

SMOOTH, SLOPE = np.array([[1.0, 2.0, 1.0], [-1.0, 0.0, 1.0]])


def correlated(plane: Plane, down: NDArray[np.float64], across: NDArray[np.float64]) -> Plane:
    """Correlate a plane with the outer product of two short rows of odd length."""
    import cv2

    return np.asarray(cv2.sepFilter2D(plane, cv2.CV_64F, across, down, borderType=cv2.BORDER_CONSTANT))


def gradients(plane: Plane, unit: float = 1.0) -> tuple[Plane, Plane]:
    """Return Sobel's gradients down and across, divided by 8: a slope of ``unit`` per pixel gives 1."""
    smooth = SMOOTH / (8 * unit)
    return correlated(plane, SLOPE, smooth), correlated(plane, smooth, SLOPE)


def energy(down: Plane, across: Plane) -> Plane:
    """Return the squared lengths of gradients."""
    total = down * down
    total += across * across
    return total


def boxes(plane: Plane, side: int) -> Plane:
    """Return the sums over squares of an odd side around each pixel."""
    return correlated(plane, np.ones(side), np.ones(side))


def highest(values: NDArray[Any], share: float) -> float:
    """Return the mean of a share of the highest values, rounded down but at least one.

    >>> highest(np.arange(25.0), 0.1)
    23.5
    """
    flat = values.ravel()
    count = max(1, int(share * flat.size))
    return float(np.partition(flat, flat.size - count)[-count:].mean())
