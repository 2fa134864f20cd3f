"""A benchmark folder in GAIA's layout, drawn, rated and true."""

import hashlib
import json
import os
import signal
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np

from gaia_judge.errors import GaiaJudgeError, unknown
from gaia_judge.runs.manifests import differences
from gaia_judge.scores.files import replacing
from gaia_judge.synthetic.actions import ACTIONS, Action
from gaia_judge.synthetic.defects import DIMENSIONS, KINDS
from gaia_judge.synthetic.encoders import write_clip
from gaia_judge.synthetic.generators import Generator, chance_of, sample_generators, vary_skills
from gaia_judge.synthetic.plans import sample_defects, sample_plan
from gaia_judge.synthetic.raters import sample_raters, sample_votes
from gaia_judge.synthetic.tables import (
    Clip,
    write_labels,
    write_prompts,
    write_scores,
    write_truth,
    write_votes,
)

SETTINGS = "synth.json"

WATCH_SECONDS = 0.5
"""How often a process that draws looks whether it is still wanted."""


def _ignore(done: int) -> None:
    """Show no progress."""


def write_benchmark(
    out: Path,
    *,
    generators: int = 18,
    actions: int = 60,
    raters: int = 54,
    seed: int = 0,
    workers: int | None = None,
    defects: Collection[str] = tuple(KINDS),
    pool: Sequence[Action] = ACTIONS,
    advance: Callable[[int], None] = _ignore,
    skip: Callable[[int], None] = _ignore,
) -> None:
    """Write a benchmark folder: one clip per generator and action, GAIA's tables, the truth and all votes.

    Everything depends on the settings only, never on the number of workers. Clips that the same settings
    have already made are kept, so the same call continues one that was stopped; tables come last.

    Args:
        out: The folder; new, empty, or begun with the same settings.
        generators: How many simulated generators.
        actions: How many actions, spread over the subsets of ``pool``.
        raters: How many simulated raters.
        seed: Another seed gives other skills, clips and votes.
        workers: Processes that draw; as many as there are cores if None. With 1, none is started.
        defects: Kinds of defects that may occur.
        pool: Where actions are taken from.
        advance: Called with the number of clips that have just been drawn.
        skip: Called with the number of clips that were there.

    Raises:
        GaiaJudgeError: A setting cannot be, or the folder holds something else or cannot be written.
    """
    _check(generators, actions, raters, seed, defects, pool)
    chosen = pick_actions(pool, actions, seed)
    clips = plan_clips(sample_generators(generators, seed), chosen, seed, defects)
    settings = {
        "generators": generators,
        "actions": actions,
        "pool": f"{len(pool)} actions, {_digest(action.name.encode() for action in pool)}",
        "raters": raters,
        "seed": seed,
        "defects": ", ".join(sorted(defects)),
        "code": _digest(_code()),
    }
    try:
        _settle(out, settings)
        _draw(out / "videos", clips, workers, advance, skip)
        _tabulate(out, clips, chosen, raters, seed)
    except OSError as error:
        raise GaiaJudgeError(
            f"{out} cannot be written: {error}.", "Choose another folder, or make room."
        ) from error


def pick_actions(pool: Sequence[Action], count: int, seed: int) -> list[Action]:
    """Return actions picked by chance, of each subset as large a share as of the pool, in its order."""
    named = {action.name: action for action in reversed(pool)}
    members: dict[str, list[Action]] = {}
    for action in reversed(named.values()):
        members.setdefault(action.subset, []).append(action)
    places: dict[str, float] = {}
    for subset, own in members.items():
        order = chance_of(seed, "actions", subset).permutation(len(own))
        places |= {own[index].name: (rank + 0.5) / len(own) for rank, index in enumerate(order)}
    picked = set(sorted(places, key=places.__getitem__)[:count])
    return [action for action in reversed(named.values()) if action.name in picked]


def plan_clips(
    generators: Sequence[Generator], actions: Sequence[Action], seed: int, defects: Collection[str]
) -> list[Clip]:
    """Return a clip per generator and action, each drawn from chance of its own."""
    return [_plan(generator, action, seed, defects) for generator in generators for action in actions]


def _plan(generator: Generator, action: Action, seed: int, defects: Collection[str]) -> Clip:
    # Defects and looks have streams of their own: none can tell about the other.
    chance = chance_of(seed, generator.name, action.name, "defects")
    allowed = [name for name in KINDS if name in defects]
    found = sample_defects(chance, action, vary_skills(chance, generator.skills), allowed)
    looks = chance_of(seed, generator.name, action.name, "looks")
    return Clip(generator, sample_plan(looks, action, found, generator.size, generator.timing))


