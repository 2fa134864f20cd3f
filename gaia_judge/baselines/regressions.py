"""Regressions: learners of hand-crafted features, and tables of features that others have computed."""

import csv
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gaia_judge.baselines.features import Features
from gaia_judge.baselines.recipes import Lesson, Numbers, State
from gaia_judge.baselines.regressors import TLVQM, VIDEVAL, SupportVectors, fitted_from
from gaia_judge.baselines.regressors import Fitted as FittedMachine
from gaia_judge.errors import GaiaJudgeError
from gaia_judge.people.records import video_ids
from gaia_judge.scores.files import read_table
from gaia_judge.videos.entries import pick_texts, split_parenthesised

VECTOR = "vector"
"""The one array of hand-crafted features, shape [F]."""


@dataclass(frozen=True, slots=True)
class Regression:
    """A support vector machine on hand-crafted features; see ``Learner``."""

    machine: SupportVectors

    def fit(self, lesson: Lesson) -> "FittedRegression":
        """Learn; what is chosen, is chosen by a part of the training videos."""
        fitted = self.machine.fit(_matrix(lesson.features), lesson.scores, lesson.seed)
        return FittedRegression(fitted)

    def restore(self, state: State, device: str = "cpu") -> "FittedRegression":
        """Return the regression that a state was taken of; it runs on the CPU."""
        return FittedRegression(fitted_from(state))

    def describe(self) -> dict[str, Any]:
        """Return the machine's settings and scikit-learn's version."""
        return {"machine": asdict(self.machine), "scikit-learn": version("scikit-learn")}


@dataclass(frozen=True, slots=True)
class FittedRegression:
    """See ``Fitted``."""

    fitted: FittedMachine

    def predict(self, features: Sequence[Features]) -> Numbers:
        """Return scores on people's scale, shape [N]."""
        return self.fitted.predict(_matrix(features)) if len(features) else np.zeros(0)

    def state(self) -> State:
        """Return support vectors, coefficients and scaling."""
        return self.fitted.state()

    def gaps(self, features: Features, names: Sequence[str]) -> str | None:
        """Return in words for which of a video's features the medians of training stand; None if for none.

        Args:
            features: Of the video.
            names: Of the features; where there are none, their numbers from 1.
        """
        (row,) = _matrix([features])
        places = np.flatnonzero(~np.isfinite(row) & np.isfinite(self.fitted.spans))
        return _stand_ins([_name(names, at) for at in places]) if len(places) else None


REGRESSIONS = {"videval": Regression(VIDEVAL), "tlvqm": Regression(TLVQM)}
"""Learners of features that were computed elsewhere, by the metric that made them known."""


FACTS = ("generator", "action", "category", "subset", "prompt")
"""Columns of text that a table of features may have."""

LARGEST = 1e150
"""Of features: the square of a difference must be a number."""


@dataclass(frozen=True, slots=True, eq=False)
class FeatureTable:
    """Features that others have computed."""

    videos: tuple[str, ...]
    """Those that have any."""
    features: tuple[Features, ...]
    facts: Mapping[str, Mapping[str, str]]
    """What is known of each video, by id and name of the fact."""
    bare: tuple[str, ...]
    """Videos all of whose features are missing."""
    gaps: tuple[str, ...]
    """What the others lack, in words."""
    digest: str
    """The first 12 hex digits of the file's SHA-256."""


