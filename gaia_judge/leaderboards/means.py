"""Means with intervals for new actions: all videos of an action count as one draw."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Places = NDArray[np.intp]

LEVEL = 0.95
"""Of every interval."""

TINY = 1e-12
"""A standard error below this share of the values is rounding."""


@dataclass(frozen=True, slots=True, eq=False)
class Mean:
    """A mean with its 95% interval; what is undefined is None, and ``reason`` says why."""

    value: float | None
    low: float | None
    high: float | None
    error: float | None
    """Standard error; 0 where all actions have one value, which is too little to tell an interval."""
    n: int
    """Values."""
    actions: int
    """Actions that the values are of."""
    pulls: Numbers
    """How far each action moves the mean; shape [actions in all], sum 0, and 0 where there are no values."""
    reason: str | None = None


def mean_by_action(
    values: Numbers, places: Places, size: int, weights: Numbers | None = None, spent: int = 1
) -> Mean:
    """Return a mean, weighted or not, with an interval that draws whole actions.

    The standard error is that of a ratio, linearised, with actions as clusters (Cochran, Sampling
    Techniques, 1977, section 11), and the quantile is Student's. Values drawn with known unequal
    probabilities are weighted by their inverses (Hajek 1971).

    Args:
        values: Finite numbers; shape [N].
        places: The action of each, from 0 to ``size`` - 1; shape [N].
        size: Actions in all.
        weights: Positive; equal by default.
        spent: Degrees of freedom that the values have lost: 1 for their mean.

    >>> found = mean_by_action(np.array([1.0, 2.0, 3.0]), np.arange(3), 3)
    >>> found.value, round(found.error, 6), found.actions
    (2.0, 0.57735, 3)
    """
    if not len(values):
        return Mean(None, None, None, None, 0, 0, np.zeros(size), "there are no values")
    shares = np.full(len(values), 1 / len(values)) if weights is None else weights / weights.sum()
    value = float(shares @ values)
    pulls = np.asarray(np.bincount(places, shares * (values - value), size), np.float64)
    return conclude(value, pulls, len(values), len(np.unique(places)), spent, float(np.abs(values).max()))


def conclude(value: float, pulls: Numbers, n: int, actions: int, spent: int, scale: float) -> Mean:
    """Return an estimate with the interval that the pulls of the actions give it.

    Args:
        value: The estimate.
        pulls: How far each action moves it; shape [actions in all].
        n: Values, or labels, that it rests on.
        actions: Actions that these are of; with ``spent`` they give the degrees of freedom.
        spent: Parameters that were estimated.
        scale: Largest value; a spread that is tiny beside it is none.
    """
    if actions <= spent:
        few = f"{actions} action{'' if actions == 1 else 's'}; an interval needs {spent + 1}"
        return Mean(value, None, None, None, n, actions, pulls, few)
    error = math.sqrt(float(pulls @ pulls) * actions / (actions - spent))
    if error <= TINY * scale:
        return Mean(value, None, None, 0.0, n, actions, pulls, "the values do not differ between actions")
    reach = quantile(actions - spent) * error
    return Mean(value, value - reach, value + reach, error, n, actions, pulls)


def quantile(freedom: float) -> float:
    """Return Student's quantile for the two-sided 95% interval.

    >>> round(quantile(10), 4)
    2.2281
    """
    from scipy.special import stdtrit

    return float(stdtrit(freedom, (1 + LEVEL) / 2))
