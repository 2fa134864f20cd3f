"""``gaia-judge eject``: copy a shipped asset for editing."""

from pathlib import Path

import click

from gaia_judge.assets import eject_asset


@click.command("eject")
@click.argument("kind", type=click.Choice(["judges", "prompts", "scales"]))
@click.argument("name")
def command(kind: str, name: str) -> None:
    """Copy NAME into this folder's own judges/ or prompts/, where it wins over the shipped one.

    \b
    Example:
      gaia-judge eject prompts syllogism
    """
    click.echo(eject_asset(kind, name, Path()))  # type: ignore[arg-type]
