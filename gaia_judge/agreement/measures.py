"""Measures: every statistic of a rater with people, each with its interval."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gaia_judge.agreement.concordances import accuracies, pairwise_accuracy
from gaia_judge.agreement.correlations import STATISTICS, Kendall, Name, krcc
from gaia_judge.agreement.intervals import Agreement, conclude, why_unresampled
from gaia_judge.agreement.pairs import Numbers, number_labels, pair, why_undefined
from gaia_judge.agreement.replicates import plcc_replicates, rank_replicates, rmse_replicates
from gaia_judge.agreement.resamplings import Resampling, resample
from gaia_judge.agreement.strata import within, within_replicates


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """Whole pairs, and the replicates of them."""

    x: Numbers
    y: Numbers
    missing: int
    resampling: Resampling | None
    reason: str | None
    """Why there are no replicates although some were asked for."""

    def conclude(
        self, name: str, value: float | None, replicates: Numbers | None, reason: str | None = None
    ) -> Agreement:
        """Return the statistic with its interval; ``reason`` is why it has no value."""
        given = reason if value is None else self.reason
        return conclude(name, value, replicates, n=len(self.x), missing=self.missing, reason=given)


def gather(x: ArrayLike, y: ArrayLike, resampling: Resampling | None) -> Sample:
    """Return the whole pairs of two sides, shape [N] each, with the replicates of these rows alone."""
    left, right, kept = pair(x, y)
    own = None if resampling is None else resampling.take(kept)
    reason = why_unresampled(own)
    return Sample(left, right, int(np.sum(~kept)), None if reason else own, reason)


def agree(
    x: ArrayLike,
    y: ArrayLike,
    *,
    statistics: Sequence[str] = ("srcc", "krcc", "plcc", "rmse"),
    resampling: Resampling | None = None,
    kendall: Kendall = "b",
) -> dict[str, Agreement]:
    """Return how a rater agrees with people, by statistic.

    Pairs of which a side is missing are left out and counted. Where a statistic is undefined, its value is
    None and its reason says why.

    Args:
        x: The rater; shape [N].
        y: People; shape [N].
        statistics: Of ``srcc``, ``krcc``, ``plcc``, ``rmse`` and ``pairwise_accuracy``.
        resampling: The replicates of all N rows, from ``resample``; None for no intervals.
        kendall: Which of Kendall's coefficients ``krcc`` is: tau-b or tau-c.
    """
    sample = gather(x, y, resampling)
    why = why_undefined(sample.x, sample.y)
    found = {} if why or sample.resampling is None else _replicate(sample, statistics, kendall)
    return {
        name: sample.conclude(name, _measure(name, sample, kendall), found.get(name), why)
        for name in statistics
    }


def _measure(name: str, sample: Sample, kendall: Kendall) -> float | None:
    if name == "krcc":
        return krcc(sample.x, sample.y, kendall)
    return {**STATISTICS, "pairwise_accuracy": pairwise_accuracy}[name](sample.x, sample.y)


def _replicate(sample: Sample, names: Sequence[str], kendall: Kendall) -> dict[str, Numbers]:
    assert sample.resampling is not None
    both = sample.x, sample.y, sample.resampling
    found = rank_replicates(*both, tuple(names), kendall)
    for name, make in {
        "plcc": plcc_replicates,
        "rmse": rmse_replicates,
        "pairwise_accuracy": accuracies,
    }.items():
        if name in names:
            found[name] = make(*both)
    return found


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
    """Return one statistic with its 95% interval, resampling the whole pairs.

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
    resampling = resample(len(left), _labels(clusters, kept), draws=draws, seed=seed)
    if groups is None:
        found = agree(left, right, statistics=(name,), resampling=resampling)[name]
    else:
        assert name == "srcc" or name == "plcc", f"{name} is not defined within groups"
        sample = gather(left, right, resampling)
        places = number_labels(groups)[kept]
        value = within(name, left, right, places)
        usable = value is not None and sample.resampling
        again = within_replicates(name, left, right, places, usable) if usable else None
        found = sample.conclude(name, value, again, "no group holds two different scores of both sides")
    return replace(found, missing=int(np.sum(~kept)))


def _labels(clusters: ArrayLike | None, kept: NDArray[np.bool_]) -> list[ArrayLike]:
    return [] if clusters is None else [np.asarray(clusters)[kept]]
