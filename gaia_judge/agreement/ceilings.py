"""Noise ceilings: how well anyone could agree with people, given how far they agree among themselves."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from gaia_judge.agreement.correlations import plcc
from gaia_judge.agreement.intervals import TOLERATED
from gaia_judge.agreement.pairs import Numbers
from gaia_judge.agreement.resamplings import Resampling, ones, resample

LEAST = 3
"""Videos with two votes or more below which nothing is said."""

Method = Literal["ICC(1,k)", "ICC(3,k)"]


@dataclass(frozen=True, slots=True)
class Ceiling:
    """The highest correlation with people's mean scores that the noise in them leaves to a perfect rater."""

    value: float | None
    """Square root of the reliability: the correlation of mean scores with what they are means of."""
    low: float | None
    """Ends of the 95% interval for new videos; it is too narrow for few videos or very skewed quality."""
    high: float | None
    reliability: float | None
    """Share of the mean scores' variance that is not noise, 0 to 1."""
    method: Method
    n: int
    """Videos that count: those with two votes or more."""
    reason: str | None = None
    """Why there is no value, or else no interval."""


def ceiling(
    means: ArrayLike, spreads: ArrayLike | None, counts: ArrayLike | None, *, draws: int = 1000, seed: int = 0
) -> Ceiling:
    """Return the ceiling by the intraclass correlation of votes, one-way random effects.

    ICC(1,k) of Shrout and Fleiss, Psychological Bulletin 86:420, 1979. Videos may have unequal numbers of
    votes: the variance between them is then estimated as in an unbalanced analysis of variance, and k is the
    harmonic mean. Means, spreads and counts tell all that is needed of the votes. Differences between people
    count as noise, as they are where each video has its own raters. The more raters the videos share, the
    less these differences disturb, and the more the ceiling is too low: where every rater has seen every
    video, ``ceiling_of_votes`` leaves them out.

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
        return _unknown("ICC(1,k)", 0, "neither votes nor their spread and number are known")
    mean, spread, count = (np.asarray(one, np.float64) for one in (means, spreads, counts))
    kept = np.isfinite(mean) & np.isfinite(spread) & (count >= 2)
    mean, spread, count = mean[kept], spread[kept], count[kept]
    if len(mean) < LEAST:
        return _unknown("ICC(1,k)", len(mean), f"fewer than {LEAST} videos have two votes")
    mean = mean - mean.mean()  # for the accuracy of sums of squares
    within = (count - 1) * spread**2
    columns = [np.ones_like(mean), count, count**2, count * mean, count * mean**2, within, 1 / count]
    return _conclude("ICC(1,k)", np.stack(columns, axis=1), draws, seed)


def ceiling_of_votes(votes: ArrayLike, *, draws: int = 1000, seed: int = 0) -> Ceiling:
    """Return the ceiling by all votes.

    Where every rater has seen every video it is the intraclass correlation of consistency, ICC(3,k) of Shrout
    and Fleiss: who is lenient with all videos disturbs no correlation. Elsewhere it is ``ceiling``.

    Args:
        votes: Shape [videos, raters], NaN where a rater has not voted; a video needs two votes.
        draws: Bootstrap replicates.
        seed: Of these.
    """
    table = np.asarray(votes, np.float64)
    given = np.isfinite(table)
    counts = given.sum(axis=1)
    table, given, counts = table[counts >= 2], given[counts >= 2], counts[counts >= 2]
    table, given = table[:, given.any(axis=0)], given[:, given.any(axis=0)]
    if given.all() and len(table) >= LEAST:
        table = table - table.mean()
        columns = [np.ones(len(table)), table.sum(axis=1) ** 2, (table**2).sum(axis=1), *table.T]
        return _conclude("ICC(3,k)", np.stack(columns, axis=1), draws, seed)
    means = np.where(given, table, 0).sum(axis=1) / counts
    squares = np.where(given, table - means[:, None], 0) ** 2
    return ceiling(means, np.sqrt(squares.sum(axis=1) / (counts - 1)), counts, draws=draws, seed=seed)


def _conclude(method: Method, columns: Numbers, draws: int, seed: int) -> Ceiling:
    """Return the ceiling from what each video adds to the sums of the method; shape [N, sums]."""
    n = len(columns)

    def measure(resampling: Resampling) -> Numbers:
        sums = resampling.total(columns)
        return _one_way(sums) if method == "ICC(1,k)" else _two_way(sums)

    reliability = float(measure(ones(n))[0])
    if not reliability > 0:
        return _unknown(method, n, "people differ no less within videos than between them")
    again = measure(resample(n, draws=draws, seed=seed))
    low, high, reason = _bound(reliability, again, n)
    return Ceiling(float(np.sqrt(reliability)), low, high, reliability, method, n, reason)


def _bound(reliability: float, again: Numbers, n: int) -> tuple[float | None, float | None, str | None]:
    """Return the ends of the 95% interval of the ceiling, or None twice and why; ``again`` has shape [draws].

    The share of noise is a ratio of variances: its logarithm is nearly symmetric, which makes Student's t on
    the bootstrap's standard error hold the truth more often than percentiles do. Of 1,000 samples it held in
    91 to 93% with 20 videos and in 95% with 200; with exponentially skewed quality in 84 to 86% and 91 to 93%
    (benchmarks/people.py).
    """
    from scipy.stats import t

    noise = np.log(1 - again[np.isfinite(again) & (again < 1)])
    if reliability >= 1 or len(noise) < (1 - TOLERATED) * len(again) or len(noise) < 2:
        return None, None, "too few bootstrap replicates have noise for an interval"
    reach = float(t.ppf(0.975, n - 1) * noise.std(ddof=1))
    ends = (1 - (1 - reliability) * np.exp(way * reach) for way in (1, -1))
    low, high = (float(np.sqrt(max(end, 0.0))) for end in ends)
    return low, high, None


def _unknown(method: Method, n: int, reason: str) -> Ceiling:
    return Ceiling(None, None, None, None, method, n, reason)


def _one_way(sums: Numbers) -> Numbers:
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


def _two_way(sums: Numbers) -> Numbers:
    """Return the same where all k raters have seen all videos; shape [draws, 3 + k] to [draws].

    The sums: videos, squared totals of a video's votes, squared votes, and each rater's votes.
    """
    (videos, totals, squares), own = sums[:, :3].T, sums[:, 3:]
    raters = own.shape[1]
    middle = own.sum(axis=1) ** 2 / (videos * raters)
    between = totals / raters - middle
    rest = squares - middle - between - ((own**2).sum(axis=1) / videos - middle)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(1 - rest / (raters - 1) / between)


def split_half(votes: ArrayLike, *, splits: int = 200, seed: int = 0) -> float | None:
    """Return the reliability of mean scores by the correlation of random halves of each video's votes.

    Each correlation r is stepped up to all votes by Spearman and Brown's formula f r / (1 + (f - 1) r), both
    of British Journal of Psychology 3, 1910, f being how many times as many votes there are as in a half
    (2, or more where an odd vote is left over; of unequal numbers the harmonic means). The mean over the
    splits is returned, None where it is undefined.

    Args:
        votes: Shape [videos, raters], NaN where a rater has not voted; a video needs two votes.
        splits: How many random halves.
        seed: Of these.
    """
    table = np.asarray(votes, np.float64)
    counts = np.isfinite(table).sum(axis=1)
    table, counts = table[counts >= 2], counts[counts >= 2]
    if len(table) < LEAST:
        return None
    random = np.random.default_rng(seed)
    found = [_halves(table, random) for _ in range(splits)]
    more = float(np.mean(1 / (counts // 2)) / np.mean(1 / counts))
    defined = [more * r / (1 + (more - 1) * r) for r in found if r is not None and 1 + (more - 1) * r > 0]
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
    """Return a rater's correlation as a share of the ceiling; None where either is undefined.

    At 1 a rater agrees with the mean scores as well as their own expectation does: what is left is people's
    noise. Of a PLCC it estimates the correlation with noiseless scores (Spearman, The American Journal of
    Psychology 15:72, 1904); of an SRCC it is an approximation. Both sides are estimates, so it may exceed 1.
    """
    return None if value is None or not top.value else value / top.value
