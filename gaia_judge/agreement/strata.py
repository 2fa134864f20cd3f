"""Strata: correlation within groups, such as among the videos of one generator, pooled over groups."""

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from gaia_judge.agreement.correlations import correlate, rank
from gaia_judge.agreement.orders import center_ranks, sort
from gaia_judge.agreement.pairs import Numbers, Places, number_labels, pair
from gaia_judge.agreement.replicates import correlate_sums
from gaia_judge.agreement.resamplings import Resampling

Inner = Literal["srcc", "plcc"]
ROUNDING = 1e-12
"""A sum of squares that is a smaller share of the squares before the means were taken off is 0."""


def within(name: Inner, x: ArrayLike, y: ArrayLike, groups: ArrayLike) -> float | None:
    """Return the correlation of deviations from the groups' own means, pooled; with ``srcc``, of ranks.

    After Bland and Altman, BMJ 310:446, 1995. Groups that are constant or hold one pair add nothing. For
    groups of one size without ties, the pooled ``srcc`` is the mean of the groups' own. All shapes are [N].

    >>> within("srcc", [1, 2, 3, 11, 12, 13], [9, 8, 7, 2, 3, 1], list("aaabbb"))
    -0.75
    """
    x, y, kept = pair(x, y)
    places = number_labels(groups)[kept]
    return correlate(*(deviate(name, side, places) for side in (x, y)))


def within_replicates(name: Inner, x: Numbers, y: Numbers, places: Places, resampling: Resampling) -> Numbers:
    """Return ``within`` of each replicate, NaN where undefined; shape [draws].

    Args:
        name: ``srcc`` or ``plcc``.
        x: Shape [N], finite, as all.
        y: The other rater.
        places: The group of each row.
        resampling: Where it draws the groups whole, one that is drawn twice counts as two groups.
    """
    if len(resampling.by) == 1 and np.array_equal(number_labels(places), resampling.by[0].places):
        left, right = (deviate(name, side, places) for side in (x, y))
        columns = [left**2, right**2, left * right, np.ones_like(left)]
        xx, yy, xy, sizes = resampling.total(np.stack(columns, axis=1)).T
        return correlate_sums(xy, xx, yy, sizes)
    rows = np.argsort(places, kind="stable")
    starts = np.flatnonzero(np.diff(places[rows], prepend=-1))
    # By group, so that each group's rows are added in one run.
    x, y, resampling = x[rows], y[rows], Resampling(tuple(one.arrange(rows) for one in resampling.by))
    if name == "srcc":
        orders = [sort(_run_on(side, places[rows])) for side in (x, y)]
    else:
        sides = [deviate(name, side, places[rows])[None] for side in (x, y)]

    def work(part: slice) -> Numbers:
        counts = resampling.rows(part)
        both = sides if name == "plcc" else [center_ranks(o.cumulate(counts))[:, o.places] for o in orders]
        return _pool(both[0], both[1], counts.astype(np.float64), starts)

    return np.concatenate(resampling.spread(work))


def deviate(name: Inner, values: Numbers, places: Places) -> Numbers:
    """Return what each value, or its rank, differs from its group's mean; exactly 0 in a constant group."""
    if name == "srcc":
        values = rank(_run_on(values, places))
    _, first, places = np.unique(places, return_index=True, return_inverse=True)
    shifted = values - values[first][places]
    return np.asarray(shifted - (np.bincount(places, shifted) / np.bincount(places))[places], np.float64)


def _run_on(values: Numbers, places: Places) -> Numbers:
    """Return values whose ranks run on from group to group; the groups' means take that out again."""
    return places * len(values) + rank(values, "dense")


def _pool(x: Numbers, y: Numbers, counts: Numbers, starts: Places) -> Numbers:
    """Return the pooled correlation of each replicate, shape [draws]; rows stand by group."""

    def add(values: Numbers) -> Numbers:
        return np.asarray(np.add.reduceat(values, starts, axis=1), np.float64)

    sizes = add(counts)
    left, right = counts * x, counts * y
    sx, sy, least = add(left), add(right), np.maximum(sizes, 1)
    xx, yy = (
        _subtract((one * side).sum(1), (means * means / least).sum(1))
        for one, side, means in ((left, x, sx), (right, y, sy))
    )
    return correlate_sums((left * y).sum(1) - (sx * sy / least).sum(1), xx, yy, sizes.sum(1))


def _subtract(whole: Numbers, part: Numbers) -> Numbers:
    """Return what is left of sums of squares; 0 where it is rounding."""
    return np.where(whole - part > ROUNDING * whole, whole - part, 0.0)
