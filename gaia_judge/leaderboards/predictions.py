"""Prediction-powered means: a few human labels, and a rater's guess of every other."""

import math
from dataclasses import dataclass

import numpy as np

from gaia_judge.leaderboards.means import TINY, Mean, Numbers, Places, conclude, mean_by_action, quantile

FITTED = 2
"""What a prediction-powered mean estimates from labels: their distance from the guesses, and the power."""


@dataclass(frozen=True, slots=True, eq=False)
class Estimates:
    """People's mean, by their labels alone and with the rater's guesses of the rest."""

    classical: Mean
    powered: Mean
    rest: Mean
    """Of what the guesses, times the power, leave of the labels."""
    power: float | None
    """Lambda: human points per point of the rater."""
    videos: int
    """Labelled or not."""


def estimate(
    labels: Numbers, guesses: Numbers, places: Places, size: int, weights: Numbers | None = None
) -> Estimates:
    """Return the mean that people would give all videos, from the labels of some.

    The powered mean is PPI++ (Angelopoulos, Duchi and Zrnic, arXiv 2311.01453): the mean of power x guess
    over all videos, plus the weighted mean of label - power x guess over those labelled; it equals the
    paper's, whose first mean is over the videos without a label, at power x (videos without) / videos. The
    power is the one that makes the variance least. It also puts the rater on people's scale, so it is not
    held within 0 and 1; a useless rater gets a power near 0. The interval is valid however bad the rater
    is, but too narrow with few labels of very unequal weights (``benchmarks/leaderboards.py``). Guesses that
    are missing are taken as the mean of the others, so no label is lost.

    Args:
        labels: People's scores, NaN where there are none; shape [N].
        guesses: The rater's, NaN where there are none; shape [N].
        places: The action of each video, from 0 to ``size`` - 1; shape [N].
        size: Actions in all.
        weights: Inverse sampling probability of each label; equal by default. Shape [N], used at labels.
    """
    labelled = np.isfinite(labels)
    at = places[labelled]
    shares = np.ones(len(labels)) if weights is None else weights
    shares = shares[labelled]
    classical = mean_by_action(labels[labelled], at, size, shares)
    if classical.value is None:
        return Estimates(classical, classical, classical, None, len(labels))
    known = np.isfinite(guesses)
    guesses = np.where(known, guesses, guesses[known].mean() if known.any() else 0)
    power = tune(labels[labelled], guesses[labelled], shares, guesses)
    rest = mean_by_action(labels[labelled] - power * guesses[labelled], at, size, shares, spent=FITTED)
    centred = power * (guesses - guesses.mean()) / len(guesses)
    pulls = rest.pulls + np.bincount(places, centred, size)
    value = (rest.value or 0.0) + power * float(guesses.mean())
    scale = float(np.abs(labels[labelled]).max())
    powered = conclude(value, pulls, rest.n, rest.actions, rest.freedom + FITTED, FITTED, scale)
    return Estimates(classical, powered, rest, power, len(labels))


def tune(labels: Numbers, guesses: Numbers, weights: Numbers, every: Numbers) -> float:
    """Return the power that makes the variance least: cov(label, guess) / var(guess), 0 if guesses are equal.

    Args:
        labels: Shape [n].
        guesses: At the labels; shape [n].
        weights: Of the labels; shape [n].
        every: Guesses of all videos; their variance is the denominator. Shape [N].
    """
    if len(every) < 2 or np.ptp(every) <= TINY * np.abs(every).max():
        return 0.0
    shares = weights / weights.sum()
    together = shares @ ((labels - shares @ labels) * (guesses - shares @ guesses))
    return float(together / np.var(every, ddof=1))


@dataclass(frozen=True, slots=True)
class Need:
    """How many labels a width takes; None where that cannot be told, with the reason."""

    labels: int | None
    reason: str | None = None


def count_labels(found: Estimates, width: float) -> tuple[Need, Need]:
    """Return how many labels, drawn as these were, make the 95% interval so narrow: alone, and powered.

    Labels alone: var(label) / n. Powered, N videos: var(rest) / n + (var(label) - var(rest)) / N. Variances
    are those measured on the labels at hand, so with few of these the answer is rough.

    Args:
        found: From the labels at hand.
        width: From the lower to the upper bound, in points of people's scale.
    """
    own, rest, videos = found.classical, found.rest, found.videos
    if own.error is None or own.low is None:
        none = Need(None, own.reason)
        return none, none
    spread = own.n * own.error**2
    density = (own.freedom + 1) / own.n
    classical = _least(spread, 0.0, 1, density, videos, width)
    if found.powered.low is None:
        return classical, Need(None, found.powered.reason)
    left = rest.n * (rest.error or 0.0) ** 2
    return classical, _least(left, (spread - left) / videos, FITTED, density, videos, width)


def _least(spread: float, base: float, spent: int, density: float, videos: int, width: float) -> Need:
    """Return the least n up to the number of videos whose interval is as narrow as asked."""
    if _width(videos, spread, base, spent, density) > width:
        return Need(None, f"labels of all {videos} videos give a wider interval; it takes more videos")
    low, high = math.ceil((spent + 1) / density) - 1, videos
    while high - low > 1:
        middle = (low + high) // 2
        enough = _width(middle, spread, base, spent, density) <= width
        low, high = (low, middle) if enough else (middle, high)
    return Need(high)


def _width(labels: int, spread: float, base: float, spent: int, density: float) -> float:
    freedom = density * labels - spent
    if freedom < 1:
        return math.inf
    return 2 * quantile(freedom) * math.sqrt(max(spread / labels + base, 0.0))
