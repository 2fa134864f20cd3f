"""Orders: how values sort and tie, and the ranks that they take in resampled rows without a new sort."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gaia_judge.agreement.pairs import Numbers, Places


@dataclass(frozen=True, slots=True, eq=False)
class Order:
    """Values from the smallest to the greatest; equal ones are a tie and share a place."""

    rows: Places
    """Shape [N]: the rows, sorted by value."""
    ends: Places
    """Shape [ties]: one past the last row of each tie, as it stands in ``rows``."""
    places: Places
    """Shape [N]: the tie of each row; these are dense ranks from 0."""

    def cumulate(self, counts: NDArray[np.integer]) -> Numbers:
        """Return how many drawn rows lie at or below each tie, behind a leading 0; shape [draws, ties + 1].

        Args:
            counts: Shape [draws, N]: how often each row was drawn.
        """
        sums = np.zeros((len(counts), len(self.rows) + 1))
        np.cumsum(counts.take(self.rows, axis=1), axis=1, dtype=np.float64, out=sums[:, 1:])
        return sums if len(self.ends) == len(self.rows) else sums.take(np.append(0, self.ends), axis=1)


def sort(values: Numbers) -> Order:
    """Return the order of finite values, shape [N].

    >>> sort(np.array([3.0, 1.0, 3.0])).places.tolist()
    [1, 0, 1]
    """
    rows = np.argsort(values, kind="stable")
    ordered = values[rows]
    last = np.append(ordered[1:] != ordered[:-1], True)[: len(values)]
    places = np.empty(len(values), np.intp)
    places[rows] = np.cumsum(last) - last
    return Order(rows, np.flatnonzero(last) + 1, places)


def center_ranks(sums: Numbers) -> Numbers:
    """Return twice the mean rank of each tie less twice the mean of all ranks: whole numbers.

    Args:
        sums: Shape [draws, ties + 1], as ``Order.cumulate`` gives them; the answer has one column less.
    """
    return sums[:, 1:] + sums[:, :-1] - sums[:, -1:]
