"""``gaia-judge agree``: agreement between columns of any table."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gaia_judge.agreement import agree, resample
from gaia_judge.cli.options import format_option, kendall_option, mapping_option
from gaia_judge.cli.screens import show_report
from gaia_judge.comparison.rows import LABELS, agreement_row
from gaia_judge.errors import GaiaJudgeError, unknown
from gaia_judge.reports import Interval, Report
from gaia_judge.scores.columns import numbers
from gaia_judge.scores.files import read_table

if TYPE_CHECKING:
    from pandas import DataFrame

STATISTICS = ("srcc", "krcc", "plcc", "rmse")

UNMAPPED = dict.fromkeys(f"{name}_mapped{end}" for name in ("plcc", "rmse") for end in ("", "_low", "_high"))
"""What JSON says where no mapping is asked for."""

EPILOG = """
\b
Examples:
  gaia-judge agree scores.csv --human mos --raters clip,dover
  gaia-judge agree scores.csv --human mos --raters clip --by generator --cluster action --json
  gaia-judge agree scores.csv --human mos --raters clip --map logistic5 --bootstrap 0 --format latex

TABLE is CSV, JSONL or Parquet with a row per thing that was rated. Rows in which a side is empty are left
out and counted. Values are signed, but a mapping may fall, so what is mapped is hardly ever negative; what is
not defined is missing, with the reason, never 0. Intervals are 95%, percentile bootstrap; --cluster draws
whole clusters, and both of two (pigeonhole bootstrap).
"""


@click.command("agree", epilog=EPILOG)
@click.argument("table", type=click.Path(path_type=Path))
@click.option("--human", required=True, metavar="COL", help="Column of people's scores.")
@click.option("--raters", required=True, metavar="COL[,COL...]", help="Columns of the raters' scores.")
@click.option("--by", metavar="COL", help="Measure within each value of this column.")
@click.option("--cluster", metavar="COL[,COL]", help="What intervals draw as a whole: one column or two.")
@kendall_option
@mapping_option
@click.option(
    "--bootstrap",
    "draws",
    type=click.IntRange(0),
    default=1000,
    show_default=True,
    help="Draws; 0: no intervals.",
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of the draws.")
@format_option
def command(table: Path, human: str, raters: str, **given: Any) -> None:
    """Tell how raters agree with people, for the columns of any TABLE of your own."""
    frame = read_table(table)
    if frame.empty:
        raise GaiaJudgeError(
            f"{table} has no rows.", "Write a line of column names, then one per thing rated."
        )
    names = [name.strip() for name in raters.split(",") if name.strip()]
    clusters = [name.strip() for name in (given["cluster"] or "").split(",") if name.strip()]
    if not names:
        raise GaiaJudgeError(f"--raters {raters!r} names no column.", "Write a column's name.")
    if len(clusters) > 2:
        raise GaiaJudgeError(f"--cluster names {len(clusters)} columns.", "Give one or two.")
    for name in [human, *names, *clusters, *([given["by"]] if given["by"] else [])]:
        if name not in frame:
            raise unknown(f"column in {table}", name, map(str, frame.columns))
    frame = frame.astype(object).where(frame.notna(), None)
    values = frame.assign(**{name: numbers(frame[name], f"{table}, {name}") for name in {human, *names}})
    rows = [
        {"rater": name, "group": group, **_figures(part, name, human, clusters, given)}
        for group, part in _groups(values, given["by"])
        for name in names
    ]
    if given["format"] == "json":
        click.echo(json.dumps(rows, indent=2, allow_nan=False))
    else:
        show_report(_report(rows, human, table, given), given["format"])


def _groups(frame: "DataFrame", by: str | None) -> "Iterator[tuple[str | None, DataFrame]]":
    if by is None:
        yield None, frame
    else:
        yield from ((str(name), part) for name, part in frame.groupby(frame[by].astype(str)))


def _figures(
    part: "DataFrame", rater: str, human: str, clusters: Sequence[str], given: dict[str, Any]
) -> dict[str, Any]:
    units = [part[name].astype(str).to_numpy() for name in clusters]
    draws = given["draws"] and resample(len(part), units, draws=given["draws"], seed=given["seed"])
    found = agree(
        part[rater].to_numpy(),
        part[human].to_numpy(),
        statistics=STATISTICS,
        resampling=draws or None,
        kendall=given["kendall"],
        mapping=given["mapping"],
    )
    return {**UNMAPPED, **agreement_row(found)}


def _report(rows: Sequence[dict[str, Any]], human: str, table: Path, given: dict[str, Any]) -> Report:
    mapped = given["mapping"] != "none"
    names = [name for name in LABELS if mapped or name in STATISTICS]
    heads = [
        "rater",
        *([given["by"]] if given["by"] else []),
        *(LABELS[name] for name in names),
        "n",
        "missing",
    ]
    cells = [
        (
            row["rater"],
            *([row["group"]] if given["by"] else []),
            *(Interval(*(row[name + end] for end in ("", "_low", "_high"))) for name in names),
            row["n"],
            row["missing"],
        )
        for row in rows
    ]
    notes = dict.fromkeys(f"{row['rater']}: {row['reason']}." for row in rows if row["reason"])
    return Report(f"Agreement with {human} in {table.name}", tuple(heads), tuple(cells), tuple(notes))
