"""Measures: how a rater agrees with people, in every statistic that is asked for."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from gaia_judge.agreement.correlations import Kendall, Name
from gaia_judge.agreement.intervals import Agreement
from gaia_judge.agreement.mappings import measure_mapped, measure_outliers
from gaia_judge.agreement.outliers import limit
from gaia_judge.agreement.pairs import Numbers, number_labels, pair
from gaia_judge.agreement.resamplings import Resampling, resample
from gaia_judge.agreement.samples import gather
from gaia_judge.agreement.statistics import measure
from gaia_judge.agreement.strata import within, within_replicates
from gaia_judge.errors import unknown

Mapping = Literal["none", "logistic4", "logistic5"]

OUTLIERS = "outlier_ratio"
KNOWN = ("srcc", "krcc", "plcc", "rmse", OUTLIERS, "pairwise_accuracy")


def agree(
    x: ArrayLike,
    y: ArrayLike,
    *,
    statistics: Sequence[str] = ("srcc", "krcc", "plcc", "rmse"),
    resampling: Resampling | None = None,
    kendall: Kendall = "b",
    mapping: Mapping = "none",
    spread: ArrayLike | None = None,
    tie: float = 0.0,
) -> dict[str, Agreement]:
    """Return how a rater agrees with people, by statistic.

    Pairs of which a side is missing are left out and counted. Where a statistic is undefined, its value is
    None and its reason says why.

    Args:
        x: The rater; shape [N].
        y: People; shape [N].
        statistics: Of ``srcc``, ``krcc``, ``plcc``, ``rmse``, ``outlier_ratio`` and ``pairwise_accuracy``.
        resampling: The replicates of all N rows, from ``resample``; None for no intervals.
        kendall: Which of Kendall's coefficients ``krcc`` is: tau-b or tau-c.
        mapping: The function that is fitted to people's scores. With one, the answer also has
            ``plcc_mapped``, ``rmse_mapped`` and, if the other is asked for, ``outlier_ratio_mapped``.
        spread: Of people's votes, for the outlier ratio: errors beyond twice this count; shape [N].
        tie: Scores of the rater that differ by no more are tied, for ``pairwise_accuracy``.

    Raises:
        GaiaJudgeError: There is no such statistic.

    >>> found = agree([1, 2, 3, 4], [1, 3, 2, 4], statistics=["srcc"])["srcc"]
    >>> found.value, found.n, found.reason
    (0.8, 4, None)
    """
    for name in statistics:
        if name not in KNOWN:
            raise unknown("statistic", name, KNOWN)
    sample = gather(x, y, resampling)
    found = measure(sample, [name for name in statistics if name != OUTLIERS], kendall, tie)
    limits = _limit(x, y, spread) if OUTLIERS in statistics else None
    if limits is not None:
        found[OUTLIERS] = measure_outliers(sample, limits)
    if mapping != "none":
        found |= {one.name: one for one in measure_mapped(sample, mapping, limits)}
    return {name: found[name] for name in dict.fromkeys([*statistics, *found])}


def _limit(x: ArrayLike, y: ArrayLike, spread: ArrayLike | None) -> Numbers:
    """Return how large the errors of whole pairs may be, NaN where the spread is not known."""
    *_, kept = pair(x, y)
    return limit(np.full(len(kept), np.nan) if spread is None else np.asarray(spread, np.float64))[kept]


def interval(
    name: Name,
    x: ArrayLike,
    y: ArrayLike,
    *,
    groups: ArrayLike | None = None,
    clusters: ArrayLike | None = None,
    draws: int = 2000,
    seed: int = 0,
) -> Agreement:
    """Return one statistic with its 95% interval, from replicates of the whole pairs alone.

    Args:
        name: Of ``STATISTICS``; only ``srcc`` and ``plcc`` with ``groups``.
        x: Shape [N], as all arrays.
        y: The other rater.
        groups: The statistic is that of ``within`` these.
        clusters: Draw these whole instead of pairs: the interval then is for new generators or actions.
        draws: Bootstrap replicates.
        seed: Equal seeds give equal intervals.
    """
    left, right, kept = pair(x, y)
    labels = [] if clusters is None else [np.asarray(clusters)[kept]]
    resampling = resample(len(left), labels, draws=draws, seed=seed)
    if groups is None:
        found = agree(left, right, statistics=(name,), resampling=resampling)[name]
    else:
        assert name == "srcc" or name == "plcc", f"{name} is not defined within groups"
        places = number_labels(groups)[kept]
        found = gather(left, right, resampling).conclude(
            name,
            within(name, left, right, places),
            lambda r: within_replicates(name, left, right, places, r),
            "within no group do both sides differ",
        )
    return replace(found, missing=int(np.sum(~kept)))
