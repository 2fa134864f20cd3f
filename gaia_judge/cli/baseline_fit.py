"""``gaia-judge baseline fit``: the metrics that GAIA retrains, trained on human scores."""

import json
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click

from gaia_judge.baselines.fits import Course, clear, count_splits, finish, hold_out, test
from gaia_judge.baselines.fittings import Fitting, mark, write_fitting
from gaia_judge.baselines.heldouts import held_out_table, report_splits, summarise_splits
from gaia_judge.baselines.recipes import Learner
from gaia_judge.baselines.regressions import REGRESSIONS
from gaia_judge.cli.baseline import pick_torch_device
from gaia_judge.cli.materials import Material, command_of, extract_material, read_material, read_setting
from gaia_judge.cli.options import decoder_option, format_option
from gaia_judge.cli.ratings import default_out
from gaia_judge.cli.screens import Progress, err, show_report
from gaia_judge.cli.strays import scored, tell_strays
from gaia_judge.errors import GaiaJudgeError
from gaia_judge.people import HumanScores, join, read_human
from gaia_judge.protocols import Protocol, load_protocol
from gaia_judge.runs import RunFolder

EPILOG = """
\b
Examples:
  gaia-judge baseline fit GAIA/ --metric vsfa --human GAIA/MOS.csv
  gaia-judge baseline fit GAIA/ --metric tlvqm --human GAIA/ --protocol gaia-by-action --out fits/tlvqm
  gaia-judge baseline new/ --metric tlvqm:fits/tlvqm
  gaia-judge compare fits/tlvqm runs/videos-llava-syllogism --human GAIA/ --reference gaia
  gaia-judge baseline fit --features FEATURES.csv --human MOS.csv --regressor videval --splits 100

Features of each video are extracted once and kept; a second fit decodes nothing. Each dimension is trained
and tested in every split of the protocol, then once more on all videos. --out gets the held-out scores
(scores.csv, for compare), run.json and, where videos were given, the fitted metric. The same command
continues one that was stopped.
Exit code: 0 done, 1 some videos have no features, 2 bad usage or the metric cannot run here.
"""


@click.command("baseline fit", epilog=EPILOG)
@click.argument("videos", type=click.Path(path_type=Path), required=False)
@click.option("--metric", help="A metric that is trained: gaia-judge ls metrics.")
@click.option(
    "--human",
    type=click.Path(path_type=Path),
    required=True,
    help="People's scores: a table or a GAIA folder.",
)
@click.option(
    "--features",
    type=click.Path(path_type=Path),
    help="Features computed already: a column video, then numbers. Their fit measures no videos.",
)
@click.option(
    "--regressor", type=click.Choice(sorted(REGRESSIONS)), help="With --features: what learns from them."
)
@click.option(
    "--protocol", default="gaia", show_default=True, help="How videos are divided: gaia-judge ls protocols."
)
@click.option("--splits", type=click.IntRange(1), help="Random splits instead of the protocol's number.")
@click.option(
    "--seed",
    type=click.IntRange(0),
    help="Of splits and training [default: the protocol's]. Split N is drawn by seed + N: seeds nearer"
    " to each other than the number of splits share some.",
)
@click.option("--epochs", type=click.IntRange(1), help="Of a network, instead of the published number.")
@click.option(
    "--rate",
    type=click.FloatRange(0, min_open=True),
    help="Learning rate of a network, instead of the published one.",
)
@click.option(
    "--patience",
    type=click.IntRange(1),
    help="Stop a network after so many epochs that rank no better [default: never].",
)
@click.option(
    "--select",
    type=click.Choice(["honest", "upstream"]),
    default="honest",
    show_default=True,
    help="What chooses the best epoch: the protocol's validation part or, to reproduce papers, the test.",
)
@click.option(
    "--out", type=click.Path(path_type=Path), help="Folder [default: runs/VIDEOS-fit-METRIC-PROTOCOL]."
)
@click.option(
    "--cache",
    type=click.Path(path_type=Path),
    help="Where features are kept [default: gaia-judge/features in the user's cache].",
)
@click.option(
    "--processes", type=click.IntRange(1), default=2, show_default=True, help="That extract features."
)
@click.option(
    "--weights",
    multiple=True,
    metavar="NAME=PATH",
    help="Own weights instead of a download, or a head to start from: gaia-judge ls metrics --json.",
)
@click.option("--non-commercial", is_flag=True, help="Use weights whose licence forbids commercial use.")
@click.option(
    "--device", default="auto", show_default=True, help="Where torch computes: auto, cpu, cuda, mps."
)
@click.option("--limit", type=click.IntRange(1), help="Only the first N videos.")
@decoder_option
@format_option
def command(videos: Path | None, **given: Any) -> None:
    """Train a metric of GAIA's benchmark on people's scores, and test it on videos held out."""
    if bool(given["features"]) != bool(given["regressor"]) or bool(given["features"]) == bool(
        given["metric"]
    ):
        hint = "Give VIDEOS with --metric, or --features with --regressor."
        raise GaiaJudgeError("Either a metric or features with a regressor are fitted.", hint)
    if bool(videos) == bool(given["features"]):
        raise GaiaJudgeError(
            "Either VIDEOS or --features are needed, not both.", "See gaia-judge baseline fit -h."
        )
    human, protocol = read_human(given["human"]), _protocol(given)
    source = videos or given["features"]
    with ExitStack() as held:
        opened: list[RunFolder] = []

        def begin(name: str, learner: Learner, facts: Mapping[str, Any]) -> None:
            out = given["out"] or default_out(source, ["fit", name, protocol.name], None)
            manifest = _manifest(learner, facts, human, protocol, given)
            opened.append(held.enter_context(RunFolder.open(out, manifest, {"command": sys.argv[1:]})))

        if videos is None:
            material = read_material(given, human, protocol, begin)
        else:
            material = extract_material(videos, given, human, protocol, begin)
        out = opened[0].folder
        rows, report = _fit(material, human, protocol, given, out)
        opened[0].conclude({"splits": rows})
    if given["format"] == "json":
        click.echo(json.dumps(rows, indent=2, allow_nan=False))
    else:
        show_report(report, given["format"])
    for note in material.notes if given["format"] in ("json", "csv") else ():  # which have no room for them
        err.print(note, markup=False, soft_wrap=True)
    _close(out, material, given)
    sys.exit(1 if material.errors else 0)


