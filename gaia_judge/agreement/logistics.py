"""Logistics: the functions by which studies of video quality map a rater's scores to people's."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from gaia_judge.agreement.pairs import Numbers, pair, why_undefined
from gaia_judge.agreement.projections import Curve, scale, search, sigmoid

Kind = Literal["logistic4", "logistic5"]
PARAMETERS: dict[Kind, int] = {"logistic4": 4, "logistic5": 5}


@dataclass(frozen=True, slots=True)
class Logistic:
    """A fitted logistic function.

    ``logistic4`` is b2 + (b1 - b2) / (1 + exp(-(x - b3) / |b4|)) (VQEG, Final Report on the Validation of
    Objective Models of Video Quality Assessment, Phase I, 2000); ``logistic5`` is
    b1 (1/2 - 1 / (1 + exp(b2 (x - b3)))) + b4 x + b5 (Sheikh, Sabir and Bovik, IEEE Transactions on Image
    Processing 15:3440, 2006).

    >>> Logistic("logistic4", (100.0, 0.0, 3.0, 0.5))([3.0]).tolist()
    [50.0]
    """

    kind: Kind
    parameters: tuple[float, ...]
    """b1, b2 and so on, as published; b4 of four and b2 of five are positive, which loses nothing."""

    def __call__(self, x: ArrayLike) -> Numbers:
        """Return the mapped scores; any shape."""
        return _FUNCTIONS[self.kind](np.asarray(x, np.float64), np.array(self.parameters))[0]

    def gradient(self, x: Numbers) -> Numbers:
        """Return the derivatives by each parameter; shape [N] to [N, parameters]."""
        return _FUNCTIONS[self.kind](x, np.array(self.parameters))[1]


def fit_logistic(x: ArrayLike, y: ArrayLike, kind: Kind) -> tuple[Logistic | None, str | None]:
    """Return the logistic function of least squares, or None and the reason in words for a user.

    Only the slope and the middle of the curve are searched for; the other parameters follow from each pair of
    these by linear least squares (variable projection; Golub and Pereyra, SIAM Journal on Numerical Analysis
    10:413, 1973). Both sides are standardised for the search, so that no unit is harder than another. It
    starts at the best pairs of a grid and takes the best end, so scores may fall where quality rises.

    Slope and middle are bounded, since for many scores the squares fall for ever as parameters run off. Where
    they do so towards a line, an exponential function or (with five parameters) a polynomial, the bounds are
    so wide that the mapped scores are those of the limit but for about a hundred-thousandth of the squares.
    Towards a step the bound is a choice: no curve is steeper than ``projections.STEEPEST``, though in small
    samples steeper ones often have smaller squares, by a step that singles out one or two videos. A function
    on a bound is thus an answer, that of least squares within the bounds, not a failure. Its mapped scores
    mean something and its single parameters do not; likewise where scores have fewer different values than
    the function has parameters.

    There is no function, but a reason, for too few videos, for a side that is constant, and where the search
    does not converge.

    Args:
        x: The rater; shape [N]. Pairs that are not whole are left out.
        y: People; shape [N].
        kind: Which function.
    """
    x, y, _ = pair(x, y)
    if reason := _why_unfit(x, y, kind):
        return None, reason
    by_x, by_y = scale(x), (float(y.mean()), float(y.std()))
    z, v = (x - by_x[0]) / by_x[1], (y - by_y[0]) / by_y[1]
    best = search(z, v, linear=kind == "logistic5")
    if best is None:
        return None, f"the search for {kind} did not converge on {len(x)} videos"
    return Logistic(kind, _restore(best, kind, by_x, by_y)), None


def _why_unfit(x: Numbers, y: Numbers, kind: Kind) -> str | None:
    needed = PARAMETERS[kind] + 1
    if len(x) < needed:
        return f"{len(x)} videos have both scores; {kind} needs {needed}"
    return why_undefined(x, y)


def _restore(b: Curve, kind: Kind, x: tuple[float, float], y: tuple[float, float]) -> tuple[float, ...]:
    """Return the parameters for scores as given; ``x`` and ``y`` are their places and units."""
    (place, unit), (level, height) = x, y
    middle, rise, base = place + unit * b.middle, height * b.rise, level + height * b.base
    if kind == "logistic4":
        return base + rise, base, middle, unit / b.slope
    tilt = height * b.tilt / unit
    return rise, b.slope / unit, middle, tilt, base + rise / 2 - tilt * place


def _four(x: Numbers, b: Numbers) -> tuple[Numbers, Numbers]:
    width = max(abs(b[3]), 1e-12 * max(1.0, abs(b[2])))
    u = np.clip((x - b[2]) / width, -500, 500)
    share = sigmoid(u)
    steep = (b[0] - b[1]) * share * (1 - share) / width
    by = [share, 1 - share, -steep, -steep * u * np.copysign(1.0, b[3])]
    return b[1] + (b[0] - b[1]) * share, np.stack(by, axis=-1)


def _five(x: Numbers, b: Numbers) -> tuple[Numbers, Numbers]:
    u = np.clip(b[1] * (x - b[2]), -500, 500)
    share = sigmoid(u)
    steep = b[0] * share * (1 - share)
    by = [share - 0.5, steep * (x - b[2]), -steep * b[1], x, np.ones_like(x)]
    return b[0] * (share - 0.5) + b[3] * x + b[4], np.stack(by, axis=-1)


_FUNCTIONS: dict[Kind, Callable[[Numbers, Numbers], tuple[Numbers, Numbers]]] = {
    "logistic4": _four,
    "logistic5": _five,
}