def _check(
    generators: int, actions: int, raters: int, seed: int, defects: Collection[str], pool: Sequence[Action]
) -> None:
    for name, value in (("generators", generators), ("actions", actions), ("raters", raters)):
        if value < 1:
            raise GaiaJudgeError(f"{name} is {value}.", "Give 1 or more.")
    if seed < 0:
        raise GaiaJudgeError(f"seed is {seed}.", "Give 0 or more.")
    if strangers := [name for name in defects if name not in KINDS]:
        raise unknown("defect", strangers[0], KINDS)
    if actions > (most := len({action.name for action in pool})):
        raise GaiaJudgeError(
            f"{actions} actions were asked for, and there are {most}.", f"Give at most {most}."
        )


def _code() -> Iterator[bytes]:
    """Yield the code that draws: clips of two versions must not stand in one folder."""
    home = Path(__file__).parent
    for file in sorted(set(home.rglob("*.py")) - {home / "sheets.py"}):
        yield file.relative_to(home).as_posix().encode()
        yield file.read_bytes()


def _digest(parts: Iterable[bytes]) -> str:
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:12]


def _settle(out: Path, settings: Mapping[str, Any]) -> None:
    """Make the folder and record its settings, or compare them with those that it was begun with."""
    file = out / SETTINGS
    if out.exists() and not out.is_dir():
        raise GaiaJudgeError(f"{out} is a file.", "Give a folder that is new or empty.")
    if not file.is_file():
        if out.is_dir() and any(out.iterdir()):
            raise GaiaJudgeError(
                f"{out} holds other things than a synthetic benchmark.", "Give a folder that is new or empty."
            )
        (out / "videos").mkdir(parents=True)
        with replacing(file) as stream:
            stream.write(json.dumps(settings, indent=2).encode() + b"\n")
    try:
        before = dict(json.loads(file.read_bytes()))
    except (ValueError, TypeError) as error:
        raise GaiaJudgeError(
            f"{file} cannot be read: {error}.", "Give a folder that is new or empty."
        ) from error
    if found := list(differences(before, settings)):
        raise GaiaJudgeError(
            f"{out} was made with other settings: {'; '.join(found)}.",
            "Give another folder, or the old settings.",
        )


def _draw(
    folder: Path,
    clips: Sequence[Clip],
    workers: int | None,
    advance: Callable[[int], None],
    skip: Callable[[int], None],
) -> None:
    """Draw and write the clips that are not there yet."""
    folder.mkdir(exist_ok=True)
    there = {path.name for path in folder.iterdir()}
    pending = [(folder / f"{clip.id}.mp4", clip.plan) for clip in clips if f"{clip.id}.mp4" not in there]
    skip(len(clips) - len(pending))
    workers = min(workers or _cores(), len(pending))
    if workers <= 1:
        for path, plan in pending:
            write_clip(path, plan)
            advance(1)
    else:
        for _ in _spread(pending, workers):
            advance(1)
    for leftover in folder.glob(".*.part"):
        leftover.unlink(missing_ok=True)


def _spread(pending: Sequence[tuple[Path, Any]], workers: int) -> Iterator[None]:
    """Write clips in processes; yield once per clip. What waits is given up when the caller stops."""
    pool = ProcessPoolExecutor(workers, get_context("spawn"), initializer=_follow, initargs=(os.getpid(),))
    try:
        for future in as_completed([pool.submit(write_clip, *task) for task in pending]):
            yield future.result()
    except BrokenProcessPool as error:
        raise GaiaJudgeError(
            "A process that draws clips has died.",
            "Run it again with workers=1, or in a script with a main guard.",
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _follow(parent: int) -> None:
    """Let a process that draws ignore Ctrl-C, which is the parent's, and end soon after the parent."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(WATCH_SECONDS)
        os._exit(1)

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=watch, daemon=True).start()


def _cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _tabulate(out: Path, clips: Sequence[Clip], actions: Sequence[Action], raters: int, seed: int) -> None:
    """Have the clips rated, and write all tables; ``MOS.csv`` last."""
    chance = chance_of(seed, "raters")
    truth = np.array([[clip.plan.truth[name] for name in DIMENSIONS] for clip in clips])
    votes = sample_votes(chance, sample_raters(chance, raters), truth)
    write_prompts(out, actions)
    write_labels(out, actions)
    write_truth(out, clips)
    write_votes(out, clips, votes)
    write_scores(out, clips, votes.mos())
