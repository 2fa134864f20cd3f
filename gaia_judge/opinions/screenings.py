"""Screenings: raters who answer unlike the others are left out, and the rest are averaged."""

import numpy as np
from numpy.typing import NDArray

from gaia_judge.agreement.pairs import Numbers
from gaia_judge.opinions.means import spreads
from gaia_judge.opinions.results import Opinion, Rejection, summarise
from gaia_judge.opinions.votes import Votes

NORMAL = (2.0, 4.0)
"""Kurtosis between which votes on a video count as normal."""

OUTLYING, BALANCE = 0.05, 0.3
"""Share of a rater's votes that may lie far out, and how one-sided these may be for a rejection."""

LEAST = 0.75
"""Correlation with the means below which a rater is left out."""

TINY = 1e-9
"""Relative rounding that decides no comparison: one of five votes may lie at two deviations exactly."""


def bt500(votes: Votes) -> Opinion:
    """Return means after the screening of ITU-R BT.500-15, Part 1, Annex 1 (the kurtosis rule).

    On each video votes are far out at 2 standard deviations from the mean or beyond, if the kurtosis is
    within 2 and 4; else at sqrt(20). Of a rater with P votes far above and Q far below, out of N, all votes
    are left out if (P + Q) / N > 0.05 and |P - Q| / (P + Q) < 0.3: those who err to either side. If that
    hits all raters, it hits none.

    As in ``SubjrejMosModel`` of sureal, save for two cases. N is what the rater has voted on, not all
    videos, by which sureal hardly ever rejects a rater who has seen few. Where all agree nobody is far out;
    sureal counts everybody, as both above and below. Standard deviations have n, as there; the n - 1 of the
    Recommendation is a little milder. A rater's repeats are averaged first.
    """
    votes = votes.averaged()
    above, below = outliers(votes)
    far, n = above + below, votes.sum_raters()
    with np.errstate(invalid="ignore", divide="ignore"):
        share, balance = far / n, np.abs(above - below) / far
    wrong = (share > OUTLYING) & (balance < BALANCE)
    notes = []
    if wrong.all():
        wrong[:] = False
        notes.append("The rule would reject all raters; none was.")
    whys = [
        Rejection(
            votes.raters[at],
            f"{above[at]:.0f} of {n[at]:.0f} votes far above the others' and {below[at]:.0f} far below"
            f" ({share[at]:.3f} > {OUTLYING}, one-sidedness {balance[at]:.2f} < {BALANCE})",
        )
        for at in np.flatnonzero(wrong)
    ]
    return _without(votes, wrong, whys, notes)


def outliers(votes: Votes) -> tuple[Numbers, Numbers]:
    """Return how many votes of each rater are far above and far below, each of shape [raters]."""
    n = np.maximum(votes.sum_videos(), 1)
    deviation = votes.scores - (votes.sum_videos(votes.scores) / n)[votes.video]
    largest = np.abs(votes.scores).max(initial=0) or 1.0
    deviation /= largest  # whose fourth power no number holds otherwise
    second, fourth = (votes.sum_videos(deviation**power) / n for power in (2, 4))
    # Votes that differ by no more than rounding agree.
    scale = votes.sum_videos(np.abs(votes.scores)) / n / largest
    differing = np.sqrt(second) > TINY * scale
    with np.errstate(invalid="ignore", divide="ignore"):
        kurtosis = fourth / second**2
    normal = (kurtosis >= NORMAL[0]) & (kurtosis <= NORMAL[1])
    limit = np.where(normal, 2.0, np.sqrt(20)) * np.sqrt(second) * (1 - TINY)
    limit = np.where(differing, limit, np.inf)[votes.video]
    return votes.sum_raters(deviation >= limit), votes.sum_raters(deviation <= -limit)


def pearson(votes: Votes, least: float = LEAST) -> Opinion:
    """Return means after raters have been left out who correlate with the means below ``least``.

    The screening of ITU-T P.913, after VQEG's HDTV test plan, Annex I: each rater's Pearson correlation with
    the mean votes, their own included; the lowest below 0.75 is left out, means and correlations are taken
    anew, and so on. The second correlation, over processing conditions, has no counterpart for generated
    videos. On votes much noisier than a laboratory's, 0.75 leaves out careful raters too.

    Raters whose votes are all equal, or fewer than three, have no correlation; the equal are left out, the
    few are kept. Where half of the raters or more would go, the threshold does not suit the votes: none is
    left out. A rater's repeats are averaged first. No class of sureal does this.

    Args:
        votes: On one dimension.
        least: The threshold, -1 to 1.
    """
    votes = votes.averaged()
    wrong, whys = spreads(votes) == 0, []
    if wrong.all():
        return _without(votes, ~wrong, [], ["All raters have given all videos one score; none was rejected."])
    flat = [Rejection(votes.raters[at], "all votes are equal") for at in np.flatnonzero(wrong)]
    while True:
        found = correlations(votes, ~wrong)
        worst = int(np.argmin(np.where(np.isnan(found), np.inf, found)))
        if not found[worst] < least:
            break
        wrong[worst] = True
        whys.append(
            Rejection(votes.raters[worst], f"correlation with the means {found[worst]:.3f} < {least}")
        )
        if 2 * wrong.sum() >= len(wrong):
            note = f"Half of the raters would have a correlation below {least}; none was rejected for it."
            return _without(votes, spreads(votes) == 0, flat, [note])
    return _without(votes, wrong, flat + whys, [])


def correlations(votes: Votes, kept: NDArray[np.bool_]) -> Numbers:
    """Return each kept rater's correlation with the mean votes of those kept; NaN where undefined."""
    votes = votes.keep(kept)
    means = votes.sum_videos(votes.scores) / np.maximum(votes.sum_videos(), 1)
    n = votes.sum_raters()

    def centre(values: Numbers) -> Numbers:
        return np.asarray(values - (votes.sum_raters(values) / np.maximum(n, 1))[votes.rater])

    x, y = centre(votes.scores), centre(means[votes.video])
    xx, yy, scale = (votes.sum_raters(one**2) for one in (x, y, votes.scores))
    defined = (n >= 3) & (np.minimum(xx, yy) > TINY**2 * scale)
    with np.errstate(invalid="ignore", divide="ignore"):
        found = votes.sum_raters(x * y) / np.sqrt(xx) / np.sqrt(yy)
    return np.asarray(np.where(defined, found, np.nan))


def _without(votes: Votes, wrong: NDArray[np.bool_], whys: list[Rejection], notes: list[str]) -> Opinion:
    found = summarise(votes.keep(~wrong), whys)
    return Opinion(found.mos, found.error, found.low, found.high, found.n, whys, notes=notes)
