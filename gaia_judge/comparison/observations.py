"""What GAIA's authors observed in their scores, tested on any benchmark's scores (arXiv 2406.06087)."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from gaia_judge.agreement import agree, resample
from gaia_judge.agreement.intervals import bound
from gaia_judge.comparison.raters import OVERALL

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pandas import DataFrame, Series

LEAST = 3
"""Videos of a generator below which its distribution is not spoken of."""

SUBJECT = "subject"

DEGREE = 4
"""Of the polynomial of MOS that the spread is fitted with: five parameters."""


@dataclass(frozen=True, slots=True)
class Observation:
    """A claim, and what these scores say of it."""

    claim: str
    dimension: str
    effect: str
    """What is measured, in words."""
    value: float | None
    low: float | None = None
    """Of the 95% interval."""
    high: float | None = None
    p: float | None = None
    """Two-sided, where there is a test."""
    n: int = 0
    """Generators or videos."""
    holds: bool | None = None
    """Whether the whole interval bears the claim out, or contradicts it; None where it does neither."""
    reason: str | None = None
    curve: tuple[float, ...] | None = None
    """Coefficients, constant first, of the polynomial of MOS fitted to the spread."""
    explained: float | None = None
    """Share of the spread's variance that the polynomial explains."""


def observe(
    mos: "DataFrame",
    facts: "DataFrame",
    spread: "DataFrame | None" = None,
    dates: Mapping[str, float] | None = None,
    *,
    draws: int = 1000,
    seed: int = 0,
) -> list[Observation]:
    """Return how GAIA's observations fare on a benchmark's scores.

    Args:
        mos: Index video, a column per dimension.
        facts: Generator and action of the same videos.
        spread: Standard deviation between raters, as ``mos``; None where it is not known.
        dates: When each generator appeared, in years; those not named are left out.
        draws: Bootstrap samples of whole actions.
        seed: Of these.
    """
    found = []
    for dimension in [name for name in mos.columns if name != OVERALL]:
        scores = mos[dimension].dropna()
        makers = facts["generator"].reindex(scores.index)
        found.append(_left_skew(dimension, scores, makers))
        found.append(_progress(dimension, scores, makers, dates or {}, draws, seed))
        if dimension != SUBJECT and SUBJECT in mos:
            found.append(_subject_ahead(dimension, mos, facts, draws, seed))
        found.append(_agreeing_on_good(dimension, mos, spread, facts, draws, seed))
    return found


def _left_skew(dimension: str, scores: "Series[float]", makers: "Series[str]") -> Observation:
    """Return for how many generators the scores' longer tail lies at the left."""
    from scipy.stats import binomtest

    told = partial(Observation, "most generators' scores are left-skewed", dimension, "share of generators")
    groups = scores.groupby(makers)
    skews = groups.skew()[groups.count() >= LEAST].dropna()
    if not len(skews):
        return told(None, reason=f"no generator has {LEAST} scores that differ")
    count = int((skews < 0).sum())
    test = binomtest(count, len(skews))
    bounds = test.proportion_ci(method="wilson")
    low, high = float(bounds.low), float(bounds.high)
    return told(count / len(skews), low, high, float(test.pvalue), len(skews), _verdict(low, high, 0.5))


def _progress(
    dimension: str,
    scores: "Series[float]",
    makers: "Series[str]",
    dates: Mapping[str, float],
    draws: int,
    seed: int,
) -> Observation:
    """Return how generators' mean scores go with the time at which they appeared."""
    from scipy.stats import spearmanr

    told = partial(Observation, "later generators are better", dimension, "SRCC of date and mean score")
    means = scores.groupby(makers).mean()
    means = means[[name for name in means.index if name in dates]]
    years = np.array([dates[name] for name in means.index])
    found = agree(
        years, means.to_numpy(), statistics=["srcc"], resampling=resample(len(means), draws=draws, seed=seed)
    )["srcc"]
    if found.value is None:
        return told(None, n=found.n, reason=f"of generators with a known date: {found.reason}")
    p = float(spearmanr(years, means).pvalue)
    return told(found.value, found.low, found.high, p, found.n, _verdict(found.low, found.high))


def _subject_ahead(
    dimension: str, mos: "DataFrame", facts: "DataFrame", draws: int, seed: int
) -> Observation:
    """Return by how much the subject is better than another dimension, video by video."""
    ahead = (mos[SUBJECT] - mos[dimension]).dropna()
    value, low, high = _mean(ahead, facts, draws, seed)
    told = partial(Observation, "the subject is better than the rest", dimension, "mean difference of MOS")
    return told(value, low, high, n=len(ahead), holds=_verdict(low, high))


def _agreeing_on_good(
    dimension: str,
    mos: "DataFrame",
    spread: "DataFrame | None",
    facts: "DataFrame",
    draws: int,
    seed: int,
) -> Observation:
    """Return how much less people differ on the best fifth, and the polynomial of MOS that spread follows."""
    told = partial(
        Observation,
        "people agree more on good actions",
        dimension,
        "spread on the best fifth less the rest's",
    )
    if spread is None or dimension not in spread:
        return told(None, reason="the file has no spread between people")
    pairs = mos[[dimension]].assign(spread=spread[dimension]).dropna()
    best = pairs[dimension] >= pairs[dimension].quantile(0.8)
    if best.all() or len(pairs) <= DEGREE + 1:
        return told(None, n=len(pairs), reason="too few scores that differ")
    curve = np.polynomial.Polynomial.fit(pairs[dimension], pairs["spread"], DEGREE)
    left = pairs["spread"] - curve(pairs[dimension].to_numpy())
    explained = 1 - float(left.var(ddof=0) / pairs["spread"].var(ddof=0))
    value, low, high = _mean(pairs["spread"], facts, draws, seed, best.to_numpy())
    return told(
        value,
        low,
        high,
        n=len(pairs),
        holds=None if low is None or high is None else _verdict(-high, -low),
        curve=tuple(curve.convert().coef.tolist()),
        explained=explained,
    )


def _verdict(low: float | None, high: float | None, border: float = 0.0) -> bool | None:
    """Return whether an interval lies above a border; None where it lies on both sides, or there is none."""
    if low is None or high is None or low <= border <= high:
        return None
    return low > border


def _mean(
    values: "Series[float]",
    facts: "DataFrame",
    draws: int,
    seed: int,
    part: "NDArray[np.bool_] | None" = None,
) -> tuple[float | None, float | None, float | None]:
    """Return a mean, or that of a part less that of the rest, with its 95% interval.

    Whole actions are drawn anew where they are known, else videos.
    """
    if not len(values):
        return None, None, None
    inside = np.ones(len(values), bool) if part is None else part
    columns = [
        side * column for side in (inside, ~inside) for column in (values.to_numpy(), np.ones(len(values)))
    ]

    def measure(sums: "NDArray[np.float64]") -> "NDArray[np.float64]":
        with np.errstate(invalid="ignore"):
            means = sums[:, ::2] / sums[:, 1::2]
        return means[:, 0] - (0 if part is None else means[:, 1])

    actions = np.asarray(facts["action"].reindex(values.index).fillna(""), str)
    resampling = resample(len(values), [actions], draws=draws, seed=seed)
    value = float(measure(np.sum(columns, axis=1)[None])[0])
    if resampling.units < 2:
        return value, None, None
    low, high, _ = bound(measure(resampling.total(np.stack(columns, axis=1))))
    return value, low, high
