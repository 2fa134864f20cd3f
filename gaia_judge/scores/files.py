"""Score tables on disk: CSV that no spreadsheet runs, Parquet, and files that appear whole or not at all."""

import csv
import os
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from gaia_judge.errors import GaiaJudgeError
from gaia_judge.videos.tables import check_rows, read_json

if TYPE_CHECKING:
    from pandas import DataFrame

BLOCK = 3000
"""Rows that are written at a time, to bound memory."""

FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
"""How text begins that a spreadsheet might run as a formula (in East Asia also at full width), or that an
apostrophe already keeps from it."""


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Open a file whose content takes the place of ``path`` at the end of the block, if the block succeeds.

    Raises:
        GaiaJudgeError: The disk is full, or the folder cannot be written; what was there is untouched.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        message = f"{path} cannot be written: {error.strerror or error}."
        raise GaiaJudgeError(message, "Free some space or choose another folder.") from error
    finally:
        part.unlink(missing_ok=True)


def write_csv(frame: "DataFrame", path: Path) -> None:
    """Write a CSV file in which any text that looks like a formula stands behind one more apostrophe.

    Raises:
        GaiaJudgeError: It cannot be written.
    """
    with replacing(path) as file:
        for first in range(0, max(len(frame), 1), BLOCK):
            part = frame.iloc[first : first + BLOCK]
            texts: DataFrame = part.select_dtypes(["string", "object"])
            safe = part.assign(**{str(name): texts[name].map(_safe, na_action="ignore") for name in texts})
            text = safe.rename(columns=_safe).to_csv(
                index=False, header=not first, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n"
            )
            file.write(text.encode())


def write_parquet(frame: "DataFrame", path: Path) -> None:
    """Write a Parquet file.

    Raises:
        GaiaJudgeError: It cannot be written.
    """
    with replacing(path) as file:
        frame.to_parquet(file, index=False)


def read_table(path: Path) -> "DataFrame":
    """Return a CSV file's cells as text, without apostrophes of ``write_csv``; others' as they are.

    Args:
        path: CSV, separated by what its header has most of: commas, semicolons or tabs; JSON Lines; Parquet.

    Raises:
        GaiaJudgeError: There is no such file, or it cannot be read.
    """
    import pandas as pd

    if not path.is_file():
        raise GaiaJudgeError(
            f"There is no file {path}.", "Give a CSV, JSONL or Parquet file, or the folder of a run."
        )
    try:
        if path.suffix.lower() == ".jsonl":
            with path.open(encoding="utf-8-sig") as file:
                return pd.DataFrame.from_records([_object(line) for line in file if line.strip()])
        return _read_csv(path) if path.suffix.lower() == ".csv" else _read_parquet(path)
    except (OSError, ValueError, RecursionError, pd.errors.ParserWarning) as error:
        message = f"{path} cannot be read as a table: {str(error).strip()}."
        raise GaiaJudgeError(message, "Give CSV (UTF-8, with a header), JSONL or Parquet.") from error


def _read_parquet(path: Path) -> "DataFrame":
    import pandas as pd
    import pyarrow.parquet

    with pyarrow.parquet.ParquetFile(path) as table:
        check_rows(path, table.metadata.num_rows)
        table.read().validate(full=True)  # else text that is no UTF-8 would be found where it is used
    return pd.read_parquet(path)


def _object(line: str) -> dict[str, Any]:
    found = read_json(line)
    if not isinstance(found, dict):
        raise ValueError(f"{line.strip()[:40]!r} is no JSON object")
    return found


def _read_csv(path: Path) -> "DataFrame":
    import pandas as pd

    with path.open(encoding="utf-8-sig") as file:
        delimiter = max(",;\t", key=file.readline().count)
    # Without index_col=False, rows one cell too long would silently shift.
    with warnings.catch_warnings():
        warnings.simplefilter("error", pd.errors.ParserWarning)
        frame = pd.read_csv(
            path, dtype=str, na_filter=False, encoding="utf-8-sig", sep=delimiter, index_col=False
        )
    return frame.map(_bare).rename(columns=_bare)


def protected(text: str) -> str:
    """Return text that no spreadsheet takes for a formula.

    >>> protected("=1+1"), protected("nano")
    ("'=1+1", 'nano')
    """
    return f"'{text}" if FORMULA.match(text) else text


def _safe(cell: Any) -> Any:
    return protected(cell) if isinstance(cell, str) else cell


def _bare(text: str) -> str:
    return text[1:] if text.startswith("'") and FORMULA.match(text) else text
