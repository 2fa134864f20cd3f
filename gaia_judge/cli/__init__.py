"""The command line: one command per step of the flow; each is imported when it is called."""

import sys
import warnings
from importlib import import_module
from typing import Any

import click

from gaia_judge.errors import GaiaJudgeError

COMMANDS = {
    "demo": "Run the whole flow on a small synthetic benchmark.",
    "synth": "Write a synthetic benchmark with known truth.",
    "score": "Rate videos with a Video-LLM judge.",
    "calibrate": "Fit a judge's scores to human scores.",
    "agree": "Tell how columns of any table agree.",
    "compare": "Compare raters with people.",
    "frames": "Show exactly the frames that a judge sees.",
    "leaderboard": "Rank generators by a rater's scores.",
    "ls": "List judges, prompts, scales, engines or protocols.",
    "prompt": "Show what a prompt set makes the model read.",
    "eject": "Copy a shipped judge, prompt set, scale or protocol for editing.",
    "nano": "Train or examine the embedded judge.",
    "doctor": "Check what can run on this machine.",
}


class LazyGroup(click.Group):
    """Imports a command's module only when it is called, so that --help is quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order of the flow."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Return a command, or None if there is none of that name."""
        if name not in COMMANDS:
            return None
        command: click.Command = import_module(f"gaia_judge.cli.{name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="gaia-judge")
def cli() -> None:
    """Judge the actions of generated videos with Video-LLMs.

    \b
    Examples:
      gaia-judge score videos/ --model llava
      gaia-judge score clips.csv --model qwen2.5-vl --base-url http://localhost:8000/v1
      gaia-judge compare runs/* --human GAIA/ --reference gaia
      gaia-judge frames videos/clip.mp4 --out seen.png
      gaia-judge doctor
    """


def main() -> None:
    """Run the command line; 0: done, 1: done with failed videos, 2: bad usage or input."""
    warnings.showwarning = _note
    try:
        cli(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except GaiaJudgeError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(2)
    except (KeyboardInterrupt, click.Abort):
        click.echo("Stopped. The same command continues where this one ended.", err=True)
        sys.exit(130)


def _note(message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
    """Show our own warnings on one line; other packages' are for their developers."""
    if category is UserWarning:
        click.echo(f"Note: {message}", err=True)
