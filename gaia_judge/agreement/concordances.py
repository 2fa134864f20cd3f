"""Concordances: sums over all pairs of rows, in the sample and in each of its replicates.

What two rows say of each other (in order, or tied on both sides) does not change when they are drawn again;
only how often the pair counts does. So the pairs are looked at once, and each replicate is a quadratic form
in its counts. Where whole clusters are drawn, the pairs are first added up by clusters.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gaia_judge.agreement.orders import sort
from gaia_judge.agreement.pairs import Numbers, Places, pair
from gaia_judge.agreement.resamplings import Counts, Draw, Resampling, ones

Signs = NDArray[np.int8]
SLAB = 120
"""Rows that are set against all others at a time; their sums stay within int8."""
EXACT = 2**24
"""Whole numbers up to here are exact in float32."""


Relation = Callable[[slice, int], Signs]
"""What the rows of a slab are to those before a stop: -1, 0 or 1; shape [slab, stop]."""


def pairwise_accuracy(x: ArrayLike, y: ArrayLike, tie: float = 0.0) -> float | None:
    """Return the share of pairs of videos that both sides order, or tie, alike; None without a pair.

    This is acc_eq of Deutsch, Foster and Freitag, "Ties Matter", EMNLP 2023.

    Args:
        x: The rater; shape [N].
        y: People; shape [N].
        tie: Scores of the rater that differ by no more are tied.

    >>> pairwise_accuracy([1, 2, 2], [1, 2, 3])
    0.6666666666666666
    """
    x, y, _ = pair(x, y)
    return float(accuracies(x, y, ones(len(x)), tie)[0]) if len(x) > 1 else None


def accuracies(x: Numbers, y: Numbers, resampling: Resampling, tie: float = 0.0) -> Numbers:
    """Return the pairwise accuracy of each replicate, NaN where undefined; shape [draws].

    Pairs of a row with its own copies are left out: they would be tied, and so right, on both sides.
    """
    alike = _sum(lambda x, y: np.equal(x, y).view(np.int8), x, y, resampling, tie)
    sizes, own = _sizes(resampling)
    with np.errstate(invalid="ignore"):
        return (2 * alike - own) / (sizes**2 - own)


def balances(x: Numbers, y: Numbers, resampling: Resampling) -> Numbers:
    """Return the concordant less the discordant pairs of each replicate; shape [draws]."""
    return _sum(np.multiply, x, y, resampling)


def _sizes(resampling: Resampling) -> tuple[Numbers, Numbers]:
    """Return the sum of each replicate's counts, and of their squares."""
    found = resampling.spread(lambda part: _moments(resampling.rows(part).astype(np.float64)))
    sizes, own = np.concatenate(found, axis=1) if found else np.zeros((2, 0))
    return sizes, own


def _moments(counts: Numbers) -> Numbers:
    return np.stack([counts.sum(1), np.einsum("dn,dn->d", counts, counts)])


def _sum(
    join: Callable[[Signs, Signs], Any], x: Numbers, y: Numbers, resampling: Resampling, tie: float = 0.0
) -> Numbers:
    """Return the sum over pairs of rows of both sides' signs joined; rows with themselves count half."""
    (draw, *others) = resampling.by
    if others or draw.counts.shape[1] == resampling.size:
        draw = Draw(resampling.counts, np.arange(resampling.size))
    rows = np.argsort(draw.places, kind="stable")
    left, right = _sign(x[rows], tie), _sign(y[rows])

    def relation(slab: slice, stop: int) -> Signs:
        return np.asarray(join(left(slab, stop), right(slab, stop)), np.int8)

    if draw.counts.shape[1] == len(rows):
        return _sum_rows(relation, draw.counts[:, draw.places[rows]])
    return _sum_clusters(relation, draw.counts, draw.places[rows])


def _sign(values: Numbers, tie: float = 0.0) -> Relation:
    """Return which of two rows is greater, as int8."""
    places: NDArray[Any] = values
    if tie == 0:
        # Dense ranks compare as the values do, and many at a time.
        places = sort(values).places.astype(np.int16 if len(values) < 2**15 else np.int32)

    def signs(slab: slice, stop: int) -> Signs:
        own, others = places[slab, None], places[None, :stop]
        if tie:
            return np.asarray(((own - others) > tie).view(np.int8) - ((others - own) > tie).view(np.int8))
        return np.asarray((own > others).view(np.int8) - (own < others).view(np.int8))

    return signs


def _sum_rows(relation: Relation, counts: Counts) -> Numbers:
    """Return the sums where each row is drawn by itself: the relations times both counts."""
    exact = np.float32 if counts.sum(1).max(initial=0) < EXACT else np.float64
    weights: NDArray[Any] = counts.astype(exact)
    sums = np.zeros(len(counts))
    for start in range(0, counts.shape[1], 8 * SLAB):
        block = slice(start, min(start + 8 * SLAB, counts.shape[1]))
        signs: NDArray[Any] = relation(block, block.stop).astype(exact)
        # Within the block both orders of a pair are there.
        before, inside = weights[:, :start] @ signs[:, :start].T, weights[:, block] @ signs[:, start:].T
        sums += np.einsum("dn,dn->d", 2 * before.astype(np.float64) + inside, weights[:, block]) / 2
    return sums


def _sum_clusters(relation: Relation, counts: Counts, places: Places) -> Numbers:
    """Return the sums where whole clusters are drawn; ``places`` are sorted."""
    starts = np.flatnonzero(np.diff(places, prepend=-1))
    ends = np.append(starts[1:], len(places))
    table = np.zeros((len(starts), len(starts)))
    for start in range(0, len(places), SLAB):
        stop = min(start + SLAB, len(places))
        signs = relation(slice(start, stop), int(ends[places[stop - 1]]))
        for unit in range(places[start], places[stop - 1] + 1):
            own = signs[max(starts[unit] - start, 0) : ends[unit] - start, : ends[unit]]
            # Rows are added as int8, which is fast; then the columns of each cluster.
            gathered = np.add.reduce(own, axis=0, dtype=np.int8)
            table[unit, : unit + 1] += np.add.reduceat(gathered, starts[: unit + 1], dtype=np.int64)
    # Within a cluster both orders of a pair are there.
    table[np.diag_indices_from(table)] /= 2
    weights = counts.astype(np.float64)
    return np.asarray(np.einsum("du,du->d", weights @ table.T, weights), np.float64)
