"""What the commands about experiments share: how results are measured and shown."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, get_args

import click

from gaia_judge.cli.options import format_option
from gaia_judge.cli.screens import err, show_report
from gaia_judge.comparison.agreements import Asking, Unit
from gaia_judge.comparison.rows import agreement_row
from gaia_judge.errors import GaiaJudgeError
from gaia_judge.experiments.plots import pareto
from gaia_judge.experiments.results import Results
from gaia_judge.experiments.tables import SHOWN, list_tables

PLOTS = (".svg", ".pdf", ".png")


def result_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that say how cells are compared and shown."""
    options = (
        click.option(
            "--human", type=click.Path(path_type=Path), help="People's scores: a table or a GAIA folder."
        ),
        click.option("--whole", is_flag=True, help="Measure on all actions; choose no best cell."),
        click.option(
            "--cluster",
            "unit",
            type=click.Choice(get_args(Unit)),
            help="What intervals draw [default: action].",
        ),
        click.option(
            "--bootstrap", "draws", type=click.IntRange(1), default=1000, show_default=True, help="Draws."
        ),
        click.option(
            "--seed", type=click.IntRange(0), default=0, show_default=True, help="Of draws and samples."
        ),
        click.option(
            "--plot",
            type=click.Path(path_type=Path),
            callback=_check_plot,
            help="Agreement against cost, as .svg, .pdf or .png.",
        ),
        format_option,
    )
    for option in reversed(options):
        command = option(command)
    return command


def _check_plot(_: click.Context, __: click.Parameter, file: Path | None) -> Path | None:
    """Refuse what could not be written, before anything is rated."""
    if file is None:
        return None
    if file.suffix.lower() not in PLOTS:
        raise GaiaJudgeError(f"--plot {file} is no kind of plot.", f"End it in {' or '.join(PLOTS)}.")
    if not file.parent.is_dir():
        raise GaiaJudgeError(f"The folder of --plot {file} does not exist.", f"Make {file.parent} first.")
    return file


def read_asking(given: Mapping[str, Any]) -> Asking:
    """Return how agreement is measured."""
    return Asking(statistics=SHOWN, unit=given["unit"], draws=given["draws"], seed=given["seed"])


def show_results(results: Results, given: Mapping[str, Any]) -> None:
    """Print the tables, and write the plot if one is asked for."""
    if given["plot"]:
        _write_plot(results, given["plot"])
    if given["format"] == "json":
        click.echo(json.dumps(as_json(results), indent=2, allow_nan=False))
        return
    for report in list_tables(results):
        show_report(report, given["format"])


def _write_plot(results: Results, file: Path) -> None:
    figure = pareto(results)
    if figure is None:
        err.print("No plot: it needs people's scores, and cells that were timed.")
        return
    figure.draw().savefig(file)
    err.print(f"Plot: {file}", soft_wrap=True)


def as_json(results: Results) -> dict[str, Any]:
    """Return the results as JSON values."""
    choice = results.choice
    return {
        "experiment": results.index.experiment.model_dump(mode="json"),
        "cells": [
            {
                **asdict(entry),
                "spent": asdict(results.spent[entry.name]) if entry.name in results.spent else None,
            }
            for entry in results.index.entries
        ],
        "agreement": [
            {
                "cell": row.rater,
                "dimension": row.dimension,
                "failed": row.failed,
                **agreement_row(row.figures),
            }
            for row in results.rows
        ],
        "differences": {name: [asdict(one) for one in found] for name, found in results.duels.items()},
        "choice": choice
        and {
            "cell": choice.name,
            "dimension": choice.dimension,
            "actions_searched": choice.searched,
            "actions_kept_back": choice.confirmed,
            "agreement": [
                {"cell": row.rater, "dimension": row.dimension, **agreement_row(row.figures)}
                for row in choice.rows
            ],
            "above_base": choice.duel and asdict(choice.duel),
        },
        "no_choice_because": results.unchosen,
    }
