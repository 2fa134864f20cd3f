"""Where uncalibrated scores come from: a rater's table, and the settings of its run."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gaia_judge.calibration.mappings import Name
from gaia_judge.errors import GaiaJudgeError
from gaia_judge.runs.manifests import read_manifest
from gaia_judge.scores import ScoreTable

if TYPE_CHECKING:
    from pandas import DataFrame

JUDGE = ("model", "revision", "weights_digest", "video", "dtype")
"""What of a judge's card determines its scores, whatever it is called and wherever it runs."""

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """One rater's scores."""

    rater: str
    table: ScoreTable
    values: "DataFrame"
    """Index video, a float column per dimension, NaN where there is no value."""
    settings: Mapping[str, Any]
    """What must be equal where a calibrator is to be used again: judge, prompt, frames and readout, or the
    rater's name alone where its scores come from no run."""
    world: str
    """``synthetic`` where the rater knows only the synthetic world, else empty."""

    @property
    def digests(self) -> dict[str, str]:
        """Return the first 12 hex digits of SHA-256 over each part of the settings."""
        return {name: digest(part) for name, part in self.settings.items()}

    def column(self, dimension: str) -> str | None:
        """Return which of the rater's dimensions stands for one of people's; None if none does.

        A rater of a single dimension, such as a metric, stands for all.
        """
        if dimension in self.values:
            return dimension
        return str(self.values.columns[0]) if len(self.values.columns) == 1 else None

    def features(self, mapping: Name, dimension: str, names: Sequence[str] = ()) -> Numbers:
        """Return what a mapping looks at, shape [N, F], rows as in ``values``; NaN where it is missing.

        Args:
            mapping: ``ridge`` looks at the level distributions of all dimensions, others at one score.
            dimension: One of people's.
            names: The features of ``ridge``, as ``levels`` returns them.
        """
        if mapping == "ridge":
            return _distributions(self.table, self.values.index, names)
        column = self.column(dimension)
        missing = np.full((len(self.values), 1), np.nan)
        return missing if column is None else self.values[[column]].to_numpy(float)

    def levels(self) -> tuple[str, ...]:
        """Return ``DIMENSION=LEVEL`` for every level of every dimension's distributions, in their order.

        Raises:
            GaiaJudgeError: The table holds no distributions.
        """
        found: dict[str, None] = {}
        for _, dimension, levels in _parsed(self.table):
            found.update(dict.fromkeys(f"{dimension}={level}" for level in levels))
        if not found:
            message = f"The scores of {self.rater} have no distributions, which ridge is fitted to."
            raise GaiaJudgeError(message, "Take another --map, or score with a readout that keeps them.")
        return tuple(sorted(found, key=lambda name: name.partition("=")[0]))


def read_source(path: Path) -> Source:
    """Return the rater in a run's folder, or in a CSV or Parquet file in the columns of a score table.

    Raises:
        GaiaJudgeError: There are no scores, or several raters', or the run's manifest cannot be read.
    """
    table = ScoreTable.read(path)
    names = table.to_pandas()["rater"].dropna().unique()
    if not len(table):
        raise GaiaJudgeError(f"{path} holds no scores.", "Score some videos first.")
    if len(names) > 1:
        message = f"{path} holds {len(names)} raters: {', '.join(names[:3])}."
        raise GaiaJudgeError(message, "Calibrate one at a time: put each into a table of its own.")
    if "calibration" in table.to_pandas():
        raise GaiaJudgeError(f"{path} holds calibrated scores.", "Give the run that they come from.")
    rater = str(names[0]) if len(names) else path.resolve().stem
    file = path / "run.json" if path.is_dir() else None
    manifest = read_manifest(file)["manifest"] if file and file.is_file() else {}
    world = manifest.get("judge", {}).get("world", "")
    return Source(rater, table, table.wide(), settings(manifest, rater), world)


def settings(manifest: Mapping[str, Any], rater: str) -> dict[str, Any]:
    """Return the part of a run's manifest on which its scores depend.

    Where the weights' digest is known, it says more than the folder that they lie in.
    """
    if "judge" not in manifest:
        return {"rater": rater}
    judge = {name: manifest["judge"].get(name) for name in JUDGE}
    if judge["weights_digest"]:
        del judge["model"]
    parts = {"prompt": "prompt", "frames": "frames", "readout": "asking"}
    return {"judge": judge, **{name: manifest.get(part) for name, part in parts.items()}}


def digest(value: Any) -> str:
    """Return the first 12 hex digits of SHA-256 over a value as JSON.

    >>> digest({"b": 1, "a": 2}) == digest({"a": 2, "b": 1})
    True
    """
    text = json.dumps(value, sort_keys=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _parsed(table: ScoreTable) -> Iterable[tuple[str, str, Mapping[str, float]]]:
    """Yield video, dimension and probabilities of each row that has a distribution."""
    frame = table.to_pandas()
    frame = frame[frame["distribution"].notna()]
    for video, dimension, text in zip(frame["video"], frame["dimension"], frame["distribution"], strict=True):
        try:
            yield video, dimension, {str(level): float(share) for level, share in json.loads(text).items()}
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            message = f"The distribution of {video!r} on {dimension} is none: {text[:40]!r}."
            raise GaiaJudgeError(message, "Write JSON with the probability of each level.") from error


def _distributions(table: ScoreTable, videos: Iterable[str], names: Sequence[str]) -> Numbers:
    """Return the probability of each level; a video lacks all where it lacks any dimension's distribution."""
    rows = {video: at for at, video in enumerate(videos)}
    columns = {name: at for at, name in enumerate(names)}
    dimensions = {name.partition("=")[0] for name in names}
    found, seen = np.zeros((len(rows), len(names))), np.zeros(len(rows))
    for video, dimension, levels in _parsed(table):
        places = [columns.get(f"{dimension}={level}", -1) for level in levels]
        if -1 not in places:  # a level that the fit has not met makes the whole unusable
            found[rows[video], places] = list(levels.values())
            seen[rows[video]] += dimension in dimensions
    found[seen < len(dimensions)] = np.nan
    return found