def _manifest(
    learner: Learner,
    facts: Mapping[str, Any],
    human: HumanScores,
    protocol: Protocol,
    given: Mapping[str, Any],
) -> dict[str, Any]:
    return {
        "gaia_judge": version("gaia-judge"),
        **facts,
        "learner": dict(learner.describe()),
        "human": human.digest,
        "protocol": protocol.model_dump(exclude={"about"}),
        "seed": protocol.seed,
        "select": given["select"],
    }


def _fit(
    material: Material, human: HumanScores, protocol: Protocol, given: Mapping[str, Any], out: Path
) -> tuple[list[dict[str, Any]], Any]:
    joined = join(material.facts, human)
    course = Course(
        learner=material.learner,
        features=material.features,
        mos=scored(joined, human),
        facts=material.facts,
        division=protocol,
        upstream=given["select"] == "upstream",
        seed=protocol.seed,
        device=pick_torch_device(given["device"]) if material.metric else "cpu",
        folder=out,
    )
    with Progress("training", "trainings", total=count_splits(course) + len(course.mos.columns)) as progress:
        course = replace(course, advance=progress.advance, skip=progress.skip, say=progress.say)
        tested = list(test(course))
        fitted = finish(course)
    rows = summarise_splits(tested)
    metric = material.metric
    rater = metric.rater(read_setting(given, metric)) if metric else material.name
    held_out_table(
        rater,
        hold_out(course, tested),
        material.everyone,
        material.errors,
        human_digest=human.digest,
        protocol=protocol.name,
        upstream=course.upstream,
    ).write(out)
    taught = joined.mos.dropna(how="all").index
    fitting = Fitting(
        metric=material.name,
        dimensions=tuple(fitted),
        key=material.key,
        human={"source": Path(human.source).name, "digest": human.digest},
        videos=tuple(mark(video) for video in taught),
        contents=tuple(material.contents[video] for video in taught if video in material.contents),
    )
    if metric is not None:  # a table's features cannot be had of new videos
        write_fitting(out, fitting, fitted, {"splits": rows})
    clear(course)
    tell_strays(joined, human)
    title = f"{rater}, trained on {len(taught)} videos"
    report = report_splits(title, rows, protocol, upstream=course.upstream)
    return rows, replace(report, notes=(*report.notes, *material.notes))


def _protocol(given: Mapping[str, Any]) -> Protocol:
    protocol = load_protocol(given["protocol"])
    told: dict[str, Any] = {} if given["seed"] is None else {"seed": given["seed"]}
    if given["patience"] and not protocol.validation_share and given["select"] == "honest":
        message = (
            f"The protocol {protocol.name} keeps nothing apart to choose by, so --patience says nothing."
        )
        raise GaiaJudgeError(message, "Leave it out, or take gaia-nested.")
    if given["splits"]:
        if protocol.splits is None:
            message = f"The protocol {protocol.name} has no random splits, so --splits says nothing."
            raise GaiaJudgeError(message, "Leave it out, or take another protocol.")
        told |= {"splits": given["splits"], "about": ""}  # the file's own words tell another number
    if not protocol.splits and not protocol.folds:
        message = f"The protocol {protocol.name} holds no videos out, so nothing can be tested."
        raise GaiaJudgeError(message, "Take another: gaia-judge ls protocols.")
    return protocol.model_copy(update=told)


def _close(out: Path, material: Material, given: Mapping[str, Any]) -> None:
    if material.errors:
        video, why = next(iter(material.errors.items()))
        err.print(f"{len(material.errors)} videos have no features, such as {video}: {why}", soft_wrap=True)
    err.print(f"Held-out scores: {out / 'scores.csv'}", soft_wrap=True)
    if material.metric is None:
        err.print("A fit of a table measures no new videos: nothing tells how its features are computed.")
    else:
        err.print(f"New videos: {command_of(material.metric, out, given)}", markup=False, soft_wrap=True)
