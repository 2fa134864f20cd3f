"""The Ray engine: many engines of this package, on one machine or many, answer as one."""

import math
from collections import OrderedDict, deque
from collections.abc import Hashable
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

from pydantic import BaseModel, ConfigDict, NonNegativeFloat, NonNegativeInt, PositiveInt, ValidationError

from gaia_judge.engines import EngineOptions, ModelSpec, Preview, Problem, Reply, Request
from gaia_judge.engines.ray.workers import Item, Worker
from gaia_judge.errors import EngineError
from gaia_judge.installs import missing_packages

KEPT = 256
"""Videos whose frames stay in Ray's store for their next question."""

TRIES = 3
"""Workers that may be lost over one request before it counts as unanswerable."""


class Crew(BaseModel):
    """Engine arguments that are about workers; all others go to their engines."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    workers: PositiveInt | None = None
    """Engines; as many as the cluster's GPUs allow by default, or one."""
    gpus: NonNegativeFloat | None = None
    """GPUs of each; 1 by default where there are any. With more, pass tensor_parallel_size too."""
    inner: str = "auto"
    """Which engine each is."""
    address: str | None = None
    """Of a running cluster, or ``auto``; one on this machine alone by default."""
    restarts: NonNegativeInt = 3
    """Times that a lost worker is started again."""


@dataclass(slots=True, eq=False)
class _Desk:
    """A worker, what waits for it and what it has in hand."""

    actor: Any
    width: int
    waiting: deque[int] = field(default_factory=deque)
    in_hand: set[int] = field(default_factory=set)
    exchange: Any = None
    """The call that runs on it; None while it has nothing to do."""
    lost: int = 0
    returning: bool = False
    """Whether it was lost and is being started again, which its call waits for."""

    @property
    def load(self) -> float:
        if self.returning:
            return math.inf
        return (len(self.waiting) + len(self.in_hand)) / self.width


@dataclass(slots=True, eq=False)
class _Task:
    key: Hashable
    request: Request
    tries: int = 0


