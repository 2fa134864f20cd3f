"""Reliabilities: how far raters agree on one dimension, one by one and on average."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from gaia_judge.agreement.intervals import bound
from gaia_judge.agreement.pairs import Numbers
from gaia_judge.agreement.resamplings import ones, resample
from gaia_judge.opinions.votes import Votes

Measure = Callable[[int, Numbers], Numbers]
"""From which coefficient, and sums of shape [draws, sums], to it; shape [draws]."""


@dataclass(frozen=True, slots=True)
class Reliability:
    """A coefficient of agreement, 1 at most, about 0 where raters agree as by chance."""

    kind: str
    """Krippendorff's alpha, or which intraclass correlation."""
    value: float | None
    low: float | None
    high: float | None
    """Ends of the 95% interval for new videos."""
    videos: int
    """Those that count: with two votes or more."""
    reason: str | None = None
    """Why there is no value, or else no interval."""


def alpha(votes: Votes, *, draws: int = 1000, seed: int = 0) -> Reliability:
    """Return Krippendorff's alpha for interval data: 1 - observed / expected disagreement.

    Krippendorff, Computing Krippendorff's Alpha-Reliability, University of Pennsylvania, 2011: disagreement
    is the squared difference, observed between votes on one video, expected between any two votes. Votes may
    be missing; a video with one vote does not count. A rater's repeats are averaged first.

    Args:
        votes: On one dimension.
        draws: Bootstrap replicates of videos.
        seed: Of these.
    """
    votes = votes.averaged()
    n, totals, squares = _moments(votes)
    several = n >= 2
    n, totals, squares = n[several], totals[several], squares[several]
    columns = np.stack([n, totals, squares, (squares - totals**2 / n) * n / (n - 1)], axis=1)

    def measure(_: int, sums: Numbers) -> Numbers:
        count, total, square, within = sums.T
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(1 - within / count * (count - 1) / (square - total**2 / count))

    return _conclude(["alpha (interval)"], measure, columns, draws, seed)[0]


def icc(votes: Votes, *, draws: int = 1000, seed: int = 0) -> tuple[Reliability, Reliability]:
    """Return the intraclass correlation of a single vote, and of the mean vote.

    Shrout and Fleiss, Psychological Bulletin 86:420, 1979. Where every rater has seen every video: ICC(2,1)
    and ICC(2,k), absolute agreement of raters drawn at random. Elsewhere ICC(1,1) and ICC(1,k), each video
    having raters of its own, by an analysis of variance with unequal numbers of votes, k being their harmonic
    mean. A rater's repeats are averaged first.
    """
    votes = votes.averaged()
    n, totals, squares = _moments(votes)
    voting, seen = np.flatnonzero(votes.sum_raters()), np.flatnonzero(n)
    if len(votes.scores) == len(seen) * len(voting) and len(voting) > 1:
        table = np.empty((len(n), len(votes.raters)))
        table[votes.video, votes.rater] = _centred(votes)
        own = table[seen][:, voting]
        columns = np.column_stack([np.ones(len(seen)), totals[seen] ** 2, squares[seen], own])
        kinds, measure = ("ICC(2,1)", "ICC(2,k)"), _two_way
    else:
        kept = n >= 2
        n, totals, squares = n[kept], totals[kept], squares[kept]
        within = squares - totals**2 / n
        columns = np.stack([np.ones(len(n)), n, n**2, totals, totals**2 / n, within, 1 / n], axis=1)
        kinds, measure = ("ICC(1,1)", "ICC(1,k)"), _one_way
    single, average = _conclude(kinds, measure, columns, draws, seed)
    return single, average


def _moments(votes: Votes) -> tuple[Numbers, Numbers, Numbers]:
    """Return number, sum and sum of squares of each video's votes, about their overall mean."""
    scores = _centred(votes)
    return votes.sum_videos(), votes.sum_videos(scores), votes.sum_videos(scores**2)


def _centred(votes: Votes) -> Numbers:
    """Return votes about their mean: exactly 0 where none differs, and sums of squares do not cancel."""
    scores = votes.scores - votes.scores[:1]
    return np.asarray(scores - scores.mean())


def _one_way(average: int, sums: Numbers) -> Numbers:
    """Return the correlation of a single vote, or of the mean, from sums: [draws, 7] to [draws]."""
    videos, votes, squared, totals, between, within, reciprocals = sums.T
    with np.errstate(divide="ignore", invalid="ignore"):
        noise = within / (votes - videos)
        size = (votes - squared / votes) / (videos - 1)
        signal = ((between - totals**2 / votes) / (videos - 1) - noise) / size
        return np.asarray(signal / (signal + noise * (reciprocals / videos if average else 1)))


def _two_way(average: int, sums: Numbers) -> Numbers:
    """Return the same where all k raters have seen all videos; shape [draws, 3 + k] to [draws]."""
    (videos, totals, squares), own = sums[:, :3].T, sums[:, 3:]
    raters = own.shape[1]
    middle = own.sum(axis=1) ** 2 / (videos * raters)
    with np.errstate(divide="ignore", invalid="ignore"):
        rows = totals / raters - middle
        columns = (own**2).sum(axis=1) / videos - middle
        noise = (squares - middle - rows - columns) / ((videos - 1) * (raters - 1))
        signal, bias = rows / (videos - 1), columns / (raters - 1)
        alone = 0 if average else raters - 1
        leniency = (1 if average else raters) * (bias - noise) / videos
        return np.asarray((signal - noise) / (signal + alone * noise + leniency))


def _conclude(
    kinds: Sequence[str], measure: Measure, columns: Numbers, draws: int, seed: int
) -> list[Reliability]:
    """Return a coefficient of each kind from what each video adds to the sums; shape [videos, sums]."""
    videos = len(columns)
    if videos < 2:
        return [_missing(kind, videos, "fewer than two videos have two votes") for kind in kinds]
    whole = ones(videos).total(columns)
    again = resample(videos, draws=draws, seed=seed).total(columns) if draws else None
    found = []
    for at, kind in enumerate(kinds):
        value = float(measure(at, whole)[0])
        if not np.isfinite(value):
            found.append(_missing(kind, videos, "the votes do not differ"))
        elif again is None:
            found.append(Reliability(kind, value, None, None, videos, "no interval was asked for"))
        else:
            replicates = measure(at, again)
            ends = bound(np.where(np.isfinite(replicates), replicates, np.nan))
            found.append(Reliability(kind, value, *ends[:2], videos, ends[2]))
    return found


def _missing(kind: str, videos: int, reason: str) -> Reliability:
    return Reliability(kind, None, None, None, videos, reason)
