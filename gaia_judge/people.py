"""What people said of videos: mean opinion scores, as benchmarks publish them, and who agrees with them."""

from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from gaia_judge.agreement import Agreement, Name, interval
from gaia_judge.errors import GaiaJudgeError
from gaia_judge.scores import ScoreTable
from gaia_judge.videos.ids import check_ids, name_ids
from gaia_judge.videos.tables import Row, read_table

if TYPE_CHECKING:
    from pandas import DataFrame

MOS = "MOS.csv"

COLUMNS = {
    "subject": "final action subject",
    "completeness": "final action completeness",
    "interaction": "final action interaction",
}
"""Dimensions, and how GAIA's table names them."""


def read_mos(folder: Path) -> "DataFrame":
    """Return the mean opinion scores of a GAIA folder.

    Returns:
        A row per video, under its id as ``read_videos`` gives it; the columns subject, completeness and
        interaction on the folder's own scale (GAIA: 0 to 100), NaN where a cell is empty.

    Raises:
        GaiaJudgeError: The file is missing or cannot be read, lacks a dimension, holds something else than
            a number, or names a video twice.
    """
    import pandas as pd

    file = folder / MOS
    if not file.is_file():
        raise GaiaJudgeError(
            f"{folder} has no {MOS}.", "Give the folder of a benchmark with people's scores."
        )
    rows = read_table(file, keys=("filename",), others=tuple(COLUMNS.values()))
    names = [PurePath(row.cells["filename"]) for row in rows]
    check_ids((row.where, name.as_posix()) for row, name in zip(rows, names, strict=True))
    cells = {dimension: _numbers(file, rows, column) for dimension, column in COLUMNS.items()}
    return pd.DataFrame(cells, index=pd.Index(name_ids(names), name="video"), dtype=float)


def compare(
    table: ScoreTable, mos: "DataFrame", names: Sequence[Name] = ("srcc", "plcc"), seed: int = 0
) -> dict[str, list[Agreement]]:
    """Return how a rater's scores agree with people's, for each dimension that both know.

    Args:
        table: One rater's scores. A video without a value, or without people's score, counts as missing.
        mos: As ``read_mos`` returns it.
        names: Which statistics.
        seed: Of the bootstrap, which draws videos.
    """
    values = table.to_pandas().pivot(index="video", columns="dimension", values="value")
    people = mos.reindex(values.index)
    return {
        dimension: [interval(name, values[dimension], people[dimension], seed=seed) for name in names]
        for dimension in mos.columns
        if dimension in values
    }


def _numbers(file: Path, rows: Sequence[Row], column: str) -> list[float]:
    if not any(row.cells[column] for row in rows):
        raise GaiaJudgeError(f"{file} has nothing in column {column!r}.", "Use the file as it was published.")
    return [_number(row.where, column, row.cells[column]) for row in rows]


def _number(where: str, column: str, cell: str) -> float:
    try:
        return float(cell or "nan")
    except ValueError as error:
        raise GaiaJudgeError(
            f"{where}: {column} is {cell!r}, not a number.", "Correct it, or leave it empty."
        ) from error