class RayEngine:
    """Spreads requests over workers; one that is lost costs no request.

    Engine arguments: those of ``Crew``, and any of the engines inside. Questions about one video go to one
    worker, which has it in its caches, unless another has far less to do.
    """

    @classmethod
    def problems(cls, model: ModelSpec, options: EngineOptions) -> list[Problem]:
        """Return a problem if Ray is not installed; what workers lack is found out when they start."""
        if missing_packages(["ray"]):
            return [Problem("Ray is not installed.", "pip install 'gaia-judge[ray]'")]
        return []

    def __init__(self, model: ModelSpec, options: EngineOptions) -> None:
        import ray

        crew, rest = _divided(options)
        ray.init(
            address=crew.address,
            ignore_reinit_error=True,
            include_dashboard=False if crew.address is None else None,
            log_to_driver=False,
            logging_level="ERROR",
        )
        gpus, size = _planned(crew, ray.cluster_resources().get("GPU", 0))
        self._crew = crew
        self._numbers = count()
        self._tasks: dict[int, _Task] = {}
        self._kept: OrderedDict[str, Any] = OrderedDict()
        self._ready: list[tuple[Hashable, Reply]] = []
        make = ray.remote(Worker).options(num_cpus=1, num_gpus=gpus, max_restarts=crew.restarts)
        self._desks = [_Desk(make.remote(crew.inner, model, rest), 1) for _ in range(size)]
        try:
            found = ray.get([desk.actor.describe.remote() for desk in self._desks])
        except ray.exceptions.RayError as error:
            self.close()
            cause = getattr(error, "cause", None)
            message = str(cause or error).strip().splitlines()[-1]
            raise EngineError(f"A worker cannot start: {message}", "gaia-judge doctor") from error
        for desk, (_, width) in zip(self._desks, found, strict=True):
            desk.width = width
        self._inner = found[0][0]
        self.width = sum(desk.width for desk in self._desks)

    def submit(self, key: Hashable, request: Request) -> None:
        """Hand a request to a worker."""
        number = next(self._numbers)
        self._tasks[number] = _Task(key, request)
        self._assign(number)

    def collect(self) -> list[tuple[Hashable, Reply]]:
        """Wait until a worker answers.

        Raises:
            EngineError: The last worker is lost.
        """
        import ray

        while self._tasks and not self._ready:
            for desk in self._desks:
                self._talk(desk)
            busy = {desk.exchange: desk for desk in self._desks if desk.exchange is not None}
            done, _ = ray.wait(list(busy), num_returns=1)
            for call in done:
                self._receive(busy[call])
        ready, self._ready = self._ready, []
        return ready

    def preview(self, request: Request) -> Preview:
        """Return what the model would read."""
        import ray

        found: Preview = ray.get(self._desks[0].actor.preview.remote(request))
        return found

    def describe(self) -> dict[str, Any]:
        """Return what the workers' engines say; how many there are determines no answer."""
        return {"engine": "ray", "inner": self._inner}

    def close(self) -> None:
        """End the workers; a cluster that was there before stays."""
        import ray

        for desk in self._desks:
            ray.kill(desk.actor)
        self._desks, self._tasks = [], {}
        self._kept.clear()
        if self._crew.address is None:
            ray.shutdown()

    def _assign(self, number: int) -> None:
        """Let a task wait for the worker that knows its video, unless another has far less to do."""
        frames = self._tasks[number].request.frames
        idle = min(self._desks, key=lambda desk: desk.load)
        home = self._desks[int(frames.digest[:8], 16) % len(self._desks)] if frames else idle
        (home if home.load <= idle.load + 0.5 else idle).waiting.append(number)

    def _talk(self, desk: _Desk) -> None:
        """Give an idle worker what waits for it, and ask for what it has answered."""
        if desk.exchange is None and desk.returning:
            # Any other call fails at once until it is back, as if it were lost again.
            desk.exchange = desk.actor.describe.options(max_task_retries=-1).remote()
        elif desk.exchange is None and (desk.waiting or desk.in_hand):
            items = [self._packed(number) for number in desk.waiting]
            desk.in_hand.update(desk.waiting)
            desk.waiting.clear()
            desk.exchange = desk.actor.exchange.remote(items)

    def _packed(self, number: int) -> Item:
        """Return a task with its frames in Ray's store, where they are put once for all questions."""
        import ray

        request = self._tasks[number].request
        if request.frames is None:
            return number, request, None
        digest = request.frames.digest
        if digest not in self._kept:
            self._kept[digest] = ray.put(request.frames)
            if len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(digest)
        return number, replace(request, frames=None), self._kept[digest]

    def _receive(self, desk: _Desk) -> None:
        import ray

        call, desk.exchange = desk.exchange, None
        returned, desk.returning = desk.returning, False
        try:
            found = ray.get(call)
            for number, reply in () if returned else found:
                desk.in_hand.discard(number)
                self._ready.append((self._tasks.pop(number).key, reply))
        except ray.exceptions.RayActorError as error:
            self._lose(desk, error)

    def _lose(self, desk: _Desk, error: Exception) -> None:
        """Give what a lost worker had in hand to others, or to itself once Ray has started it again."""
        desk.lost += 1
        held, waiting = list(desk.in_hand), list(desk.waiting)
        desk.in_hand.clear()
        desk.waiting.clear()
        if desk.lost <= self._crew.restarts:
            desk.returning = True
        else:
            self._desks.remove(desk)
            if not self._desks:
                raise EngineError(f"All workers are lost: {error}", "Start them again: the same command.")
        for number in held:
            self._tasks[number].tries += 1
        for number in [*held, *waiting]:
            if self._tasks[number].tries < TRIES:
                self._assign(number)
                continue
            told = f"{TRIES} workers were lost while they had this request."
            self._ready.append((self._tasks.pop(number).key, Reply(error=told)))


def _divided(options: EngineOptions) -> tuple[Crew, EngineOptions]:
    """Return what is about workers, and the rest for their engines."""
    own = {name: value for name, value in options.engine_args.items() if name in Crew.model_fields}
    rest = {name: value for name, value in options.engine_args.items() if name not in own}
    try:
        return Crew.model_validate(own), replace(options, engine_args=rest)
    except ValidationError as error:
        first = error.errors()[0]
        message = f"--engine-arg {first['loc'][0]}: {first['msg']}."
        raise EngineError(message, "Such as workers=4 or gpus=2.") from error


def _planned(crew: Crew, found: float) -> tuple[float, int]:
    """Return GPUs of a worker, and how many workers there are."""
    gpus = crew.gpus if crew.gpus is not None else float(found >= 1)
    return gpus, crew.workers or max(1, int(found // gpus) if gpus else 1)
