"""Grids: blocks of coding, by the autocorrelation of a frame's edges."""

import numpy as np
from numpy.typing import NDArray

from gaia_judge.baselines.tlvqm.planes import Plane

LAGS = 22
"""The longest lag, in pixels; peaks are looked for below it."""


def blockiness(down: Plane, across: Plane) -> tuple[float, float, float]:
    """Return how far the autocorrelation of edges rises, at which lag, and how many peaks it has.

    Means of edges across a row less those along it, and the same of columns, have peaks at multiples of a
    block's side. The rise is above the lowest dip before it, over the value at lag 0: the root of the larger
    of both directions. The lag is over 21 (the longer one if both have a peak), the number over 42.

    Args:
        down: Edges across rows, as in ``Edges``.
        across: Edges across columns.
    """
    excess = (down - across)[2:-2].mean(axis=1), (across - down)[:, 2:-2].mean(axis=0)
    found = [(autocorrelation(one), *_peak(autocorrelation(one))) for one in excess]
    rises = [rise / values[0] for values, rise, lag in found if lag and values[lag] > 0 and values[0] > 0]
    flat = any(values[0] <= 0 for values, _, _ in found)
    count = sum(int(_extremes(values)[0].sum()) for values, _, _ in found)
    return (
        0.0 if flat or not rises else max(rises) ** 0.5,
        max(lag for _, _, lag in found) / (LAGS - 1),
        count / (2 * (LAGS - 1)),
    )


def autocorrelation(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the sums of products of values so many places apart, for each lag from 0 to 22."""
    return np.array([(values[: len(values) - lag] * values[lag:]).sum() for lag in range(LAGS + 1)])


def _extremes(values: NDArray[np.float64]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return at which lags from 1 to 21 there are strict peaks, and dips."""
    rising = np.diff(values) > 0
    falling = np.diff(values) < 0
    return rising[:-1] & falling[1:], falling[:-1] & rising[1:]


def _peak(values: NDArray[np.float64]) -> tuple[float, int]:
    """Return how far the best peak is above the lowest dip before it, and its lag; 0 if none."""
    peaks, dips = _extremes(values)
    lowest, rise, found = float(values[0]), 0.0, 0
    for lag in range(1, LAGS):
        if dips[lag - 1]:
            lowest = min(lowest, float(values[lag]))
        elif peaks[lag - 1] and values[lag] - lowest > rise:
            rise, found = float(values[lag]) - lowest, lag
    return rise, found
