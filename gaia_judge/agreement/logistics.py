"""Logistics: the functions by which studies of video quality map a rater's scores to people's."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from gaia_judge.agreement.pairs import Numbers, pair, why_undefined

Kind = Literal["logistic4", "logistic5"]
PARAMETERS: dict[Kind, int] = {"logistic4": 4, "logistic5": 5}
EVALUATIONS = 2000
"""After so many a fit has not converged."""
TOLERANCE = 1e-8
"""Relative change of the squares, or of the parameters, at which a fit has converged; scipy's own."""


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

    Both sides are standardised for the search, by the Levenberg-Marquardt method, so that no unit is harder
    than another; the answer is the published function of the scores as given. The search starts at VQEG's
    values (extremes of y, mean of x, a slope of half a standard deviation) and at their mirror image, since
    scores may fall where quality rises; the better end is taken.

    Args:
        x: The rater; shape [N]. Pairs that are not whole are left out.
        y: People; shape [N].
        kind: Which function.
    """
    x, y, _ = pair(x, y)
    if reason := _why_unfit(x, y, kind):
        return None, reason
    by_x, by_y = ((float(side.mean()), float(side.std())) for side in (x, y))
    z, v = (x - by_x[0]) / by_x[1], (y - by_y[0]) / by_y[1]
    ends = [_descend(z, v, kind, start) for start in _start(z, v, kind)]
    good = [end for end in ends if end is not None]
    if not good:
        return None, f"{kind} did not converge within {EVALUATIONS} evaluations on {len(x)} videos"
    best = min(good, key=lambda end: end[0])[1]
    return Logistic(kind, _restore(best, kind, by_x, by_y)), None


def _descend(z: Numbers, v: Numbers, kind: Kind, start: list[float]) -> tuple[float, Numbers] | None:
    """Return the cost and the parameters where the search ends; None where it does not converge."""
    from scipy.optimize import least_squares

    curve = _FUNCTIONS[kind]
    end = least_squares(
        lambda b: curve(z, b)[0] - v,
        start,
        jac=lambda b: curve(z, b)[1],
        method="lm",
        ftol=TOLERANCE,
        xtol=TOLERANCE,
        gtol=TOLERANCE,
        max_nfev=EVALUATIONS,
    )
    found = np.asarray(end.x, np.float64)
    converged = end.success and np.isfinite(found).all() and np.isfinite(end.cost)
    return (float(end.cost), found) if converged else None


def _why_unfit(x: Numbers, y: Numbers, kind: Kind) -> str | None:
    needed = PARAMETERS[kind] + 1
    if len(x) < needed:
        return f"{len(x)} videos have both scores; {kind} needs {needed}"
    return why_undefined(x, y)


def _start(z: Numbers, v: Numbers, kind: Kind) -> list[list[float]]:
    """Return where the search starts, in standard deviations."""
    low, high = float(v.min()), float(v.max())
    if kind == "logistic4":
        return [[high, low, 0.0, 0.5], [low, high, 0.0, 0.5]]
    sign = 1.0 if z @ v >= 0 else -1.0
    rise = sign * (high - low)
    # A curve alone, a line with a small steep curve, and a line with a curve against it.
    return [[rise, 1.0, 0.0, 0.0, 0.0], [rise / 4, 4.0, 0.0, sign / 2, 0.0], [-rise, 1.0, 0.0, sign, 0.0]]


def _restore(b: Numbers, kind: Kind, x: tuple[float, float], y: tuple[float, float]) -> tuple[float, ...]:
    """Return the parameters for scores as given; ``x`` and ``y`` are their means and deviations."""
    (mean, unit), (level, height) = x, y
    if kind == "logistic4":
        found = [*(level + height * b[:2]), mean + unit * b[2], unit * abs(b[3])]
    else:
        # Turning both signs of b1 and b2 leaves the function as it is.
        turn, slope = (1 if b[1] >= 0 else -1), height * b[3] / unit
        found = [turn * height * b[0], abs(b[1]) / unit, mean + unit * b[2], slope]
        found.append(level + height * b[4] - slope * mean)
    return tuple(float(one) for one in found)


def _sigmoid(u: Numbers) -> Numbers:
    """Return 1 / (1 + exp(-u)) without overflow."""
    return np.asarray(0.5 + 0.5 * np.tanh(u / 2), np.float64)


def _four(x: Numbers, b: Numbers) -> tuple[Numbers, Numbers]:
    width = max(abs(b[3]), 1e-12 * max(1.0, abs(b[2])))
    u = np.clip((x - b[2]) / width, -500, 500)
    share = _sigmoid(u)
    steep = (b[0] - b[1]) * share * (1 - share) / width
    by = [share, 1 - share, -steep, -steep * u * np.copysign(1.0, b[3])]
    return b[1] + (b[0] - b[1]) * share, np.stack(by, axis=-1)


def _five(x: Numbers, b: Numbers) -> tuple[Numbers, Numbers]:
    u = np.clip(b[1] * (x - b[2]), -500, 500)
    share = _sigmoid(u)
    steep = b[0] * share * (1 - share)
    by = [share - 0.5, steep * (x - b[2]), -steep * b[1], x, np.ones_like(x)]
    return b[0] * (share - 0.5) + b[3] * x + b[4], np.stack(by, axis=-1)


_FUNCTIONS: dict[Kind, Callable[[Numbers, Numbers], tuple[Numbers, Numbers]]] = {
    "logistic4": _four,
    "logistic5": _five,
}
