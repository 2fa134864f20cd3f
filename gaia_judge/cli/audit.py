"""``gaia-judge audit``: does a judge look, and is it stable?"""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from gaia_judge.cli.engines import engine_options, read_engine_options
from gaia_judge.cli.experiment_run import draw_sample, run
from gaia_judge.cli.options import format_option
from gaia_judge.cli.ratings import default_out
from gaia_judge.cli.screens import show_report
from gaia_judge.errors import GaiaJudgeError, unknown
from gaia_judge.experiments.audits import Audit, audit_tables, read_audit
from gaia_judge.experiments.cells import lay_out
from gaia_judge.experiments.files import Experiment, JudgeChoice, PromptChoice, Rule, read_experiment
from gaia_judge.videos import read_videos

EPILOG = """
\b
Examples:
  gaia-judge audit GAIA/ --model llava --human GAIA/
  gaia-judge audit clips.csv --model qwen2.5-vl --sample 500
  gaia-judge audit videos/ --model llava --only "text only" --only "frames shuffled"
  gaia-judge eject experiments audit             # the audit as a file, to edit; then --file prompts/...

The judge rates the same videos as they are, and again with one thing changed at a time: what it sees, what it
is told, how it is asked. Each audit says what a judge that looks should do, what this one does, with a 95%
interval, and a verdict. Ratings are kept: the same command goes on where it was stopped, and --only adds to
what other audits have found. Exit code: 0 nothing failed, 1 some audit failed, 2 bad usage.
"""


@click.command("audit", epilog=EPILOG)
@click.argument("videos")
@click.option("--model", required=True, help="Judge: its name, a card's file, or a checkpoint's folder.")
@click.option("--human", type=click.Path(path_type=Path), help="People's scores: a table or a GAIA folder.")
@click.option("--prompt", help="Prompt set instead of the audit's own (syllogism).")
@click.option("--file", "name", default="audit", show_default=True, help="Experiment with rules.")
@click.option("--only", multiple=True, metavar="AUDIT", help="Only this audit; may be repeated.")
@click.option(
    "--sample",
    type=click.IntRange(1),
    default=200,
    show_default=True,
    help="Videos, drawn at random, spread over generators and actions.",
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of draws and the sample.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder [default: audits/VIDEOS-MODEL].")
@click.option("--retry-errors", is_flag=True, help="Rate again the videos that failed before.")
@engine_options
@format_option
def command(videos: str, model: str, human: Path | None, **given: Any) -> None:
    """Audit a judge on VIDEOS: does it look, and is it stable?"""
    experiment = _settled(read_experiment(given["name"]), videos, model, human, given)
    rules = _asked(experiment, given["only"])
    found = draw_sample(read_videos(videos), given["sample"], given["seed"])
    base, *others = lay_out(experiment, found)
    ruled, wanted = ({rule.cell for rule in some} for some in (experiment.rules, rules))
    cells = [base, *(cell for cell in others if cell.name in ruled)]
    now = [base, *(cell for cell in others if cell.name in wanted)]
    home = given["out"] or Path("audits") / default_out(Path(videos), [Path(model).stem], None).name
    kept, _ = run(experiment, cells, found, home, only=now, retry_errors=given["retry_errors"])
    audit = read_audit(kept, seed=given["seed"], only=given["only"])
    if given["format"] == "json":
        click.echo(json.dumps(as_json(audit, home), indent=2, allow_nan=False))
    else:
        for report in audit_tables(audit, brief=given["format"] == "table"):
            show_report(report, given["format"])
    sys.exit(1 if "fail" in audit.outcomes().values() else 0)


def _asked(experiment: Experiment, only: Sequence[str]) -> list[Rule]:
    """Return the rules of some names, or all."""
    names = {rule.name: rule for rule in experiment.rules}
    for name in only:
        if name not in names:
            raise unknown("audit", name, names)
    return [names[name] for name in only] or list(experiment.rules)


def _settled(
    experiment: Experiment, videos: str, model: str, human: Path | None, given: dict[str, Any]
) -> Experiment:
    """Return the audit of one judge on some videos."""
    if not experiment.rules:
        raise GaiaJudgeError(f"{experiment.name} has no rules.", "Use experiment run, or add rules.")
    options = read_engine_options(given)
    own = JudgeChoice(
        model=model, engine=given["engine"], base_url=options.base_urls, engine_args=options.engine_args
    )
    judges = (own, own.model_copy(update={"engine": "other"}))
    changed: dict[str, Any] = {"judges": judges, "videos": videos}
    if given["prompt"]:
        changed["prompts"] = tuple(_of_set(one, given["prompt"]) for one in experiment.prompts)
    return experiment.model_copy(update={**changed, "human": str(human) if human else None})


def _of_set(choice: PromptChoice, name: str) -> PromptChoice:
    return choice.model_copy(update={"set": name})


def as_json(audit: Audit, home: Path) -> dict[str, Any]:
    """Return the audit as JSON values."""
    return {
        "rater": audit.rater,
        "videos": audit.videos,
        "folder": str(home),
        "people": audit.people,
        "warnings": list(audit.warnings),
        "outcomes": audit.outcomes(),
        "verdicts": [
            {
                "audit": one.rule.name,
                "asks": one.rule.asks,
                "dimension": one.dimension,
                "expected": one.rule.expect,
                "measured": one.measured,
                **asdict(one.effect),
                "missing": one.lost,
                "verdict": one.outcome,
                "words": one.words,
            }
            for one in audit.verdicts
        ],
    }
