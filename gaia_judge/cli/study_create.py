"""``gaia-judge study create``: a folder from which a study is served."""

import os
import sys
from pathlib import Path

import click

from gaia_judge.cli.screens import Progress, err
from gaia_judge.errors import GaiaJudgeError
from gaia_judge.videos import read_videos

EPILOG = """
\b
Examples:
  gaia-judge study create --example                    # writes study.yaml to edit
  gaia-judge study create study.yaml videos/ --out study/
  gaia-judge study serve study/ --invite 20
  gaia-judge people study/ --out MOS.csv

STUDY.yaml says what is asked; what it leaves out is as in the example. VIDEOS is what `score` takes. OUT
gets copies of the videos, transcoded (H.264) only where browsers cannot play them, study.db with the
SHA-256 of each original and copy, and owner-secret.txt, which opens the owner's page. The originals stay
as they are. Exit code: 0 done, 1 some videos cannot be shown, 2 bad usage.
"""


@click.command("study create", epilog=EPILOG)
@click.argument(
    "study", type=click.Path(path_type=Path, dir_okay=False), metavar="STUDY.yaml", required=False
)
@click.argument("videos", type=click.Path(path_type=Path), metavar="VIDEOS", required=False)
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), help="Folder [default: the file's name]."
)
@click.option(
    "--example", is_flag=True, help="Write an example to STUDY.yaml [default: study.yaml], no more."
)
@click.option("--workers", type=click.IntRange(1), help="Processes that transcode [default: one per core].")
def command(
    study: Path | None, videos: Path | None, out: Path | None, example: bool, workers: int | None
) -> None:
    """Make a study: people rate VIDEOS as STUDY.yaml says."""
    if example:
        _write_example(study or Path("study.yaml"))
        return
    if study is None or videos is None:
        raise click.UsageError("STUDY.yaml and VIDEOS are needed. --example writes a study file.")
    from gaia_judge.studio.creations import SECRET, create_study
    from gaia_judge.studio.studies import read_study

    folder = out or study.with_suffix("")
    if folder.resolve().is_relative_to(videos.resolve()):
        message = f"{folder} lies in {videos}, so that its copies would be taken for videos."
        raise GaiaJudgeError(message, "Give another folder with --out.")
    plan, found = read_study(study), read_videos(videos)
    with Progress("copying", "videos", total=len(found)) as progress:
        made = create_study(
            plan,
            found,
            folder,
            processes=workers or min(os.cpu_count() or 1, len(found)),
            advance=lambda failed: progress.advance(failed=failed),
        )
    for name, why in list(made.failed.items())[:10]:
        err.print(f"{name} is left out: {why}", soft_wrap=True)
    err.print(f"{made.videos} videos, {made.transcoded} of them transcoded, in {folder}.", soft_wrap=True)
    err.print(f"The owner's secret: {folder / SECRET}", soft_wrap=True)
    err.print(f"Next: gaia-judge study serve {folder} --invite 20", soft_wrap=True)
    sys.exit(1 if made.failed else 0)


def _write_example(path: Path) -> None:
    from importlib.resources import files

    if path.exists():
        raise GaiaJudgeError(f"{path} exists already.", "Name another file.")
    text = (files("gaia_judge.studio") / "theme" / "example.yaml").read_bytes()
    from gaia_judge.scores.files import replacing

    with replacing(path) as out:
        out.write(text)
    err.print(f"Edit {path}, then: gaia-judge study create {path} VIDEOS", soft_wrap=True)
