"""Analyses: all that is told of the votes on one dimension."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np

from gaia_judge.agreement.pairs import Numbers
from gaia_judge.opinions.curves import Level, Point, settle, sos, spread_levels
from gaia_judge.opinions.means import mean, zscore
from gaia_judge.opinions.models import mle, p910
from gaia_judge.opinions.reliabilities import Reliability, alpha, icc
from gaia_judge.opinions.results import Opinion, summarise
from gaia_judge.opinions.screenings import LEAST, bt500, correlations, pearson
from gaia_judge.opinions.votes import Votes

Method = Literal["mean", "zscore", "bt500", "pearson", "p910", "mle"]

METHODS: Mapping[Method, Callable[[Votes], Opinion]] = {
    "mean": mean,
    "zscore": zscore,
    "bt500": bt500,
    "pearson": pearson,
    "p910": p910,
    "mle": mle,
}


@dataclass(frozen=True, slots=True)
class Asking:
    """How votes are turned into scores, and how agreement is measured."""

    method: Method = "mean"
    least: float = LEAST
    """For ``pearson``: the correlation below which a rater is left out."""
    draws: int = 1000
    """Bootstrap replicates for intervals of agreement; 0 for none."""
    groups: int = 20
    """Random groups of observers of each size."""
    seed: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Analysis:
    """What the votes on one dimension come to."""

    dimension: str | None
    votes: Votes
    counted: Votes
    """Those of raters who were not rejected."""
    opinion: Opinion
    agreement: Mapping[str, Reliability]
    """Of all raters: ``alpha``, ``icc`` and ``icc_mean``."""
    kept: Mapping[str, Reliability] | None
    """Of those who were not rejected; None if nobody was."""
    observers: list[Point]
    levels: list[Level]
    scale: tuple[float, float]
    """The lowest and the highest vote."""
    sos: float | None
    """Between these ends."""


def opine(votes: Votes, asking: Asking) -> Opinion:
    """Return the scores by the method that is asked for."""
    method = partial(pearson, least=asking.least) if asking.method == "pearson" else METHODS[asking.method]
    return method(votes)


def analyse(dimension: str | None, votes: Votes, asking: Asking) -> Analysis:
    """Return the scores, and how far raters agree, of all votes and of those that count.

    The curve of observers and the spreads are of the raters who count, in their own votes.
    """
    found = opine(votes, asking)
    gone = {one.rater for one in found.rejected}
    counted = votes.keep(np.array([rater not in gone for rater in votes.raters]))
    scale = float(votes.scores.min()), float(votes.scores.max())
    return Analysis(
        dimension=dimension,
        votes=votes,
        counted=counted,
        opinion=found,
        agreement=_agree(votes, asking),
        kept=_agree(counted, asking) if gone and len(counted.scores) else None,
        observers=settle(counted, draws=asking.groups, seed=asking.seed),
        levels=spread_levels(counted),
        scale=scale,
        sos=sos(counted, *scale),
    )


def _agree(votes: Votes, asking: Asking) -> dict[str, Reliability]:
    single, average = icc(votes, draws=asking.draws, seed=asking.seed)
    return {
        "alpha": alpha(votes, draws=asking.draws, seed=asking.seed),
        "icc": single,
        "icc_mean": average,
    }


def describe_raters(votes: Votes, found: Opinion) -> list[dict[str, Any]]:
    """Return a row per rater: votes, bias, inconsistency, correlation, repeats and pace; None if unknown.

    Bias and inconsistency are the model's, or else mean and standard deviation of a rater's votes less the
    plain means. ``correlation`` is with the plain means, the rater's own votes included; ``repeat_spread``
    the standard deviation between a rater's votes on one video; ``seconds`` the median time of a vote.
    """
    every = summarise(votes)
    less = votes.scores - every.mos[votes.video]
    n = votes.sum_raters()
    bias = votes.sum_raters(less) / n
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = np.sqrt(votes.sum_raters((less - bias[votes.rater]) ** 2) / np.where(n > 1, n - 1, np.nan))
    columns = {
        "bias": bias if found.bias is None else found.bias,
        "inconsistency": spread if found.inconsistency is None else found.inconsistency,
        "correlation": correlations(votes.averaged(), np.ones(len(n), bool)),
        "repeat_spread": _repeat_spread(votes),
        "seconds": _pace(votes),
    }
    whys = {one.rater: one.why for one in found.rejected}
    return [
        {
            "rater": rater,
            "votes": int(n[at]),
            **{name: known(column[at]) for name, column in columns.items()},
            "rejected": whys.get(rater),
        }
        for at, rater in enumerate(votes.raters)
    ]


def known(value: float) -> float | None:
    """Return a number, or None for what is not finite."""
    return float(value) if np.isfinite(value) else None


def _repeat_spread(votes: Votes) -> Numbers:
    once = votes.averaged()
    places = np.searchsorted(once.pairs, votes.pairs) if votes.repeated else np.arange(len(votes.scores))
    squares = votes.sum_raters((votes.scores - once.scores[places]) ** 2)
    more = votes.sum_raters() - once.sum_raters()
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(more > 0, np.sqrt(squares / more), np.nan))


def _pace(votes: Votes) -> Numbers:
    import pandas as pd

    seconds = np.full(len(votes.scores), np.nan) if votes.seconds is None else votes.seconds
    medians = pd.Series(seconds).groupby(votes.rater).median()
    return medians.reindex(range(len(votes.raters))).to_numpy(float)