def read_features(file: Path) -> FeatureTable:
    """Return the features in a table.

    Args:
        file: CSV, JSONL or Parquet: a first column ``video`` (ids, or names of files), and numbers; an empty
            cell is missing. Columns of ``FACTS`` are text; ids ``(GENERATOR)_(ACTION)`` tell these two.

    Raises:
        GaiaJudgeError: It cannot be read, has no rows or numbers, a row is cut short, a number cannot be
            reckoned with, or a video has no id or stands twice.
    """
    frame = read_table(file)
    names = [str(name) for name in frame.columns]
    told = [at for at, name in enumerate(names) if at and name.strip().casefold() in FACTS]
    numbers = [at for at in range(1, len(names)) if at not in told]
    if not names or names[0].strip().casefold() != "video" or not numbers:
        raise GaiaJudgeError(f"{file} must begin with a column video, then numbers.", "Rename its columns.")
    given = ["" if cell is None or cell != cell else str(cell).strip() for cell in frame.iloc[:, 0]]
    if not given:
        raise GaiaJudgeError(f"{file} has no rows.", "Write one for each video.")
    if "" in given:
        raise GaiaJudgeError(f"{file}, video, row {given.index('') + 1}: no id.", "Name the video.")
    videos = video_ids(given)
    if twice := [video for video in videos if videos.count(video) > 1]:
        raise GaiaJudgeError(f"{file} has the video {twice[0]!r} twice.", "Remove one.")
    if file.suffix.lower() == ".csv":
        _refuse_short(file)
    columns = [_numbers(frame.iloc[:, at].tolist(), f"{file}, {names[at]}") for at in numbers]
    table = np.stack(columns, axis=1)
    known = np.isfinite(table)
    kept = [at for at in range(len(videos)) if known[at].any()]
    if not kept:
        raise GaiaJudgeError(f"{file} has no number.", "Write the features of each video.")
    facts = {
        video: {
            **split_parenthesised(video),
            **pick_texts({names[at].strip().casefold(): str(frame.iloc[row, at] or "") for at in told}),
        }
        for row, video in enumerate(videos)
    }
    return FeatureTable(
        videos=tuple(videos[at] for at in kept),
        features=tuple({VECTOR: table[at]} for at in kept),
        facts=facts,
        bare=tuple(video for at, video in enumerate(videos) if at not in set(kept)),
        gaps=tuple(_gaps(table[kept], [names[at] for at in numbers], [f"row {at + 1}" for at in kept])),
        digest=hashlib.sha256(file.read_bytes()).hexdigest()[:12],
    )


def gaps(features: Sequence[Features], names: Sequence[str], videos: Sequence[str]) -> list[str]:
    """Return in words what features of videos lack: those that none has, and those that some have.

    Args:
        features: Of the videos.
        names: Of the features; where there are none, their numbers from 1.
        videos: What the videos are called.
    """
    return list(_gaps(_matrix(features), names, videos))


def _gaps(table: NDArray[np.float64], names: Sequence[str], rows: Sequence[str]) -> Iterator[str]:
    known = np.isfinite(table)
    seen = known.any(axis=0)
    if not seen.all():
        empty = ", ".join(_name(names, at) for at in np.flatnonzero(~seen))
        yield f"Features without any number, which count for nothing: {empty}."
    if places := [f"{rows[row]}, {_name(names, at)}" for row, at in np.argwhere(~known & seen)]:
        yield _stand_ins(places)


def _stand_ins(places: Sequence[str]) -> str:
    count = "1 feature is" if len(places) == 1 else f"{len(places)} features are"
    return f"{count} missing ({places[0]} first): the training videos' medians stand for them."


def _name(names: Sequence[str], at: int) -> str:
    return names[at] if names else f"feature {at + 1}"


def _matrix(features: Sequence[Features]) -> NDArray[np.float64]:
    return np.stack([np.asarray(features[at][VECTOR], np.float64) for at in range(len(features))])


def _refuse_short(file: Path) -> None:
    """Refuse a row with fewer cells than the header, which ``read_table`` fills with empty ones."""
    with file.open(encoding="utf-8-sig", newline="") as stream:
        delimiter = max(",;\t", key=stream.readline().count)
        stream.seek(0)
        header, *rows = (row for row in csv.reader(stream, delimiter=delimiter) if row)
    if short := [at for at, row in enumerate(rows, start=1) if len(row) < len(header)]:
        message = f"{file}, row {short[0]}: it has fewer cells than the header."
        raise GaiaJudgeError(message, "Write the row whole; a cell may be empty.")


def _numbers(cells: Sequence[Any], where: str) -> NDArray[np.float64]:
    """Return a column as numbers, NaN where a cell is empty.

    Raises:
        GaiaJudgeError: A cell is no number, infinite, or too large to reckon with.
    """
    found = []
    for at, cell in enumerate(cells, start=1):
        try:
            found.append(float("nan") if cell is None or str(cell).strip() == "" else float(cell))
        except (TypeError, ValueError):
            raise GaiaJudgeError(f"{where}, row {at}: {cell!r} is not a number.", "Correct it.") from None
        if abs(found[-1]) > LARGEST:
            what = "is infinite" if abs(found[-1]) == float("inf") else "is too large"
            raise GaiaJudgeError(f"{where}, row {at}: {cell!r} {what}.", "Correct it, or leave it empty.")
    return np.array(found)
