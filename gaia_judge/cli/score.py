"""``gaia-judge score``: the main job."""

import json
import sys
from pathlib import Path
from typing import Any, get_args

import click
import yaml

from gaia_judge.assets import list_assets
from gaia_judge.cards import load_card
from gaia_judge.cli.options import decoder_option
from gaia_judge.cli.screens import Progress, banner, foreign_banner, preview_screen, summary_screen
from gaia_judge.dialogues import Chain
from gaia_judge.engines import EngineOptions
from gaia_judge.engines.registry import engine_entries
from gaia_judge.errors import GaiaJudgeError
from gaia_judge.frames import FrameSpec
from gaia_judge.judges import FOREIGN, Judge, load_judge
from gaia_judge.prompts import Readout
from gaia_judge.runs import Record, RunFolder, shard
from gaia_judge.scores import ScoreTable
from gaia_judge.videos import Video, read_videos

EPILOG = """
\b
Examples:
  gaia-judge score videos/ --model llava
  gaia-judge score GAIA/ --model qwen2.5-vl --prompt syllogism --chain marginal --out runs/marginal
  gaia-judge score clips.csv --model llava --base-url http://localhost:8000/v1
  gaia-judge score videos/ --model smolvlm2 --limit 3 --dry-run
  gaia-judge score videos/ --model llava --shard 1/4

VIDEOS is a folder (searched recursively), one file, a manifest (CSV, JSONL or Parquet with a column path,
and optionally id, prompt, action, generator, category, subset) or a GAIA folder. The same command continues
a run that was stopped. Exit code: 0 all scored, 1 some videos failed, 2 bad usage or the judge cannot run.
"""


PLAIN = ("prompt", "scale", "engine", "readout", "chain", "samples", "temperature", "seed")
"""Options that go to ``load_judge`` as they are."""


def _names(kind: Any) -> str:
    return ", ".join(asset.name for asset in list_assets(kind))


