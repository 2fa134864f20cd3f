"""``gaia-judge compare``: raters against people, side by side."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import click

from gaia_judge.agreement.differences import Testing
from gaia_judge.cli.options import format_option, kendall_option, mapping_option
from gaia_judge.cli.screens import err, show_report
from gaia_judge.comparison.agreements import STATISTICS, Asking, Panel, Part, Unit, seat
from gaia_judge.comparison.combinations import How, combine
from gaia_judge.comparison.dates import known_dates, read_dates
from gaia_judge.comparison.exports import as_json, long_table
from gaia_judge.comparison.observations import Observation, observe
from gaia_judge.comparison.raters import read_raters
from gaia_judge.comparison.references import Published, read_reference
from gaia_judge.comparison.results import compare
from gaia_judge.comparison.tables import tables
from gaia_judge.people import HumanScores, read_human
from gaia_judge.protocols import load_protocol

EPILOG = """
\b
Examples:
  gaia-judge compare runs/* --human GAIA/MOS.csv --reference gaia
  gaia-judge compare llava=runs/a qwen=runs/b --human GAIA/ --by subset --format latex
  gaia-judge compare runs/* clip.csv --human GAIA/ --combine "llava+clip" --combination regression
  gaia-judge compare runs/a --human GAIA/ --observations --json

RUN is a run's folder or a score table (CSV or Parquet with video, dimension, value; optionally rater,
generator, action, category, subset); NAME=RUN names its rater. Correlations are signed. Intervals are 95%,
percentile bootstrap over whole actions unless --cluster says otherwise. Published rows are marked; they were
measured by others, on their videos; those of subsets come with --by subset, those of combinations with
--combine. Exit code: 0 done, 2 bad usage or nothing in common.
"""


NAMED = 5
"""Videos that are named where there are many; JSON names all."""


@click.command("compare", epilog=EPILOG)
@click.argument("runs", nargs=-1, required=True, metavar="RUN...")
@click.option(
    "--human",
    required=True,
    type=click.Path(path_type=Path),
    help="People's scores: a table or a GAIA folder.",
)
@click.option("--reference", metavar="NAME", help="Also published figures, such as gaia.")
@click.option("--by", type=click.Choice(get_args(Part)), help="Measure within each of these parts.")
@click.option("--combine", "sums", multiple=True, metavar="A+B", help="Also a combination; may be repeated.")
@click.option(
    "--combination",
    "how",
    type=click.Choice(get_args(How)),
    default="sum",
    show_default=True,
    help="Of what kind.",
)
@click.option("--observations", is_flag=True, help="Also test what GAIA's authors observed, on these scores.")
@click.option(
    "--dates", type=click.Path(path_type=Path), help="Table of generator, year[, month], for --observations."
)
@click.option(
    "--protocol", metavar="NAME", help="Also each statistic over the test parts of a protocol, such as gaia."
)
@click.option(
    "--cluster", "unit", type=click.Choice(get_args(Unit)), help="What intervals draw [default: action]."
)
@kendall_option
@mapping_option
@click.option(
    "--also",
    "more",
    multiple=True,
    type=click.Choice(["pairwise_accuracy", "outlier_ratio"]),
    help="A further statistic; outliers lie over two standard errors of MOS away, on people's scale.",
)
@click.option(
    "--test",
    type=click.Choice(get_args(Testing)),
    default="bootstrap",
    show_default=True,
    help="How it is told who agrees better.",
)
@click.option("--bootstrap", "draws", type=click.IntRange(1), default=1000, show_default=True, help="Draws.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of draws and folds.")
@format_option
def command(runs: Sequence[str], human: Path, **given: Any) -> None:
    """Compare RUNs with people: one row per rater, with intervals and failure rate."""
    people = read_human(human)
    protocol = load_protocol(given["protocol"]) if given["protocol"] else None
    published = read_reference(given["reference"]) if given["reference"] else []
    panel = seat(read_raters(runs), people)
    combined = [combine(panel, text.split("+"), given["how"], given["seed"]) for text in given["sums"]]
    panel = replace(panel, raters=[*panel.raters, *combined])
    asked = {name: given[name] for name in ("unit", "draws", "seed", "kendall", "mapping")}
    asking = Asking(statistics=(*STATISTICS, *given["more"]), **asked)
    found = compare(panel, asking, by=given["by"], test=given["test"], protocol=protocol)
    found = replace(
        found,
        observations=_observations(panel, given) if given["observations"] else (),
        published=_shown(published, given["by"], bool(combined)),
    )
    _tell_strays(panel, people)
    if given["format"] == "json":
        told = {"human": str(human), "protocol_name": given["protocol"], "combination": given["how"]}
        click.echo(json.dumps({**told, **as_json(found)}, indent=2, allow_nan=False))
    elif given["format"] == "csv":
        show_report(long_table(found), "csv")
    else:
        for report in tables(found):
            show_report(report, given["format"])


def _observations(panel: Panel, given: dict[str, Any]) -> list[Observation]:
    makers = panel.facts["generator"].dropna().unique()
    dates = read_dates(given["dates"]) if given["dates"] else known_dates(makers)
    return observe(
        panel.people, panel.facts, panel.joined.spread, dates, draws=given["draws"], seed=given["seed"]
    )


def _shown(published: Sequence[Published], by: str | None, combined: bool) -> list[Published]:
    """Return the published rows of the parts that are shown; combinations beside one's own."""
    rows = [one for one in published if (one.subset is not None) == (by == "subset")]
    return [one for one in rows if combined or not one.combination] if by in (None, "subset") else []


def _tell_strays(panel: Panel, people: HumanScores) -> None:
    """Say which videos have only one side, by name."""
    strays = {
        f"{len(panel.joined.missing)} videos have no score in {people.source}": panel.joined.missing,
        f"{len(panel.joined.surplus)} videos of {people.source} were not rated": panel.joined.surplus,
    }
    for told, names in strays.items():
        if names:
            shown = ", ".join(names[:NAMED]) + (", ..." if len(names) > NAMED else "")
            err.print(f"{told}: {shown}", markup=False, highlight=False, soft_wrap=True)
