"""Whether a rater tells which videos people find different, and which of two they find better.

After Krasula, Fliegel, Le Callet and Klima, On the accuracy of objective image and video quality models: new
methodology for performance evaluation, QoMEX 2016.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gaia_judge.agreement.intervals import bound
from gaia_judge.agreement.pairs import Numbers, Places
from gaia_judge.agreement.resamplings import resample

PAIRS = 100_000
"""Pairs that are looked at; of more, so many are drawn by chance."""

CRITICAL = 1.959964
"""Standard errors that two means differ by where people find them different (two-sided 5%)."""


@dataclass(frozen=True, slots=True)
class Discrimination:
    """Areas under ROC curves, 0.5 for chance; intervals are 95%, videos drawn anew."""

    different: float | None
    """How well the size of a score's difference tells pairs that differ for people from others."""
    different_low: float | None
    different_high: float | None
    better: float | None
    """How well its sign and size tell the better of two that differ."""
    better_low: float | None
    better_high: float | None
    correct: float | None
    """Share of pairs that differ for people of which the better one scores higher; equal scores count half."""
    pairs: int
    """Pairs that were looked at."""
    distinct: int
    """Those among them that differ for people."""
    reason: str | None = None
    """Why something is undefined."""


def discriminate(
    scores: ArrayLike,
    means: ArrayLike,
    spreads: ArrayLike | None,
    counts: ArrayLike | None,
    *,
    draws: int = 200,
    seed: int = 0,
) -> Discrimination:
    """Return how well scores tell apart what people tell apart.

    Args:
        scores: The rater's; shape [N], as all arrays.
        means: People's mean scores.
        spreads: Standard deviation of the votes, with n - 1; None where it is not known.
        counts: Number of votes; None where it is not known.
        draws: Bootstrap replicates; 0 for no intervals.
        seed: Of these and of the pairs that are drawn.
    """
    if spreads is None or counts is None:
        return _undefined(0, 0, "neither votes nor their spread and number are known")
    score, mean, spread, count = (np.asarray(one, np.float64) for one in (scores, means, spreads, counts))
    kept = np.isfinite(score) & np.isfinite(mean) & np.isfinite(spread) & (count >= 2)
    score, mean, error = score[kept], mean[kept], (spread[kept] ** 2 / count[kept])
    first, second = _pairs(len(score), seed)
    gap, own = mean[first] - mean[second], score[first] - score[second]
    differs = np.abs(gap) > CRITICAL * np.sqrt(error[first] + error[second])
    if not len(gap) or differs.all() or not differs.any():
        told = "all" if len(gap) and differs.all() else "no"
        return _undefined(len(gap), int(differs.sum()), f"{told} pairs of videos differ for people")
    size, ahead = _Curve(np.abs(own), differs), (own * np.sign(gap))[differs]
    # Each pair stands in both orders, so that the order in which it is written has no bearing.
    sign = _Curve(np.concatenate([ahead, -ahead]), np.repeat([True, False], len(ahead)))
    found = [[size.area(np.ones(len(gap)))], [sign.area(np.ones(2 * len(ahead)))]]
    for drawn in resample(len(score), draws=draws, seed=seed).counts if draws else ():
        weights = drawn[first].astype(float) * drawn[second]
        found[0].append(size.area(weights))
        found[1].append(sign.area(np.tile(weights[differs], 2)))
    bounds = [bound(np.array(areas[1:])) if draws else (None, None, None) for areas in found]
    correct = float(np.mean((np.sign(ahead) + 1) / 2))
    return Discrimination(
        found[0][0], *bounds[0][:2], found[1][0], *bounds[1][:2], correct, len(gap), int(differs.sum())
    )


def _undefined(pairs: int, distinct: int, reason: str) -> Discrimination:
    return Discrimination(None, None, None, None, None, None, None, pairs, distinct, reason)


def _pairs(n: int, seed: int) -> tuple[Places, Places]:
    """Return all pairs of n things, or so many by chance."""
    if n * (n - 1) // 2 <= PAIRS:
        first, second = np.triu_indices(n, 1)
        return first, second
    random = np.random.default_rng(seed)
    first = random.integers(0, n, PAIRS)
    return first, (first + random.integers(1, n, PAIRS)) % n


class _Curve:
    """A ROC curve of values for a yes-or-no truth, whose area is measured under many weightings."""

    def __init__(self, values: Numbers, truth: NDArray[np.bool_]) -> None:
        levels, self._places = np.unique(values, return_inverse=True)
        self._truth, self._levels = truth, len(levels)

    def area(self, weights: Numbers) -> float:
        """Return the chance that a true one exceeds a false one, ties counting half; NaN without either."""
        true, false = (
            np.bincount(self._places, weights * side, self._levels) for side in (self._truth, ~self._truth)
        )
        total = true.sum() * false.sum()
        return float(true @ (np.cumsum(false) - false / 2) / total) if total else float("nan")
