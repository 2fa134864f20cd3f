"""Fits: a metric trained and tested under a protocol, each dimension alone, and once more for new videos."""

import json
import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from gaia_judge.agreement import agree
from gaia_judge.baselines.features import Features, marks
from gaia_judge.baselines.recipes import Fitted, Learner, Lesson, Numbers
from gaia_judge.errors import GaiaJudgeError
from gaia_judge.protocols import Protocol as Division
from gaia_judge.protocols import Split, deal, splits, units_of
from gaia_judge.scores.files import replacing

if TYPE_CHECKING:
    from pandas import DataFrame

LEAST = 4
"""Videos with a score that a training side must have."""


class Described(Protocol):
    """Features of videos of which some can be taken."""

    def take(self, rows: Sequence[int]) -> Sequence[Features]:
        """Return the features of these rows, in this order."""
        ...

    def __len__(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Held:
    """Features in memory; see ``Described``."""

    features: tuple[Features, ...]

    def take(self, rows: Sequence[int]) -> list[Features]:
        """Return the features of these rows, in this order."""
        return [self.features[row] for row in rows]

    def __len__(self) -> int:
        return len(self.features)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Course:
    """What is fitted, on what, and how it is tested. Rows of all tables are the same videos."""

    learner: Learner
    features: Described
    mos: "DataFrame"
    """People's scores: a row per video, a column per dimension, NaN where there is none."""
    facts: "DataFrame"
    """Columns generator and action."""
    division: Division
    upstream: bool = False
    """For reproduction only, the rule of the metrics' own repositories: the test chooses the best epoch."""
    seed: int = 0
    device: str = "cpu"
    folder: Path | None = None
    """Where finished splits and an interrupted training are kept; nowhere if None."""
    say: Callable[[str], None] = lambda text: None
    advance: Callable[[], None] = lambda: None
    """Called when a training is through."""
    skip: Callable[[int], None] = lambda count: None
    """Told when one need not be, since an earlier start has finished it."""


@dataclass(frozen=True, slots=True, eq=False)
class Tested:
    """One dimension in one split."""

    dimension: str
    number: int
    rows: tuple[int, ...]
    """Of the videos that were tested."""
    predicted: Numbers
    srcc: float | None
    plcc: float | None
    plcc_mapped: float | None
    """After the four-parameter logistic, fitted to the very videos that are tested, as studies do."""
    reason: str | None
    """Why one of them is undefined."""


def count_splits(course: Course) -> int:
    """Return how many trainings a protocol asks for, over all dimensions, without the last ones."""
    return len(_divisions(course)) * len(course.mos.columns)


def test(course: Course) -> Iterator[Tested]:
    """Train and test each dimension in each split.

    What an earlier start has finished is read, if it was of the same videos, features, scores and settings.

    Raises:
        GaiaJudgeError: A training side has too few scores, or the videos cannot be divided.
    """
    for dimension in course.mos.columns:
        scores = course.mos[dimension].to_numpy(float)
        for number, split in enumerate(_divisions(course)):
            rows = [row for row in split.test.tolist() if np.isfinite(scores[row])]
            predicted = _predict(course, dimension, split, number, rows)
            yield _tested(dimension, number, rows, predicted, scores[rows])


def finish(course: Course) -> dict[str, Fitted]:
    """Train each dimension on all videos, for new ones.

    Where the protocol sets videos apart for selection, a part of that size is here too.
    """
    found = {}
    for dimension in course.mos.columns:
        scores = course.mos[dimension].to_numpy(float)
        share = course.division.validation_share
        everything = np.arange(len(scores))
        chosen = everything[:0]
        if share:
            units = units_of(course.facts, course.division.by)
            chosen = np.flatnonzero(deal(units, max(2, round(1 / share)), course.seed) == 0)
        split = Split(np.setdiff1d(everything, chosen), everything[:0], chosen, course.seed)
        lesson = _lesson(replace(course, upstream=False), dimension, split, None)
        found[dimension] = course.learner.fit(lesson)
        course.advance()
    return found


def clear(course: Course) -> None:
    """Forget trainings that were interrupted, once all that comes of them is written."""
    if course.folder:
        shutil.rmtree(course.folder / "work", ignore_errors=True)


def hold_out(course: Course, tested: Sequence[Tested]) -> "DataFrame":
    """Return for each video and dimension the mean over the splits that tested it; NaN where none did."""
    import pandas as pd

    total = np.zeros(course.mos.shape)
    count = np.zeros(course.mos.shape)
    columns = {name: at for at, name in enumerate(course.mos.columns)}
    for one in tested:
        total[list(one.rows), columns[one.dimension]] += one.predicted
        count[list(one.rows), columns[one.dimension]] += 1
    means = np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
    return pd.DataFrame(means, index=course.mos.index, columns=course.mos.columns)


def _divisions(course: Course) -> list[Split]:
    if not (course.division.splits or course.division.folds):
        return []
    return splits(course.division, course.facts)


def _predict(course: Course, dimension: str, split: Split, number: int, rows: Sequence[int]) -> Numbers:
    """Return what is predicted of the tested rows, by an earlier start if it was taught the same."""
    lesson, asked = _lesson(course, dimension, split, number), course.features.take(rows)
    place = course.folder / "splits" / f"{_stem(course, dimension)}-{number}.json" if course.folder else None
    if place is None:
        predicted = course.learner.fit(lesson).predict(asked)
        course.advance()
        return predicted
    videos = course.mos.index[list(rows)].tolist()
    digest = lesson.digest(videos, marks(asked), dict(course.learner.describe()))
    kept = _finished(place, digest)
    if kept is not None:
        course.skip(1)
        return kept
    if place.is_file():
        course.say(
            f"{dimension}, {_told(number)}: what is kept comes of another lesson or is damaged; taught anew"
        )
    predicted = course.learner.fit(lesson).predict(asked)
    _keep(place, {"lesson": digest, "videos": videos, "predicted": predicted.tolist()})
    if lesson.folder:
        shutil.rmtree(lesson.folder, ignore_errors=True)
    course.advance()
    return predicted


def _lesson(course: Course, dimension: str, split: Split, number: int | None) -> Lesson:
    scores = course.mos[dimension].to_numpy(float)
    known = np.isfinite(scores)
    learnt = (row for row in split.train.tolist() if known[row])
    rows = sorted(learnt, key=lambda row: str(course.mos.index[row]))  # not as a table happens to be ordered
    if len(rows) < LEAST:
        message = f"Only {len(rows)} videos to train {dimension} on have a score; needed are {LEAST}."
        raise GaiaJudgeError(message, "Take more videos, or a protocol that tests on fewer.")
    judges = split.test if course.upstream else split.validation
    chosen = [row for row in judges.tolist() if known[row]]
    place = f"{_stem(course, dimension)}-{'all' if number is None else number}"
    return Lesson(
        features=course.features.take(rows),
        scores=scores[rows],
        chosen_by=(course.features.take(chosen), scores[chosen]) if chosen else None,
        seed=course.seed + split.seed,
        device=course.device,
        folder=course.folder / "work" / place if course.folder else None,
        say=lambda text: course.say(f"{dimension}, {_told(number)}: {text}"),
    )


def _stem(course: Course, dimension: str) -> str:
    """Return a dimension's part of file names: its own name if that is plain, else its number."""
    plain = re.fullmatch(r"[A-Za-z][\w-]{0,40}", dimension, re.ASCII)
    return dimension if plain else f"{list(course.mos.columns).index(dimension) + 1}"


def _told(number: int | None) -> str:
    return "all videos" if number is None else f"split {number + 1}"


def _tested(dimension: str, number: int, rows: Sequence[int], predicted: Numbers, scores: Numbers) -> Tested:
    found = agree(predicted, scores, statistics=["srcc", "plcc"], mapping="logistic4")
    reason = next((one.reason for one in found.values() if one.reason), None)
    values = {name: found[name].value for name in ("srcc", "plcc", "plcc_mapped")}
    return Tested(dimension, number, tuple(rows), predicted, **values, reason=reason)


def _finished(place: Path, digest: str) -> Numbers | None:
    """Return what an earlier start predicted after the very same lesson, or None."""
    if not place.is_file():
        return None
    try:
        told = json.loads(place.read_bytes())
        return np.array(told["predicted"], float) if told["lesson"] == digest else None
    except (ValueError, KeyError, TypeError):  # damaged, so it is made anew
        return None


def _keep(place: Path, told: Mapping[str, Any]) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    with replacing(place) as stream:
        stream.write(json.dumps(told, allow_nan=False).encode())
