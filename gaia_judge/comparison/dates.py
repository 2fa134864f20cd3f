"""When generators appeared, in years: from the reference, or from a table of one's own."""

from collections.abc import Iterable
from pathlib import Path

from gaia_judge.errors import GaiaJudgeError
from gaia_judge.people import known_generator
from gaia_judge.videos.tables import FORMATS, read_table


def known_dates(names: Iterable[str]) -> dict[str, float]:
    """Return the dates of those generators that ``calibration/reference/generators.csv`` knows.

    Args:
        names: In any known spelling.
    """
    found = {name: known_generator(name) for name in names}
    return {name: date(one.year, one.month) for name, one in found.items() if one is not None}


def read_dates(file: Path) -> dict[str, float]:
    """Return the dates in a table with the columns generator, year and perhaps month.

    Raises:
        GaiaJudgeError: There is no such table, or a year or month is none.
    """
    if not file.is_file() or file.suffix.lower() not in FORMATS:
        raise GaiaJudgeError(f"There is no table {file}.", f"Give a file that ends in {', '.join(FORMATS)}.")
    found = {}
    for row in read_table(file, keys=("generator",), others=("year", "month")):
        year, month = row.cells["year"], row.cells["month"]
        if not year.isdecimal() or (month and not (month.isdecimal() and 1 <= int(month) <= 12)):
            message = f"{row.where}: year {year!r} and month {month!r} are no date."
            raise GaiaJudgeError(message, "Write such as 2024 and 3; the month may be missing.")
        found[row.cells["generator"]] = date(int(year), int(month) if month else None)
    return found


def date(year: int, month: int | None) -> float:
    """Return the middle of a month, or of a year, in years.

    >>> date(2024, 1), date(2024, None)
    (2024.0416666666667, 2024.5)
    """
    return year + 0.5 if month is None else year + (month - 0.5) / 12
