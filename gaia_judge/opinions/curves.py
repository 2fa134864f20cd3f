"""Curves: how mean opinion scores settle as observers are added, and how votes spread at each level."""

from dataclasses import dataclass

import numpy as np

from gaia_judge.agreement.correlations import srcc
from gaia_judge.agreement.pairs import Numbers
from gaia_judge.opinions.results import summarise
from gaia_judge.opinions.votes import Votes

SIZES = 10
"""Numbers of observers that are tried."""

BINS = 10
"""Levels of MOS in which spreads are averaged."""


@dataclass(frozen=True, slots=True)
class Point:
    """What random groups of some observers come to."""

    observers: int
    votes: float
    """On average, per video that the group has seen."""
    all: float | None
    """Mean SRCC of the group's MOS with that of all observers, the group included: 1 in the end."""
    all_low: float | None
    """The 2.5th and 97.5th percentile of the groups, as everywhere here."""
    all_high: float | None
    rest: float | None
    """Mean SRCC with the MOS of the observers who are not in the group, up to half of all; None beyond."""
    rest_low: float | None
    rest_high: float | None


@dataclass(frozen=True, slots=True)
class Level:
    """Videos of about one MOS: mean MOS and mean standard deviation of their votes."""

    mos: float
    spread: float
    videos: int


def settle(votes: Votes, *, draws: int = 20, seed: int = 0) -> list[Point]:
    """Return the SRCC between plain means as observers increase.

    Groups of 1, 2, and so on up to all but one observers are drawn at random. Each group's means are
    compared with those of all observers (as studies print it; flattering, for the group is among all), and,
    up to half of all, with those of the rest, which share no vote with it; beyond, the rest would be the
    small group. Videos that a side has not seen are left out.

    Args:
        votes: On one dimension.
        draws: Groups of each size.
        seed: Of the groups.
    """
    from scipy.sparse import csr_array

    votes = votes.averaged()
    shape = (len(votes.videos), len(votes.raters))
    counts, sums = (
        csr_array((cells, (votes.video, votes.rater)), shape=shape)
        for cells in (np.ones(len(votes.scores)), votes.scores)
    )
    every = votes.sum_videos(votes.scores), votes.sum_videos()
    random, voting = np.random.default_rng(seed), np.flatnonzero(votes.sum_raters())
    points = []
    for size in _sizes(len(voting)):
        groups = np.zeros((len(votes.raters), draws))
        for group in groups.T:
            group[random.permutation(voting)[:size]] = 1.0
        points.append(_point(size, sums @ groups, counts @ groups, every, beside=2 * size <= len(voting)))
    return points


def _sizes(raters: int) -> list[int]:
    """Return about ``SIZES`` numbers of observers, close at first, half of all among them.

    >>> _sizes(30), _sizes(2), _sizes(1)
    ([1, 2, 3, 4, 6, 9, 14, 15, 20, 29], [1], [])
    """
    if raters < 2:
        return []
    sizes = np.geomspace(1, raters - 1, SIZES).round().astype(int)
    return [int(size) for size in np.unique([*sizes, raters // 2])]


def _point(
    size: int, sums: Numbers, counts: Numbers, every: tuple[Numbers, Numbers], *, beside: bool
) -> Point:
    """Return a point from each group's sums and numbers of votes, shape [videos, draws]."""
    total, number = every

    def means(sums: Numbers, counts: Numbers) -> Numbers:
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(np.where(counts > 0, sums / counts, np.nan))

    whole, groups = means(total, number), means(sums, counts)
    rest = means(total[:, None] - sums, number[:, None] - counts)
    columns = range(sums.shape[1])
    found = (
        _mean([srcc(groups[:, at], whole) for at in columns]),
        _mean([srcc(groups[:, at], rest[:, at]) for at in columns if beside]),
    )
    return Point(size, float(counts.sum() / max(1, (counts > 0).sum())), *found[0], *found[1])


def _mean(found: list[float | None]) -> tuple[float | None, float | None, float | None]:
    defined = [one for one in found if one is not None]
    if not found or len(defined) < len(found):
        return None, None, None
    low, high = np.quantile(defined, [0.025, 0.975])
    return float(np.mean(defined)), float(low), float(high)


def spread_levels(votes: Votes) -> list[Level]:
    """Return the standard deviation of votes against MOS, in ``BINS`` bins of as many videos each."""
    found = summarise(votes)
    spread = found.error * np.sqrt(found.n)
    known = np.flatnonzero(np.isfinite(spread))
    order = known[np.argsort(found.mos[known], kind="stable")]
    return [
        Level(float(found.mos[part].mean()), float(spread[part].mean()), len(part))
        for part in np.array_split(order, min(BINS, max(1, len(order))))
        if len(part)
    ]


def sos(votes: Votes, low: float, high: float) -> float | None:
    """Return the parameter a of the SOS hypothesis, variance = a (MOS - low) (high - MOS); None if undefined.

    Hossfeld, Schatz and Egger, SOS: The MOS is not enough!, QoMEX 2011: 0 where all agree, 1 where votes are
    at the ends only. Least squares over videos with two votes or more.

    Args:
        votes: On one dimension.
        low: Ends of the scale.
        high: The other.
    """
    found = summarise(votes)
    variance, shape = found.error**2 * found.n, (found.mos - low) * (high - found.mos)
    known = np.isfinite(variance)
    below = float(np.sum(shape[known] ** 2))
    return float(np.sum(variance[known] * shape[known]) / below) if below > 0 else None
