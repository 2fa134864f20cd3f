"""Spectra: how a frame's cosine transform fills its quarters."""

import numpy as np
from numpy.typing import NDArray

from gaia_judge.baselines.tlvqm.planes import Plane
from gaia_judge.baselines.tlvqm.scalings import bicubic

NOTHING = 1e-9
"""Coefficients below this are rounding, and count as 0."""


def spectrum(luma: Plane) -> tuple[float, float, float]:
    """Return how alike the quarters of a frame's spectrum are.

    Roots of the absolute coefficients of the orthonormal two-dimensional cosine transform fall into four
    quarters, each turned so that the corner of the whole comes first, and shrunk to a quarter: 1 of low
    frequencies both ways, 2 of high ones across, 3 of high ones down, 4 of both.

    Returns:
        The larger correlation of quarter 1 with 2 and with 3, at least 0; the ratio of 4 to 1; the ratio of
        the smaller to the larger of 2 and 3. Ratios are of the means of columns, in the least squares, as
        upstream computes them; 0 where a mean below the line is not positive. Correlations with a constant
        are 0.
    """
    from scipy.fft import dctn

    coefficients = np.abs(dctn(luma, norm="ortho"))
    roots = np.sqrt(np.where(coefficients < NOTHING, 0, coefficients))
    rows, columns = luma.shape[0] // 2, luma.shape[1] // 2
    turned = (roots, roots[:, ::-1], roots[::-1], roots[::-1, ::-1])
    quarters = [bicubic(one[:rows, :columns], 0.25) for one in turned]
    first, second, third, fourth = (one.mean(axis=0) for one in quarters)
    alike = max(0.0, *(_correlation(quarters[0], other) for other in quarters[1:3]))
    return (
        alike,
        _ratio(fourth, first),
        _ratio(np.minimum(second, third), np.maximum(second, third)),
    )


def _correlation(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    a, b = (values.ravel() - values.mean() for values in (one, other))
    size = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum()) / size if size > 0 else 0.0


def _ratio(above: NDArray[np.float64], below: NDArray[np.float64]) -> float:
    return float((above * below).sum() / (below * below).sum()) if (below > 0).all() else 0.0
