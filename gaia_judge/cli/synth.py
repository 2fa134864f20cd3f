"""``gaia-judge synth``: a benchmark whose truth is known."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click
from rich.table import Table

from gaia_judge.cli.screens import Progress, err, out
from gaia_judge.synthetic.actions import ACTIONS, HELD_OUT, Action
from gaia_judge.synthetic.benchmarks import write_benchmark
from gaia_judge.synthetic.defects import DIMENSIONS, KINDS
from gaia_judge.synthetic.sheets import write_sheet

EPILOG = """
\b
Examples:
  gaia-judge synth synthetic/
  gaia-judge synth small/ --generators 4 --actions 6 --seed 1 --sheet
  gaia-judge synth unseen/ --seed 1 --actions 20 --actions-from held-out
  gaia-judge synth gaps/ --defects "no contact" --defects floating

OUT gets GAIA's layout: videos/, MOS.csv, prompts_all.csv and action_label.xlsx, and beside them truth.csv
(latent quality and defects), votes.csv (every vote) and synth.json (the settings). The same command
continues one that was stopped. Exit code: 0 done, 2 bad usage or a folder that cannot be used.
"""

WARNING = (
    "All of this is synthetic: drawn clips, simulated generators, simulated raters. It demonstrates the "
    "machinery and is no evidence about real judges."
)

PARTS = click.Choice(["all", "trained", "held-out"])


def count_option(name: str, default: int, help: str) -> Callable[[Any], Any]:
    """Return an option for a number of things, at least one."""
    return click.option(name, type=click.IntRange(1), default=default, show_default=True, help=help)


@click.command("synth", epilog=EPILOG)
@click.argument("folder", metavar="OUT", type=click.Path(path_type=Path))
@count_option("--generators", 18, "Simulated generators.")
@count_option(
    "--actions", 60, "Actions, spread over body, hand and face; each generator gets one clip per action."
)
@count_option("--raters", 54, "Simulated raters.")
@click.option(
    "--seed", type=click.IntRange(0), default=0, show_default=True, help="Another seed: other clips."
)
@click.option("--workers", type=click.IntRange(1), help="Processes that draw [default: one per core].")
@click.option(
    "--defects", "names", multiple=True, metavar="NAME", help="Only these defects; may be repeated."
)
@click.option(
    "--defects-from", type=PARTS, default="all", help="Only defects that nano was trained on, or not."
)
@click.option(
    "--actions-from", type=PARTS, default="all", help="Only actions that nano was trained on, or not."
)
@click.option("--sheet", is_flag=True, help="Also write OUT/defects.png: what each defect looks like.")
def command(folder: Path, **given: Any) -> None:
    """Write a synthetic benchmark with known truth to OUT, in GAIA's layout."""
    if given["names"] and given["defects_from"] != "all":
        raise click.UsageError("--defects names them all: leave out --defects-from.")
    with Progress("drawing", "clips", total=given["generators"] * given["actions"]) as progress:
        write_benchmark(
            folder,
            **{name: given[name] for name in ("generators", "actions", "raters", "seed", "workers")},
            defects=_defects(given["names"], given["defects_from"]),
            pool=_pool(given["actions_from"]),
            advance=progress.advance,
            skip=progress.skip,
        )
    if given["sheet"]:
        write_sheet(folder / "defects.png")
        err.print(f"What each defect looks like: {folder / 'defects.png'}", highlight=False, soft_wrap=True)
    out.print(_summary(folder))
    out.print(WARNING, style="bold")


def _defects(names: Sequence[str], part: str) -> list[str]:
    held = {"all": (True, False), "trained": (False,), "held-out": (True,)}[part]
    return list(names) or [name for name, kind in KINDS.items() if kind.held_out in held]


def _pool(part: str) -> list[Action]:
    return [action for action in ACTIONS if part == "all" or (action in HELD_OUT) == (part == "held-out")]


def _summary(folder: Path) -> Table:
    """Return how the scores are spread."""
    import pandas as pd

    scores = pd.read_csv(folder / "MOS.csv")
    table = Table(title=f"Synthetic MOS of {len(scores)} clips, 0 to 100", title_justify="left")
    for title in ("dimension", "mean", "std", "skewness"):
        table.add_column(title, justify="left" if title == "dimension" else "right")
    for name in DIMENSIONS:
        column: Any = scores[f"final action {name}"]
        figures = [float(figure) for figure in (column.mean(), column.std(), column.skew())]
        table.add_row(name, *("-" if math.isnan(figure) else f"{figure:.2f}" for figure in figures))
    return table
