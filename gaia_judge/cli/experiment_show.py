"""``gaia-judge experiment show``: what an experiment has found."""

from pathlib import Path
from typing import Any

import click

from gaia_judge.cli.experiments import read_asking, result_options, show_results
from gaia_judge.experiments.indexes import read_index
from gaia_judge.experiments.results import read_results

EPILOG = """
\b
Examples:
  gaia-judge experiment show experiments/chaining
  gaia-judge experiment show experiments/chaining --human MOS.csv --format latex
  gaia-judge experiment show experiments/scales --plot cost.pdf --json

The best cell is chosen on some of the actions and confirmed on the rest (confirm: in the file says how
many), so that a search over many prompts cannot flatter itself. Differences are paired on the same videos;
p values are corrected for the number of cells.
"""


@click.command("experiment show", epilog=EPILOG)
@click.argument("folder", type=click.Path(path_type=Path))
@result_options
def command(folder: Path, **given: Any) -> None:
    """Show how the cells of an experiment agree with people, and what they took."""
    results = read_results(read_index(folder), read_asking(given), given["human"], whole=given["whole"])
    show_results(results, given)
