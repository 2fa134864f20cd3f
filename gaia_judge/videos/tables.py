"""Rows of text from CSV, JSONL and Parquet, with errors that name file, line and column."""

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from gaia_judge.errors import GaiaJudgeError

Record = tuple[str, list[tuple[str, object]]]
"""Where it stands, and its columns and cells as the format has them."""


@dataclass(frozen=True, slots=True)
class Row:
    """The known columns of one row; a missing cell is an empty string."""

    where: str
    """File and line, such as ``clips.csv, line 3``."""
    cells: dict[str, str]


MOST_ROWS = 5_000_000
"""Of a Parquet file, which can claim any number in a few bytes."""

HALF = re.compile(r"\\u[dD][89a-fA-F]")
"""In JSON, what may be half of a character (a surrogate), which no UTF-8 file can hold."""


def read_text(file: Path) -> str:
    """Return a file's text, without the byte-order mark that spreadsheets put first.

    Raises:
        GaiaJudgeError: It may not be read, or is not UTF-8; the line is named.
    """
    try:
        return file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise GaiaJudgeError(f"{file}, line {line}: not UTF-8 text.", "Save the file as UTF-8.") from error
    except OSError as error:
        raise GaiaJudgeError(f"{file} cannot be read: {error.strerror}.", "Change its rights.") from error


def read_csv(file: Path) -> Iterator[Record]:
    """Yield the rows of a CSV file separated by commas, semicolons or tabs, whichever its header has most."""
    text = read_text(file)
    delimiter = max(",;\t", key=text.partition("\n")[0].count)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        header = next(lines, [])
        for cells in lines:
            where = f"{file}, line {lines.line_num}"
            if any(cells[len(header) :]):
                raise GaiaJudgeError(f"{where}: more cells than columns.", "Put text with commas in quotes.")
            if any(cells):
                yield where, list(zip(header, cells, strict=False))
    except csv.Error as error:
        raise GaiaJudgeError(f"{file}, line {lines.line_num}: {error}.", "Check its quotes.") from error


def read_jsonl(file: Path) -> Iterator[Record]:
    """Yield the objects of a JSON Lines file."""
    for number, line in enumerate(read_text(file).split("\n"), start=1):
        if not line.strip():
            continue
        where = f"{file}, line {number}"
        try:
            record = read_json(line)
        except (ValueError, RecursionError) as error:
            raise GaiaJudgeError(f"{where}: not JSON: {error}.", "Write one object per line.") from error
        if not isinstance(record, dict):
            raise GaiaJudgeError(f"{where}: not a JSON object.", 'Write {"path": ...}.')
        yield where, list(record.items())


def read_json(line: str) -> object:
    """Return what a line of JSON says.

    Raises:
        ValueError: It is no JSON, or holds half of a character.
        RecursionError: It is nested too deep.
    """
    record: object = json.loads(line)
    if HALF.search(line):
        json.dumps(record, ensure_ascii=False).encode()
    return record


def check_rows(file: Path, rows: int) -> None:
    """Refuse a Parquet file that would fill the memory.

    Raises:
        GaiaJudgeError: It says that it has more than ``MOST_ROWS`` rows.
    """
    if rows > MOST_ROWS:
        raise GaiaJudgeError(f"{file} has {rows} rows, more than {MOST_ROWS}.", "Divide it.")


def read_parquet(file: Path) -> Iterator[Record]:
    """Yield the rows of a Parquet file."""
    import pyarrow
    import pyarrow.parquet

    try:
        with pyarrow.parquet.ParquetFile(file) as table:
            check_rows(file, table.metadata.num_rows)
            records = table.read().to_pylist()
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        raise GaiaJudgeError(f"{file} is not a Parquet file: {error}.", "Write it again.") from error
    for number, record in enumerate(records, start=1):
        yield f"{file}, row {number}", list(record.items())


FORMATS: dict[str, Callable[[Path], Iterator[Record]]] = {
    ".csv": read_csv,
    ".jsonl": read_jsonl,
    ".parquet": read_parquet,
}


def check_columns(file: Path, columns: set[str], keys: tuple[str, ...], others: tuple[str, ...]) -> None:
    """Refuse a table that lacks every key column, or has a known column misspelt.

    A column is taken for misspelt only where the one it resembles is missing; a likeness above 0.8 catches
    one wrong or swapped letter, and lets ``prompt_id`` and ``fid`` pass.
    """
    if not any(key in columns for key in keys):
        wanted = " or ".join(map(repr, keys))
        raise GaiaJudgeError(f"{file} has no column {wanted}.", f"It has: {', '.join(sorted(columns))}.")
    missing = [name for name in keys + others if name not in columns]
    for column in sorted(columns.difference(keys, others)):
        if near := get_close_matches(column, missing, n=1, cutoff=0.81):
            raise GaiaJudgeError(f"{file}: column {column!r} looks like {near[0]!r} misspelt.", "Rename it.")


def read_cell(where: str, column: str, value: object) -> str:
    """Return a cell as text; nothing and not-a-number are empty."""
    if value is None or value != value:
        return ""
    if isinstance(value, str | int | float):
        return str(value)
    raise GaiaJudgeError(f"{where}: column {column!r} holds no text.", "Write text there, in quotes.")


def read_table(file: Path, keys: tuple[str, ...], others: tuple[str, ...]) -> list[Row]:
    """Return the rows of a table, of any of ``FORMATS``, with the columns that are known.

    Column names count without case and outer white space. Unknown columns are left out, unless they look
    like known ones.

    Args:
        file: The table.
        keys: Columns of which the table must have one.
        others: Columns that it may have.

    Raises:
        GaiaJudgeError: The table has no rows, or a row or column cannot be read.
    """
    records = []
    for where, record in FORMATS[file.suffix.lower()](file):
        names = [name.strip().casefold() for name, _ in record]
        if twice := [name for name in keys + others if names.count(name) > 1]:
            raise GaiaJudgeError(f"{where}: there are two columns {twice[0]!r}.", "Remove one.")
        records.append((where, dict(zip(names, (value for _, value in record), strict=True))))
    if not records:
        raise GaiaJudgeError(f"{file} has no rows.", "Write a line of column names, then one per video.")
    check_columns(file, {name for _, record in records for name in record}, keys, others)
    return [
        Row(where, {name: read_cell(where, name, record.get(name)) for name in keys + others})
        for where, record in records
    ]
