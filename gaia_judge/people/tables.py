"""Tables of people's scores as they are written: a row per video, per score, or per vote."""

from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from gaia_judge.errors import GaiaJudgeError
from gaia_judge.scores.columns import numbers
from gaia_judge.scores.files import read_table
from gaia_judge.videos.entries import SUFFIXES
from gaia_judge.videos.ids import check_ids, name_ids

if TYPE_CHECKING:
    from pandas import DataFrame, Series

GAIA = {
    "final action subject": "subject",
    "final action completeness": "completeness",
    "final action interaction": "interaction",
}
"""GAIA's columns, and the dimensions they hold."""

KEYS = ("filename", "video", "id", "path")
"""Columns that name the video; the first that is there counts."""

FACTS = ("generator", "action", "category", "subset", "prompt", "rater", "year", "seed", "time", *KEYS)
"""Columns that are no dimension, whatever they hold."""

ENDINGS = {"_std": "spread", "_n": "counts", "_probability": "probability"}
"""What stands beside a dimension in wide tables; long ones have the columns std, n and probability."""


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """A table's cells under names in small letters, and the video that each row is about."""

    file: Path
    cells: "DataFrame"
    videos: list[str]

    def number(self, column: str) -> "Series[float]":
        """Return a column as numbers, NaN where a cell is empty.

        Raises:
            GaiaJudgeError: A cell holds something else; file, column and row are named.
        """
        import pandas as pd

        return pd.Series(numbers(self.cells[column], f"{self.file}, {column}"), self.cells.index, float)

    def text(self, column: str) -> "Series[str]":
        """Return a column as text."""
        return self.cells[column].fillna("").astype(str).str.strip()

    def holds_numbers(self, column: str) -> bool:
        """Return whether any cell of a column is a number."""
        import pandas as pd

        return bool(pd.to_numeric(self.cells[column], errors="coerce").notna().any())


def read_people(file: Path) -> "dict[str, DataFrame]":
    """Return the frames that a table holds: ``mos``, and perhaps spread, counts, votes and probability.

    Raises:
        GaiaJudgeError: It cannot be read as one of the three kinds, or a score is no number or stands twice.
    """
    table = _open(file)
    columns = set(table.cells.columns)
    if {"rater", "dimension", "score"} <= columns:
        return _votes(table)
    if "dimension" in columns and columns & {"value", "mos"}:
        return _long(table)
    return _wide(table)


def _open(file: Path) -> Table:
    frame = read_table(file)
    frame.columns = [GAIA.get(name, name) for name in (str(one).strip().casefold() for one in frame.columns)]
    if twice := [name for name in frame.columns if list(frame.columns).count(name) > 1]:
        raise GaiaJudgeError(f"{file} has two columns {twice[0]!r}.", "Rename or remove one.")
    key = next((name for name in KEYS if name in frame), None)
    if key is None:
        message = f"{file} has no column that names the video: {', '.join(KEYS)}."
        raise GaiaJudgeError(message, f"It has: {', '.join(frame.columns)}.")
    if frame.empty:
        raise GaiaJudgeError(f"{file} has no rows.", "Write a line of column names, then one per score.")
    frame = frame.astype(object).where(frame.notna(), None)
    names = frame[key].map(lambda cell: "" if cell is None else str(cell).strip())
    if (empty := names == "").any():
        raise GaiaJudgeError(f"{file}, row {int(empty.to_numpy().argmax()) + 1}: {key} is empty.", "Fill it.")
    ids = dict(zip(names.unique(), _ids(list(names.unique())), strict=True))
    return Table(file, frame, [ids[name] for name in names])


def _ids(names: list[str]) -> list[str]:
    """Return the ids of videos as ``read_videos`` has them: of file names the stem where it is unique."""
    files = [name for name in names if name.casefold().endswith(SUFFIXES)]
    short = dict(zip(files, name_ids([PurePath(name) for name in files]), strict=True))
    return [short.get(name, name) for name in names]


def _wide(table: Table) -> "dict[str, DataFrame]":
    import pandas as pd

    check_ids((f"{table.file}, row {at}", video) for at, video in enumerate(table.videos, start=1))
    known = {f"{name}{ending}" for name in table.cells.columns for ending in ENDINGS}
    names = [
        name
        for name in table.cells.columns
        if name not in FACTS and name not in known and table.holds_numbers(name)
    ]
    if not names:
        raise GaiaJudgeError(f"{table.file} has no column of scores.", "Write one column per dimension.")
    index = pd.Index(table.videos, name="video")
    found = {"mos": {name: table.number(name).to_numpy() for name in names}}
    for ending, part in ENDINGS.items():
        own = [name for name in names if f"{name}{ending}" in table.cells]
        if own:
            found[part] = {name: table.number(f"{name}{ending}").to_numpy() for name in own}
    frames = {part: pd.DataFrame(columns, index=index) for part, columns in found.items()}
    return _checked(table, {part: frame.reindex(columns=names) for part, frame in frames.items()})


def _long(table: Table) -> "dict[str, DataFrame]":
    value = "value" if "value" in table.cells else "mos"
    parts = {"mos": value, "spread": "std", "counts": "n", "probability": "probability"}
    keys = table.cells.assign(video=table.videos, dimension=table.text("dimension"))[["video", "dimension"]]
    _refuse_twice(table, keys)
    found = {
        part: keys.assign(value=table.number(column)).pivot(
            index="video", columns="dimension", values="value"
        )
        for part, column in parts.items()
        if column in table.cells
    }
    order = [keys["video"].unique(), keys["dimension"].unique()]
    return _checked(
        table,
        {part: frame.loc[order[0], order[1]].rename_axis(columns=None) for part, frame in found.items()},
    )


def _votes(table: Table) -> "dict[str, DataFrame]":
    import pandas as pd

    keys = {"video": table.videos, "rater": table.text("rater"), "dimension": table.text("dimension")}
    votes = pd.DataFrame({**keys, "score": table.number("score")})
    _refuse_twice(table, votes[list(keys)])
    videos, names = votes["video"].unique(), votes["dimension"].unique()
    groups = votes.groupby(["video", "dimension"], sort=False)["score"]
    parts = {"mos": groups.mean(), "spread": groups.std(), "counts": groups.count().astype(float)}
    frames = {part: one.unstack().loc[videos, names].rename_axis(columns=None) for part, one in parts.items()}
    return {**frames, "votes": votes.dropna().reset_index(drop=True)}


def _refuse_twice(table: Table, keys: "DataFrame") -> None:
    if (twice := keys.duplicated()).any():
        told = ", ".join(f"{name} {cell!r}" for name, cell in keys[twice].iloc[0].items())
        row = int(twice.to_numpy().argmax()) + 1
        raise GaiaJudgeError(f"{table.file}, row {row}: a second score for {told}.", "Remove one.")


def _checked(table: Table, frames: "dict[str, DataFrame]") -> "dict[str, DataFrame]":
    """Return the frames if what stands beside the scores can be what it is said to be."""
    least = {"spread": 0.0, "counts": 1.0, "probability": 0.0}
    for part, low in least.items():
        frame = frames.get(part)
        if frame is None:
            continue
        wrong = (frame < low) | ((frame <= 0) | (frame > 1) if part == "probability" else False)
        if wrong.any(axis=None):
            video = str(wrong.any(axis=1).idxmax())
            message = f"{table.file}: the {part} of {video!r} cannot be {frame.loc[[video]].to_numpy().tolist()[0]}."
            hint = "Probabilities are above 0 and at most 1; spreads are 0 or more; counts 1 or more."
            raise GaiaJudgeError(message, hint)
    return frames
