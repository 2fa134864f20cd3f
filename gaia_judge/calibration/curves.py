"""Mappings of one score: a line, logistic functions, and monotone curves without a formula."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from gaia_judge.agreement import srcc

Numbers = NDArray[np.float64]

BINS, PER_BIN = 8, 3
"""Most knots of a monotone cubic, and the least number of labels that each stands for."""


class Line(BaseModel):
    """A straight line."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["linear"] = "linear"
    slope: float
    intercept: float

    def predict(self, features: Numbers) -> Numbers:
        """Return the line at the first column, shape [N]."""
        return self.slope * features[:, 0] + self.intercept


class Steps(BaseModel):
    """A monotone curve through the levels of an isotonic regression, flat beyond them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["isotonic"] = "isotonic"
    knots: tuple[float, ...]
    """Scores, rising; straight lines run between them."""
    values: tuple[float, ...]
    """All rising or all falling."""

    def predict(self, features: Numbers) -> Numbers:
        """Return the curve at the first column, shape [N]."""
        return np.interp(features[:, 0], self.knots, self.values)


class Cubic(BaseModel):
    """A smooth monotone curve of cubic pieces, straight beyond its outer knots."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["cubic"] = "cubic"
    knots: tuple[float, ...]
    """Scores, rising."""
    values: tuple[float, ...]
    """All rising or all falling."""

    def predict(self, features: Numbers) -> Numbers:
        """Return the curve at the first column, shape [N]."""
        from scipy.interpolate import PchipInterpolator

        curve = PchipInterpolator(self.knots, self.values)
        inside = np.clip(features[:, 0], self.knots[0], self.knots[-1])
        return np.asarray(curve(inside) + curve.derivative()(inside) * (features[:, 0] - inside))


def fit_line(x: Numbers, y: Numbers) -> Line:
    """Return the line of least squares; ``x`` is not constant, both shape [N]."""
    deviations = x - x.mean()
    slope = float(deviations @ (y - y.mean()) / (deviations @ deviations))
    return Line(slope=slope, intercept=float(y.mean() - slope * x.mean()))


def fit_steps(x: Numbers, y: Numbers) -> Steps:
    """Return the monotone curve of least squares (Barlow et al., 1972), rising if ranks agree, else falling.

    Equal scores share their mean label first. The solution is defined at the scores alone; between them it is
    made up by straight lines.
    """
    knots, labels, counts = _pooled(x, y)
    values = _monotone(labels, counts, _sign(x, y))
    # Points inside a flat stretch say nothing that its ends do not.
    inner = np.zeros(len(values), bool)
    inner[1:-1] = (values[1:-1] == values[:-2]) & (values[1:-1] == values[2:])
    return Steps(knots=tuple(knots[~inner].tolist()), values=tuple(values[~inner].tolist()))


def fit_cubic(x: Numbers, y: Numbers) -> Cubic:
    """Return a monotone cubic: means of bins of equally many labels, made monotone, joined smoothly.

    There are at most ``BINS`` bins. Their means are made monotone by an isotonic regression weighted by
    their sizes, and joined by cubic Hermite pieces whose slopes keep them monotone (Fritsch and Carlson,
    1980; slopes after Fritsch and Butland, 1984).
    """
    levels, labels, counts = _pooled(x, y)
    bins = min(BINS, len(x) // PER_BIN, len(levels))
    # Equal scores stay in one bin, so that some may be empty.
    places = np.minimum((np.cumsum(counts) - counts / 2) * bins // len(x), bins - 1).astype(int)
    _, places = np.unique(places, return_inverse=True)
    sizes: Numbers = np.bincount(places, counts).astype(float)
    knots = np.bincount(places, counts * levels) / sizes
    values = _monotone(np.bincount(places, counts * labels) / sizes, sizes, _sign(x, y))
    return Cubic(knots=tuple(knots.tolist()), values=tuple(values.tolist()))


def _pooled(x: Numbers, y: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """Return the scores that occur, rising, with the mean label and the number of each."""
    levels, places, counts = np.unique(x, return_inverse=True, return_counts=True)
    return levels, np.bincount(places, y) / counts, counts.astype(float)


def _sign(x: Numbers, y: Numbers) -> bool:
    """Return whether labels rise with scores rather than fall."""
    return (srcc(x, y) or 0.0) >= 0


def _monotone(values: Numbers, weights: Numbers, rising: bool) -> Numbers:
    from scipy.optimize import isotonic_regression

    return np.asarray(isotonic_regression(values, weights=weights, increasing=rising).x, float)