@click.command("score", epilog=EPILOG)
@click.argument("videos", type=click.Path(path_type=Path))
@click.option(
    "--model", required=True, help=f"Judge: {_names('judges')}; or a card's file, or a checkpoint's folder."
)
@click.option("--prompt", default="syllogism", show_default=True, help=f"Prompt set: {_names('prompts')}.")
@click.option("--scale", help=f"Scale instead of the prompt set's own: {_names('scales')}.")
@click.option("--engine", default="auto", show_default=True, help=f"auto, {', '.join(engine_entries())}.")
@click.option("--frames", type=click.IntRange(1), help="Frames per video; the judge's own number by default.")
@click.option("--fps", type=click.FloatRange(0, min_open=True), help="Frames per second, at most --frames.")
@click.option(
    "--readout",
    type=click.Choice(get_args(Readout)),
    help="How a rating is read; the prompt set's by default.",
)
@click.option(
    "--chain",
    type=click.Choice(get_args(Chain)),
    default="mode",
    show_default=True,
    help="What the next question sees of a rating.",
)
@click.option(
    "--samples", type=click.IntRange(1), default=8, show_default=True, help="Samples per rating when sampled."
)
@click.option(
    "--temperature", type=click.FloatRange(0), default=1.0, show_default=True, help="Temperature of samples."
)
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of samples.")
@click.option(
    "--out", type=click.Path(path_type=Path), help="Run folder [default: runs/VIDEOS-MODEL-PROMPT]."
)
@click.option("--base-url", multiple=True, help="OpenAI-compatible server, such as http://localhost:8000/v1.")
@click.option(
    "--engine-arg",
    multiple=True,
    metavar="NAME=VALUE",
    help="Engine argument, such as tensor_parallel_size=2.",
)
@click.option(
    "--send",
    type=click.Choice(["auto", "images", "sequence", "mp4"]),
    default="auto",
    show_default=True,
    help="How frames go to a server; with mp4 the server chooses them.",
)
@click.option("--record", type=click.Path(), help="Recorded replies, for the replay engine.")
@decoder_option
@click.option("--limit", type=click.IntRange(1), help="Only the first N videos.")
@click.option("--shard", "part", metavar="I/N", help="Only the I-th of N parts of the videos.")
@click.option("--retry-errors", is_flag=True, help="Score again the videos that failed before.")
@click.option("--dry-run", is_flag=True, help="Show what the model would read for the first video, and stop.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
def command(videos: Path, **given: Any) -> None:
    """Rate VIDEOS with a Video-LLM judge on subject, completeness and interaction."""
    found = read_videos(videos)
    found = shard(found, given["part"]) if given["part"] else found
    found = found[: given["limit"]]
    if not found:
        raise GaiaJudgeError(f"No video of {videos} is in this part.", "Check --shard.")
    with _judge(given) as judge:
        banner(judge.card)
        if given["dry_run"]:
            preview_screen(judge, found[0])
            return
        out = given["out"] or _default_out(videos, judge, given["part"])
        manifest = {**judge.manifest(), "videos": str(videos.resolve())}
        with RunFolder.open(out, manifest, {"command": sys.argv[1:]}) as run:
            table, counts = rate_videos(judge, run, found, retry=given["retry_errors"])
        if given["as_json"]:
            foreign_banner(counts)
            click.echo(json.dumps(_summary(judge, out, table, counts), indent=2))
        else:
            summary_screen(judge, out, table, counts)
    sys.exit(1 if counts["failed"] else 0)


def _default_out(videos: Path, judge: Judge, part: str | None) -> Path:
    words = [videos.resolve().stem, judge.card.name, judge.prompt.name]
    return Path("runs") / "-".join([*words, *([part.replace("/", "of")] if part else [])])


def _judge(given: dict[str, Any]) -> Judge:
    card = load_card(given["model"])
    options = EngineOptions(
        base_urls=given["base_url"],
        engine_args=dict(_engine_arg(text) for text in given["engine_arg"]),
        send=given["send"],
        record=given["record"],
    )
    count = given["frames"] or card.frames
    return load_judge(
        card,
        frames=FrameSpec(count=count, fps=given["fps"], decoder=given["decoder"]),
        options=options,
        **{name: given[name] for name in PLAIN},
    )


def _engine_arg(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise GaiaJudgeError(f"--engine-arg {text!r} is not NAME=VALUE.", "Write tensor_parallel_size=2.")
    try:
        return name, yaml.safe_load(value)
    except yaml.YAMLError as error:
        raise GaiaJudgeError(f"--engine-arg {text!r} cannot be read.", "Quote the value.") from error


def rate_videos(
    judge: Judge, run: RunFolder, videos: list[Video], *, retry: bool = False
) -> tuple[ScoreTable, dict[str, int]]:
    """Rate what is pending, journal each video before it is counted, and export the table.

    Returns:
        The table, and the numbers of videos: all, failed and foreign to the judge; run.json gets them too.
    """
    pending = run.pending(videos, retry_errors=retry)
    try:
        with Progress("scoring", "videos", total=len(videos), done=len(videos) - len(pending)) as progress:
            for rated in judge.stream(pending):
                record = Record.of(rated.video, rated.frames, rated.scores)
                run.append(record)
                progress.advance(failed=bool(record.errors))
    finally:
        table = run.export(videos)
        counts = {"videos": len(videos), **_counts(table)}
        run.conclude(counts)
    return table, counts


def _counts(table: ScoreTable) -> dict[str, int]:
    frame = table.to_pandas()
    failed, foreign = frame["value"].isna(), frame["note"].eq(FOREIGN).fillna(False)
    numbers = {"failed": frame.loc[failed, "video"], "foreign_videos": frame.loc[foreign, "video"]}
    return {name: int(videos.nunique()) for name, videos in numbers.items()}


def _summary(judge: Judge, out: Path, table: ScoreTable, counts: dict[str, int]) -> dict[str, Any]:
    dimensions = table.summary().round(4).astype(object).where(lambda f: f.notna(), None).to_dict("records")
    return {
        "run": str(out),
        "rater": judge.rater,
        "random_weights": judge.card.random_weights,
        "world": judge.card.world,
        **counts,
        "dimensions": dimensions,
        "tokens": {
            "prompt": judge.usage.prompt,
            "cached": judge.usage.cached,
            "output": judge.usage.output,
        },
    }
