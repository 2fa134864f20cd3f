"""``gaia-judge demo``: the flow from drawn clips to calibrated scores and a comparison, in one process."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from gaia_judge.baselines import find_metrics, load_battery
from gaia_judge.calibration.calibrations import Calibration, Plan, calibrate
from gaia_judge.calibration.calibrators import write_calibrator
from gaia_judge.calibration.reports import Worth, list_reports, measure, to_json
from gaia_judge.calibration.sources import read_source
from gaia_judge.cli.ratings import rate_videos
from gaia_judge.cli.screens import Progress, banner, err, foreign_banner, out, show_report
from gaia_judge.cli.synth import WARNING
from gaia_judge.comparison.agreements import Asking
from gaia_judge.comparison.exports import as_json
from gaia_judge.comparison.results import Comparison
from gaia_judge.comparison.tables import tables
from gaia_judge.judges import Judge, load_judge
from gaia_judge.nano.folders import take
from gaia_judge.pages.contents.materials import Material, read_material
from gaia_judge.pages.contents.reports import build_page
from gaia_judge.pages.html import write_page
from gaia_judge.people import read_human
from gaia_judge.runs import RunFolder
from gaia_judge.scores.files import replacing
from gaia_judge.synthetic.benchmarks import write_benchmark
from gaia_judge.videos import read_videos

GENERATORS, ACTIONS, RATERS = 6, 12, 54
"""Size of the benchmark, which has a clip per generator and action."""

PLAN = Plan("linear", "action", folds=5)
"""How the scores are calibrated: few clips allow no bolder function."""

METRICS = ("descriptor-consistency", "dis-flow-score", "dis-dynamic-degree", "dis-smoothness")
"""Metrics that run anywhere, for comparison."""

CLIPS = 12
"""Disagreements that the report shows."""

TITLE = "Demo: nano on drawn clips"

WRITTEN = {
    "Clips and people's scores": "benchmark",
    "Judge's scores": "run/scores.csv",
    "Metrics": "metrics",
    "Calibrated scores": "run/calibration/linear-action/scores.csv",
    "Figures": "agreement.json",
    "Report": "report.html",
}
"""What the demo writes, and where in its folder."""


@click.command("demo")
@click.option(
    "--out", "folder", type=click.Path(path_type=Path), default="demo", show_default=True, help="Where to."
)
@click.option(
    "--seed", type=click.IntRange(0), default=0, show_default=True, help="Another seed: other clips."
)
@click.option("--model", default="nano", hidden=True)
@click.option("--json", "as_json", is_flag=True, help="Print the results as JSON.")
def command(folder: Path, seed: int, model: str, as_json: bool) -> None:
    """Draw a small synthetic benchmark, judge it on this machine, and compare with its simulated people.

    Needs no GPU and no model hub. The same command continues one that was stopped.

    \b
    Example:
      gaia-judge demo
    """
    take(folder, "benchmark", "demo of gaia-judge")
    with load_judge(model, engine="transformers") as judge:  # first, so that nothing is drawn in vain
        banner(judge.card)
        _draw(folder / "benchmark", seed)
        counts = _rate(judge, folder)
    _measure(folder)
    found, worth = _calibrate(folder)
    material = _report(folder)
    compared = material.comparison
    assert compared is not None
    results = _results(judge, folder, counts, compared, to_json(found, worth))
    _write(folder / "agreement.json", results)
    banner(judge.card)
    foreign_banner(counts)
    if as_json:
        click.echo(json.dumps(results, indent=2))
    else:
        _show(folder, compared, found, worth, counts["failed"])
    sys.exit(1 if counts["failed"] else 0)


def _draw(benchmark: Path, seed: int) -> None:
    with Progress("drawing", "clips", total=GENERATORS * ACTIONS) as progress:
        write_benchmark(
            benchmark,
            generators=GENERATORS,
            actions=ACTIONS,
            raters=RATERS,
            seed=seed,
            advance=progress.advance,
            skip=progress.skip,
        )


def _rate(judge: Judge, folder: Path) -> dict[str, int]:
    benchmark = folder / "benchmark"
    manifest = {**judge.manifest(), "videos": str(benchmark.resolve())}
    with RunFolder.open(folder / "run", manifest, {"command": sys.argv[1:]}) as run:
        return rate_videos(judge, run, read_videos(benchmark))[1]


def _measure(folder: Path) -> None:
    """Measure the clips with metrics that need no weights."""
    benchmark = folder / "benchmark"
    with load_battery(find_metrics(METRICS)) as battery:
        manifest = {**battery.manifest(), "videos": str(benchmark.resolve())}
        with RunFolder.open(folder / WRITTEN["Metrics"], manifest, {"command": sys.argv[1:]}) as run:
            rate_videos(battery, run, read_videos(benchmark))


def _calibrate(folder: Path) -> tuple[Calibration, Worth]:
    """Fit the scores to people's, action by action, and write what comes of it."""
    home = folder / WRITTEN["Calibrated scores"]
    found = calibrate(read_source(folder / "run"), read_human(folder / "benchmark"), PLAN, home.parent.name)
    home.parent.mkdir(parents=True, exist_ok=True)
    found.table.write(home.parent)
    write_calibrator(found.calibrator, home.parent.with_suffix(".json"))
    return found, measure(found, curve_draws=0)


def _report(folder: Path) -> Material:
    """Compare all scores with people's, and write the page."""
    places = [str(folder / "run"), str(folder / WRITTEN["Calibrated scores"]), str(folder / "metrics")]
    material = read_material(places, read_human(folder / "benchmark"), Asking())
    with err.status("Drawing the report"):
        write_page(build_page(material, gallery=CLIPS, title=TITLE), folder / WRITTEN["Report"])
    return material


def _results(
    judge: Judge,
    folder: Path,
    counts: Mapping[str, int],
    compared: Comparison,
    calibration: Mapping[str, Any],
) -> dict[str, Any]:
    return {
        "about": WARNING,
        "rater": judge.rater,
        "random_weights": judge.card.random_weights,
        "world": judge.card.world,
        **counts,
        "comparison": as_json(compared),
        "calibration": calibration,
        "written": [str(folder / path) for path in WRITTEN.values()],
    }


def _write(file: Path, results: Mapping[str, Any]) -> None:
    with replacing(file) as stream:
        stream.write(json.dumps(results, indent=2, allow_nan=False).encode() + b"\n")


def _show(folder: Path, compared: Comparison, found: Calibration, worth: Worth, failed: int) -> None:
    for report in (*list_reports(found, worth)[:2], *list(tables(compared))[:2]):
        show_report(report)
    for what, path in WRITTEN.items():
        out.print(f"{what}: {folder / path}", markup=False, highlight=False, soft_wrap=True)
    if failed:
        err.print(f"{failed} videos have no complete rating; the column error says why.")
    out.print(WARNING, style="bold")
