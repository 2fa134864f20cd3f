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


ROOM = 0.5
"""Degrees of freedom below which no interval is told."""


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
    freedom: float
    """Degrees of freedom: as how many actions of equal weight these count, less what was estimated."""
    pulls: Numbers
    """How far each action moves the mean; shape [actions in all], 0 where there are no values."""
    reason: str | None = None


def mean_by_action(
    values: Numbers, places: Places, size: int, weights: Numbers | None = None, spent: int = 1
) -> Mean:
    """Return a mean, weighted or not, with an interval that draws whole actions.

    The standard error is the jackknife's, which leaves out one action at a time (Efron and Stein, The Annals
    of Statistics 9:586, 1981); the quantile is Student's, with the degrees of freedom of as many equally
    weighted actions as these are worth (Kish, Survey Sampling, 1965). Values drawn with known unequal
    probabilities are weighted by their inverses (Hajek 1971). With one value of each action and equal
    weights this is the usual interval of a mean.

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
        return Mean(None, None, None, None, 0, 0, -spent, np.zeros(size), "there are no values")
    shares = np.full(len(values), 1 / len(values)) if weights is None else weights / weights.sum()
    value = float(shares @ values)
    by_action = np.bincount(places, shares, size)
    actions = len(np.unique(places))
    # Leaving an action out moves the mean the more the larger its share; with equal shares this divides by 1.
    left = np.maximum(1 - by_action, TINY) / (1 - 1 / actions if actions > 1 else 1)
    pulls = np.bincount(places, shares * (values - value), size) / left
    worth = float(1 / (by_action @ by_action))
    return conclude(value, pulls, len(values), actions, worth, spent, float(np.abs(values).max()))


def conclude(
    value: float, pulls: Numbers, n: int, actions: int, worth: float, spent: int, scale: float
) -> Mean:
    """Return an estimate with the interval that the pulls of the actions give it.

    Args:
        value: The estimate.
        pulls: How far each action moves it; shape [actions in all].
        n: Values, or labels, that it rests on.
        actions: Actions that these are of.
        worth: As how many of equal weight these count.
        spent: Parameters that were estimated.
        scale: Largest value; a spread that is tiny beside it is none.
    """
    freedom = worth - spent
    if actions <= spent:
        few = f"{actions} action{'' if actions == 1 else 's'}; an interval needs {spent + 1}"
        return Mean(value, None, None, None, n, actions, freedom, pulls, few)
    if freedom < ROOM:
        uneven = f"{actions} actions whose weights are so unequal that they count as {worth:.1f}"
        return Mean(value, None, None, None, n, actions, freedom, pulls, uneven)
    error = math.sqrt(float(pulls @ pulls) * actions / (actions - spent))
    if error <= TINY * scale:
        same = "the values do not differ between actions"
        return Mean(value, None, None, 0.0, n, actions, freedom, pulls, same)
    reach = quantile(freedom) * error
    return Mean(value, value - reach, value + reach, error, n, actions, freedom, pulls)


def quantile(freedom: float) -> float:
    """Return Student's quantile for the two-sided 95% interval.

    >>> round(quantile(10), 4)
    2.2281
    """
    from scipy.special import stdtrit

    return float(stdtrit(freedom, (1 + LEVEL) / 2))
