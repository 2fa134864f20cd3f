"""Raters to be compared: judges, metrics and anyone else whose scores stand in a table."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from gaia_judge.errors import GaiaJudgeError, unknown
from gaia_judge.runs.manifests import read_manifest
from gaia_judge.scores import ScoreTable

if TYPE_CHECKING:
    from pandas import DataFrame, Series

OVERALL = "overall"
"""GAIA's All-Combined: the mean of the dimensions, derived here and stored nowhere."""

ABOVE = 4
"""Folders that are searched for a run's manifest: calibrated scores stand three below it."""


@dataclass(frozen=True, slots=True, eq=False)
class Rater:
    """Someone's scores: a row per video."""

    name: str
    values: "DataFrame"
    """Index video, a column per dimension, NaN where there is no value."""
    facts: "DataFrame"
    """What is known of the videos, as ``ScoreTable.facts`` has it."""
    table: ScoreTable
    """Where the values come from."""
    warnings: tuple[str, ...] = ()
    """What a reader of the figures must know, such as random weights."""

    def on(self, dimension: str, dimensions: Sequence[str]) -> "Series[float]":
        """Return the values on one of people's dimensions, or overall.

        A rater of one dimension, such as a metric, stands for all of them; one that lacks a dimension has
        no values on it, nor overall.
        """
        if len(self.values.columns) == 1:
            return self.values.iloc[:, 0].rename(dimension)
        return with_overall(self.values.reindex(columns=list(dimensions)))[dimension]

    def failed(self, dimension: str, dimensions: Sequence[str]) -> float:
        """Return the share of its videos, 0 to 1, that have no value on a dimension."""
        return float(self.on(dimension, dimensions).isna().mean())


def with_overall(values: "DataFrame") -> "DataFrame":
    """Return scores with the mean of all dimensions beside them, missing where any is missing.

    GAIA sums the three dimensions and rescales to 0-100, which is their mean (arXiv 2406.06087).
    """
    return values.assign(**{OVERALL: values.mean(axis=1, skipna=False)})


def read_raters(places: Iterable[str]) -> list[Rater]:
    """Return the raters whose scores stand in run folders or tables.

    Args:
        places: Each a run's folder, or a CSV or Parquet file in the columns of a score table; ``NAME=PLACE``
            gives its rater a name. A table may hold several raters. Raters of one name get their places'
            beside it.

    Raises:
        GaiaJudgeError: A place holds no score table, or two raters have one name.
    """
    found = [(place, rater) for place in places for rater in _read(place)]
    counts = Counter(rater.name for _, rater in found)
    named = {_placed(rater, place) if counts[rater.name] > 1 else rater: place for place, rater in found}
    again = Counter(rater.name for rater in named)
    for rater, place in named.items():
        if again[rater.name] > 1:
            raise GaiaJudgeError(f"There are two raters called {rater.name!r}.", f"Name one: NAME={place}.")
    return list(named)


def _placed(rater: Rater, place: str) -> Rater:
    return replace(rater, name=f"{rater.name} ({Path(place).resolve().name})")


def pick_rater(raters: Iterable[Rater], name: str) -> Rater:
    """Return the rater of that name, or the only one whose name begins so.

    Raises:
        GaiaJudgeError: There is none, or several begin so.
    """
    known = {rater.name: rater for rater in raters}
    matches = [name] if name in known else [full for full in known if full.startswith(name)]
    if len(matches) > 1:
        raise GaiaJudgeError(f"{name!r} may be {' or '.join(matches)}.", "Write more of the name.")
    if not matches:
        raise unknown("rater", name, known)
    return known[matches[0]]


def _read(place: str) -> Iterator[Rater]:
    name, _, rest = place.partition("=")
    named = bool(rest) and not Path(place).exists()
    path = Path(rest if named else place)
    frame = ScoreTable.read(path).to_pandas()
    if frame.empty:
        raise GaiaJudgeError(f"{path} holds no scores.", "Score some videos first.")
    names = frame["rater"].fillna(path.resolve().stem)
    if named and names.nunique() > 1:
        raise GaiaJudgeError(
            f"{path} holds several raters, which {name}= cannot name.", f"Leave out {name}=."
        )
    for own, part in frame.groupby(names, sort=False):
        table = ScoreTable.from_pandas(part, str(path))
        values = table.wide()
        facts = table.facts().loc[values.index]
        yield Rater(name if named else str(own), values, facts, table, _warnings(path, str(own)))


def _warnings(path: Path, rater: str) -> tuple[str, ...]:
    """Return what the manifest of the run at or above a path says that a rater's figures are not."""
    folders = [path.resolve(), *path.resolve().parents][:ABOVE]
    found = next((one for one in (folder / "run.json" for folder in folders) if one.is_file()), None)
    manifest = read_manifest(found)["manifest"] if found else {}
    metric = manifest.get("metrics", {}).get(rater, {})
    judge = manifest.get("judge") or metric.get("judge") or {}
    told = {
        "random weights: no judgements": judge.get("random_weights") or "random weights" in rater,
        "knows only the synthetic world: no evidence about real judges": judge.get("world") == "synthetic",
    }
    return tuple(text for text, true in told.items() if true)
