"""``gaia-judge merge``: shards become one run."""

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from gaia_judge.cli.ratings import count_failures
from gaia_judge.cli.screens import err
from gaia_judge.errors import GaiaJudgeError
from gaia_judge.runs import RunFolder
from gaia_judge.runs.merges import read_shards
from gaia_judge.videos import Video, read_videos

EPILOG = """
\b
Examples:
  gaia-judge merge runs/videos-llava-syllogism-*of4 --out runs/videos-llava-syllogism
  gaia-judge compare runs/videos-llava-syllogism --human MOS.csv

RUN is a run's folder, such as score --shard makes; all must have been made with the same settings, and none
may still be written. Where a video failed in one and not in another, the score counts. How many videos are in
none is told. The merged run can be continued like any other, and merged into again. Exit code: 0 all that is
there is scored, 1 some videos failed, 2 the runs do not fit together.
"""


@click.command("merge", epilog=EPILOG)
@click.argument("runs", nargs=-1, required=True, metavar="RUN...", type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Run folder to write.")
def command(runs: Sequence[Path], out: Path) -> None:
    """Merge RUNs, shards of one run, into one run folder."""
    if out.resolve() in {run.resolve() for run in runs}:
        raise GaiaJudgeError(f"{out} is one of the runs.", "Give another folder with --out.")
    before = [out] if (out / "run.json").is_file() else []
    manifest, records = read_shards([*before, *runs])
    with RunFolder.open(out, manifest, {"command": sys.argv[1:], "merged": list(map(str, runs))}) as run:
        for record in records.values():
            if run.done.get(record.video) != record:
                run.append(record)
        known = _known(manifest.get("videos", ""))
        ordered = dict.fromkeys([*(name for name in known if name in run.done), *run.done])
        videos = [Video(id=name, path=Path(name)) for name in ordered]
        counts = {"videos": len(videos), **count_failures(run.export(videos))}
        run.conclude(counts)
    told = f"{counts['videos']} videos of {len(runs)} runs, {counts['failed']} failed"
    err.print(f"{told}: {out / 'scores.csv'}", markup=False, highlight=False, soft_wrap=True)
    if left := sum(name not in ordered for name in known):
        err.print(
            f"{left} videos of {manifest['videos']} are in none of the runs.", markup=False, soft_wrap=True
        )
    sys.exit(1 if counts["failed"] else 0)


def _known(source: str) -> list[str]:
    """Return the ids of the videos where they come from; none if that is not at hand."""
    try:
        return [video.id for video in read_videos(source)] if source else []
    except GaiaJudgeError:
        return []
