"""``gaia-judge eject``: copy a shipped asset for editing."""

from pathlib import Path
from typing import get_args

import click

from gaia_judge.assets import Kind, eject_asset


@click.command("eject")
@click.argument("kind", type=click.Choice(get_args(Kind)))
@click.argument("name")
def command(kind: str, name: str) -> None:
    """Copy NAME into this folder's own judges/, prompts/ or calibration/, where it wins over the shipped one.

    \b
    Example:
      gaia-judge eject prompts syllogism
    """
    click.echo(eject_asset(kind, name, Path()))  # type: ignore[arg-type]
