"""``gaia-judge baseline``: the metrics of GAIA's benchmark, and substitutes that need no weights."""

import hashlib
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from gaia_judge.baselines import Battery, Setting, find_metrics, load_battery
from gaia_judge.baselines.registry import metric_entries
from gaia_judge.cli.engines import engine_options, read_engine_options
from gaia_judge.cli.ratings import default_out, pick_videos, rate_videos, run_options
from gaia_judge.cli.screens import battery_banner, battery_screen, foreign_banner
from gaia_judge.engines.transformers.calls import pick_device
from gaia_judge.errors import GaiaJudgeError
from gaia_judge.frames import FrameSpec
from gaia_judge.runs import RunFolder
from gaia_judge.scores import ScoreTable

EPILOG = """
\b
Examples:
  gaia-judge ls metrics
  gaia-judge baseline videos/ --metric dis-flow-score,descriptor-consistency
  gaia-judge baseline GAIA/ --metric clip-b32,blip-itm,subject-consistency --out runs/metrics
  gaia-judge baseline videos/ --metric clip-b32 --weights clip-b32=/data/clip-vit-base-patch32
  gaia-judge baseline videos/ --metric vqascore:nano,vqascore:llava
  gaia-judge compare runs/metrics runs/videos-llava-syllogism --human MOS.csv --reference gaia

VIDEOS is what `gaia-judge score` takes. Each video is decoded once for all metrics. The same command
continues a run that was stopped. Names of raters say where a metric is adapted or a substitute. Metrics
that are trained come from `gaia-judge baseline fit`. Exit code: 0 all measured, 1 some videos failed, 2 bad
usage or a metric cannot run here.
"""

MOST_NAMES = 3
"""Metrics that the default run folder names; of more it gives the number and a digest."""


@click.command("baseline", epilog=EPILOG)
@click.argument("videos", type=click.Path(path_type=Path))
@click.option(
    "--metric",
    "metrics",
    required=True,
    multiple=True,
    metavar="NAME[,NAME...]",
    help=f"Metrics: {', '.join(metric_entries())}.",
)
@click.option("--out", type=click.Path(path_type=Path), help="Run folder [default: runs/VIDEOS-METRICS].")
@click.option(
    "--weights",
    multiple=True,
    metavar="NAME=PATH",
    help="Own weights instead of a download; the names: gaia-judge ls metrics.",
)
@click.option("--non-commercial", is_flag=True, help="Use weights whose licence forbids commercial use.")
@click.option(
    "--device", default="auto", show_default=True, help="Where torch computes: auto, cpu, cuda, mps."
)
@click.option(
    "--batch", type=click.IntRange(1), default=8, show_default=True, help="Videos measured at once, at most."
)
@engine_options
@run_options
def command(videos: Path, metrics: Sequence[str], **given: Any) -> None:
    """Measure VIDEOS with metrics of GAIA's benchmark table, or with substitutes that need no weights."""
    names = [name.strip() for listed in metrics for name in listed.split(",")]
    if not all(names):
        raise GaiaJudgeError(f"--metric {','.join(metrics)!r} lacks a name.", "See gaia-judge ls metrics.")
    chosen = find_metrics(names)
    found = pick_videos(videos, given["part"], given["limit"])
    setting = Setting(
        device=pick_torch_device(given["device"]),
        weights=read_weights(given["weights"], {one.name for metric in chosen for one in metric.weights}),
        non_commercial=given["non_commercial"],
        engine=given["engine"],
        options=read_engine_options(given),
    )
    decoder = FrameSpec(decoder=given["decoder"])
    with load_battery(chosen, setting, decoder=decoder, batch=given["batch"]) as battery:
        battery_banner(battery)
        out = given["out"] or default_out(videos, _short(names), given["part"])
        manifest = {**battery.manifest(), "videos": str(videos.resolve())}
        with RunFolder.open(out, manifest, {"command": sys.argv[1:]}) as run:
            table, counts = rate_videos(battery, run, found, retry=given["retry_errors"])
        if given["as_json"]:
            foreign_banner(counts)
            click.echo(json.dumps(_summary(battery, out, table, counts), indent=2))
        else:
            battery_screen(battery, out, table, counts)
    sys.exit(1 if counts["failed"] else 0)


def pick_torch_device(asked: str) -> str:
    """Return the device that was asked for, or with ``auto`` the fastest.

    Raises:
        GaiaJudgeError: There is none of that name here.
    """
    import torch

    asked = pick_device() if asked == "auto" else asked
    try:
        torch.empty(0, device=asked)
    except (RuntimeError, AssertionError, NotImplementedError) as error:  # torch raises what it likes
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise GaiaJudgeError(f"--device {asked!r} cannot be used: {reason}", "Try auto.") from error
    if asked.startswith("cuda"):
        torch.backends.cudnn.allow_tf32 = False  # values are those of whole single precision
    return asked


def read_weights(given: Iterable[str], known: set[str]) -> dict[str, Path]:
    """Return the paths of own weights by name.

    Args:
        given: Each ``NAME=PATH``.
        known: Names of the weights that are used at all.

    Raises:
        GaiaJudgeError: One is written otherwise, or not used.
    """
    found = {}
    for text in given:
        name, equals, path = text.partition("=")
        if not (equals and path):
            raise GaiaJudgeError(f"--weights {text!r} is not NAME=PATH.", "Write clip-b32=/data/clip.")
        if name not in known:
            listed = ", ".join(sorted(known)) or "none"
            raise GaiaJudgeError(f"No metric asked for has weights {name!r}.", f"They have: {listed}.")
        found[name] = Path(path)
    return found


def _short(names: Sequence[str]) -> list[str]:
    names = sorted(names)  # whatever their order, it is one run
    if len(names) <= MOST_NAMES:
        return list(names)
    return [f"{len(names)}-metrics", hashlib.sha256(",".join(names).encode()).hexdigest()[:6]]


def _summary(battery: Battery, out: Path, table: ScoreTable, counts: Mapping[str, int]) -> dict[str, Any]:
    frame = table.summary(["rater", "dimension"]).round(6).astype(object)
    facts = {
        rater: {
            "metric": metric.name,
            "family": metric.family,
            "fidelity": metric.fidelity,
            "higher_is_better": metric.higher_is_better,
            "licence": metric.licence,
        }
        for rater, metric in zip(battery.raters, battery.metrics, strict=True)
    }
    rows = frame.where(frame.notna(), None).to_dict("records")
    return {"run": str(out), **counts, "metrics": [{**row, **facts[row["rater"]]} for row in rows]}
