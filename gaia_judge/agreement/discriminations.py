"""Whether a rater tells which videos people find different, and which of two they find better.

After Krasula, Fliegel, Le Callet and Klima, On the accuracy of objective image and video quality models: new
methodology for performance evaluation, QoMEX 2016.
"""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike

from gaia_judge.agreement.pairs import Numbers, Places

PAIRS = 2_000_000
"""Pairs that are looked at: all of 2,000 videos'; of more, so many are drawn by chance."""

CRITICAL = NormalDist().inv_cdf(0.975)
"""Standard errors that two means differ by where people find them different (two-sided 5%)."""


@dataclass(frozen=True, slots=True)
class Discrimination:
    """Areas under ROC curves, 0.5 for chance, with 95% intervals for new videos."""

    different: float | None
    """How well the size of a score's difference tells pairs that differ for people from others."""
    different_low: float | None
    different_high: float | None
    better: float | None
    """How well its sign and size tell the better of two that differ."""
    better_low: float | None
    better_high: float | None
    correct: float | None
    """Share of pairs that differ for people whose better one scores higher; equal scores count half."""
    pairs: int
    """Pairs that were looked at."""
    distinct: int
    """Those among them that differ for people."""
    reason: str | None = None
    """Why something is undefined."""
    sampled: bool = False
    """Whether the pairs were drawn by chance, since there are too many to look at all."""


def discriminate(
    scores: ArrayLike, means: ArrayLike, spreads: ArrayLike | None, counts: ArrayLike | None, *, seed: int = 0
) -> Discrimination:
    """Return how well scores tell apart what people tell apart.

    Args:
        scores: The rater's; shape [N], as all arrays.
        means: People's mean scores, on the scale of the votes.
        spreads: Standard deviation of the votes, with n - 1; None where it is not known.
        counts: Number of votes; None where it is not known.
        seed: Of the pairs that are drawn where there are more than ``PAIRS``.
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
    size, ahead = np.abs(own), (own * np.sign(gap))[differs]
    ends = np.stack([first, second])
    # Each pair stands in both orders, so that the order in which it is written has no bearing.
    areas = [
        _area(size[differs], size[~differs], ends[:, differs], ends[:, ~differs], len(score)),
        _area(ahead, -ahead, ends[:, differs], ends[:, differs], len(score)),
    ]
    return Discrimination(
        *areas[0],
        *areas[1],
        correct=float(np.mean((np.sign(ahead) + 1) / 2)),
        pairs=len(gap),
        distinct=int(differs.sum()),
        reason="without a mistake there is no interval" if any(one[1] is None for one in areas) else None,
        sampled=len(gap) < len(score) * (len(score) - 1) // 2,
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


def _area(
    true: Numbers, false: Numbers, true_ends: Places, false_ends: Places, n: int
) -> tuple[float, float | None, float | None]:
    """Return the chance that a true value exceeds a false one, ties counting half, with its 95% interval.

    The variance is the infinitesimal jackknife's (Efron, Biometrika 68:589, 1981): the squared derivatives
    of the area by the weight of each video, on which all pairs with that video depend. The interval is
    symmetric in the logit; where the area is 0 or 1 there is none.

    Args:
        true: Values of the pairs that should have high ones.
        false: Values of the others.
        true_ends: The two videos of each true pair; shape [2, pairs].
        false_ends: Those of each false one.
        n: Videos.
    """
    below, above = _rank(true, false), 1 - _rank(false, true)
    area = float(below.mean())
    if not 0 < area < 1:
        return area, None, None
    slopes = sum(
        np.bincount(end, (places - area) / len(places), n)
        for places, ends in ((below, true_ends), (above, false_ends))
        for end in ends
    )
    error = np.sqrt(np.sum(np.square(slopes)) * n / (n - 1)) / (area * (1 - area))
    middle = np.log(area / (1 - area))
    low, high = (float(1 / (1 + np.exp(-middle - way * CRITICAL * error))) for way in (-1, 1))
    return area, low, high


def _rank(values: Numbers, others: Numbers) -> Numbers:
    """Return which share of the others each value exceeds, ties counting half."""
    order, ordered = np.argsort(values), np.sort(others)
    rising = values[order]  # neighbours are looked for in one place, which is several times as fast
    left, right = (np.searchsorted(ordered, rising, side) for side in ("left", "right"))
    found = np.empty(len(values))
    found[order] = (left + right) / (2 * len(others))
    return found
