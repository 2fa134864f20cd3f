"""Ridge regression on the level distributions of all dimensions, its penalty chosen by whole groups."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from gaia_judge.protocols import deal

Numbers = NDArray[np.float64]

PENALTIES = tuple(np.logspace(-6, 1, 15).tolist())
"""What is tried; in units of the features' variance, so that it means the same for any number of labels."""

FOLDS = 5
"""Folds in which the penalty is chosen, or the number of groups if that is smaller."""


class Ridge(BaseModel):
    """A linear function of several features."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["ridge"] = "ridge"
    weights: tuple[float, ...]
    """One per feature."""
    intercept: float
    penalty: float
    """As it was chosen, of ``PENALTIES``."""

    def predict(self, features: Numbers) -> Numbers:
        """Return the function at all columns, shape [N]."""
        return np.asarray(features @ np.array(self.weights) + self.intercept)


def fit_ridge(features: Numbers, y: Numbers, units: NDArray[np.str_], seed: int = 0) -> Ridge:
    """Return the ridge regression (Hoerl and Kennard, 1970) with the penalty that predicts new groups best.

    It minimises the mean squared error plus the penalty times the squared length of the weights; the
    intercept is free. The penalty of least error over ``FOLDS`` folds of these very labels is taken: whoever
    holds labels out must leave them out of this call, and no penalty has seen them.

    Args:
        features: Shape [N, F].
        y: Shape [N].
        units: Groups that stay together, at least two, shape [N].
        seed: Of the folds.
    """
    folds = deal(units, min(FOLDS, len(np.unique(units))), seed)
    errors = np.zeros(len(PENALTIES))
    for fold in np.unique(folds):
        held = folds == fold
        weights, intercepts = solve(features[~held], y[~held], PENALTIES)
        errors += np.sum((features[held] @ weights + intercepts - y[held, None]) ** 2, axis=0)
    penalty = PENALTIES[int(np.argmin(errors))]
    weights, intercepts = solve(features, y, (penalty,))
    return Ridge(weights=tuple(weights[:, 0].tolist()), intercept=float(intercepts[0]), penalty=penalty)


def solve(features: Numbers, y: Numbers, penalties: tuple[float, ...]) -> tuple[Numbers, Numbers]:
    """Return the weights, shape [F, P], and intercepts, shape [P], for each of P positive penalties."""
    centre, level = features.mean(0), y.mean()
    left, sizes, right = np.linalg.svd(features - centre, full_matrices=False)
    shrunk = sizes[:, None] / (sizes[:, None] ** 2 + len(y) * np.array(penalties))
    weights = right.T @ (shrunk * (left.T @ (y - level))[:, None])
    return weights, level - centre @ weights
