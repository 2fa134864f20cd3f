"""``gaia-judge leaderboard``: generators ranked by a rater's scores, with a few human labels if there are."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from gaia_judge.calibration.tables import check_comparison
from gaia_judge.cli.options import Number, format_option
from gaia_judge.cli.screens import err, show_report
from gaia_judge.comparison.raters import OVERALL, Rater, pick_rater, read_raters
from gaia_judge.errors import GaiaJudgeError, unknown
from gaia_judge.leaderboards.boards import Standing, stand
from gaia_judge.leaderboards.labels import Labels, weigh_labels
from gaia_judge.leaderboards.tables import board_report, board_rows, flat_report, people_report
from gaia_judge.people import read_human

EPILOG = """
\b
Examples:
  gaia-judge leaderboard runs/a
  gaia-judge leaderboard scores.csv --dimension overall --format latex
  gaia-judge leaderboard runs/a --human some.csv --labels random --width 5
  gaia-judge leaderboard runs/a --human chosen.csv --json

RUN is a run's folder or a score table (CSV or Parquet with video, dimension, value, generator, and action).
Higher is better. Intervals are 95%; videos of one action count as one draw, so they hold for new actions. The
possible ranks hold for all generators at once; generators that share a letter are not distinguishable.

With --human, people's scores of SOME of the videos give each generator the mean that people would give all of
its videos: by the labels alone, and prediction-powered, with the rater's guess of every other video. Both
intervals are valid however bad the rater is, if it is known how the labels were drawn: write the probability
with which each was drawn (column probability, or NAME_probability beside a dimension NAME), or the word
random in a column selection, or give --labels random where the file says nothing. Labels marked active need
the probability. Few labels of very unequal probability give intervals that are too narrow. Exit code: 0 done,
2 bad usage or nothing to rank.
"""


@click.command("leaderboard", epilog=EPILOG)
@click.argument("run", metavar="RUN")
@click.option(
    "--human", type=click.Path(path_type=Path), help="People's scores of some videos: table or folder."
)
@click.option(
    "--labels", type=click.Choice(["random"]), help="These are a simple random sample of the videos."
)
@click.option(
    "--width",
    type=Number(0, min_open=True),
    help="Tell how many labels make an interval so narrow, in people's points.",
)
@click.option("--dimension", "dimensions", multiple=True, help="Only this one; may be repeated.")
@click.option("--rater", metavar="NAME", help="Which, where RUN holds several.")
@click.option(
    "--draws", type=click.IntRange(100), default=1000, show_default=True, help="Replicates behind ranks."
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of the replicates.")
@format_option
def command(run: str, human: Path | None, **given: Any) -> None:
    """Rank the generators of a RUN's videos by its scores."""
    if human is None and (given["width"] or given["labels"]):
        raise GaiaJudgeError("--width and --labels are about people's scores.", "Give them with --human.")
    rater = _rater(run, given["rater"])
    labels = None if human is None else _labels(rater, human, given["labels"] == "random")
    asked = {name: given[name] for name in ("width", "draws", "seed")}
    rows = _of(stand(rater, labels, **asked), given["dimensions"])
    notes = _notes(rater, labels)
    if given["format"] in ("json", "csv"):
        _print_flat(rater, rows, notes, given["format"])
        return
    for name in dict.fromkeys(row.dimension for row in rows):
        own = [row for row in rows if row.dimension == name]
        report = board_report(f"Generators by {rater.name}: {name}", own)
        show_report(replace(report, notes=(*notes, *report.notes)), given["format"])
        if any(row.people for row in own):
            title = f"Generators by people, with the guesses of {rater.name}: {name}"
            show_report(people_report(title, own), given["format"])


def _print_flat(rater: Rater, rows: Sequence[Standing], notes: Sequence[str], format: str) -> None:
    for note in notes:
        err.print(note, markup=False, highlight=False, soft_wrap=True)
    if format == "csv":
        show_report(flat_report(f"Generators by {rater.name}", rows), "csv")
    else:
        click.echo(json.dumps(board_rows(rows), indent=2, allow_nan=False))


def _rater(run: str, name: str | None) -> Rater:
    raters = read_raters([run])
    if name is None and len(raters) > 1:
        message = f"{run} holds {len(raters)} raters: {', '.join(one.name for one in raters)}."
        raise GaiaJudgeError(message, "Pick one with --rater.")
    return raters[0] if name is None else pick_rater(raters, name)


def _labels(rater: Rater, file: Path, sure: bool) -> Labels:
    people = read_human(file)
    check_comparison(rater.table, people)
    several = len(rater.values.columns) > 1
    names = (rater.values if several else people.mos).columns.drop(OVERALL, errors="ignore")
    return weigh_labels(people, rater.facts, map(str, names), sure)


def _of(rows: Sequence[Standing], dimensions: Sequence[str]) -> list[Standing]:
    known = dict.fromkeys(row.dimension for row in rows)
    for name in dimensions:
        if name not in known:
            raise unknown("dimension", name, known)
    return [row for row in rows if not dimensions or row.dimension in dimensions]


def _notes(rater: Rater, labels: Labels | None) -> list[str]:
    notes = [f"{rater.name}: {text}." for text in rater.warnings]
    if strays := int(rater.facts["generator"].isna().sum()):
        notes.append(f"{strays} videos of no known generator are left out.")
    if rater.facts["action"].isna().all():
        notes.append("No action is known: intervals draw videos, and differences are not paired.")
    return [*notes, *(labels.notes if labels else ())]
