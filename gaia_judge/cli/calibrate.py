"""``gaia-judge calibrate``: a judge's scores become people's."""

import json
from pathlib import Path
from typing import Any, get_args

import click

from gaia_judge.calibration.calibrations import Plan, apply_calibrator, calibrate
from gaia_judge.calibration.calibrators import read_calibrator, write_calibrator
from gaia_judge.calibration.mappings import NAMES
from gaia_judge.calibration.reports import list_reports, measure, to_json
from gaia_judge.calibration.sources import read_source
from gaia_judge.calibration.tables import check_comparison
from gaia_judge.cli.options import Number, format_option
from gaia_judge.cli.screens import err, show_report
from gaia_judge.errors import GaiaJudgeError
from gaia_judge.people import read_human
from gaia_judge.protocols import Unit
from gaia_judge.reports import Report
from gaia_judge.scores import ScoreTable

EPILOG = """
\b
Examples:
  gaia-judge calibrate runs/a --human MOS.csv
  gaia-judge calibrate runs/a --human MOS.csv --map ridge --group generator
  gaia-judge calibrate runs/b --apply runs/a/calibration/logistic5-action.json

RUN is a run's folder or a score table with one rater. With --human, the scores of each group are mapped by
what was fitted to the other groups, and RUN/calibration gets NAME.json, which maps other runs of the same
judge, and NAME/scores.csv with the out-of-fold scores, which compare takes. With --apply, the scores of RUN
are mapped by such a file. Exit code: 0 done, 2 bad usage, nothing in common, or settings that differ.
"""


@click.command("calibrate", epilog=EPILOG)
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--human", type=click.Path(path_type=Path), help="People's scores: a table or a GAIA folder.")
@click.option(
    "--map",
    "mapping",
    type=click.Choice(NAMES),
    default="logistic5",
    show_default=True,
    help="From scores to people's; ridge looks at the distributions of all dimensions.",
)
@click.option(
    "--group",
    type=click.Choice(get_args(Unit)),
    default="action",
    show_default=True,
    help="Whose clips stay together in folds.",
)
@click.option("--folds", type=click.IntRange(2), default=5, show_default=True, help="Parts of the groups.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of folds and intervals.")
@click.option(
    "--level",
    type=Number(0.5, 1, max_open=True),
    default=0.9,
    show_default=True,
    help="Of conformal intervals.",
)
@click.option(
    "--bootstrap",
    "draws",
    type=click.IntRange(1),
    default=1000,
    show_default=True,
    help="Replicates of intervals of agreement and coverage.",
)
@click.option(
    "--curve",
    "curve_draws",
    type=click.IntRange(0),
    default=5,
    show_default=True,
    help="Drawings of the learning curve; 0 for none.",
)
@click.option("--apply", "fitted", type=click.Path(path_type=Path), help="Map by this file; fits nothing.")
@click.option("--override-digests", is_flag=True, help="Apply despite other settings, and mark every score.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="JSON file of the calibrator; with --apply, the folder of the scores.",
)
@format_option
def command(run: Path, human: Path | None, fitted: Path | None, **given: Any) -> None:
    """Fit RUN's scores to human scores, or map them by an earlier fit."""
    if (human is None) == (fitted is None):
        raise GaiaJudgeError("Either --human or --apply is needed, not both.", "See gaia-judge calibrate -h.")
    if fitted:
        _apply(run, fitted, given)
    elif human:
        _fit(run, human, given)


def _fit(run: Path, human: Path, given: dict[str, Any]) -> None:
    out = given["out"] or _home(run) / f"{given['mapping']}-{given['group']}.json"
    if out.suffix != ".json":
        raise GaiaJudgeError(f"--out {out} is not a JSON file.", "Name a file such as fit.json.")
    plan = Plan(**{name: given[name] for name in ("mapping", "group", "folds", "seed", "level")})
    people = read_human(human)
    found = calibrate(read_source(run), people, plan, out.stem)
    check_comparison(found.table, people)
    folder = out.with_suffix("")
    _write(found.table, folder)
    write_calibrator(found.calibrator, out)
    with err.status("Measuring agreement, coverage and the learning curve"):
        worth = measure(found, draws=given["draws"], curve_draws=given["curve_draws"])
    if given["format"] == "json":
        written = {"calibrator": str(out), "scores": str(folder)}
        click.echo(json.dumps({**to_json(found, worth), "written": written}, indent=2, allow_nan=False))
        return
    for report in list_reports(found, worth):
        show_report(report, given["format"])
    err.print(
        f"Calibrator: {out}\nOut-of-fold scores: {folder}", markup=False, highlight=False, soft_wrap=True
    )


def _apply(run: Path, fitted: Path, given: dict[str, Any]) -> None:
    calibrator, source = read_calibrator(fitted), read_source(run)
    table = apply_calibrator(calibrator, source, override=given["override_digests"])
    folder = given["out"] or _home(run) / f"{calibrator.name}-applied"
    _write(table, folder)
    summary = table.summary()
    if given["format"] == "json":
        rows = summary.astype(object).where(summary.notna(), None).to_dict("records")
        written = {"scores": str(folder), "by": calibrator.digest}
        click.echo(json.dumps({"dimensions": rows, "written": written}, indent=2))
        return
    cells = summary.astype(object).where(summary.notna(), None).itertuples(index=False, name=None)
    notes = [f"{name}: not calibrated: {why}." for name, why in calibrator.unfitted.items()]
    title = f"{source.rater}, calibrated by {calibrator.name}@{calibrator.digest}"
    show_report(Report(title, tuple(summary.columns), tuple(cells), tuple(notes)), given["format"])
    err.print(f"Scores: {folder}", markup=False, highlight=False, soft_wrap=True)


def _home(run: Path) -> Path:
    """Return where calibrations of a run, or of a table's rater, are kept."""
    return run / "calibration" if run.is_dir() else run.with_name(f"{run.stem}-calibration")


def _write(table: ScoreTable, folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"{folder} cannot be made: {error.strerror}."
        raise GaiaJudgeError(message, "Give another place with --out.") from error
    table.write(folder)
