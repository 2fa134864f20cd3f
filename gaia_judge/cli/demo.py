"""``gaia-judge demo``: the flow from drawn clips to agreement with simulated people, in one process."""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from rich.table import Table

from gaia_judge.agreement import Agreement
from gaia_judge.cli.score import rate_videos
from gaia_judge.cli.screens import Progress, banner, err, foreign_banner, out
from gaia_judge.cli.synth import WARNING
from gaia_judge.cli.tables import agreement_table
from gaia_judge.judges import Judge, load_judge
from gaia_judge.people import compare, read_mos
from gaia_judge.runs import RunFolder
from gaia_judge.scores import ScoreTable
from gaia_judge.scores.files import replacing
from gaia_judge.synthetic.benchmarks import write_benchmark
from gaia_judge.videos import read_videos

GENERATORS, ACTIONS, RATERS = 6, 10, 54
"""Size of the benchmark, which has a clip per generator and action."""

WRITTEN = {"Clips and people's scores": "benchmark", "Judge's scores": "run/scores.csv"}
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
    with load_judge(model, engine="transformers") as judge:  # first, so that nothing is drawn in vain
        banner(judge.card)
        _draw(folder / "benchmark", seed)
        table, counts = _rate(judge, folder)
        found = compare(table, read_mos(folder / "benchmark"))
        results = _results(judge, folder, counts, found)
        _write(folder / "agreement.json", results)
        banner(judge.card)
        foreign_banner(counts)
        if as_json:
            click.echo(json.dumps(results, indent=2))
        else:
            _show(folder, agreement_table(f"{judge.rater} and simulated people", found), counts["failed"])
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


def _rate(judge: Judge, folder: Path) -> tuple[ScoreTable, dict[str, int]]:
    benchmark = folder / "benchmark"
    manifest = {**judge.manifest(), "videos": str(benchmark.resolve())}
    with RunFolder.open(folder / "run", manifest, {"command": sys.argv[1:]}) as run:
        return rate_videos(judge, run, read_videos(benchmark))


def _results(
    judge: Judge, folder: Path, counts: Mapping[str, int], found: Mapping[str, Sequence[Agreement]]
) -> dict[str, Any]:
    return {
        "about": WARNING,
        "rater": judge.rater,
        "random_weights": judge.card.random_weights,
        "world": judge.card.world,
        **counts,
        "agreement": {dimension: [asdict(one) for one in row] for dimension, row in found.items()},
        "written": [str(folder / path) for path in WRITTEN.values()],
    }


def _write(file: Path, results: Mapping[str, Any]) -> None:
    with replacing(file) as stream:
        stream.write(json.dumps(results, indent=2, allow_nan=False).encode() + b"\n")


def _show(folder: Path, table: Table, failed: int) -> None:
    out.print(table)
    for what, path in {**WRITTEN, "Agreement": "agreement.json"}.items():
        out.print(f"{what}: {folder / path}", markup=False, highlight=False, soft_wrap=True)
    if failed:
        err.print(f"{failed} videos have no complete rating; the column error says why.")
    out.print(WARNING, style="bold")
