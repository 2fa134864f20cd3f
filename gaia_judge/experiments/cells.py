"""Cells of a matrix: what each asks of whom, and the key under which its answers are kept."""

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

from gaia_judge.cards import JudgeCard, load_card
from gaia_judge.controls import Control, find_control
from gaia_judge.errors import GaiaJudgeError
from gaia_judge.experiments.engines import pick_engine
from gaia_judge.experiments.files import AXES, Experiment, FramesChoice, JudgeChoice, PromptChoice
from gaia_judge.frames import FrameSpec
from gaia_judge.judges import Plan, plan_judge
from gaia_judge.prompts import PromptSet, load_prompt_set
from gaia_judge.prompts.variants import reorder, with_variables
from gaia_judge.videos import Video

KEY = 10
"""Hex digits of a key."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One place in the matrix."""

    name: str
    """Its values on the axes that vary."""
    values: tuple[Any, ...]
    """On each of ``AXES``."""
    judge: JudgeChoice
    """With the engine that it means on this machine."""
    control: Control
    plan: Plan | None
    """None where ``refused`` says why."""
    refused: str | None
    key: str
    """Cells of one key have the same answers."""

    def folder(self, home: Path) -> Path:
        """Return its run folder below an experiment's: whatever name it got when it was first run."""
        found = sorted((home / "cells").glob(f"*-{self.key}"))
        words = re.sub(r"[^\w.]+", "-", self.name).strip("-.")[:60]
        return found[0] if found else home / "cells" / f"{words or 'cell'}-{self.key}"


def lay_out(experiment: Experiment, videos: Sequence[Video]) -> list[Cell]:
    """Return the cells of an experiment, the base first.

    Args:
        experiment: With at least one judge.
        videos: What will be rated; controls that exchange prompts depend on all of them.

    Raises:
        GaiaJudgeError: A judge, a prompt set, a scale or a variant of one does not exist. Parts that exist
            but do not fit together make a cell that is refused.
    """
    load = _Assets()
    axes = [getattr(experiment, name) for name in AXES]
    cells = [_cell(experiment, values, axes, load, videos) for values in _places(axes, experiment.vary)]
    if twice := {cell.name for cell in cells if [one.name for one in cells].count(cell.name) > 1}:
        names = ", ".join(sorted(twice))
        raise GaiaJudgeError(f"Two cells are called {names}.", "Leave one out, or give prompts a label.")
    return cells


def _places(axes: Sequence[Sequence[Any]], vary: str) -> Iterator[tuple[Any, ...]]:
    """Yield every combination, or the base and what differs from it in one axis."""
    if vary == "all":
        yield from product(*axes)
        return
    base = tuple(axis[0] for axis in axes)
    yield base
    for at, axis in enumerate(axes):
        yield from ((*base[:at], value, *base[at + 1 :]) for value in axis[1:])


class _Assets:
    """Loads judges and prompt sets once each."""

    def __init__(self) -> None:
        self.card = cache(load_card)
        self._engines: dict[str, tuple[JudgeChoice, str]] = {}
        self._prompt = cache(load_prompt_set)

    def engine(self, choice: JudgeChoice) -> tuple[JudgeChoice, str]:
        """Return what ``pick_engine`` does, found out once."""
        told = choice.model_dump_json()
        if told not in self._engines:
            self._engines[told] = pick_engine(self.card(choice.model), choice)
        return self._engines[told]

    def prompt(self, choice: PromptChoice, scale: str | None) -> PromptSet:
        found = self._prompt(choice.set, scale)
        if choice.variables:
            found = with_variables(found, choice.variables)
        if choice.order == "reversed":
            return reorder(found, [one.name for one in found.dimensions[::-1]])
        return reorder(found, choice.order) if choice.order else found


def _cell(
    experiment: Experiment,
    values: tuple[Any, ...],
    axes: Sequence[Sequence[Any]],
    load: _Assets,
    videos: Sequence[Video],
) -> Cell:
    judge, prompt, scale, frames, readout, chain, seed, control = values
    found, changed = load.card(judge.model), find_control(control)
    questions = load.prompt(prompt, scale)
    questions = changed.prompt(questions) if changed.prompt else questions
    used, engine = load.engine(judge)
    plan, refused = None, None
    try:
        plan = plan_judge(
            found,
            questions,
            frames=_frames(frames, found),
            readout=readout,
            chain=chain,
            samples=experiment.samples,
            temperature=experiment.temperature,
            seed=seed,
        )
        plan = _settled(plan)
    except GaiaJudgeError as error:
        refused = str(error)
    return Cell(
        _name(experiment, values, axes),
        values,
        used,
        changed,
        plan,
        refused,
        _key(plan, used.model_copy(update={"engine": engine}), changed, videos) if plan else "",
    )


def _frames(choice: FramesChoice, card: JudgeCard) -> FrameSpec:
    count = choice.count or max(1, round(card.frames * (choice.times or 1)))
    return FrameSpec(count=count, fps=choice.fps)


def _settled(plan: Plan) -> Plan:
    """Return the plan without settings of samples where none are drawn, so that they tell no cells apart."""
    if plan.asking.readout == "sampled":
        return plan
    return replace(plan, asking=replace(plan.asking, samples=1, temperature=0.0, seed=0))


def _key(plan: Plan, judge: JudgeChoice, control: Control, videos: Sequence[Video]) -> str:
    told = [(one.id, one.prompt, one.action, one.generator) for one in videos] if control.videos else None
    where = judge.model_dump(mode="json", exclude={"model"})
    whole = [plan.manifest(), where, control.name, told]
    return hashlib.sha256(json.dumps(whole, sort_keys=True).encode("utf-8", "replace")).hexdigest()[:KEY]


def _name(experiment: Experiment, values: Sequence[Any], axes: Sequence[Sequence[Any]]) -> str:
    """Return the values on the axes that vary; of a matrix with one change at a time, only that one."""
    base = [axis[0] for axis in axes]
    if experiment.vary == "one":
        told = [at for at, value in enumerate(values) if value != base[at]]
        return _told(values, told) or "base"
    return (
        _told(
            values, [at for at, axis in enumerate(axes) if len(axis) > 1 and not _is_plain(axis, values[at])]
        )
        or "base"
    )


def _is_plain(axis: Sequence[Any], value: Any) -> bool:
    """Tell whether a value is the absence of a control where that is the base, which goes without saying."""
    return bool(value == axis[0] == "none")


def _told(values: Sequence[Any], places: Sequence[int]) -> str:
    return ", ".join(_word(AXES[at], values[at]) for at in places)


def _word(axis: str, value: Any) -> str:
    if hasattr(value, "name"):
        return str(value.name)
    kinds = {"scales": "scale", "readouts": "readout", "chains": "chain", "seeds": "seed"}
    if axis in kinds:
        return f"{kinds[axis]} {'own' if value is None else value}"
    return "no control" if (axis, value) == ("controls", "none") else str(value)
