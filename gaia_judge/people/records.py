"""The rows of a table of people's scores: which video each is about, and its cells as numbers."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from gaia_judge.errors import GaiaJudgeError
from gaia_judge.scores.columns import NO_NUMBER
from gaia_judge.scores.files import protected
from gaia_judge.videos.entries import SUFFIXES
from gaia_judge.videos.ids import name_ids
from gaia_judge.videos.tables import FORMATS

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


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """A table's cells under names in small letters, and the video that each row is about."""

    file: Path
    cells: "DataFrame"
    """None where a cell is missing."""
    places: list[str]
    """File and line of each row."""
    videos: list[str]

    def number(self, column: str) -> "Series[float]":
        """Return a column as finite numbers, NaN where a cell is empty.

        Raises:
            GaiaJudgeError: A cell holds something else; file, line and column are named.
        """
        import pandas as pd

        given = self.cells[column].map(_given)
        found = pd.to_numeric(given, errors="coerce").astype(float)
        wrong = given.notna() & ~found.abs().lt(math.inf)
        if wrong.any():
            self.refuse(wrong, column, "is not a number", "Write a number, or leave it empty.")
        return found

    def text(self, column: str) -> "Series[str]":
        """Return a column as text without outer white space.

        Raises:
            GaiaJudgeError: A cell is empty; file, line and column are named.
        """
        found = self.cells[column].map(lambda cell: "" if cell is None else str(cell).strip())
        if (empty := found == "").any():
            self.refuse(empty, column, "the cell is empty", "Fill it, or remove the row.")
        return found

    def holds_numbers(self, column: str) -> bool:
        """Return whether any cell of a column is a number."""
        import pandas as pd

        return bool(pd.to_numeric(self.cells[column].map(_given), errors="coerce").notna().any())

    def facts(self, names: Iterable[str]) -> dict[str, dict[str, str]]:
        """Return what columns of text say of each video, where they do; by id and name of the column."""
        found: dict[str, dict[str, str]] = {}
        for name in names:
            for video, cell in zip(self.videos, self.cells.get(name, ()), strict=False):
                if text := "" if cell is None else str(cell).strip():
                    found.setdefault(video, {}).setdefault(name, text)
        return found

    def empty(self) -> list[str]:
        """Return the columns without a single cell."""
        return [str(name) for name in self.cells if all(_given(cell) is None for cell in self.cells[name])]

    def refuse(self, wrong: "Series[bool]", column: str, what: str, hint: str) -> None:
        """Raise the error for the first of the cells that are wrong."""
        at = int(wrong.to_numpy().argmax())
        cell = self.cells[column].iloc[at]
        shown = "" if cell is None or not str(cell).strip() else f"{cell!r} "
        raise GaiaJudgeError(f"{self.places[at]}, column {column!r}: {shown}{what}.", hint)


def read_rows(file: Path) -> Table:
    """Return the rows of a CSV, JSONL or Parquet file.

    Raises:
        GaiaJudgeError: There is no such table, it has no rows, or it does not name its videos.
    """
    cells, places = _read_cells(file)
    key = next((name for name in KEYS if name in cells), None)
    if key is None:
        message = f"{file} has no column that names the video: {', '.join(KEYS)}."
        raise GaiaJudgeError(message, f"It has: {', '.join(map(str, cells))}.")
    names = Table(file, cells, places, []).text(key)
    ids = dict(zip(names.unique(), video_ids(list(names.unique())), strict=True))
    return Table(file, cells, places, [ids[name] for name in names])


def _read_cells(file: Path) -> "tuple[DataFrame, list[str]]":
    import pandas as pd

    if not file.is_file():
        raise GaiaJudgeError(f"There is no file {file}.", "Give a table or folder with people's scores.")
    if file.suffix.lower() not in FORMATS:
        raise GaiaJudgeError(f"{file} is no table of scores.", f"Tables end in {', '.join(FORMATS)}.")
    columns: dict[str, list[Any]] = {}
    places: list[str] = []
    for place, record in FORMATS[file.suffix.lower()](file):
        seen: set[str] = set()
        for title, cell in record:
            name = title.strip().casefold()
            name = GAIA.get(name, name)
            if name in seen:
                raise GaiaJudgeError(f"{file} has two columns {name!r}.", "Rename or remove one.")
            seen.add(name)
            column = columns.setdefault(name, [])
            column.extend([None] * (len(places) - len(column)))
            column.append(_bare(cell))
        places.append(place)
    if not places:
        raise GaiaJudgeError(f"{file} has no rows.", "Write a line of column names, then one per score.")
    full = {name: [*cells, *[None] * (len(places) - len(cells))] for name, cells in columns.items()}
    return pd.DataFrame(full, dtype=object), places


def _bare(cell: object) -> object:
    """Return a cell without the apostrophe by which our own tables keep spreadsheets from running it."""
    if cell is None or cell != cell:
        return None
    if isinstance(cell, str) and cell.startswith("'") and protected(cell[1:]) == cell:
        return cell[1:]
    return cell


def _given(cell: object) -> object:
    """Return a cell that should be a number, None if it says that there is none."""
    if isinstance(cell, bool):
        return str(cell)  # which is no number, though Python counts with it
    return None if cell is None or str(cell).strip().lower() in NO_NUMBER else cell


def video_ids(names: list[str]) -> list[str]:
    """Return the ids of videos as ``read_videos`` has them: of file names the stem where it is unique."""
    files = [name for name in names if name.casefold().endswith(SUFFIXES)]
    short = dict(zip(files, name_ids([PurePath(name) for name in files]), strict=True))
    return [short.get(name, name) for name in names]
