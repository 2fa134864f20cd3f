"""Effects: what a change does to a judge's ratings, as pure functions of arrays with 95% intervals.

Intervals are percentiles of bootstrap replicates (Efron and Tibshirani, 1993) of whole clusters, such as
actions, since clips of one action are not independent.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gaia_judge.agreement import Resampling, advantage, agree, resample
from gaia_judge.agreement.intervals import bound
from gaia_judge.agreement.replicates import srcc_replicates, sum_ranks
from gaia_judge.agreement.resamplings import ones

Numbers = NDArray[np.float64]

DRAWS = 1000

CERTAIN = 1e-12
"""Share of the ranks' variance below which people's scores explain them wholly."""


@dataclass(frozen=True, slots=True)
class Effect:
    """One measured effect; what is undefined is None, and ``reason`` says why."""

    value: float | None
    low: float | None = None
    high: float | None = None
    n: int = 0
    """Videos that count."""
    reason: str | None = None


def shift(base: ArrayLike, changed: ArrayLike, clusters: ArrayLike | None = None, *, seed: int = 0) -> Effect:
    """Return the mean change of the ratings, changed less base.

    Args:
        base: Ratings in shares of the scale's span; shape [N], NaN where missing.
        changed: The same under the change.
        clusters: What is drawn as a whole; shape [N]. Single videos by default.
        seed: Of the replicates.

    >>> shift([0.5, 0.5], [0.25, 0.25], seed=1).value
    -0.25
    """
    left, right, labels = _paired(base, changed, clusters)
    if not len(left):
        return Effect(None, n=0, reason="no video has both ratings")
    change = right - left
    resampling = resample(len(change), labels, draws=DRAWS, seed=seed)
    value = float(change.mean())
    if resampling.units < 2:
        return Effect(value, n=len(change), reason="an interval needs two clusters")
    sums = resampling.total(np.stack([change, np.ones(len(change))], axis=1))
    with np.errstate(invalid="ignore"):
        low, high, reason = bound(sums[:, 0] / sums[:, 1])
    return Effect(value, low, high, len(change), reason)


def similarity(
    base: ArrayLike, changed: ArrayLike, clusters: ArrayLike | None = None, *, seed: int = 0
) -> Effect:
    """Return the SRCC of two ratings, such as before and after a change; arguments as of ``shift``."""
    left, right, labels = _paired(base, changed, clusters)
    resampling = resample(len(left), labels, draws=DRAWS, seed=seed) if len(left) else None
    found = agree(left, right, statistics=["srcc"], resampling=resampling)["srcc"]
    return Effect(found.value, found.low, found.high, found.n, found.reason)


def loss(
    base: ArrayLike,
    changed: ArrayLike,
    people: ArrayLike,
    clusters: ArrayLike | None = None,
    *,
    seed: int = 0,
) -> Effect:
    """Return by how much the SRCC with people falls under a change, on the same videos.

    A change after which all ratings are equal has no SRCC: what it loses is then all that there was.

    Args:
        base: Ratings; shape [N].
        changed: The same under the change.
        people: MOS of the same videos.
        clusters: What is drawn as a whole.
        seed: Of the replicates.
    """
    sides = [np.asarray(side, np.float64) for side in (base, changed, people)]
    kept = np.isfinite(np.stack(sides)).all(0)
    own = None if clusters is None else np.asarray(clusters)[kept]
    left, right, mos = (side[kept] for side in sides)
    if len(right) and np.ptp(right) == 0:
        labels = [] if own is None else [own]
        resampling = resample(len(left), labels, draws=DRAWS, seed=seed)
        alone = agree(left, mos, statistics=["srcc"], resampling=resampling)["srcc"]
        return Effect(alone.value, alone.low, alone.high, alone.n, alone.reason)
    found = advantage(left, right, mos, clusters=own, draws=DRAWS, seed=seed)
    return Effect(found.value, found.low, found.high, found.n, found.reason)


def largest(base: ArrayLike, changed: ArrayLike) -> tuple[Effect, float | None]:
    """Return the largest absolute change of a rating, and the share of ratings that change at all."""
    left, right, _ = _paired(base, changed, None)
    if not len(left):
        return Effect(None, n=0, reason="no video has both ratings"), None
    change = np.abs(right - left)
    return Effect(float(change.max()), n=len(change)), float((change > 0).mean())


def flips(base: ArrayLike, changed: ArrayLike, owners: ArrayLike | None = None) -> float | None:
    """Return the share of pairs of generators whose mean ratings change their order; ties count half.

    Args:
        base: Ratings; shape [N].
        changed: The same under the change.
        owners: The generator of each; None or all unknown for pairs of single videos.

    >>> flips([1, 2, 3], [1, 3, 2])
    0.3333333333333333
    """
    left, right, labels = _paired(base, changed, owners)
    if labels and len(set(labels[0].tolist())) > 1:
        _, places = np.unique(labels[0], return_inverse=True)
        sizes = np.bincount(places)
        left, right = (np.bincount(places, side) / sizes for side in (left, right))
    first, second = np.triu_indices(len(left), 1)
    if not len(first):
        return None
    before, after = (np.sign(side[first] - side[second]) for side in (left, right))
    return float(np.mean(np.abs(before - after) / 2))


def partial(
    scores: ArrayLike,
    lengths: ArrayLike,
    people: ArrayLike | None = None,
    clusters: ArrayLike | None = None,
    *,
    seed: int = 0,
) -> Effect:
    """Return the rank correlation of scores and prompt lengths, with people's scores held fixed if given.

    The partial correlation of ranks (Kendall 1942, with Spearman's coefficient):
    (r_xy - r_xz r_yz) / sqrt((1 - r_xz^2)(1 - r_yz^2)).

    Args:
        scores: Shape [N], as all arrays.
        lengths: Of prompts, in words.
        people: MOS; None for the plain SRCC.
        clusters: What is drawn as a whole.
        seed: Of the replicates.
    """
    sides = [np.asarray(side, np.float64) for side in (scores, lengths, people) if side is not None]
    kept = np.isfinite(np.stack(sides)).all(0)
    sides = [side[kept] for side in sides]
    n = int(kept.sum())
    if n < 4 or any(np.ptp(side) == 0 for side in sides):
        return Effect(None, n=n, reason="scores or prompt lengths do not differ")
    labels = [] if clusters is None else [np.asarray(clusters)[kept]]
    resampling = resample(n, labels, draws=DRAWS, seed=seed)
    (value,) = _partial(sides, ones(n))
    if resampling.units < 2:
        return Effect(float(value), n=n, reason="an interval needs two clusters")
    if not np.isfinite(value):
        return Effect(None, n=n, reason="people's scores leave nothing to be explained")
    low, high, reason = bound(_partial(sides, resampling))
    return Effect(float(value), low, high, n, reason)


def _partial(sides: Sequence[Numbers], resampling: Resampling) -> Numbers:
    """Return the partial correlation in each replicate, NaN where undefined; shape [draws]."""
    found = [srcc_replicates(sum_ranks(one, two, resampling)) for one, two in combinations(sides, 2)]
    if len(sides) == 2:
        return found[0]
    xy, xz, yz = found
    rest = (1 - xz**2) * (1 - yz**2)
    known = rest > CERTAIN
    return np.where(known, (xy - xz * yz) / np.sqrt(np.where(known, rest, 1.0)), np.nan)


def _paired(
    base: ArrayLike, changed: ArrayLike, labels: ArrayLike | None
) -> tuple[Numbers, Numbers, list[NDArray[np.str_]]]:
    """Return both sides where both have values, and the labels of these."""
    left, right = (np.asarray(side, np.float64) for side in (base, changed))
    kept = np.isfinite(left) & np.isfinite(right)
    return left[kept], right[kept], [] if labels is None else [np.asarray(labels, str)[kept]]
