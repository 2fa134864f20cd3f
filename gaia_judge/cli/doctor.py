"""``gaia-judge doctor``: what can run on this machine."""

import json
from dataclasses import asdict

import click

from gaia_judge.cli.screens import out
from gaia_judge.doctor import examine

MARKS = {True: "[green]ok[/]     ", None: "[yellow]note[/]   ", False: "[red]problem[/]"}


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def command(as_json: bool) -> None:
    """Check GPU, vLLM, decoders, model hub and installed packages, and which judges can run here.

    \b
    Example:
      gaia-judge doctor
    """
    found = []
    for finding in examine():
        found.append(finding)
        if not as_json:
            out.print(MARKS[finding.ok], end=" ", markup=True)
            out.print(f"{finding.name}: {finding.detail}", markup=False, highlight=False, soft_wrap=True)
            if finding.cure and finding.ok is not True:
                out.print(f"         {finding.cure}", markup=False, highlight=False, soft_wrap=True)
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in found], indent=2))
