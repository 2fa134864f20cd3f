"""``gaia-judge experiment run``: a matrix of judges, prompts, frames, readouts and controls."""

import random
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from gaia_judge.cli.experiments import read_asking, result_options, show_results
from gaia_judge.cli.screens import Progress, banner, err
from gaia_judge.cli.texts import legible
from gaia_judge.errors import GaiaJudgeError
from gaia_judge.experiments.cells import Cell, lay_out
from gaia_judge.experiments.files import Experiment, JudgeChoice, read_experiment
from gaia_judge.experiments.indexes import Index, index
from gaia_judge.experiments.results import read_results
from gaia_judge.experiments.steps import is_done, run_cells
from gaia_judge.videos import Video, read_videos

EPILOG = """
\b
Examples:
  gaia-judge experiment run chaining --videos GAIA/ --human GAIA/ --model llava
  gaia-judge experiment run my.yaml
  gaia-judge experiment run scales --videos clips.csv --model nano --model ./checkpoint --sample 200
  gaia-judge eject experiments chaining          # a copy to edit, in prompts/experiments

FILE is a YAML file, or the name of a shipped experiment. Its axes are judges, prompts, scales, frames,
readouts, chains, seeds and controls; the first value of each is the base. Each cell is a run folder in
OUT/cells, kept under a digest of all that determines its answers: what is there is never computed again.
Exit code: 0 done, 1 some videos failed or some cells could not be run, 2 bad usage.
"""


@click.command("experiment run", epilog=EPILOG)
@click.argument("file")
@click.option("--videos", help="Videos, as score takes them; the file's own by default.")
@click.option("--model", "models", multiple=True, help="Judge, instead of the file's; may be repeated.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder [default: experiments/NAME].")
@click.option(
    "--sample",
    type=click.IntRange(1),
    help="Only N videos, drawn at random, spread over generators and actions.",
)
@click.option("--retry-errors", is_flag=True, help="Rate again the videos that failed before.")
@click.option("--dry-run", is_flag=True, help="List the cells, and which are done; run nothing.")
@result_options
def command(file: str, videos: str | None, models: Sequence[str], out: Path | None, **given: Any) -> None:
    """Run every cell of FILE on one set of videos, and compare them with people."""
    experiment = _settled(read_experiment(file), file, videos, models, given["human"])
    found = draw_sample(read_videos(experiment.videos or ""), given["sample"], given["seed"])
    cells = lay_out(experiment, found)
    home = out or Path("experiments") / experiment.name
    if given["dry_run"]:
        _list(cells, found, home)
        return
    kept, failed = run(experiment, cells, found, home, retry_errors=given["retry_errors"])
    show_results(read_results(kept, read_asking(given), whole=given["whole"]), given)
    sys.exit(1 if failed or any(entry.refused for entry in kept.entries) else 0)


def _settled(
    experiment: Experiment, file: str, videos: str | None, models: Sequence[str], human: Path | None
) -> Experiment:
    """Return the experiment with what the command line says; the file's paths are relative to it."""
    home = Path(file).parent if Path(file).suffix in (".yaml", ".yml") else Path()
    own = {name: str(home / value) for name in ("videos", "human") if (value := getattr(experiment, name))}
    told = {"videos": videos or own.get("videos"), "human": str(human) if human else own.get("human")}
    judges = tuple(JudgeChoice(model=name) for name in models) or experiment.judges
    if not told["videos"]:
        raise GaiaJudgeError(f"{file} names no videos.", "Give --videos, or write videos: in the file.")
    if not judges:
        raise GaiaJudgeError(f"{file} names no judges.", "Give --model, or write judges: in the file.")
    return experiment.model_copy(update={**told, "judges": judges})


def draw_sample(videos: Sequence[Video], count: int | None, seed: int) -> list[Video]:
    """Return ``count`` of the videos in their order, spread evenly over generators and actions."""
    if count is None or count >= len(videos):
        return list(videos)
    order = list(videos)
    random.Random(seed).shuffle(order)
    taken: dict[tuple[str, str], int] = defaultdict(int)
    makers: dict[str, int] = defaultdict(int)
    ranks = {}
    for video in order:
        # First one video of each action, then a second of each; among these, generators take turns.
        taken["action", video.action] += 1
        makers[video.generator] += 1
        ranks[video.id] = (taken["action", video.action], makers[video.generator])
    chosen = {video.id for video in sorted(order, key=lambda one: ranks[one.id])[:count]}
    return [video for video in videos if video.id in chosen]


def run(
    experiment: Experiment,
    cells: Sequence[Cell],
    videos: Sequence[Video],
    home: Path,
    *,
    only: Sequence[Cell] | None = None,
    retry_errors: bool = False,
) -> tuple[Index, int]:
    """Run what is not done, with progress, and write the index.

    Args:
        experiment: What was asked.
        cells: All of it, for the index.
        videos: What is rated.
        home: The experiment's folder.
        only: The cells to run now; all by default.
        retry_errors: Rate again what failed before.

    Returns:
        The index, and how many ratings of videos failed this time.

    Raises:
        GaiaJudgeError: No cell can be run.
    """
    source, refused, failed = str(Path(experiment.videos or "").resolve()), dict[str, str](), 0

    def told() -> Index:
        human = experiment.human and str(Path(experiment.human).resolve())
        chosen = [video.id for video in videos]
        return index(home, experiment, cells, videos=source, chosen=chosen, human=human, refused=refused)

    run_now = cells if only is None else only
    for card in {cell.plan.card.name: cell.plan.card for cell in run_now if cell.plan}.values():
        banner(card)
    told().write()
    unique = {cell.key: cell for cell in run_now if cell.plan}
    todo = [cell for cell in unique.values() if not is_done(cell, videos, home, retry_errors)]
    done = (len(unique) - len(todo)) * len(videos)
    with Progress("rating", "ratings", total=len(unique) * len(videos), done=done) as progress:
        for step in run_cells(run_now, videos, home, source=source, retry_errors=retry_errors):
            if step.refused:
                refused[step.cell.name] = step.refused
                continue
            failed += step.failed
            progress.say(step.cell.name)
            progress.advance(failed=step.failed)
    kept = told()
    kept.write()
    names = {cell.name for cell in run_now}
    for entry in kept.entries:
        if entry.refused and entry.name in names:
            err.print(
                f"{entry.name}: not run. {entry.refused}", markup=False, highlight=False, soft_wrap=True
            )
    return kept, failed


def _list(cells: Sequence[Cell], videos: Sequence[Video], home: Path) -> None:
    first = {cell.key: cell for cell in reversed(cells) if cell.plan}
    for cell in cells:
        state = cell.refused or ("done" if is_done(cell, videos, home) else "to do")
        if cell.plan and first[cell.key] is not cell:
            state = f"as {first[cell.key].name}"
        click.echo(legible(f"{cell.name}: {state}"))
