"""``gaia-judge score``: the main job."""

import json
import sys
from pathlib import Path
from typing import Any, get_args

import click

from gaia_judge.assets import list_assets
from gaia_judge.cards import load_card
from gaia_judge.cli.engines import engine_options, read_engine_options
from gaia_judge.cli.options import Number
from gaia_judge.cli.ratings import default_out, pick_videos, rate_videos, run_options
from gaia_judge.cli.screens import banner, foreign_banner, preview_screen, summary_screen
from gaia_judge.dialogues import Chain
from gaia_judge.frames import FrameSpec
from gaia_judge.judges import Judge, load_judge
from gaia_judge.prompts import Readout
from gaia_judge.runs import RunFolder
from gaia_judge.scores import ScoreTable

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
@click.option("--frames", type=click.IntRange(1), help="Frames per video; the judge's own number by default.")
@click.option("--fps", type=Number(0, min_open=True), help="Frames per second, at most --frames.")
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
@click.option("--temperature", type=Number(0), default=1.0, show_default=True, help="Temperature of samples.")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of samples.")
@click.option(
    "--out", type=click.Path(path_type=Path), help="Run folder [default: runs/VIDEOS-MODEL-PROMPT]."
)
@engine_options
@click.option("--dry-run", is_flag=True, help="Show what the model would read for the first video, and stop.")
@run_options
def command(videos: Path, **given: Any) -> None:
    """Rate VIDEOS with a Video-LLM judge on subject, completeness and interaction."""
    found = pick_videos(videos, given["part"], given["limit"])
    with _judge(given) as judge:
        banner(judge.card)
        if given["dry_run"]:
            preview_screen(judge, found[0])
            return
        out = given["out"] or default_out(videos, [judge.card.name, judge.prompt.name], given["part"])
        manifest = {**judge.manifest(), "videos": str(videos.resolve())}
        with RunFolder.open(out, manifest, {"command": sys.argv[1:]}) as run:
            table, counts = rate_videos(judge, run, found, retry=given["retry_errors"])
        if given["as_json"]:
            foreign_banner(counts)
            click.echo(json.dumps(_summary(judge, out, table, counts), indent=2))
        else:
            summary_screen(judge, out, table, counts)
    sys.exit(1 if counts["failed"] else 0)


def _judge(given: dict[str, Any]) -> Judge:
    card = load_card(given["model"])
    count = given["frames"] or card.frames
    return load_judge(
        card,
        frames=FrameSpec(count=count, fps=given["fps"], decoder=given["decoder"]),
        options=read_engine_options(given),
        **{name: given[name] for name in PLAIN},
    )


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
