"""Projections: the search for a logistic curve of least squares, in slope and middle alone.

All other parameters enter the function linearly, so the best of them follow from slope and middle (variable
projection; Golub and Pereyra, SIAM Journal on Numerical Analysis 10:413, 1973). What is left to search has
two dimensions, and lacks the flat valleys in which a search of four or five parameters gets lost.
"""

from dataclasses import dataclass

import numpy as np

from gaia_judge.agreement.pairs import Numbers

EVALUATIONS = 500
"""An attempt ends after about so many."""
ATTEMPTS = 4
"""After so many a search has not converged."""
SLACK = 1e-5
"""Derivative of the squares, as a share of people's variance, below which a search has converged."""
STARTS = 5
"""So many of the grid's points start a search."""
FLATTEST = 0.1
"""The least slope over all scores together: the curve alone is a line there, with a line a cubic."""
STEEPEST = 50.0
"""The greatest slope over the usual distance of scores from their median."""
FARTHEST = 15.0
"""How far beyond the scores the middle may lie, in their ranges: one side of a curve is exponential there."""
ROUNDING = 1e-8
"""The weight of the rise among the errors, so that no huge one makes a curve of what rounding leaves."""


@dataclass(frozen=True, slots=True)
class Curve:
    """base + rise / (1 + exp(-slope (z - middle))) + tilt z, of scores z; the slope is positive."""

    slope: float
    middle: float
    rise: float
    tilt: float
    base: float


@dataclass(frozen=True, slots=True, eq=False)
class Projection:
    """The least squares of people's scores on curves of any slope and middle."""

    z: Numbers
    """Shape [N]."""
    v: Numbers
    """People less what the constant and the line explain, mean square at most 1; shape [N]."""
    line: Numbers | None
    """The scores from their mean, of length 1, where a straight line joins the curve; shape [N]."""

    def project(self, values: Numbers) -> Numbers:
        """Return what the constant and the line leave of values; shape [N]."""
        return leave(values, self.line)

    def rise(self, shares: Numbers) -> tuple[float, Numbers]:
        """Return the best rise of a curve of these shares, and what constant and line leave of the shares."""
        own = self.project(shares)
        return float(own @ self.v) / (float(own @ own) + ROUNDING**2 * len(own)), own

    def squares(self, point: Numbers) -> tuple[float, Numbers]:
        """Return half the mean square error of the best curve of this log slope and middle; and its gradient.

        That the linear parameters change too does not matter to the gradient, since they are at their best.
        """
        slope, far = np.exp(point[0]), self.z - point[1]
        shares = sigmoid(slope * far)
        rise, own = self.rise(shares)
        errors = rise * own - self.v
        steep = rise * slope * shares * (1 - shares) * errors
        gradient = np.array([steep @ far, -steep.sum()]) / len(errors)
        return (float(errors @ errors) / len(errors) + (ROUNDING * rise) ** 2) / 2, gradient


def leave(values: Numbers, line: Numbers | None) -> Numbers:
    """Return what a constant and a line of length 1 leave of values; shape [N]."""
    rest = values - values.mean()
    return np.asarray(rest if line is None else rest - line * (line @ rest), np.float64)


def search(z: Numbers, v: Numbers, *, linear: bool) -> Curve | None:
    """Return the curve of least squares within the bounds, or None where the search does not converge.

    Args:
        z: The rater, in units of ``scale``; shape [N].
        v: People, mean 0 and standard deviation 1; shape [N].
        linear: Whether a straight line joins the curve.
    """
    line = (z - z.mean()) / np.linalg.norm(z - z.mean()) if linear else None
    problem = Projection(z, leave(v, line), line)
    bounds = _bounds(z)
    grid = np.clip(_grid(z), *bounds)
    costs = [problem.squares(point)[0] for point in grid]
    starts = grid[np.argsort(costs, kind="stable")[:STARTS]]
    _, converged, best = min((_descend(problem, start, bounds) for start in starts), key=lambda end: end[0])
    return _finish(problem, v, best) if converged else None


def _descend(
    problem: Projection, start: Numbers, bounds: tuple[Numbers, Numbers]
) -> tuple[float, bool, Numbers]:
    """Return the squares where a descent ends, whether it converged, and log slope and middle there."""
    from scipy.optimize import minimize

    options = {"maxfun": EVALUATIONS, "ftol": 1e-15, "gtol": 1e-10, "scale": np.ones(2)}
    box = list(zip(*bounds, strict=True))
    # TNC and not L-BFGS-B, which took up to 20 times as long on a busy machine (the cause is not known).
    # The method may jam where its picture of the curvature is bad; a new start from there has none.
    for _ in range(ATTEMPTS):
        end = minimize(problem.squares, start, jac=True, method="TNC", bounds=box, options=options)
        start = np.clip(np.asarray(end.x, np.float64), *bounds)
        cost, gradient = problem.squares(start)
        # Where a bound is in the way the derivative need not vanish.
        left = start - np.clip(start - gradient, *bounds)
        if converged := bool(np.abs(left).max() <= SLACK):
            break
    return cost, converged, start


def _finish(problem: Projection, v: Numbers, point: Numbers) -> Curve:
    """Return the best curve of this log slope and middle."""
    slope, middle = float(np.exp(point[0])), float(point[1])
    shares = sigmoid(slope * (problem.z - middle))
    rise, _ = problem.rise(shares)
    rest, tilt = v - rise * shares, 0.0
    if problem.line is not None:
        tilt = float(problem.line @ rest) / float(np.linalg.norm(problem.z - problem.z.mean()))
    return Curve(slope, middle, rise, tilt, float(np.mean(rest - tilt * problem.z)))


def sigmoid(u: Numbers) -> Numbers:
    """Return 1 / (1 + exp(-u)) without overflow."""
    return np.asarray(0.5 + 0.5 * np.tanh(u / 2), np.float64)


def scale(x: Numbers) -> tuple[float, float]:
    """Return the median, and the usual distance from it of scores that differ from it.

    Unlike mean and deviation these are not moved by a few scores that lie far away.
    """
    median = float(np.median(x))
    far = np.abs(x - median)
    return median, float(np.median(far[far > 0]))


def _bounds(z: Numbers) -> tuple[Numbers, Numbers]:
    """Return the least and the greatest log slope and middle."""
    width = float(np.ptp(z))
    low = np.array([np.log(FLATTEST / width), z.min() - FARTHEST * width])
    return low, np.array([np.log(STEEPEST), z.max() + FARTHEST * width])


def _grid(z: Numbers) -> Numbers:
    """Return log slopes and middles, VQEG's (two per deviation, the mean) first; shape [points, 2]."""
    slopes = np.log([0.3, 1.0, 3.0, 8.0, 20.0])
    middles = np.unique(np.quantile(z, np.linspace(0.02, 0.98, 13)))
    grid = [[slope, middle] for slope in slopes for middle in middles]
    return np.array([[np.log(2 / z.std()), z.mean()], *grid])
