"""How each rater agrees with people: per dimension and overall, in the whole and in parts."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from gaia_judge.agreement import Agreement, Resampling, agree, resample
from gaia_judge.calibration.tables import check_comparison
from gaia_judge.comparison.raters import OVERALL, Rater, with_overall
from gaia_judge.errors import GaiaJudgeError
from gaia_judge.people import HumanScores, Joined, join

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pandas import DataFrame

Unit = Literal["video", "action", "generator", "both"]
"""What intervals draw anew: videos, whole actions, whole generators, or actions and generators at once."""

UNITS: Mapping[Unit, Sequence[str]] = {
    "video": (),
    "action": ("action",),
    "generator": ("generator",),
    "both": ("action", "generator"),
}
"""Columns of a score table whose values are drawn as wholes."""

Part = Literal["subset", "class", "generator"]
PARTS: Mapping[Part, str] = {"subset": "subset", "class": "category", "generator": "generator"}
"""Parts of the videos, and the columns of a score table that tell them."""

FEW = 10
"""Clusters below which intervals are too narrow to be relied on."""


STATISTICS = ("srcc", "plcc", "krcc", "rmse")


@dataclass(frozen=True, slots=True)
class Asking:
    """What is measured, and how."""

    statistics: Sequence[str] = STATISTICS
    unit: Unit | None = None
    """None: actions where they are known, else videos."""
    draws: int = 1000
    seed: int = 0
    kendall: Literal["b", "c"] = "b"
    mapping: Literal["none", "logistic4", "logistic5"] = "none"


@dataclass(frozen=True, slots=True)
class Row:
    """A rater on a dimension, in one part of the videos."""

    rater: str
    dimension: str
    group: str | None
    """The part; None for all videos."""
    failed: float | None
    """Share of the rater's videos, 0 to 1, that it could not rate."""
    figures: Mapping[str, Agreement]
    """By statistic."""


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """Raters and people on the same videos."""

    raters: Sequence[Rater]
    people: "DataFrame"
    """MOS: index video, people's dimensions, and overall if there are several."""
    facts: "DataFrame"
    """Of the same videos."""
    joined: Joined

    @property
    def dimensions(self) -> list[str]:
        """People's dimensions, without overall."""
        return [name for name in self.measured if name != OVERALL]

    @property
    def measured(self) -> list[str]:
        """People's dimensions, and overall if there are several."""
        return [str(name) for name in self.people.columns]

    def scores(self, dimension: str) -> "dict[str, NDArray[np.float64]]":
        """Return each rater's values on a dimension, in the order of people's; shape [videos]."""
        return {
            one.name: np.asarray(one.on(dimension, self.dimensions).reindex(self.people.index), np.float64)
            for one in self.raters
        }

    def errors(self, dimension: str) -> "NDArray[np.float64] | None":
        """Return the standard errors of people's scores, shape [videos]; None where they are not known."""
        spread, counts = self.joined.spread, self.joined.counts
        if spread is None or counts is None or dimension not in spread:
            return None
        found = spread[dimension] / np.sqrt(counts[dimension])
        return np.asarray(found.reindex(self.people.index), np.float64)

    def part(self, videos: "DataFrame") -> "Panel":
        """Return the same raters on some of the videos, those of the rows of ``facts`` that are given."""
        raters = [replace(one, values=one.values[one.values.index.isin(videos.index)]) for one in self.raters]
        return replace(self, raters=raters, people=self.people.loc[videos.index], facts=videos)


def seat(raters: Sequence[Rater], human: HumanScores) -> Panel:
    """Return raters and people on all videos that any of the raters and people have scored.

    Raises:
        GaiaJudgeError: Raters and people have no video in common, or a rater was fitted to these very people
            and its scores are not out-of-fold.
    """
    import pandas as pd

    for rater in raters:
        check_comparison(rater.table, human)
    facts = pd.concat([rater.facts for rater in raters])
    facts = facts.groupby(level=0, sort=False).first()
    joined = join(facts, human)
    seen = joined.mos.notna().any(axis=1)
    people = joined.mos[seen]
    return Panel(raters, with_overall(people) if len(people.columns) > 1 else people, facts[seen], joined)


def settle(facts: "DataFrame", asking: Asking) -> Asking:
    """Return what is asked with the unit that intervals draw: actions where they are known, else videos.

    Raises:
        GaiaJudgeError: The unit that is asked for is known of no two videos.
    """
    unit: Unit = asking.unit or ("action" if facts["action"].nunique() > 1 else "video")
    for column in UNITS[unit]:
        if facts[column].nunique() < 2:
            known = f"{facts[column].nunique()} known values of {column}"
            raise GaiaJudgeError(f"The videos have {known}: nothing to draw.", "Use --cluster video.")
    return replace(asking, unit=unit)


def draw(facts: "DataFrame", asking: Asking) -> Resampling:
    """Return bootstrap draws of the videos, by the unit that is asked for; one unknown is its video's own."""
    columns = UNITS[asking.unit or "video"]
    clusters = [np.asarray(facts[column].fillna(""), str) for column in columns]
    return resample(len(facts), clusters, draws=asking.draws, seed=asking.seed)


def measure(panel: Panel, asking: Asking, by: Part | None = None) -> list[Row]:
    """Return how each rater agrees with people.

    Args:
        panel: Who, on which videos.
        asking: What is measured.
        by: Measure within each of these parts instead of in the whole.

    Raises:
        GaiaJudgeError: No video's part, or unit, is known.
    """
    asking = settle(panel.facts, asking)
    if by is None:
        return list(_rows(panel, asking, None))
    column = PARTS[by]
    if panel.facts[column].isna().all():
        hint = f"Add a column {column} to the score tables, or score a GAIA folder."
        raise GaiaJudgeError(f"No video's {by} is known.", hint)
    parts = panel.facts.groupby(panel.facts[column].fillna("unknown"), sort=True)
    return [row for name, videos in parts for row in _rows(panel.part(videos), asking, str(name))]


def _rows(panel: Panel, asking: Asking, group: str | None) -> Iterator[Row]:
    resampling = draw(panel.facts, asking)
    for dimension in panel.measured:
        scores, people = panel.scores(dimension), panel.people[dimension].to_numpy()
        errors = panel.errors(dimension)
        for rater in panel.raters:
            found = agree(
                scores[rater.name],
                people,
                statistics=asking.statistics,
                resampling=resampling,
                kendall=asking.kendall,
                mapping=asking.mapping,
                spread=errors,
            )
            failed = rater.failed(dimension, panel.dimensions)
            yield Row(rater.name, dimension, group, failed, found)
