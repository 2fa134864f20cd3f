"""Shapes: generalised Gaussian distributions, symmetric and not, fitted by their moments."""

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gaia_judge.baselines.tlvqm.planes import Plane

GRID = np.arange(200, 10001) / 1000
"""Shapes that are tried."""

NOTHING = 1e-20
"""Products of normalised pixels below this are rounding."""


@dataclass(frozen=True, slots=True)
class Lopsided:
    """An asymmetric generalised Gaussian around 0 (Lasmar, Stitou and Berthoumieu, ICIP 2009)."""

    shape: float
    """2 for a Gaussian, 1 for a Laplacian; NaN where either side has no values."""
    left: float
    """Mean square of the negative values; NaN if there are none."""
    right: float
    """Of the positive ones."""

    @property
    def mean(self) -> float:
        """BRISQUE's eta: right less left root mean square, times factors of the shape."""
        from scipy.special import gamma

        one, two, three = (float(gamma(times / self.shape)) for times in (1, 2, 3))
        return float((np.sqrt(self.right) - np.sqrt(self.left)) * two / one * np.sqrt(one / three))


def lopsided(values: Plane) -> Lopsided:
    """Fit an asymmetric generalised Gaussian (Mittal, Moorthy and Bovik, IEEE TIP 21:4695, 2012).

    What is nothing but rounding counts as positive: in flat areas neighbours are rounded alike, so their
    products are positive in the published features.
    """
    below = np.minimum(values, 0.0)
    negatives = np.count_nonzero(values < -NOTHING)
    counts = negatives, values.size - negatives
    squares, negative = (float(np.einsum("ij,ij->", side, side)) for side in (values, below))
    left, right = (
        total / count if count else float("nan")
        for total, count in zip((negative, max(0.0, squares - negative)), counts, strict=True)
    )
    if not left > 0 or not right > 0:
        return Lopsided(float("nan"), left, right)
    size = _size(values) ** 2 * values.size / squares
    lean = np.sqrt(left / right)
    ratio = size * (lean**3 + 1) * (lean + 1) / (lean**2 + 1) ** 2
    return Lopsided(float(_nearest(ratio, 1 / _ratios())), left, right)


def shape_of(values: Plane) -> float:
    """Return the shape of a generalised Gaussian around 0 (Sharifi and Leon-Garcia, 1995); NaN for zeros.

    Pass values without their mean for one around their mean.
    """
    squares = np.einsum("ij,ij->", values, values) / values.size
    return float(shape_from(squares, _size(values)))


def shape_from(squares: ArrayLike, sizes: ArrayLike) -> NDArray[np.float64]:
    """Return shapes from mean squares and mean magnitudes of any shape; NaN where there is no spread.

    >>> shape_from([1.0, 2.0], [(2 / np.pi) ** 0.5, 1.0]).tolist()
    [2.0, 1.0]
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        return _nearest(np.asarray(squares, float) / np.asarray(sizes, float) ** 2, _ratios())


def _size(values: Plane) -> float:
    """Return the mean magnitude."""
    import cv2

    return float(cv2.norm(values, cv2.NORM_L1)) / values.size


@cache
def _ratios() -> NDArray[np.float64]:
    """Return the mean square over the squared mean magnitude, for each shape of the grid; it falls."""
    from scipy.special import gamma

    return np.asarray(gamma(1 / GRID) * gamma(3 / GRID) / gamma(2 / GRID) ** 2)


def _nearest(ratios: Any, table: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the shapes whose ratios in the table are nearest, the first of equals."""
    ratios = np.asarray(ratios, float)
    found = GRID[np.abs(ratios[..., None] - table).argmin(axis=-1)]
    return np.where(np.isnan(ratios), np.nan, found)
