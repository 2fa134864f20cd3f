"""Agreement of a judge with people: correlation and error, within groups too, with bootstrap intervals.

Pairs of which a side is missing are left out and counted. Where a statistic is not defined, such as a
correlation with a constant, the answer is None.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Name = Literal["srcc", "plcc", "krcc", "rmse"]
Numbers = NDArray[np.float64]
Places = NDArray[np.intp]


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


def srcc(x: ArrayLike, y: ArrayLike) -> float | None:
    """Return Spearman's rank correlation, ties at their mean rank; None if a side is constant.

    >>> srcc([1, 2, 3, float("nan")], [10, 30, 20, 40])
    0.5
    """
    x, y, _ = _pairs(x, y)
    return _correlation(_ranks(x), _ranks(y))


def plcc(x: ArrayLike, y: ArrayLike) -> float | None:
    """Return Pearson's correlation; None if a side is constant."""
    x, y, _ = _pairs(x, y)
    return _correlation(x, y)


def krcc(x: ArrayLike, y: ArrayLike) -> float | None:
    """Return Kendall's tau-b, which allows for ties; None if a side is constant."""
    from scipy.stats import kendalltau

    x, y, _ = _pairs(x, y)
    return None if _constant(x) or _constant(y) else float(kendalltau(x, y).statistic)


def rmse(x: ArrayLike, y: ArrayLike) -> float | None:
    """Return the root of the mean squared difference; None without pairs."""
    x, y, _ = _pairs(x, y)
    return float(np.sqrt(np.mean((x - y) ** 2))) if len(x) else None


STATISTICS = {"srcc": srcc, "plcc": plcc, "krcc": krcc, "rmse": rmse}


def within(name: Literal["srcc", "plcc"], x: ArrayLike, y: ArrayLike, groups: ArrayLike) -> float | None:
    """Return the correlation of deviations from the groups' own means, pooled; with ``srcc``, of ranks.

    After Bland and Altman, BMJ 310:446, 1995. Groups that are constant or hold one pair add nothing. For
    groups of one size without ties, the pooled ``srcc`` is the mean of the groups' own. All shapes are [N].

    >>> within("srcc", [1, 2, 3, 11, 12, 13], [9, 8, 7, 2, 3, 1], list("aaabbb"))
    -0.75
    """
    x, y, kept = _pairs(x, y)
    places = _places(groups)[kept]
    if name == "srcc":
        # Ranks run on from group to group; the groups' means take that out again.
        x, y = (_ranks(places * len(side) + _ranks(side, "dense")) for side in (x, y))
    return _correlation(_deviations(x, places), _deviations(y, places))


def interval(
    name: Name,
    x: ArrayLike,
    y: ArrayLike,
    *,
    groups: ArrayLike | None = None,
    clusters: ArrayLike | None = None,
    draws: int = 2000,
    seed: int = 0,
) -> Agreement:
    """Return a statistic with its 95% interval by the percentile bootstrap (Efron and Tibshirani, 1993).

    Args:
        name: Of ``STATISTICS``; only ``srcc`` and ``plcc`` with ``groups``.
        x: Shape [N], as all arrays.
        y: The other rater.
        groups: The statistic is that of ``within`` these.
        clusters: Draw these whole instead of pairs: the interval then is for new generators or actions.
        draws: Bootstrap samples. Without two clusters, or where over 5% of the samples leave the statistic
            undefined, there is no interval.
        seed: Equal seeds give equal intervals.
    """
    left, right, kept = _pairs(x, y)
    inside = None if groups is None else _places(groups)[kept]
    units = np.arange(len(left)) if clusters is None else _places(clusters)[kept]

    def measure(rows: Places, copies: Places) -> float | None:
        if inside is None:
            return STATISTICS[name](left[rows], right[rows])
        assert name == "srcc" or name == "plcc", f"{name} is not defined within groups"
        # Where groups are drawn whole, one that is drawn twice counts as two groups.
        return within(
            name, left[rows], right[rows], copies if np.array_equal(inside, units) else inside[rows]
        )

    value = measure(np.arange(len(left)), units)
    found = [measure(*sample) for sample in _samples(units, draws, seed)] if value is not None else []
    low, high = _bounds(found, draws)
    return Agreement(name, value, low, high, len(left), int(np.sum(~kept)))


