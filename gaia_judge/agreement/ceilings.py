"""Noise ceilings: how well anyone could agree with people, given how far they agree among themselves."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from gaia_judge.agreement.correlations import plcc
from gaia_judge.agreement.intervals import bound
from gaia_judge.agreement.pairs import Numbers
from gaia_judge.agreement.resamplings import ones, resample

LEAST = 3
"""Videos with two votes or more below which nothing is said."""


@dataclass(frozen=True, slots=True)
class Ceiling:
    """The highest correlation with people's mean scores that the noise in them leaves to a perfect rater."""

    value: float | None
    """Square root of the reliability: the correlation of mean scores with what they are means of."""
    low: float | None
    """Ends of the 95% interval, videos drawn anew."""
    high: float | None
    reliability: float | None
    """Share of the mean scores' variance that is not noise, 0 to 1."""
    method: str
    n: int
    """Videos that count: those with two votes or more."""
    reason: str | None = None
    """Why there is no value."""


def ceiling(
    means: ArrayLike, spreads: ArrayLike | None, counts: ArrayLike | None, *, draws: int = 1000, seed: int = 0
) -> Ceiling:
    """Return the ceiling by the intraclass correlation of votes, one-way random effects.

    ICC(1,k) of Shrout and Fleiss, Psychological Bulletin 86:420, 1979. Videos may have unequal numbers of
    votes: the variance between them is then estimated as in an unbalanced analysis of variance, and k is the
    harmonic mean. Means, spreads and counts tell all that is needed of the votes. Differences between people
    count as noise, as they are where each video has its own raters.

    Args:
        means: Mean vote per video; shape [N], as all arrays.
        spreads: Standard deviation of the votes, with n - 1; None where it is not known.
        counts: Number of votes; None where it is not known.
        draws: Bootstrap replicates.
        seed: Of these.

    >>> ceiling([1, 5, 9], [1, 1, 1], [4, 4, 4]).reliability
    0.984375
    """
    if spreads is None or counts is None:
        return _unknown(0, "neither votes nor their spread and number are known")
    mean, spread, count = (np.asarray(one, np.float64) for one in (means, spreads, counts))
    kept = np.isfinite(mean) & np.isfinite(spread) & (count >= 2)
    mean, spread, count = mean[kept], spread[kept], count[kept]
    if len(mean) < LEAST:
        return _unknown(len(mean), f"fewer than {LEAST} videos have two votes")
    mean = mean - mean.mean()  # for the accuracy of sums of squares
    columns = np.stack(
        [
            np.ones_like(mean),
            count,
            count**2,
            count * mean,
            count * mean**2,
            (count - 1) * spread**2,
            1 / count,
        ],
        1,
    )
    reliability = float(_reliability(ones(len(mean)).total(columns))[0])
    if not reliability > 0:
        return _unknown(len(mean), "people differ no less within videos than between them")
    again = _reliability(resample(len(mean), draws=draws, seed=seed).total(columns))
    low, high, _ = bound(np.sqrt(np.maximum(again, 0)))
    return Ceiling(float(np.sqrt(reliability)), low, high, reliability, "ICC(1,k)", len(mean))


def _unknown(n: int, reason: str) -> Ceiling:
    return Ceiling(None, None, None, None, "ICC(1,k)", n, reason)


def _reliability(sums: Numbers) -> Numbers:
    """Return the reliability of mean scores from sums over videos; shape [draws, 7] to [draws].

    The seven: videos, votes, squared votes per video, votes times mean, votes times squared mean, squares
    within videos, reciprocals of votes.
    """
    videos, votes, squared, weighted, between, within, reciprocals = sums.T
    with np.errstate(divide="ignore", invalid="ignore"):
        noise = within / (votes - videos)
        size = (votes - squared / votes) / (videos - 1)
        signal = ((between - weighted**2 / votes) / (videos - 1) - noise) / size
        return np.asarray(signal / (signal + noise * reciprocals / videos))


def split_half(votes: ArrayLike, *, splits: int = 200, seed: int = 0) -> float | None:
    """Return the reliability of mean scores by the correlation of random halves of each video's votes.

    Each correlation is stepped up to all votes by Spearman and Brown's formula 2r / (1 + r), both of British
    Journal of Psychology 3, 1910; their mean is returned, None where it is undefined.

    Args:
        votes: Shape [videos, raters], NaN where a rater has not voted; a video needs two votes.
        splits: How many random halves.
        seed: Of these.
    """
    table = np.asarray(votes, np.float64)
    table = table[np.isfinite(table).sum(axis=1) >= 2]
    random = np.random.default_rng(seed)
    found = [_halves(table, random) for _ in range(splits)] if len(table) >= LEAST else []
    defined = [2 * r / (1 + r) for r in found if r is not None and r > -1]
    return float(np.mean(defined)) if defined else None


def _halves(table: Numbers, random: np.random.Generator) -> float | None:
    given = np.isfinite(table)
    order = np.argsort(np.where(given, random.random(table.shape), 2.0), axis=1)
    shuffled = np.take_along_axis(table, order, axis=1)
    place, count = np.arange(table.shape[1]), given.sum(axis=1)[:, None]
    first, second = place < count // 2, (place >= count // 2) & (place < 2 * (count // 2))
    return plcc(
        *(np.nansum(np.where(half, shuffled, 0), axis=1) / half.sum(axis=1) for half in (first, second))
    )


def share(value: float | None, top: Ceiling) -> float | None:
    """Return a rater's correlation as a share of the ceiling; None where either is undefined."""
    return None if value is None or not top.value else value / top.value
