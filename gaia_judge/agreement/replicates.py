"""Replicates: what each statistic is in every bootstrap sample, from counts instead of repeated rows.

A value is NaN where the statistic is undefined in that sample, as it would be on the repeated rows.
"""

from dataclasses import dataclass

import numpy as np

from gaia_judge.agreement.correlations import Kendall, correlate
from gaia_judge.agreement.orders import Order, center_ranks, sort
from gaia_judge.agreement.pairs import LEAST, Numbers
from gaia_judge.agreement.resamplings import Counts, Resampling

CANCELLED = 1e-6
"""A variance below this share of the mean square has lost digits to rounding, and is computed anew."""


@dataclass(frozen=True, slots=True, eq=False)
class RankSums:
    """Sums over the drawn rows from which rank correlations follow; whole numbers, shape [draws] each."""

    sizes: Numbers
    """Rows."""
    xy: Numbers
    """Products of both sides' doubled ranks, from their mean."""
    xx: Numbers
    yy: Numbers
    pairs_x: Numbers
    """Pairs that are not tied on x."""
    pairs_y: Numbers
    kinds: Numbers
    """Distinct values on the side that has fewer."""


def sum_ranks(x: Numbers, y: Numbers, resampling: Resampling) -> RankSums:
    """Return the rank sums of every replicate of pairs, shape [N] each."""
    left, right = sort(x), sort(y)
    # In the order of x, whose ranks then stand where they are needed.
    along = right.places[left.rows]

    def work(part: slice) -> Numbers:
        counts = resampling.rows(part)
        sums = [order.cumulate(counts) for order in (left, right)]
        ranks = [center_ranks(one) for one in sums]
        times = [np.diff(one, axis=1) for one in sums]
        products = counts.take(left.rows, axis=1) * ranks[1].take(along, axis=1)
        xy = np.einsum("dt,dt->d", _gather(left, products), ranks[0])
        squares = [np.einsum("dt,dt,dt->d", *sides) for sides in zip(times, ranks, ranks, strict=True)]
        sizes = sums[0][:, -1]
        untied = [(sizes**2 - np.einsum("dt,dt->d", one, one)) / 2 for one in times]
        kinds = np.minimum(*((one > 0).sum(1) for one in times))
        return np.stack([sizes, xy, *squares, *untied, kinds])

    return RankSums(*np.concatenate(resampling.spread(work), axis=1))


def srcc_replicates(sums: RankSums) -> Numbers:
    """Return Spearman's correlation of each replicate; shape [draws]."""
    return correlate_sums(sums.xy, sums.xx, sums.yy, sums.sizes)


def krcc_replicates(balance: Numbers, sums: RankSums, kendall: Kendall = "b") -> Numbers:
    """Return Kendall's correlation of each replicate; shape [draws].

    Args:
        balance: Concordant less discordant pairs, as ``balances`` gives them.
        sums: Of the same pairs.
        kendall: ``b`` or ``c``.
    """
    if kendall == "b":
        return correlate_sums(balance, sums.pairs_x, sums.pairs_y, sums.sizes)
    with np.errstate(divide="ignore", invalid="ignore"):
        return divide(2 * balance, sums.sizes**2 * (1 - 1 / sums.kinds), sums.sizes)


def plcc_replicates(x: Numbers, y: Numbers, resampling: Resampling) -> Numbers:
    """Return Pearson's correlation of each replicate of pairs, shape [N]; shape [draws]."""
    x, y = _standardize(x), _standardize(y)
    columns = np.stack([np.ones_like(x), x, y, x * x, y * y, x * y], axis=1)
    sizes, sx, sy, xx, yy, xy = resampling.total(columns).T
    with np.errstate(divide="ignore", invalid="ignore"):
        vx, vy, vxy = xx - sx * sx / sizes, yy - sy * sy / sizes, xy - sx * sy / sizes
        found = correlate_sums(vxy, vx, vy, sizes)
        doubtful = np.flatnonzero((vx < CANCELLED * xx) | (vy < CANCELLED * yy))
    for draw in doubtful.tolist():
        (counts,) = resampling.rows(slice(draw, draw + 1))
        found[draw] = _repeat(x, y, counts)
    return found


def rmse_replicates(x: Numbers, y: Numbers, resampling: Resampling) -> Numbers:
    """Return the root mean squared difference of each replicate of pairs, shape [N]; shape [draws]."""
    return np.sqrt(mean_replicates((x - y) ** 2, resampling))


def mean_replicates(values: Numbers, resampling: Resampling) -> Numbers:
    """Return the mean of each replicate of values, shape [N]; shape [draws]."""
    sums, sizes = resampling.total(np.stack([values, np.ones_like(values)], axis=1)).T
    return divide(sums, sizes, sizes, least=1)


def _gather(order: Order, values: Numbers) -> Numbers:
    """Return sums over each tie of columns that stand in order; shape [draws, N] to [draws, ties]."""
    if len(order.ends) == len(order.rows):
        return values
    return np.add.reduceat(values, np.append(0, order.ends[:-1]), axis=1)


def correlate_sums(xy: Numbers, xx: Numbers, yy: Numbers, sizes: Numbers) -> Numbers:
    """Return the correlation of each replicate from its sums, NaN where undefined; shape [draws]."""
    bottom = np.sqrt(np.maximum(xx, 0) * np.maximum(yy, 0))
    return np.clip(divide(xy, bottom, sizes), -1.0, 1.0)


def divide(top: Numbers, bottom: Numbers, sizes: Numbers, least: int = LEAST) -> Numbers:
    """Return quotients, NaN where the bottom is 0 or a replicate holds too few rows; shape [draws]."""
    found = np.full(len(sizes), np.nan)
    np.divide(top, bottom, out=found, where=(sizes >= least) & (bottom > 0))
    return found


def _standardize(values: Numbers) -> Numbers:
    """Return values from their mean, in the largest deviation."""
    values = values - values.mean()
    largest = np.abs(values).max(initial=0)
    return values / largest if largest > 0 else values


def _repeat(x: Numbers, y: Numbers, counts: Counts) -> float:
    """Return the correlation of one replicate from its rows."""
    rows = np.repeat(np.arange(len(x)), counts)
    found = correlate(x[rows], y[rows]) if len(rows) >= LEAST else None
    return np.nan if found is None else found
