"""Tables of results for the terminal."""

from collections.abc import Mapping, Sequence

from rich.table import Table

from gaia_judge.agreement import Agreement


def agreement_table(title: str, found: Mapping[str, Sequence[Agreement]]) -> Table:
    """Return a table with a row per dimension: each statistic with its 95% interval, then the counts."""
    shown = Table(title=title, title_justify="left")
    shown.add_column("dimension")
    names = [one.name for one in next(iter(found.values()), ())]
    for heading in (*(f"{name.upper()} [95% interval]" for name in names), "n", "missing"):
        shown.add_column(heading, justify="right")
    for dimension, row in found.items():
        shown.add_row(dimension, *map(_cell, row), *(str(number) for number in (row[0].n, row[0].missing)))
    return shown


def _cell(one: Agreement) -> str:
    low, value, high = (
        "-" if number is None else f"{number:.2f}" for number in (one.low, one.value, one.high)
    )
    return rf"{value} \[{low}, {high}]"
