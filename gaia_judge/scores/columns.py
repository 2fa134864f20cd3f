"""The columns of a score table, and how cells become what a column holds."""

import json
import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from gaia_judge.errors import GaiaJudgeError

if TYPE_CHECKING:
    from pandas import DataFrame

COLUMNS = {
    "video": "string",
    "dimension": "string",
    "value": "float64",
    "rater": "string",
    "distribution": "string",
    "off_scale_mass": "float64",
    "rationale": "string",
    "error": "string",
    "note": "string",
    "generator": "string",
    "action": "string",
    "category": "string",
    "subset": "string",
    "prompt": "string",
    "frame_indices": "string",
    "frame_seconds": "string",
    "frames_note": "string",
    "width": "Int64",
    "height": "Int64",
    "decoder": "string",
    "readout": "string",
    "chain": "string",
    "trace": "string",
}
"""Columns in order, with their pandas types; objects and lists are JSON text."""

REQUIRED = ("video", "dimension", "value")

NO_NUMBER = frozenset({"", "na", "nan"})
"""Texts, in lower case, that stand for a missing number in other people's tables."""

LARGEST = 1e120
"""Scores as large, whose squares no computer holds, are taken for errors where they are reckoned with."""


def typed(frame: "DataFrame", source: str) -> "DataFrame":
    """Return the rows under ``COLUMNS``, in their types, and any further columns after them as text.

    Args:
        frame: Any column order and types; columns that it lacks are missing throughout.
        source: How errors name it.

    Raises:
        GaiaJudgeError: A required column is absent, a name stands twice, a number is none, or a row does not
            say which video and dimension it is about.
    """
    import pandas as pd

    names = [str(name) for name in frame.columns]
    if lacking := [name for name in REQUIRED if name not in names]:
        raise GaiaJudgeError(f"{source} has no column {lacking[0]!r}.", f"Needed are {', '.join(REQUIRED)}.")
    if twice := [name for name in names if names.count(name) > 1]:
        raise GaiaJudgeError(f"{source} has two columns {twice[0]!r}.", "Rename or remove one.")
    frame = frame.astype(object).where(frame.notna(), None)
    given = {name: frame.iloc[:, at].tolist() for at, name in enumerate(names)}
    types = COLUMNS | {name: "string" for name in names if name not in COLUMNS}
    cells = {
        name: _column(given.get(name, [None] * len(frame)), kind, f"{source}, {name}")
        for name, kind in types.items()
    }
    for name in ("video", "dimension"):
        for at, cell in enumerate(cells[name], start=1):
            if not cell:
                raise GaiaJudgeError(f"{source}, {name}, row {at}: it is empty.", "Fill it, or drop the row.")
    return pd.DataFrame(cells, dtype=object).astype(types)


def numbers(cells: Iterable[Any], where: str) -> list[float]:
    """Return cells as numbers, NaN where one is empty.

    Args:
        cells: Numbers or text.
        where: How an error names them.

    Raises:
        GaiaJudgeError: One is neither a number nor empty; its row, counted from 1, is named.
    """
    found = [_number(cell, f"{where}, row {at}") for at, cell in enumerate(cells, start=1)]
    check_size(where, found)
    return [math.nan if number is None else number for number in found]


def check_size(where: str, values: Iterable[float | None]) -> None:
    """Refuse scores that cannot be reckoned with.

    Raises:
        GaiaJudgeError: One is too large; its row, counted from 1, is named.
    """
    for at, value in enumerate(values, start=1):
        if value is not None and abs(value) >= LARGEST:
            raise GaiaJudgeError(
                f"{where}, row {at}: {value:g} is too large.", "Correct it, or leave it empty."
            )


def _column(cells: list[Any], kind: str, where: str) -> list[Any]:
    if kind == "string":
        try:
            return [_text(cell) for cell in cells]
        except (ValueError, RecursionError) as error:
            raise GaiaJudgeError(f"{where}: a cell cannot be kept: {error}.", "Write text there.") from error
    numbers = [_number(cell, f"{where}, row {at}") for at, cell in enumerate(cells, start=1)]
    return numbers if kind == "float64" else [None if number is None else int(number) for number in numbers]


def _text(cell: Any) -> str | None:
    if cell is None or isinstance(cell, str):
        return _writable(cell) if cell else None
    if hasattr(cell, "tolist"):
        return _text(cell.tolist())
    if isinstance(cell, Mapping):
        cell = dict(cell)
    if isinstance(cell, dict | list | tuple):
        return _writable(json.dumps(cell, ensure_ascii=False, allow_nan=False))
    return str(cell)


def _number(cell: Any, where: str) -> float | None:
    if cell is None or str(cell).strip().lower() in NO_NUMBER:
        return None
    try:
        number = float(cell)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise GaiaJudgeError(f"{where}: {cell!r} is not a number.", "Write a number, or leave it empty.")
    return number


def _writable(text: str) -> str:
    """Escape lone surrogates, which stand for stray bytes in file names and fit into no UTF-8 file."""
    return text.encode("utf-8", "backslashreplace").decode()