def advantage(
    x: ArrayLike,
    other: ArrayLike,
    y: ArrayLike,
    *,
    clusters: ArrayLike | None = None,
    draws: int = 2000,
    seed: int = 0,
) -> Agreement:
    """Return by how much the SRCC of ``x`` with ``y`` exceeds that of ``other``, with its 95% interval.

    Both are measured on the same pairs in each bootstrap sample; those that ``other`` lacks are left out.

    Args:
        x: Shape [N], as all arrays.
        other: The rater it is compared with.
        y: People.
        clusters: Draw these whole instead of pairs.
        draws: Bootstrap samples; as in ``interval``.
        seed: Equal seeds give equal intervals.
    """
    sides = [np.asarray(side, np.float64) for side in (x, other, y)]
    kept = np.isfinite(np.stack(sides)).all(0)
    left, right, people = (side[kept] for side in sides)
    units = np.arange(len(left)) if clusters is None else _places(clusters)[kept]

    def measure(rows: Places) -> float | None:
        ours, theirs = srcc(left[rows], people[rows]), srcc(right[rows], people[rows])
        return None if ours is None or theirs is None else ours - theirs

    value = measure(np.arange(len(left)))
    found = [measure(rows) for rows, _ in _samples(units, draws, seed)] if value is not None else []
    low, high = _bounds(found, draws)
    return Agreement("srcc advantage", value, low, high, len(left), int(np.sum(~kept)))


def _bounds(found: list[float | None], draws: int) -> tuple[float | None, float | None]:
    """Return the 95% interval, unless too many samples leave the statistic undefined."""
    defined = [one for one in found if one is not None]
    if not defined or len(defined) < 0.95 * draws:
        return None, None
    low, high = np.quantile(defined, [0.025, 0.975]).tolist()
    return low, high


def _samples(units: Places, draws: int, seed: int) -> Iterator[tuple[Places, Places]]:
    """Yield rows drawn with replacement, unit by unit, and which draw each row came with."""
    members = [np.flatnonzero(units == unit) for unit in np.unique(units)]
    random = np.random.default_rng(seed)
    for _ in range(draws if len(members) > 1 else 0):
        drawn = [members[unit] for unit in random.integers(0, len(members), len(members))]
        yield np.concatenate(drawn), np.repeat(np.arange(len(drawn)), [len(rows) for rows in drawn])


def _pairs(x: ArrayLike, y: ArrayLike) -> tuple[Numbers, Numbers, NDArray[np.bool_]]:
    """Return both sides of the pairs that are whole, and which those are, shape [N]."""
    left, right = np.asarray(x, np.float64), np.asarray(y, np.float64)
    assert left.shape == right.shape == (len(left),), "two arrays of one length are needed"
    kept = np.isfinite(left) & np.isfinite(right)
    return left[kept], right[kept], kept


def _places(groups: ArrayLike) -> Places:
    labels = np.asarray(groups)
    return np.unique(labels if labels.dtype.kind in "iu" else labels.astype(str), return_inverse=True)[1]


def _ranks(values: Numbers, ties: Literal["average", "dense"] = "average") -> Numbers:
    from scipy.stats import rankdata

    return np.asarray(rankdata(values, ties), np.float64)


def _deviations(values: Numbers, places: Places) -> Numbers:
    """Return what each value differs from its group's mean; exactly 0 in a constant group."""
    _, first, places = np.unique(places, return_index=True, return_inverse=True)
    shifted = values - values[first][places]
    return shifted - (np.bincount(places, shifted) / np.bincount(places))[places]


def _constant(values: Numbers) -> bool:
    return len(values) == 0 or bool(np.ptp(values) == 0)


def _correlation(x: Numbers, y: Numbers) -> float | None:
    if _constant(x) or _constant(y):
        return None
    x, y = x - x.mean(), y - y.mean()
    return float(np.clip(x @ y / np.sqrt((x @ x) * (y @ y)), -1.0, 1.0))
