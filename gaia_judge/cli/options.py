"""Options that several commands share."""

import math
from collections.abc import Callable
from typing import Any

import click


class Number(click.FloatRange):
    """A finite number in a range; click itself lets ``nan`` and ``inf`` through."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the number, or fail with a usage error."""
        if not math.isfinite(found := super().convert(value, param, ctx)):
            self.fail(f"{value} is not a finite number.", param, ctx)
        return found


decoder_option = click.option(
    "--decoder",
    type=click.Choice(["auto", "decord", "pyav", "torchcodec"]),
    default="auto",
    show_default=True,
    help="Video decoder.",
)

kendall_option = click.option(
    "--kendall", type=click.Choice(["b", "c"]), default="b", show_default=True, help="Kendall's tau."
)

mapping_option = click.option(
    "--map",
    "mapping",
    type=click.Choice(["none", "logistic4", "logistic5"]),
    default="none",
    show_default=True,
    help="Also PLCC and RMSE after this function of the rater's scores, fitted to people's.",
)


def format_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command ``--format``, and ``--json`` for short: the argument ``format``."""
    formats = click.Choice(["table", "markdown", "latex", "csv", "json"])
    command = click.option(
        "--json", "format", flag_value="json", type=formats, help="For --format json: for machines."
    )(command)
    return click.option(
        "--format", "format", type=formats, default="table", show_default=True, help="How tables are printed."
    )(command)
