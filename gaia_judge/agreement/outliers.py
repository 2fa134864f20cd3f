"""Outliers: errors that are larger than the spread of people's own votes explains."""

import numpy as np
from numpy.typing import ArrayLike

from gaia_judge.agreement.pairs import Numbers, pair

WIDTH = 2.0
"""Spreads from the mean of the votes to its limits."""


def outlier_ratio(x: ArrayLike, y: ArrayLike, spread: ArrayLike) -> float | None:
    """Return the share of videos whose error exceeds twice the spread; None where no video has all three.

    VQEG (Final Report on the Validation of Objective Models of Video Quality Assessment, Phase I, 2000)
    takes the standard error of the mean opinion score as the spread, and scores after the mapping; others
    (Wang, Lu and Bovik, Signal Processing: Image Communication 19:121, 2004) the standard deviation of votes.

    Args:
        x: The rater, on people's scale; shape [N].
        y: People; shape [N].
        spread: Of people's votes on each video; shape [N], at least 0.

    >>> outlier_ratio([1, 2, 3, 4], [1, 2, 3, 9], [1, 1, 1, 1])
    0.25
    """
    left, right, kept = pair(x, y)
    limits = limit(np.asarray(spread, np.float64)[kept])
    known = ~np.isnan(limits)
    return float(np.mean(exceed(left, right, limits)[known])) if known.any() else None


def limit(spread: Numbers) -> Numbers:
    """Return how large an error may be, NaN where the spread is not known; shape [N]."""
    return np.where(np.isfinite(spread) & (spread >= 0), WIDTH * spread, np.nan)


def exceed(x: Numbers, y: Numbers, limits: Numbers) -> Numbers:
    """Return 1.0 where the error is larger than the limit, else 0.0; shape [N]."""
    return np.asarray(np.abs(x - y) > limits, np.float64)
