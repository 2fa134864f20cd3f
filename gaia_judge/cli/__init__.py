"""The command line: one command per step of the flow; each is imported when it is called."""

import signal
import sys
import warnings
from importlib import import_module
from typing import Any

import click

from gaia_judge.cli.texts import legible
from gaia_judge.errors import GaiaJudgeError

COMMANDS = {
    "demo": "Run the whole flow on a small synthetic benchmark.",
    "synth": "Write a synthetic benchmark with known truth.",
    "score": "Rate videos with a Video-LLM judge.",
    "baseline": "Measure videos with the metrics of GAIA's benchmark.",
    "baseline fit": "Train metrics on human scores.",
    "study create": "Make a study: a folder of videos for people to rate.",
    "study serve": "Serve the web pages of a study.",
    "study export": "Write the votes of a study as tables.",
    "people": "Turn people's votes into mean opinion scores.",
    "merge": "Make one run of its shards.",
    "calibrate": "Fit a judge's scores to human scores.",
    "agree": "Tell how columns of any table agree.",
    "compare": "Compare raters with people.",
    "experiment run": "Run a matrix of judges, prompts, frames, readouts and controls.",
    "experiment show": "Show what an experiment has found.",
    "audit": "Find out whether a judge looks, and whether it is stable.",
    "report": "Write a page on runs, judges and generators.",
    "frames": "Show exactly the frames that a judge sees.",
    "leaderboard": "Rank generators by a rater's scores.",
    "ls": "List judges, metrics, prompts, scales, engines or protocols.",
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
        command: click.Command = import_module(f"gaia_judge.cli.{name.replace(' ', '_')}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that is called, which may have two words."""
        words = [" ".join(args[:2]), *args[2:]] if " ".join(args[:2]) in COMMANDS else args
        longer = [name for name in COMMANDS if name.startswith(f"{words[0]} ")]
        if longer and words[0] not in COMMANDS:
            raise click.UsageError(f"{words[0]!r} is the beginning of a command: {' or '.join(longer)}.", ctx)
        return super().resolve_command(ctx, words)

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
      gaia-judge baseline videos/ --metric clip-b32,dis-flow-score
      gaia-judge compare runs/* --human GAIA/ --reference gaia
      gaia-judge frames videos/clip.mp4 --out seen.png
      gaia-judge doctor
    """


class Terminated(KeyboardInterrupt):
    """The process was asked to end (SIGTERM), as by a cluster's scheduler."""


def main() -> None:
    """Run the command line.

    Exit code: 0 done, 1 done with failed videos, 2 bad usage or input, 130 stopped by Ctrl-C, 143 by SIGTERM.
    """
    warnings.showwarning = _note
    signal.signal(signal.SIGTERM, _terminate)
    try:
        cli(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except GaiaJudgeError as error:
        click.echo(f"Error: {legible(str(error))}", err=True)
        sys.exit(2)
    except OSError as error:
        # What no command has foreseen: a disk that is full, a folder that may not be written.
        what = f"{error.filename} cannot be used" if error.filename else "Files cannot be used"
        told = legible(f"{what}: {error.strerror or error}.")
        click.echo(f"Error: {told} Check the path, its rights, and the room on the disk.", err=True)
        sys.exit(2)
    except (KeyboardInterrupt, click.Abort) as stopped:
        click.echo("Stopped. The same command continues where this one ended.", err=True)
        asked = isinstance(stopped, Terminated) or isinstance(stopped.__cause__, Terminated)  # click wraps it
        sys.exit(143 if asked else 130)


def _terminate(*_: object) -> None:
    raise Terminated


def _note(message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
    """Show our own warnings on one line; other packages' are for their developers."""
    if category is UserWarning:
        click.echo(f"Note: {legible(str(message))}", err=True)
