"""Materials: the runs, people's scores and published figures that a report is made of."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gaia_judge.agreement import Logistic, fit_logistic
from gaia_judge.comparison.agreements import Asking, Panel, seat
from gaia_judge.comparison.observations import Observation, observe
from gaia_judge.comparison.raters import OVERALL, Rater, read_raters
from gaia_judge.comparison.references import Published
from gaia_judge.comparison.results import Comparison, compare
from gaia_judge.errors import GaiaJudgeError
from gaia_judge.people import HumanScores
from gaia_judge.runs.manifests import read_manifest
from gaia_judge.videos import read_videos

if TYPE_CHECKING:
    from pandas import DataFrame

DRAWN = 4
"""Raters that have plots of their own; tables and data hold all."""

Numbers = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Material:
    """What a report is made of."""

    places: Sequence[str]
    """Runs and tables, as they were given."""
    raters: Sequence[Rater]
    human: HumanScores | None
    panel: Panel | None
    """Raters and people on the same videos."""
    comparison: Comparison | None
    asking: Asking
    published: Sequence[Published] = ()
    manifests: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Of each run, by its place."""

    @property
    def dimensions(self) -> list[str]:
        """What is shown: people's dimensions, else all that any rater has."""
        if self.panel is not None:
            return self.panel.measured
        names = dict.fromkeys(str(name) for rater in self.raters for name in rater.values)
        return [*names, OVERALL] if len(names) > 1 and OVERALL not in names else list(names)

    @property
    def own(self) -> list[str]:
        """The same without overall, where there are others."""
        return [name for name in self.dimensions if name != OVERALL] or self.dimensions

    def held(self, rater: Rater) -> list[str]:
        """Return what a rater's scores are to be shown as: the same, or a metric's only dimension."""
        return self.own if len(rater.values.columns) > 1 else [str(rater.values.columns[0])]

    @cached_property
    def ranked(self) -> list[Rater]:
        """Raters, those that agree best with people first; without people, as they were given."""
        if self.comparison is None:
            return list(self.raters)
        last = self.dimensions[-1]
        found = {
            row.rater: row.figures["srcc"].value for row in self.comparison.rows if row.dimension == last
        }
        known = {name: value for name, value in found.items() if value is not None}
        return sorted(self.raters, key=lambda one: -known.get(one.name, -2.0))

    @cached_property
    def facts(self) -> "DataFrame":
        """What is known of all videos; index video."""
        import pandas as pd

        return pd.concat([rater.facts for rater in self.raters]).groupby(level=0, sort=False).first()

    @cached_property
    def paths(self) -> dict[str, Path]:
        """Where each video's file is, as far as the runs tell."""
        found: dict[str, Path] = {}
        for source in {str(one.get("videos", "")) for one in self.manifests.values()} - {""}:
            try:
                found |= {video.id: video.path for video in read_videos(source)}
            except GaiaJudgeError:  # the videos have moved: the gallery says so of each
                continue
        return found

    @cached_property
    def observations(self) -> list[Observation]:
        """GAIA's observations on these people's scores; only what the plots need of them."""
        if self.panel is None:
            return []
        spread = self.panel.joined.spread
        return observe(self.panel.people, self.panel.facts, spread, draws=1, seed=self.asking.seed)

    def values(self, rater: Rater, dimension: str) -> Numbers:
        """Return a rater's values in the order of the panel's videos, or else of all videos."""
        index = self.facts.index if self.panel is None else self.panel.people.index
        return np.asarray(rater.on(dimension, self.own).reindex(index), np.float64)

    def people(self, dimension: str) -> Numbers:
        """Return people's scores in the order of the panel's videos."""
        assert self.panel is not None
        return np.asarray(self.panel.people[dimension], np.float64)

    def map(self, rater: Rater, dimension: str) -> tuple[Logistic | None, str | None]:
        """Return the logistic function that maps a rater's values to people's, or why there is none."""
        return fit_logistic(self.values(rater, dimension), self.people(dimension), "logistic4")


def read_material(
    places: Sequence[str],
    human: HumanScores | None,
    asking: Asking,
    published: Sequence[Published] = (),
) -> Material:
    """Return what a report is made of.

    Args:
        places: Run folders and score tables, as ``read_raters`` takes them.
        human: People's scores.
        asking: How agreement is measured.
        published: Rows to stand beside the measured ones.

    Raises:
        GaiaJudgeError: A place holds no scores, or raters and people have nothing in common.
    """
    raters = read_raters(places)
    panel = None if human is None else seat(raters, human)
    comparison = None if panel is None else compare(panel, asking)
    found = {place: _manifest(place) for place in places}
    known = {place: one for place, one in found.items() if one}
    return Material(places, raters, human, panel, comparison, asking, published, known)


def _manifest(place: str) -> Mapping[str, Any]:
    """Return the settings of a run, or of the run that a calibrated table stands below."""
    path = Path(place if Path(place).exists() else place.partition("=")[2]).resolve()
    for folder in [path, *path.parents][:4]:
        if (folder / "run.json").is_file():
            found: Mapping[str, Any] = read_manifest(folder / "run.json")["manifest"]
            return found
    return {}


def list_facts(material: Material) -> dict[str, str]:
    """Return versions, digests and settings for the foot of a page."""
    found = {"gaia-judge": version("gaia-judge")}
    if material.human is not None:
        found[f"people: {material.human.source}"] = material.human.digest
    for place, manifest in material.manifests.items():
        told = {name: manifest.get(name) for name in ("prompt", "frames", "asking", "engine")}
        weights = (manifest.get("judge") or {}).get("weights_digest")
        found[place] = json.dumps({**{k: v for k, v in told.items() if v}, "weights": weights})
    return found
