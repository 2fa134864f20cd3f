"""Training ``nano``: eyes first, then the whole; resumable at any step, the same for the same seed."""

import json
import math
import multiprocessing
import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from queue import Empty, Full
from typing import Any

import numpy as np

from gaia_judge.errors import GaiaJudgeError
from gaia_judge.nano.folders import take
from gaia_judge.nano.lessons import Lesson, Lessons
from gaia_judge.nano.models import save
from gaia_judge.nano.pupils import Pupil, validate
from gaia_judge.nano.texts import build_tokenizer, stamps
from gaia_judge.runs.manifests import differences
from gaia_judge.runs.records import rounded
from gaia_judge.scores.files import replacing

MUON, ADAM = 4e-3, 1.5e-3
"""Peak learning rates of matrices and of all other weights."""

EVERY, KEEP_S, WAIT_S = 50, 180, 10
"""Steps between rows of the log, seconds between saved states, and between looks at whether others live."""

STATE = "state.pt"
"""What a training goes on from, by which its folder is known."""

Row = dict[str, float | None]


def _ignore(row: Row) -> None:
    """Say nothing."""


@dataclass(frozen=True, slots=True)
class Course:
    """How long each part of the training lasts, in steps."""

    steps: int = 2000
    eyes: int = 250
    """Steps in which only the vision tower learns."""
    easy: int = 900
    """Steps until the last clip with one plain defect."""
    cool: int = 700
    """Steps over which the learning rate falls to zero at the end."""
    clips: int = 32
    """Clips per step."""

    @classmethod
    def of(cls, steps: int) -> "Course":
        """Return a course of so many steps, its parts in the proportions of the whole one."""
        whole = cls()
        parts = (whole.eyes, whole.easy, whole.cool)
        return cls(steps, *(max(1, round(steps * part / whole.steps)) for part in parts))

    def rate(self, step: int) -> float:
        """Return the learning rate's share of its peak: it rises twice, where each part begins to learn."""
        since = step - self.eyes if step >= self.eyes else step
        return min(1.0, (since + 1) / 100, (self.steps - step) / self.cool)

    def ease(self, step: int) -> float:
        """Return the share of easy clips."""
        return max(0.0, 0.9 * (1 - step / self.easy))


def plan_of(step: int, course: Course) -> tuple[float, str]:
    """Return ease and prompt set of a step."""
    turn = np.random.default_rng([7, step]).random()
    late = step > course.steps // 2
    name = "syllogism" if not late or turn < 0.8 else "independent" if turn < 0.92 else "vqascore"
    return course.ease(step), name


def _fill(queue: Any, seed: int, course: Course, steps: range) -> None:
    """Draw the lessons of some steps for as long as there is someone to learn."""
    os.nice(5)
    lessons, teacher = Lessons(build_tokenizer(), seed), multiprocessing.parent_process()
    for step in steps:
        ease, name = plan_of(step, course)
        lesson = lessons.lesson(step, course.clips, ease, name)
        while teacher is not None and teacher.is_alive():
            with suppress(Full):
                queue.put(lesson, timeout=WAIT_S)
                break


def lessons_from(seed: int, course: Course, first: int, workers: int) -> Iterator[Lesson]:
    """Yield the lessons of steps from ``first`` on, drawn ahead by other processes."""
    context = multiprocessing.get_context("spawn")
    queues = [context.Queue(maxsize=6) for _ in range(workers)]
    parts = [range(first + n, course.steps, workers) for n in range(workers)]
    crew = [
        context.Process(target=_fill, args=(queue, seed, course, part), daemon=True)
        for queue, part in zip(queues, parts, strict=True)
    ]
    for member in crew:
        member.start()
    try:
        for step in range(course.steps - first):
            yield _next(queues[step % workers], crew[step % workers])
    finally:
        for member in crew:
            member.kill()
            member.join()


def _next(queue: Any, member: Any) -> Lesson:
    while True:
        with suppress(Empty):
            lesson: Lesson = queue.get(timeout=WAIT_S)
            return lesson
        if not member.is_alive():
            raise GaiaJudgeError("A process that draws clips has died.", "Run it again; it goes on.")


