"""Refits: what a fitted mapping makes of each bootstrap replicate, so that intervals account for the fit.

To fit every replicate anew would take minutes. Each gets one Gauss-Newton step from the fit to the whole
sample instead, which is equivalent to first order (Davidson and MacKinnon, International Economic Review
40:489, 1999): the least squares of the residuals on the function's derivatives, which for a step of this
size stand for the function.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gaia_judge.agreement.logistics import Logistic
from gaia_judge.agreement.outliers import exceed
from gaia_judge.agreement.pairs import Numbers
from gaia_judge.agreement.replicates import correlate_sums, divide
from gaia_judge.agreement.resamplings import Resampling
from gaia_judge.agreement.strata import ROUNDING

FLAT = 1e-3
"""Directions in which the function changes by a smaller share than in its steepest one are not stepped in."""


@dataclass(frozen=True, slots=True, eq=False)
class Refit:
    """A mapping's values on the sample, and the step that each replicate takes from them."""

    values: Numbers
    """Shape [N]."""
    directions: Numbers
    """Shape [N, directions]: what a unit step changes."""
    steps: Numbers
    """Shape [draws, directions]."""
    resampling: Resampling

    def predict(self, part: slice) -> Numbers:
        """Return the mapped scores in some of the replicates; shape [draws of these, N]."""
        return np.asarray(self.values + self.steps[part] @ self.directions.T, np.float64)


def refit(curve: Logistic, x: Numbers, y: Numbers, resampling: Resampling) -> Refit:
    """Return the step of each replicate from a fit of ``y`` on ``x``, shape [N] each."""
    values = curve(x)
    directions = span(curve.gradient(x))
    width = directions.shape[1]
    squares = (directions[:, :, None] * directions[:, None]).reshape(len(x), -1)
    slopes = directions * (y - values)[:, None]
    sums = resampling.total(np.concatenate([squares, slopes], axis=1))
    curvature = sums[:, : width * width].reshape(-1, width, width)
    inverse = np.linalg.pinv(curvature, rcond=1e-10, hermitian=True)
    return Refit(values, directions, (inverse @ sums[:, width * width :, None])[..., 0], resampling)


def span(gradient: Numbers) -> Numbers:
    """Return orthogonal directions, mean square 1, that span a gradient's columns; shape [N, directions]."""
    lengths = np.linalg.norm(gradient, axis=0)
    columns = gradient[:, lengths > 0] / lengths[lengths > 0]
    left, sizes, _ = np.linalg.svd(columns, full_matrices=False)
    return np.asarray(left[:, sizes > FLAT * sizes.max(initial=0)] * np.sqrt(len(gradient)), np.float64)


def plcc_mapped(fit: Refit, y: Numbers) -> Numbers:
    """Return Pearson's correlation of ``y``, shape [N], with the mapped scores of each replicate."""

    def work(part: slice) -> Numbers:
        counts = fit.resampling.rows(part).astype(np.float64)
        mapped, people = _center(fit.predict(part), counts), _center(y[None], counts)
        xx, yy, xy = (
            np.einsum("dn,dn,dn->d", counts, one, other)
            for one, other in ((mapped, mapped), (people, people), (mapped, people))
        )
        return correlate_sums(xy, xx, yy, counts.sum(1))

    return np.concatenate(fit.resampling.spread(work))


def rmse_mapped(fit: Refit, y: Numbers) -> Numbers:
    """Return the root mean squared error of the mapped scores in each replicate; ``y`` has shape [N]."""
    every = np.ones(len(y), bool)
    return np.sqrt(_average(lambda mapped: (mapped - y) ** 2, fit, every))


def outliers_mapped(fit: Refit, y: Numbers, limits: Numbers) -> Numbers:
    """Return the share of mapped scores beyond the limits in each replicate; NaN in ``limits`` leaves out."""
    return _average(lambda mapped: exceed(mapped, y, limits), fit, ~np.isnan(limits))


def _average(cost: Callable[[Numbers], Numbers], fit: Refit, known: NDArray[np.bool_]) -> Numbers:
    """Return the mean cost of the mapped scores of known rows in each replicate; shape [draws]."""

    def work(part: slice) -> Numbers:
        counts = fit.resampling.rows(part) * known
        sizes = counts.sum(1).astype(np.float64)
        return divide(np.einsum("dn,dn->d", counts, cost(fit.predict(part))), sizes, sizes, least=1)

    return np.concatenate(fit.resampling.spread(work))


def _center(values: Numbers, counts: Numbers) -> Numbers:
    """Return values from each replicate's mean, all 0 where they differ by rounding; shape [draws, N]."""
    sizes = np.maximum(counts.sum(1), 1)
    means = np.einsum("dn,dn->d", counts, np.broadcast_to(values, counts.shape)) / sizes
    rest = values - means[:, None]
    far = np.einsum("dn,dn,dn->d", counts, rest, rest) > ROUNDING * sizes * means**2
    return np.asarray(rest * far[:, None], np.float64)
