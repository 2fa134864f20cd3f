"""What a method makes of votes: a mean opinion score per video with its interval, and who was left out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from gaia_judge.agreement.pairs import Numbers
from gaia_judge.opinions.votes import Votes


@dataclass(frozen=True, slots=True)
class Rejection:
    """A rater whose votes do not count."""

    rater: str
    why: str
    """In words for a user, with the figures that decided."""


@dataclass(frozen=True, slots=True, eq=False)
class Opinion:
    """Mean opinion scores of one dimension; NaN where there is none. Shapes [videos] unless said."""

    mos: Numbers
    error: Numbers
    """Standard error by the method's own formula."""
    low: Numbers
    """Ends of the 95% interval; NaN with fewer than two votes."""
    high: Numbers
    n: Numbers
    """Raters whose votes count."""
    rejected: Sequence[Rejection] = ()
    bias: Numbers | None = None
    """What each rater gives more than the mean rater, by the model; shape [raters]."""
    inconsistency: Numbers | None = None
    """Standard deviation of each rater's votes about the model; shape [raters]."""
    notes: Sequence[str] = ()
    """What must be known to read the scores."""
    facts: Mapping[str, float | int | None] = field(default_factory=dict)
    """Of the fit."""


def summarise(votes: Votes, rejected: Sequence[Rejection] = ()) -> Opinion:
    """Return plain means with the interval by Student's t; a rater's repeats count as one vote.

    The standard error is s / sqrt(n), s having n - 1 (ITU-R BT.500-15, Part 1, analysis of results).
    """
    votes = votes.averaged()
    n = votes.sum_videos()
    with np.errstate(invalid="ignore", divide="ignore"):
        mos = votes.sum_videos(votes.scores) / n
        squares = votes.sum_videos((votes.scores - mos[votes.video]) ** 2)
        error = np.sqrt(squares / (n - 1) / n)
    error[n < 2] = np.nan
    low, high = reach(mos, error, n)
    return Opinion(mos, error, low, high, n, rejected)


def reach(mos: Numbers, error: Numbers, n: Numbers) -> tuple[Numbers, Numbers]:
    """Return the ends of 95% intervals by Student's t with n - 1 degrees of freedom; NaN below two votes."""
    from scipy.stats import t

    several = np.where(n > 1, n, np.nan)
    half = error * t.ppf(0.975, several - 1)
    return mos - half, mos + half
