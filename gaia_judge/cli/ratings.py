"""What all commands that go through videos share: their options, which videos, and the run itself."""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

import click

from gaia_judge.cli.options import decoder_option
from gaia_judge.cli.screens import Progress
from gaia_judge.errors import GaiaJudgeError
from gaia_judge.judges import FOREIGN, Rated
from gaia_judge.runs import Record, RunFolder, shard
from gaia_judge.scores import ScoreTable
from gaia_judge.videos import Video, read_videos


class Streams(Protocol):
    """A judge, or a battery of metrics."""

    def stream(self, videos: Iterable[Video], /) -> Iterator[Rated]:
        """Yield each video when it is finished."""
        ...


def run_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that say which videos are done, how they are decoded, and what is shown."""
    options = (
        decoder_option,
        click.option("--limit", type=click.IntRange(1), help="Only the first N videos."),
        click.option("--shard", "part", metavar="I/N", help="Only the I-th of N parts of the videos."),
        click.option("--retry-errors", is_flag=True, help="Do again the videos that failed before."),
        click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def pick_videos(place: Path, part: str | None, limit: int | None) -> list[Video]:
    """Return the videos that ``--shard`` and ``--limit`` leave.

    Raises:
        GaiaJudgeError: There are none, or they cannot be read.
    """
    found = read_videos(place)
    found = (shard(found, part) if part else found)[:limit]
    if not found:
        raise GaiaJudgeError(f"No video of {place} is in this part.", "Check --shard.")
    return found


def default_out(videos: Path, names: Iterable[str], part: str | None) -> Path:
    """Return the run folder of those who name none: told by the videos, who rates them, and the part.

    >>> str(default_out(Path("clips.csv"), ["vqascore:./my judge"], "1/4"))
    'runs/clips-vqascore-my-judge-1of4'
    """
    words = [re.sub(r"(?:[^\w.+]|\.(?!\w))+", "-", name).strip("-.") for name in names]
    return Path("runs") / "-".join(
        [videos.resolve().stem, *words, *([part.replace("/", "of")] if part else [])]
    )


def rate_videos(
    rater: Streams, run: RunFolder, videos: list[Video], *, retry: bool = False
) -> tuple[ScoreTable, dict[str, int]]:
    """Rate what is pending, journal each video before it is counted, and export the table.

    Returns:
        The table, and the numbers of videos: all, failed and foreign to the judge; run.json gets them too.
    """
    pending = run.pending(videos, retry_errors=retry)
    try:
        with Progress("scoring", "videos", total=len(videos), done=len(videos) - len(pending)) as progress:
            for rated in rater.stream(pending):
                record = Record.of(rated.video, rated.frames, rated.scores, rated.decimals)
                run.append(record)
                progress.advance(failed=bool(record.errors))
    except BaseException:
        with suppress(GaiaJudgeError):  # a full disk, say, of which the first error tells
            _conclude(run, videos)
        raise
    return _conclude(run, videos)


def _conclude(run: RunFolder, videos: list[Video]) -> tuple[ScoreTable, dict[str, int]]:
    table = run.export(videos)
    counts = {"videos": len(videos), **count_failures(table)}
    run.conclude(counts)
    return table, counts


def count_failures(table: ScoreTable) -> dict[str, int]:
    """Return the numbers of videos that failed, and of those that are foreign to the judge."""
    frame = table.to_pandas()
    failed, foreign = frame["value"].isna(), frame["note"].eq(FOREIGN).fillna(False)
    numbers = {"failed": frame.loc[failed, "video"], "foreign_videos": frame.loc[foreign, "video"]}
    return {name: int(videos.nunique()) for name, videos in numbers.items()}
