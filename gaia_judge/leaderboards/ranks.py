"""Ranks: which generators differ, and which ranks each may have, all at once with 95% confidence."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gaia_judge.leaderboards.means import LEVEL, TINY, Mean, Numbers

COMMON = 2
"""Actions that two generators must share before they are compared."""


@dataclass(frozen=True, slots=True)
class Rank:
    """A place, 1 for the highest mean, and the places that are possible; None where there is no mean."""

    value: int | None
    low: int | None
    high: int | None
    ties: tuple[int, ...] = ()
    """The others that are not distinguishable from this one, by their place in the list of means."""
    reason: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Differences:
    """All differences of means, with intervals that hold at once; shape [G, G], first less second."""

    values: Numbers
    reach: Numbers
    """Half the interval's width; infinite where two are not compared."""
    compared: NDArray[np.bool_]

    @property
    def told(self) -> NDArray[np.bool_]:
        """Which differences exclude 0."""
        return self.compared & (np.abs(self.values) > self.reach)


def differ(means: Sequence[Mean], counts: NDArray[np.integer], shared: NDArray[np.integer]) -> Differences:
    """Return all pairwise differences of means, with simultaneous 95% intervals.

    Each bootstrap replicate draws the same actions for all generators, so that differences are paired. The
    width is the quantile of the largest studentised difference of a replicate, over all pairs (Mogstad,
    Romano, Shaikh and Wilhelm, Review of Economic Studies 91:476, 2024); the standard error is computed
    anew in each (bootstrap-t), which few actions need. Means that rest on fewer values than there are
    actions, such as those from a few labels, get a wider interval: that of Student's t with their degrees
    of freedom and the same tail.

    Args:
        means: Of generators, all with pulls of the same actions.
        counts: How often each action is drawn; shape [draws, actions].
        shared: Actions that two generators have in common; shape [G, G].
    """
    size = len(means)
    values = np.array([math.nan if one.value is None else one.value for one in means])
    first, second = np.triu_indices(size, 1)
    apart = _stretched(means)[:, first] - _stretched(means)[:, second]
    errors = np.sqrt((apart**2).sum(axis=0))
    scale = TINY * np.nanmax(np.abs(values), initial=0)
    solid = np.array([one.error is not None for one in means], bool)
    kept = solid[first] & solid[second] & (shared[first, second] >= COMMON) & (errors > scale)
    freedom = np.array([one.freedom for one in means])
    critical = _widened(
        _critical(apart[:, kept], counts), len(apart) - 1, np.minimum(freedom[first], freedom[second])[kept]
    )
    reach = np.full((size, size), math.inf)
    at = first[kept], second[kept]
    reach[at] = reach[at[::-1]] = critical * errors[kept]
    with np.errstate(invalid="ignore"):
        return Differences(values[:, None] - values, reach, np.isfinite(reach))


def rank(means: Sequence[Mean], differences: Differences) -> list[Rank]:
    """Return each generator's rank and the ranks that it may have.

    The interval counts who is surely better and who is surely worse; with 95% confidence it holds the true
    ranks of all generators at once (Mogstad et al. 2024). Higher means are better; equal ones share a rank.

    Args:
        means: Of the generators.
        differences: As ``differ`` returns them.
    """
    known = np.array([one.value is not None for one in means], bool)
    above = differences.values > 0
    better, worse = (differences.told & above).sum(axis=0), (differences.told & above).sum(axis=1)
    ranks = []
    for at, one in enumerate(means):
        if one.value is None:
            ranks.append(Rank(None, None, None, reason=one.reason))
            continue
        value = 1 + int(above[:, at].sum())
        if known.sum() > 1 and not differences.compared[at].any():
            lonely = f"no other generator has {COMMON} actions in common with it whose difference varies"
            ranks.append(Rank(value, None, None, reason=one.reason or lonely))
            continue
        tied = known & ~differences.told[at]
        tied[at] = False
        bounds = 1 + int(better[at]), int(known.sum() - worse[at])
        ranks.append(Rank(value, *bounds, tuple(np.flatnonzero(tied).tolist())))
    return ranks


def letter(ranks: Sequence[Rank]) -> list[tuple[int, ...]]:
    """Return groups so that two generators share one exactly where they are not distinguishable.

    Every group is as large as can be (insert and absorb: Piepho, Journal of Computational and Graphical
    Statistics 13:456, 2004). A generator that cannot be compared is in no group.

    Returns:
        For each generator its groups, numbered from 0 by their best member.

    >>> letter([Rank(1, 1, 2, (1,)), Rank(2, 1, 3, (0, 2)), Rank(3, 2, 3, (1,))])
    [(0,), (0, 1), (1,)]
    """
    members = [at for at, one in enumerate(ranks) if one.low is not None]
    groups = [frozenset(members)] if members else []
    for first in members:
        for second in (at for at in members if at > first and at not in ranks[first].ties):
            groups = _split(groups, first, second)
    place = {at: (ranks[at].value or 0, at) for at in members}
    groups.sort(key=lambda group: sorted(place[at] for at in group))
    return [tuple(name for name, group in enumerate(groups) if at in group) for at in range(len(ranks))]


def _split(groups: list[frozenset[int]], first: int, second: int) -> list[frozenset[int]]:
    """Return the groups with two generators kept apart, those within others left out."""
    pair = {first, second}
    halves = [group - {one} for group in groups for one in pair if pair <= group]
    whole = {*(group for group in groups if not pair <= group), *halves}
    return [group for group in whole if not any(group < other for other in whole)]


def _stretched(means: Sequence[Mean]) -> Numbers:
    """Return the pulls, longer where the standard error is larger than they say; shape [actions, G]."""
    columns = [one.pulls * ((one.error or 0.0) / (math.sqrt(one.pulls @ one.pulls) or 1.0)) for one in means]
    return np.array(columns, np.float64).T


def _widened(critical: float, drawn: int, freedom: Numbers) -> Numbers:
    """Return the critical value of each pair: with fewer degrees of freedom than were drawn, a larger one."""
    from scipy.special import stdtr, stdtrit

    fewer = freedom < drawn - TINY * drawn
    return np.where(fewer, -stdtrit(np.minimum(freedom, drawn), stdtr(drawn, -critical)), critical)


def _critical(apart: Numbers, counts: NDArray[np.integer]) -> float:
    """Return what the largest studentised difference exceeds in 5% of replicates; infinite if unknown.

    Args:
        apart: Pulls on each difference; shape [actions, pairs].
        counts: Shape [draws, actions].
    """
    draws, size = counts.shape
    place = math.ceil(LEVEL * (draws + 1))
    if not apart.shape[1] or place > draws:
        return math.inf
    apart = apart - apart.mean(axis=0)
    drawn = counts.astype(np.float64)
    moved = drawn @ apart
    spread = np.sqrt(np.maximum(drawn @ apart**2 - moved**2 / size, 0) * size / max(size - 1, 1))
    flat = spread <= TINY * np.abs(apart).max()
    ratio = np.where(flat, np.where(moved == 0, 0, math.inf), np.abs(moved) / np.where(flat, 1, spread))
    return float(np.sort(ratio.max(axis=1))[place - 1])
