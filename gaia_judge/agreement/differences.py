"""Differences: whether one rater agrees better with people than another, on the same videos."""

import numpy as np
from numpy.typing import ArrayLike

from gaia_judge.agreement.correlations import srcc
from gaia_judge.agreement.intervals import Agreement, conclude, why_unresampled
from gaia_judge.agreement.pairs import Numbers
from gaia_judge.agreement.replicates import srcc_replicates, sum_ranks
from gaia_judge.agreement.resamplings import resample


def advantage(
    x: ArrayLike,
    other: ArrayLike,
    y: ArrayLike,
    *,
    clusters: ArrayLike | None = None,
    draws: int = 2000,
    seed: int = 0,
) -> Agreement:
    """Return by how much the SRCC of ``x`` with ``y`` exceeds that of ``other``, with its 95% interval.

    Both are measured on the same pairs in each bootstrap sample; those that ``other`` lacks are left out.

    Args:
        x: Shape [N], as all arrays.
        other: The rater it is compared with.
        y: People.
        clusters: Draw these whole instead of pairs.
        draws: Bootstrap samples; as in ``interval``.
        seed: Equal seeds give equal intervals.
    """
    sides = [np.asarray(side, np.float64) for side in (x, other, y)]
    kept = np.isfinite(np.stack(sides)).all(0)
    left, right, people = (side[kept] for side in sides)
    labels = [] if clusters is None else [np.asarray(clusters)[kept]]
    resampling = resample(len(left), labels, draws=draws, seed=seed)
    ours, theirs = srcc(left, people), srcc(right, people)
    value = None if ours is None or theirs is None else ours - theirs
    reason = why_unresampled(resampling)

    def again(side: Numbers) -> Numbers:
        return srcc_replicates(sum_ranks(side, people, resampling))

    found = again(left) - again(right) if value is not None and not reason else None
    return conclude("srcc advantage", value, found, n=len(left), missing=int(np.sum(~kept)), reason=reason)
