"""Intervals: a statistic with its 95% interval from bootstrap replicates."""

from dataclasses import dataclass

import numpy as np

from gaia_judge.agreement.pairs import Numbers
from gaia_judge.agreement.resamplings import Resampling

TOLERATED = 0.05
"""Share of replicates that may leave a statistic undefined; with more there is no interval."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """One statistic of how two raters agree, with its 95% interval."""

    name: str
    value: float | None
    low: float | None
    high: float | None
    n: int
    """Pairs that count."""
    missing: int
    """Pairs of which a side is missing."""
    reason: str | None = None
    """Why the value, or else the interval, is undefined, in words for a user."""
    draws: int = 0
    """Bootstrap replicates; 0 where none were asked for, or none are possible."""
    undefined: int = 0
    """Replicates that left the statistic undefined."""


def conclude(
    name: str,
    value: float | None,
    replicates: Numbers | None,
    *,
    n: int,
    missing: int,
    reason: str | None = None,
) -> Agreement:
    """Return a statistic with the percentile interval of its replicates (Efron and Tibshirani, 1993, ch. 13).

    Args:
        name: Of the statistic.
        value: Of the sample.
        replicates: Shape [draws], NaN where undefined; None where there are none.
        n: Pairs that count.
        missing: Pairs that do not.
        reason: Why there is no value, or why there are no replicates.
    """
    if value is None or replicates is None:
        return Agreement(name, value, None, None, n, missing, reason)
    low, high, why = bound(replicates)
    draws, undefined = len(replicates), int(np.isnan(replicates).sum())
    return Agreement(name, value, low, high, n, missing, why, draws, undefined)


def bound(replicates: Numbers) -> tuple[float | None, float | None, str | None]:
    """Return the ends of the 95% interval of replicates, shape [draws], or None twice and why.

    >>> bound(np.arange(201.0))
    (5.0, 195.0, None)
    """
    defined = replicates[~np.isnan(replicates)]
    undefined = len(replicates) - len(defined)
    if not len(defined) or undefined > TOLERATED * len(replicates):
        return None, None, f"undefined in {undefined} of {len(replicates)} bootstrap replicates"
    low, high = np.quantile(defined, [0.025, 0.975]).tolist()
    return low, high, None


def why_unresampled(resampling: Resampling | None) -> str | None:
    """Return why there can be no replicates, in words for a user; None where there are or none are wanted."""
    if resampling is None or resampling.units > 1:
        return None
    return "an interval needs two rows or clusters that have both scores"
