"""``gaia-judge people``: mean opinion scores from votes, and how far people agree."""

import json
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, get_args

import click
import numpy as np

from gaia_judge.cli.opinions import as_values, list_reports
from gaia_judge.cli.options import Number
from gaia_judge.cli.screens import err, show_report
from gaia_judge.errors import GaiaJudgeError
from gaia_judge.opinions import Analysis, Asking, Method, Votes, analyse, arrange, read_votes, scores_table
from gaia_judge.opinions.plots import plot
from gaia_judge.opinions.screenings import LEAST
from gaia_judge.scores.files import replacing, write_csv

EPILOG = """
\b
Examples:
  gaia-judge people votes.csv --out MOS.csv
  gaia-judge people study/ --method p910 --out MOS.csv --plot figures/
  gaia-judge people votes.csv --method bt500 --json
  gaia-judge calibrate runs/a --human MOS.csv

VOTES is a table (CSV, JSONL or Parquet) with the columns video, rater and score, and optionally dimension,
repeat and time (seconds); STUDY a folder with study.db or votes.csv. A second vote of a rater on a video and
dimension is an error unless `repeat` tells the two apart.

\b
Methods, each dimension on its own:
  mean     the plain mean
  zscore   each rater's z-scores, brought to 0 to 100
  bt500    the mean without raters whom the kurtosis rule of ITU-R BT.500 rejects
  pearson  the mean without raters who correlate with it below --threshold (ITU-T P.913)
  p910     less each rater's bias, weighted by consistency (ITU-T P.910, alternating projection)
  mle      the same model by maximum likelihood, with its narrower interval

The first four average a rater's repeats, the models take each as a vote. Intervals are 95%: Student's t, of
mle Fisher's information. What a rule rejects is told with its figures, and never cut from VOTES.
"""


@click.command("people", epilog=EPILOG)
@click.argument("votes", type=click.Path(path_type=Path), metavar="VOTES|STUDY")
@click.option(
    "--method", type=click.Choice(get_args(Method)), default="mean", show_default=True, help="See below."
)
@click.option("--threshold", type=Number(-1, 1), help=f"For pearson [default: {LEAST}].")
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), metavar="MOS.csv", help="Write the scores here."
)
@click.option("--json", "as_json", is_flag=True, help="Print everything for machines.")
@click.option(
    "--plot",
    "plots",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Write plots here.",
)
@click.option("--bootstrap", "draws", type=click.IntRange(0), default=1000, show_default=True, help="Draws.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of draws and groups.")
def command(votes: Path, method: Method, threshold: float | None, **given: Any) -> None:
    """Turn people's votes into mean opinion scores, and tell how far people agree."""
    if threshold is not None and method != "pearson":
        raise GaiaJudgeError(f"--threshold is not for {method}.", "Leave it out, or give --method pearson.")
    least = LEAST if threshold is None else threshold
    asking = Asking(method=method, least=least, draws=given["draws"], seed=given["seed"])
    found = [analyse(name, one, asking) for name, one in _read(votes).items()]
    if not any(np.isfinite(one.opinion.mos).any() for one in found):
        raise GaiaJudgeError(f"{votes}: {method} leaves no score.", "Try --method mean.")
    if given["out"]:
        write_csv(scores_table({one.dimension: (one.votes, one.opinion) for one in found}), given["out"])
    written = _write_plots(found, given["plots"]) if given["plots"] else []
    if given["as_json"]:
        told = {"votes": str(votes), "out": given["out"] and str(given["out"]), "plots": written}
        click.echo(json.dumps({**told, **as_values(found, asking)}, indent=2, allow_nan=False))
        return
    for report in list_reports(found, asking):
        show_report(report)
    if given["out"]:
        err.print(f"Scores: {given['out']}", markup=False, highlight=False, soft_wrap=True)


def _read(path: Path) -> dict[str | None, Votes]:
    if not path.is_dir():
        return read_votes(path)
    if (path / "study.db").is_file():
        return arrange(import_module("gaia_judge.studio.exports").read_votes(path), str(path))
    if (path / "votes.csv").is_file():
        return read_votes(path / "votes.csv")
    raise GaiaJudgeError(f"{path} has no study.db and no votes.csv.", "Give a table of votes, or a study.")


def _write_plots(found: Sequence[Analysis], folder: Path) -> list[str]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise GaiaJudgeError(
            f"{folder} cannot be made: {error.strerror}.", "Choose another folder."
        ) from error
    files = []
    for figure in plot(found):
        file = folder / f"{figure.name}.png"
        with replacing(file) as part:
            figure.draw().savefig(part, format="png", dpi=150)
        err.print(f"Plot: {file}", markup=False, highlight=False, soft_wrap=True)
        files.append(str(file))
    return files
