"""Means of votes: as they are, or after each rater's mean and spread have been taken out."""

from dataclasses import replace

import numpy as np

from gaia_judge.agreement.pairs import Numbers
from gaia_judge.opinions.results import Opinion, Rejection, summarise
from gaia_judge.opinions.votes import Votes


def mean(votes: Votes) -> Opinion:
    """Return the plain means of all votes, with intervals by Student's t.

    Scores and standard errors are those of ``MosModel`` of the package sureal, whose intervals take 1.96 for
    Student's t. Where a rater has repeats they are averaged first (there each counts as a vote).
    """
    return summarise(votes)


def zscore(votes: Votes) -> Opinion:
    """Return means of each rater's z-scores, brought to 0 to 100 by 100 (z + 3) / 6.

    z = (vote - rater's mean) / rater's standard deviation with n - 1, as in ``ZscoringMosModel`` of sureal;
    the scale is that of Seshadrinathan et al., IEEE Transactions on Image Processing 19:1427, 2010, for
    which all but 0.3% of normal votes lie within 0 and 100. A rater whose votes are all equal has no
    z-score (sureal: NaN in every video they saw): their votes do not count. Raters who have seen better
    videos than others lose that: z-scores presume that all have seen the like.
    """
    votes = votes.averaged()
    spread = spreads(votes)
    flat = ~(spread > 0)
    whys = [
        Rejection(votes.raters[at], "a single vote has no z-score" if count < 2 else "all votes are equal")
        for at, count in zip(np.flatnonzero(flat), votes.sum_raters()[flat], strict=True)
    ]
    kept = votes.keep(~flat)
    middle = votes.sum_raters(votes.scores) / votes.sum_raters()
    z = (kept.scores - middle[kept.rater]) / spread[kept.rater]
    return summarise(replace(kept, scores=100 * (z + 3) / 6), whys)


def spreads(votes: Votes) -> Numbers:
    """Return the standard deviation of each rater's votes, with n - 1; 0 if all are equal, NaN of one."""
    n = votes.sum_raters()
    middle = votes.sum_raters(votes.scores) / np.maximum(n, 1)
    squares = votes.sum_raters((votes.scores - middle[votes.rater]) ** 2)
    with np.errstate(invalid="ignore", divide="ignore"):
        found = np.sqrt(squares / (n - 1))
    found[n < 2] = np.nan
    # Rounding would leave a rest where a mean of equal votes is not exactly one of them.
    lowest, highest = np.full(len(n), np.inf), np.full(len(n), -np.inf)
    np.minimum.at(lowest, votes.rater, votes.scores)
    np.maximum.at(highest, votes.rater, votes.scores)
    found[(lowest == highest) & (n > 1)] = 0.0
    return np.asarray(found)
