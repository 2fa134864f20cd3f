"""Resamplings: which rows each bootstrap replicate holds, as counts that all raters share."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gaia_judge.agreement.pairs import Numbers, Places, number_labels

Counts = NDArray[np.integer]
Part = TypeVar("Part")

CELLS = 1 << 17
"""Counts that are worked on at a time: few enough to stay in a processor's cache."""


@dataclass(frozen=True, slots=True, eq=False)
class Draw:
    """How often each unit (a row, or a cluster of rows) was drawn."""

    counts: Counts
    """Shape [draws, units]."""
    places: Places
    """Shape [N]: the unit of each row."""

    def take(self, kept: NDArray[np.bool_]) -> "Draw":
        """Return the same draw for some of the rows; units without any of these are dropped."""
        units, places = np.unique(self.places[kept], return_inverse=True)
        return Draw(self.counts[:, units], places)

    def arrange(self, rows: Places) -> "Draw":
        """Return the same draw for rows in another order; shape [N]."""
        return Draw(self.counts, self.places[rows])


@dataclass(frozen=True, slots=True, eq=False)
class Resampling:
    """Bootstrap replicates of rows: a row counts as often as all its units were drawn.

    Raters that are resampled by one object are compared on the same rows in each replicate.
    """

    by: tuple[Draw, ...]
    """One draw of units, or two that are multiplied."""

    @property
    def draws(self) -> int:
        """Replicates."""
        return len(self.by[0].counts)

    @property
    def size(self) -> int:
        """Rows."""
        return len(self.by[0].places)

    @property
    def units(self) -> int:
        """What is drawn: rows or clusters; of two kinds of clusters, the fewer."""
        return min(int(one.counts.shape[1]) for one in self.by)

    @property
    def counts(self) -> Counts:
        """How often each row was drawn; shape [draws, N]."""
        return self.rows(slice(None))

    def rows(self, part: slice) -> Counts:
        """Return how often each row was drawn in some of the replicates; shape [draws of these, N]."""
        found = [one.counts[part].take(one.places, axis=1) for one in self.by]
        return found[0] if len(found) == 1 else found[0].astype(np.uint32) * found[1]

    def take(self, kept: NDArray[np.bool_]) -> "Resampling":
        """Return the replicates of some of the rows, such as those that a rater has scored; [N] booleans."""
        return self if kept.all() else Resampling(tuple(one.take(kept) for one in self.by))

    def total(self, columns: Numbers) -> Numbers:
        """Return the sum of each column over the drawn rows; shape [N, columns] to [draws, columns]."""
        if len(self.by) > 1:
            return np.concatenate(self.spread(lambda part: self.rows(part) @ columns))
        (draw,) = self.by
        units = draw.counts.shape[1]
        gathered = np.stack([np.bincount(draw.places, one, units) for one in columns.T], axis=1)
        return np.concatenate([draw.counts[part] @ gathered for part in self.parts()])

    def parts(self) -> Iterator[slice]:
        """Yield runs of replicates that are worked on at a time."""
        step = max(1, CELLS // max(1, self.size))
        return (slice(start, start + step) for start in range(0, self.draws, step))

    def spread(self, work: Callable[[slice], Part]) -> list[Part]:
        """Return what ``work`` makes of each part, in order; threads, since numpy lets others run."""
        with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
            return list(pool.map(work, self.parts()))


def resample(n: int, clusters: Sequence[ArrayLike] = (), *, draws: int = 1000, seed: int = 0) -> Resampling:
    """Return bootstrap replicates of ``n`` rows (Efron and Tibshirani, 1993).

    Args:
        n: Rows.
        clusters: Without any, rows are drawn. With one array of ``n`` labels, such as each row's action,
            whole clusters are drawn: the interval is then for new actions. With two, such as actions and
            generators, both are drawn, and a row counts the product: the pigeonhole bootstrap (Owen,
            The Annals of Applied Statistics 1:386, 2007), for new actions and new generators. A row
            without a label (None, NaN or empty) is a cluster of its own.
        draws: Replicates.
        seed: Equal seeds give equal replicates.

    >>> resample(4, [["a", "a", "b", "b"]], draws=2, seed=1).counts.tolist()
    [[1, 1, 1, 1], [0, 0, 2, 2]]
    """
    assert draws > 0, "replicates are needed; for none, do without a resampling"
    assert len(clusters) <= 2, "at most two kinds of clusters"
    random = np.random.default_rng(seed)
    places = [_cluster(labels, n) for labels in clusters] or [np.arange(n)]
    return Resampling(tuple(Draw(_draw(random, draws, int(one.max(initial=-1)) + 1), one) for one in places))


def ones(n: int) -> Resampling:
    """Return the single replicate that holds every row once: the sample itself."""
    return Resampling((Draw(np.ones((1, 1), np.uint8), np.zeros(n, np.intp)),))


def _draw(random: np.random.Generator, draws: int, units: int) -> Counts:
    """Return how often each unit is drawn in as many draws as there are units; shape [draws, units]."""
    counts = np.zeros((draws, units), np.uint16)
    step = max(1, CELLS // max(1, units))
    for start in range(0, draws if units else 0, step):
        part = counts[start : start + step]
        found = random.integers(0, units, part.shape) + units * np.arange(len(part))[:, None]
        part[:] = np.bincount(found.ravel(), minlength=part.size).reshape(part.shape)
    return counts.astype(np.uint8) if counts.max(initial=0) < 256 else counts


def _cluster(labels: ArrayLike, n: int) -> Places:
    """Return the cluster of each row; rows without a label are clusters of their own, after the others."""
    given = np.asarray(labels)
    assert given.shape == (n,), f"{n} labels are needed"
    if given.dtype.kind in "iu":
        return number_labels(given)
    texts = np.array(["" if one is None or one != one else str(one) for one in given.tolist()], dtype=str)
    places = number_labels(texts)
    lacking = texts == ""
    if lacking.any():
        # The empty text sorts first, so the others move down by one.
        places = places - 1
        places[lacking] = places.max(initial=-1) + 1 + np.arange(lacking.sum())
    return places
