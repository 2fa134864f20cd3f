"""``gaia-judge prompt``: what a prompt set makes the model read."""

from pathlib import Path

import click

from gaia_judge.cli.screens import out
from gaia_judge.prompts import VIDEO_MARK, load_prompt_set
from gaia_judge.videos import Video


@click.group("prompt")
def command() -> None:
    """Show what a prompt set makes the model read."""


@command.command("show")
@click.argument("name")
@click.option("--scale", help="Scale instead of the prompt set's own.")
@click.option(
    "--action", default="arranging flowers", show_default=True, help="Action keyword; '' if unknown."
)
@click.option(
    "--prompt", default="A girl arranges daisies.", show_default=True, help="The T2V prompt; '' if unknown."
)
def show(name: str, scale: str | None, action: str, prompt: str) -> None:
    """Print every text of the prompt set NAME, exactly as the model reads it.

    \b
    Example:
      gaia-judge prompt show syllogism --action abseiling --prompt ''
    """
    chosen = load_prompt_set(name, scale=scale)
    video = Video(id="example", path=Path("example.mp4"), prompt=prompt, action=action)
    out.print(f"{chosen.name}: {chosen.about}", style="bold", highlight=False)
    out.print(f"style {chosen.style}, readout {chosen.readout}, digest {chosen.digest[:12]}", highlight=False)
    for title, text in chosen.texts(video).items():
        out.rule(title, align="left")
        out.print(text.replace(VIDEO_MARK, "<the frames>"), markup=False, highlight=False, soft_wrap=True)
