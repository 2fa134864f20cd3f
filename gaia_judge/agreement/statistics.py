"""Statistics: how the plain ones are computed, of a sample and of its replicates."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

from gaia_judge.agreement.concordances import accuracies, balances, pairwise_accuracy
from gaia_judge.agreement.correlations import Kendall, krcc, plcc, rmse, srcc
from gaia_judge.agreement.intervals import Agreement
from gaia_judge.agreement.pairs import why_undefined
from gaia_judge.agreement.replicates import (
    RankSums,
    krcc_replicates,
    plcc_replicates,
    rmse_replicates,
    srcc_replicates,
    sum_ranks,
)
from gaia_judge.agreement.resamplings import Resampling
from gaia_judge.agreement.samples import Replicate, Sample

LEAST = {"rmse": 1, "pairwise_accuracy": 2}
"""Pairs that those need which a constant side leaves defined; the others are correlations."""


@dataclass(frozen=True, slots=True)
class Statistic:
    """One statistic of one sample."""

    value: Callable[[], float | None]
    replicate: Replicate


def measure(sample: Sample, names: Sequence[str], kendall: Kendall, tie: float) -> dict[str, Agreement]:
    """Return statistics of a sample by name, each with its interval; the names are those of ``prepare``."""
    ready = prepare(sample, kendall, tie)
    found = {}
    for name in names:
        value = ready[name].value()
        why = why_undefined(sample.x, sample.y) if name not in LEAST else None
        few = f"{len(sample.x)} videos have both scores; {name} needs {LEAST.get(name)}"
        found[name] = sample.conclude(name, value, ready[name].replicate, why or few)
    return found


def prepare(sample: Sample, kendall: Kendall, tie: float) -> dict[str, Statistic]:
    """Return how each statistic of a sample is computed; both rank correlations share one pass."""
    both = sample.x, sample.y

    @cache
    def ranks(resampling: Resampling) -> RankSums:
        return sum_ranks(*both, resampling)

    return {
        "srcc": Statistic(lambda: srcc(*both), lambda r: srcc_replicates(ranks(r))),
        "krcc": Statistic(
            lambda: krcc(*both, kendall), lambda r: krcc_replicates(balances(*both, r), ranks(r), kendall)
        ),
        "plcc": Statistic(lambda: plcc(*both), lambda r: plcc_replicates(*both, r)),
        "rmse": Statistic(lambda: rmse(*both), lambda r: rmse_replicates(*both, r)),
        "pairwise_accuracy": Statistic(
            lambda: pairwise_accuracy(*both, tie), lambda r: accuracies(*both, r, tie)
        ),
    }
