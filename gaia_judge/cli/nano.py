"""``gaia-judge nano``: how the embedded judge was made, and what it can see."""

import math
from pathlib import Path
from typing import Any

import click

from gaia_judge.cli.options import Number
from gaia_judge.cli.synth import WARNING
from gaia_judge.engines.checks import check_torchvision
from gaia_judge.scores.files import replacing


@click.group("nano", context_settings={"help_option_names": ["-h", "--help"]})
def command() -> None:
    """Train or examine nano, the embedded judge that knows only the synthetic world.

    \b
    Examples:
      gaia-judge nano train work/
      gaia-judge nano exam work/exam --model work/nano
    """


@command.command("train")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False, writable=True))
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of weights and clips.")
@click.option("--steps", type=click.IntRange(1), help="Steps of 32 clips; by default as the shipped nano.")
@click.option(
    "--minutes",
    type=Number(0, min_open=True),
    help="Stop after so long; the same command goes on.",
)
@click.option(
    "--workers", type=click.IntRange(1), default=1, show_default=True, help="Processes that draw clips."
)
def train_nano(folder: Path, seed: int, steps: int | None, minutes: float | None, workers: int) -> None:
    """Train nano from nothing in FOLDER; run it again to go on where it was stopped.

    \b
    About 75 minutes on two CPU cores; no GPU is used.
    Example:
      gaia-judge nano train work/
    """
    check_torchvision()
    from gaia_judge.nano.training import Course, train

    course = Course() if steps is None else Course.of(steps)

    def report(row: dict[str, Any]) -> None:
        click.echo(" ".join(f"{name}={value}" for name, value in row.items()))

    taken = train(folder, course, seed, workers, math.inf if minutes is None else minutes, report)
    if taken < course.steps:
        click.echo(f"Stopped after step {taken} of {course.steps}. The same command goes on.")
    else:
        click.echo(f"{folder / 'nano'} holds the checkpoint. Judge with --model {folder / 'nano'}.")


@command.command("exam")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False, writable=True))
@click.option("--model", default="nano", show_default=True, help="nano, or the folder of another training.")
def exam(folder: Path, model: str) -> None:
    """Examine nano on what it never saw in training; writes FOLDER/exam.md and exam.json.

    \b
    Draws 999 clips and rates them under all controls: 15 minutes or more on two cores. Run it again to go on.
    Example:
      gaia-judge nano exam work/exam --model work/nano
    """
    from gaia_judge.nano.exams import examine
    from gaia_judge.nano.tables import markdown

    text = markdown(examine(model, folder, click.echo), WARNING)
    with replacing(folder / "exam.md") as file:
        file.write(text.encode())
    click.echo(text)
