"""A whole comparison: everything that is asked of raters and people at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gaia_judge.agreement import Duel, agree, duels
from gaia_judge.agreement.ceilings import Ceiling, ceiling, ceiling_of_votes, split_half
from gaia_judge.agreement.differences import Testing
from gaia_judge.agreement.discriminations import Discrimination, discriminate
from gaia_judge.comparison.agreements import Asking, Panel, Part, Row, draw, measure, settle
from gaia_judge.comparison.generators import measure_generators
from gaia_judge.comparison.observations import Observation
from gaia_judge.comparison.references import FIGURES, Published
from gaia_judge.protocols import Protocol, Spread, splits, summarise

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pandas import Series

SPLITS = 20
"""Random halves of the votes."""


@dataclass(frozen=True, slots=True)
class Tested:
    """A rater's SRCC and PLCC over the test parts of a protocol."""

    rater: str
    dimension: str
    spreads: Mapping[str, Spread]
    """By statistic."""


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """What a comparison found."""

    panel: Panel
    asking: Asking
    """What was measured; ``unit`` is what intervals draw."""
    rows: Sequence[Row]
    """Of the whole, or of each part where parts were asked for."""
    generators: Sequence[Row]
    """Of generators' means; none where fewer than three generators are known."""
    duels: Mapping[str, Sequence[Duel]]
    """Who agrees better, by dimension."""
    test: Testing
    """How it was told."""
    ceilings: Mapping[str, Ceiling]
    """How well anyone could agree with these people, by dimension."""
    halves: Mapping[str, float | None]
    """Reliability of people's scores by random halves of the votes, by dimension; empty without votes."""
    discriminations: Mapping[tuple[str, str], Discrimination]
    """By rater and dimension; empty where people's spread is not known."""
    tested: Sequence[Tested] = ()
    observations: Sequence[Observation] = ()
    published: Sequence[Published] = ()


def compare(
    panel: Panel,
    asking: Asking,
    *,
    by: Part | None = None,
    test: Testing = "bootstrap",
    protocol: Protocol | None = None,
) -> Comparison:
    """Return everything that can be told of raters and people; observations and published rows apart.

    Args:
        panel: Raters and people.
        asking: What is measured.
        by: Measure within each of these parts instead of in the whole.
        test: How it is told who agrees better.
        protocol: Also measure each of its test parts.
    """
    asking = settle(panel.facts, asking)
    return Comparison(
        panel,
        asking,
        measure(panel, asking, by),
        measure_generators(panel, asking) if panel.facts["generator"].nunique() > 2 else (),
        duel(panel, asking, test) if by is None else {},
        test,
        {name: _ceiling(panel, name, asking) for name in panel.dimensions},
        _halves(panel, asking.seed),
        _discriminations(panel, asking.seed),
        () if protocol is None else measure_parts(panel, protocol),
    )


def duel(panel: Panel, asking: Asking, test: Testing) -> dict[str, list[Duel]]:
    """Return by dimension, for each two raters, which agrees better with people in SRCC."""
    resampling = draw(panel.facts, settle(panel.facts, asking))
    return {
        name: duels(panel.scores(name), panel.people[name].to_numpy(), test=test, resampling=resampling)
        for name in panel.measured
    }


def measure_parts(panel: Panel, protocol: Protocol) -> list[Tested]:
    """Return SRCC and PLCC of each rater over the test parts of a protocol.

    Raises:
        GaiaJudgeError: The videos cannot be divided so.
    """
    parts = splits(protocol, panel.facts)
    found = []
    for dimension in panel.measured:
        people = panel.people[dimension].to_numpy()
        for name, scores in panel.scores(dimension).items():
            each = [agree(scores[one.test], people[one.test], statistics=FIGURES) for one in parts]
            spreads = {figure: summarise(one[figure].value for one in each) for figure in FIGURES}
            found.append(Tested(name, dimension, spreads))
    return found


def _ceiling(panel: Panel, dimension: str, asking: Asking) -> Ceiling:
    if (votes := _votes(panel, dimension)) is not None:
        return ceiling_of_votes(votes, draws=asking.draws, seed=asking.seed)
    return ceiling(*_opinions(panel, dimension), draws=asking.draws, seed=asking.seed)


def _halves(panel: Panel, seed: int) -> dict[str, float | None]:
    tables = {name: _votes(panel, name) for name in panel.dimensions}
    return {
        name: split_half(votes, splits=SPLITS, seed=seed)
        for name, votes in tables.items()
        if votes is not None
    }


def _votes(panel: Panel, dimension: str) -> "NDArray[np.float64] | None":
    """Return all votes, [videos, raters]; None where there are none."""
    votes = panel.joined.votes
    if votes is None or not len(own := votes[votes["dimension"] == dimension]):
        return None
    table = own.pivot(index="video", columns="rater", values="score").reindex(panel.people.index)
    return np.asarray(table, np.float64)


def _discriminations(panel: Panel, seed: int) -> dict[tuple[str, str], Discrimination]:
    found = {}
    for dimension in panel.dimensions:
        opinions = _opinions(panel, dimension)
        if opinions[1] is not None:
            for name, scores in panel.scores(dimension).items():
                found[name, dimension] = discriminate(scores, *opinions, seed=seed)
    return found


def _opinions(
    panel: Panel, dimension: str
) -> "tuple[Series[float], Series[float] | None, Series[float] | None]":
    """Return mean, spread and number of the votes for each video, the last two None where they are not known.

    The mean is that of the votes where there are any: published scores may stand on another scale.
    """
    joined, videos = panel.joined, panel.people.index
    spread, counts = (
        None if frame is None or dimension not in frame else frame[dimension].reindex(videos)
        for frame in (joined.spread, joined.counts)
    )
    if spread is None or counts is None:
        return panel.people[dimension], None, None
    if joined.votes is None:
        return panel.people[dimension], spread, counts
    own = joined.votes[joined.votes["dimension"] == dimension]
    return own.groupby("video")["score"].mean().reindex(videos), spread, counts