def train(
    folder: Path,
    course: Course,
    seed: int = 0,
    workers: int = 1,
    minutes: float = math.inf,
    report: Callable[[Row], None] = _ignore,
) -> int:
    """Train, continuing where ``folder`` stands; return how many steps have been taken in all.

    Writes ``state.pt`` every few minutes, ``log.jsonl``, and at the end the checkpoint in ``nano/``.

    Args:
        folder: Of this training alone.
        course: How long it lasts.
        seed: Of weights and clips.
        workers: Processes that draw clips; the result does not depend on them.
        minutes: When to stop, to be continued.
        report: Called with each row of the log.

    Raises:
        GaiaJudgeError: The folder holds a training with other settings, or other things.
    """
    school = School(take(folder, STATE, "training of nano"), course, seed)
    if school.step == 0:
        school.keep()  # so that a folder is known as a training's from the first step on
    begun = time.monotonic()
    for step, lesson in enumerate(lessons_from(seed, course, school.step, workers), school.step):
        school.teach(lesson)
        passed = (time.monotonic() - begun) / 60
        last = passed > minutes or step + 1 == course.steps
        if last or (step + 1) % EVERY == 0:
            report(school.log(passed))
        if last:
            break
    school.keep()
    if school.step == course.steps:
        save(school.pupil.model, school.tokenizer, folder / "nano")
    return school.step


class School:
    """A training under way: the pupil, its optimizers and how far it has come."""

    def __init__(self, folder: Path, course: Course, seed: int) -> None:
        import torch

        from gaia_judge.nano.optimizers import Muon

        self.folder, self.course, self.step = folder, course, 0
        self.settings = {"seed": seed, **asdict(course), "prompt sets": stamps()}
        self.tokenizer = build_tokenizer()
        self.pupil = Pupil(self.tokenizer, seed)
        inner, others = self.pupil.parameters()
        adam = torch.optim.AdamW(others, lr=ADAM, betas=(0.9, 0.98), weight_decay=0.0)
        self.optimizers = {MUON: Muon(inner, lr=MUON), ADAM: adam}
        self.weights = [*inner, *others]
        self.exam = [Lessons(self.tokenizer, seed + 1000, held_out=True).lesson(n, 64) for n in range(6)]
        self.means: dict[str, float] = {}
        self.kept = time.monotonic()
        if (folder / STATE).is_file():
            self._restore(torch.load(folder / STATE, weights_only=True))

    def teach(self, lesson: Lesson) -> None:
        """Take one step."""
        import torch

        for peak, optimizer in self.optimizers.items():
            for group in optimizer.param_groups:
                group["lr"] = peak * self.course.rate(self.step)
        seeing = self.step < self.course.eyes
        losses = {"eyes": self.pupil.eyes(lesson)[0]} if seeing else self.pupil.losses(lesson)
        torch.autograd.backward(torch.stack(list(losses.values())).sum())
        torch.nn.utils.clip_grad_norm_(self.weights, 2.0)
        for optimizer in self.optimizers.values():
            optimizer.step()
            optimizer.zero_grad()
        for name, value in losses.items():
            self.means[name] = 0.98 * self.means.get(name, value.item()) + 0.02 * value.item()
        self.step += 1
        if time.monotonic() - self.kept > KEEP_S:
            self.keep()

    def log(self, minutes: float) -> Row:
        """Write and return where the training stands; now and then with an examination."""
        row: Row = {"step": self.step, "of": self.course.steps, "minutes": round(minutes, 1)}
        row |= self.means
        if self.step % (6 * EVERY) == 0 and self.step > self.course.eyes:
            row |= validate(self.pupil, self.exam)
        row = rounded(row, 3)
        with (self.folder / "log.jsonl").open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(row) + "\n")
        return row

    def keep(self) -> None:
        """Write everything from which the training can go on."""
        import torch

        states = [optimizer.state_dict() for optimizer in self.optimizers.values()]
        pupil = {"model": self.pupil.model.state_dict(), "heads": self.pupil.heads.state_dict()}
        whole = {"settings": self.settings, "step": self.step, "optimizers": states, **pupil}
        with replacing(self.folder / STATE) as file:
            torch.save(whole, file)
        self.kept = time.monotonic()

    def _restore(self, state: dict[str, Any]) -> None:
        if found := list(differences(state.get("settings", {}), self.settings)):
            raise GaiaJudgeError(
                f"{self.folder} holds another training: {'; '.join(found)}.",
                "Give the old settings, or another folder.",
            )
        self.step = state["step"]
        self.pupil.model.load_state_dict(state["model"])
        self.pupil.heads.load_state_dict(state["heads"])
        for optimizer, values in zip(self.optimizers.values(), state["optimizers"], strict=True):
            optimizer.load_state_dict(values)
