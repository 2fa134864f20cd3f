"""``gaia-judge study export``: a study's votes as tables."""

from pathlib import Path

import click

from gaia_judge.cli.screens import err

EPILOG = """
\b
Examples:
  gaia-judge study export study/ --out export/
  gaia-judge people export/votes.csv --out MOS.csv

The study may be running. OUT gets votes.csv (video, rater, score, dimension, repeat, time in seconds, and
sampling probability), raters.csv (what raters told of themselves, and checks), videos.csv (digests) and,
where a judge chose videos, labels.csv for `gaia-judge leaderboard RUN --human`. Raters have random names, and
nothing has a date. `people` also takes the study's folder itself. Exit code: 0 done, 2 there is no study.
"""


@click.command("study export", epilog=EPILOG)
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), metavar="DIR")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Folder [default: DIR/export].")
def command(folder: Path, out: Path | None) -> None:
    """Write the votes of the study in DIR as CSV."""
    from gaia_judge.studio.exports import count_unlabelled, write_export
    from gaia_judge.studio.stores import open_store

    store, study = open_store(folder)
    for file in write_export(store, study, out or folder / "export"):
        err.print(f"{file}", soft_wrap=True)
    with store.read() as connection:
        lacking = count_unlabelled(connection)
    if lacking:
        why = "the means of labels.csv hold once each has one"
        err.print(f"{lacking} of the videos that the judge chose have no vote yet: {why}.", soft_wrap=True)
    store.close()
