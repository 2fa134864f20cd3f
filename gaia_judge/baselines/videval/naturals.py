"""Naturals: natural scene statistics, the normalised planes and fitted distributions that most features read.

All filters see zeros beyond a plane's edges, and all shifts wrap around, as in the published features.
"""

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from gaia_judge.baselines.tlvqm.planes import Plane
from gaia_judge.baselines.tlvqm.scalings import halved
from gaia_judge.baselines.videval.shapes import Lopsided, lopsided

SIDE, SPREAD = 7, 7 / 6
"""Of the Gaussian window."""

WIDER = 1.5
"""The second Gaussian of a difference is wider by this factor."""

ROUNDING = 1e-12
"""Spreads smaller than this share of the values are none."""


@lru_cache(maxsize=8)
def gaussian(side: int, spread: float) -> NDArray[np.float64]:
    """Return a sampled Gaussian of an odd length that sums to 1."""
    x = np.arange(side) - side // 2
    found = np.exp(-(x**2) / (2 * spread**2))
    return np.asarray(found / found.sum())


def blurred(plane: Plane, spread: float = SPREAD, side: int = SIDE) -> Plane:
    """Return a plane weighted by a Gaussian around each pixel."""
    import cv2

    window = gaussian(side, spread)
    return np.asarray(cv2.sepFilter2D(plane, cv2.CV_64F, window, window, borderType=cv2.BORDER_CONSTANT))


@dataclass(frozen=True)
class Natural:
    """A plane, and what is derived of it, each computed once."""

    plane: Plane

    @cached_property
    def deviations(self) -> Plane:
        """Weighted standard deviation around each pixel, called the sigma map."""
        spread = blurred(self.plane * self.plane)
        spread -= self._mean * self._mean
        np.abs(spread, out=spread)
        return np.sqrt(spread, out=spread)

    @cached_property
    def normal(self) -> Plane:
        """Mean subtracted, contrast normalised (Ruderman, Network 5:517, 1994): (x - mean) / (sigma + 1)."""
        found = self.plane - self._mean
        found /= self.deviations + 1
        return found

    @cached_property
    def half(self) -> "Natural":
        """Of the plane at half size."""
        return Natural(halved(self.plane))

    @cached_property
    def bands(self) -> "Natural":
        """Of the difference of two Gaussians of the deviations (FRIQUEE's DoG of the sigma map)."""
        found = blurred(self.deviations)
        found -= blurred(self.deviations, SPREAD * WIDER)
        return Natural(found)

    def products(self, down: int, across: int) -> Plane:
        """Return each normalised pixel times the one so many rows above it and columns to its left."""
        found = np.empty_like(self.normal)
        for to_rows, rows in _wrapped(down):
            for to_columns, columns in _wrapped(across):
                here, there = (to_rows, to_columns), (rows, columns)
                np.multiply(self.normal[here], self.normal[there], out=found[here])
        return found

    def fitted(self, down: int, across: int) -> Lopsided:
        """Return the asymmetric distribution of ``products``, fitted once."""
        if (down, across) not in self._fits:
            self._fits[down, across] = lopsided(self.products(down, across))
        return self._fits[down, across]

    @cached_property
    def _fits(self) -> dict[tuple[int, int], Lopsided]:
        return {}

    @cached_property
    def _mean(self) -> Plane:
        return blurred(self.plane)


def _wrapped(shift: int) -> tuple[tuple[slice, slice], ...]:
    """Return which part of an axis goes where when it is shifted round, by less than its length."""
    if not shift:
        return ((slice(None), slice(None)),)
    return (slice(shift, None), slice(None, -shift)), (slice(None, shift), slice(-shift, None))


def differences(plane: Plane, down: int, across: int) -> Plane:
    """Return each pixel less the one so many rows above it and columns to its left, wrapping around."""
    found = np.empty_like(plane)
    for to_rows, rows in _wrapped(down):
        for to_columns, columns in _wrapped(across):
            here, there = (to_rows, to_columns), (rows, columns)
            np.subtract(plane[here], plane[there], out=found[here])
    return found


def laplacian(plane: Plane) -> Plane:
    """Return the finest band of the Laplacian pyramid (Burt and Adelson, IEEE Transactions on Communications
    31:532, 1983): a plane less what its blurred half, enlarged, tells of it.

    Edges mirror around their pixels.

    Args:
        plane: Shape [H, W], even sides; on odd ones OpenCV's edges would be others.
    """
    import cv2

    size = (plane.shape[1], plane.shape[0])
    return np.asarray(plane - cv2.pyrUp(cv2.pyrDown(plane), dstsize=size))


def skewness(values: Plane) -> float:
    """Return the third standardised moment; NaN where all are equal."""
    apart, squares, spread = _apart(values)
    return float(_dot(squares, apart) / spread**1.5)


def kurtosis(values: Plane) -> float:
    """Return the fourth standardised moment, 3 for a Gaussian; NaN where all are equal."""
    _, squares, spread = _apart(values)
    return _dot(squares, squares) / spread**2


def deviation(values: Plane) -> float:
    """Return the root mean square distance from the mean."""
    return float(values.std())


def magnitude(values: Plane) -> float:
    """Return the root mean square."""
    return float(np.sqrt(_dot(values, values)))


def _apart(values: Plane) -> tuple[Plane, Plane, float]:
    """Return distances from the mean, their squares, and the mean of these, NaN where it is only rounding."""
    mean = float(values.mean())
    apart = values - mean
    squares = apart * apart
    spread = float(squares.mean())
    return apart, squares, spread if spread > (ROUNDING * max(1.0, abs(mean))) ** 2 else float("nan")


def _dot(first: Plane, second: Plane) -> float:
    """Return the mean product; not by BLAS, which starts threads."""
    return float(np.einsum("ij,ij->", first, second)) / first.size
