"""Votes: what each rater said of each video on one dimension, as flat arrays."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gaia_judge.agreement.pairs import Numbers, Places


@dataclass(frozen=True, eq=False)
class Votes:
    """Votes on one dimension; a vote is a place in the arrays, all of shape [votes].

    Sparse by nature: who has not voted on what takes no room.
    """

    videos: tuple[str, ...]
    """Each has a vote."""
    raters: tuple[str, ...]
    """Each has voted."""
    video: Places
    rater: Places
    scores: Numbers
    """Finite, on the raters' own scale."""
    seconds: Numbers | None = None
    """How long each vote took, NaN where unknown; None where nothing is known."""

    def sum_videos(self, values: ArrayLike | None = None) -> Numbers:
        """Return the sum of values of votes, or the number of votes, over each video; shape [videos]."""
        return _sum(self.video, values, len(self.videos))

    def sum_raters(self, values: ArrayLike | None = None) -> Numbers:
        """Return the same over each rater; shape [raters]."""
        return _sum(self.rater, values, len(self.raters))

    @cached_property
    def repeated(self) -> bool:
        """Whether a rater has voted more than once on a video."""
        return len(np.unique(self.pairs)) < len(self.scores)

    def averaged(self) -> "Votes":
        """Return votes in which a rater's repeats on a video are one vote, their mean.

        >>> arrange_table([[1, 2], [3, 4]]).averaged().scores.tolist()
        [1.0, 2.0, 3.0, 4.0]
        """
        if not self.repeated:
            return self
        pairs, places = np.unique(self.pairs, return_inverse=True)

        def mean(values: Numbers) -> Numbers:
            return _sum(places, values, len(pairs)) / _sum(places, None, len(pairs))

        video, rater = np.divmod(pairs, len(self.raters))
        seconds = None if self.seconds is None else mean(self.seconds)
        return replace(self, video=video, rater=rater, scores=mean(self.scores), seconds=seconds)

    def keep(self, raters: NDArray[np.bool_]) -> "Votes":
        """Return the votes of some raters; shape [raters]. Videos and raters keep their places."""
        kept = raters[self.rater]
        seconds = None if self.seconds is None else self.seconds[kept]
        return replace(
            self, video=self.video[kept], rater=self.rater[kept], scores=self.scores[kept], seconds=seconds
        )

    @property
    def pairs(self) -> Places:
        """Which rater and video each vote is of, as one number."""
        return self.video * len(self.raters) + self.rater


def arrange_table(table: ArrayLike) -> Votes:
    """Return the votes of a table of shape [videos, raters] or [videos, raters, repeats]; NaN: no vote.

    Videos and raters are named by their numbers from 0.
    """
    cells = np.asarray(table, np.float64)
    video, rater, *_ = np.nonzero(np.isfinite(cells))
    videos, raters = (tuple(map(str, range(size))) for size in cells.shape[:2])
    return Votes(videos, raters, video, rater, cells[np.isfinite(cells)])


def _sum(places: Places, values: ArrayLike | None, size: int) -> Numbers:
    weights = None if values is None else np.asarray(values, np.float64)
    return np.bincount(places, weights, size).astype(np.float64)
