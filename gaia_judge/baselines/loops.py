"""The one training loop of all networks: plain epochs, resumable, equal to the bit on a CPU."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gaia_judge.agreement.correlations import srcc
from gaia_judge.baselines.checkpoints import flat_state, read_parts, refill, write_parts
from gaia_judge.baselines.features import Features
from gaia_judge.baselines.recipes import Lesson, State
from gaia_judge.baselines.starts import digest_of
from gaia_judge.baselines.trainings import FittedNetwork, Network, Training, make_optimiser, moved
from gaia_judge.errors import GaiaJudgeError

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module

SAVE_SECONDS = 20.0
"""How often an interruptible training is saved; it goes on from the last epoch that was."""
MEMORY_BYTES = 2 * 2**30
"""Features up to this size are kept in memory; larger ones are read batch by batch."""

SCALED = 512
"""Training videos, at most, that tell the scale of a network whose loss knows none."""


class NetworkLearner:
    """Trains a network; see ``Learner``.

    Args:
        network: Which.
        training: How.
        start: Weights that it starts from, all of it; by chance if None.
    """

    def __init__(
        self, network: Network, training: Training, start: "Mapping[str, Tensor] | None" = None
    ) -> None:
        self.network = network
        self.training = training
        self.start = start

    def fit(self, lesson: Lesson) -> "FittedNetwork":
        """Train; with videos to choose by, the epoch is kept that ranks them best (SRCC)."""
        if len(lesson.scores) < 2 or np.ptp(lesson.scores) == 0:
            raise GaiaJudgeError("Nothing can be learnt from scores that are all equal.", "Rate more videos.")
        import torch

        threads = torch.get_num_threads()
        try:
            # Heads are small: on a busy machine two threads were found to be many times slower than one.
            torch.set_num_threads(1)
            with torch.random.fork_rng(devices=[]):
                return _Run(self, lesson).train()
        finally:
            torch.set_num_threads(threads)

    def restore(self, state: State, device: str = "cpu") -> "FittedNetwork":
        """Return the network that a state was taken of."""
        import torch

        tensors = {name: torch.from_numpy(np.array(array)) for name, array in state.items()}
        low, high = tensors.pop("scores.range").tolist()
        module = self.network.build()
        for name, buffer in module.named_buffers():  # exemplars, say, whose number is known only now
            if name in tensors and tensors[name].shape != buffer.shape:
                owner, _, own = name.rpartition(".")
                module.get_submodule(owner).register_buffer(own, torch.empty_like(tensors[name]))
        module.load_state_dict(tensors)
        return FittedNetwork(self.network, module.to(device), low, high, device)

    def describe(self) -> dict[str, Any]:
        """Return the training's settings, what it starts from, and torch's version."""
        start = "anew" if self.start is None else digest_of(self.start)
        return {"training": asdict(self.training), "start": start, "torch": version("torch")}


class _Run:
    """One training, from its first epoch or from where it was stopped."""

    def __init__(self, learner: NetworkLearner, lesson: Lesson) -> None:
        import torch

        network, training = learner.network, learner.training
        self.network, self.training, self.lesson = network, training, lesson
        self.low, self.high = float(lesson.scores.min()), float(lesson.scores.max())
        self.features = _kept(lesson.features)
        self.chosen_by = lesson.chosen_by and (_kept(lesson.chosen_by[0]), lesson.chosen_by[1])
        self.mark = lesson.digest(learner.describe()) if lesson.folder else ""
        scores = (lesson.scores - self.low) / (self.high - self.low)
        torch.manual_seed(lesson.seed)
        self.module = network.build()
        if learner.start is not None:
            from gaia_judge.baselines.networks.keys import load_official

            load_official(self.module, learner.start)
        if network.prepare:
            network.prepare(self.module, self.features, scores, lesson)
        self.module.to(lesson.device)
        self.targets = torch.tensor(scores, dtype=torch.float32, device=lesson.device)
        self.optimiser = make_optimiser(self.module, training)
        self.average = _copy(self.module)
        self.best, self.kept, self.stale, self.epoch = -np.inf, _copy(self.module), 0, 0
        self._saved = time.monotonic()

    def train(self) -> FittedNetwork:
        self._continue()
        training = self.training
        while self.epoch < training.epochs and not self._is_stale():
            loss = self._learn()
            self.epoch += 1
            self._choose()
            self.lesson.say(f"epoch {self.epoch} of {training.epochs}, loss {loss:.4f}")
            if time.monotonic() - self._saved > SAVE_SECONDS:
                self._save()
        self.module.load_state_dict(self.average if self.chosen_by is None else self.kept)
        return self._scaled() if self.network.scale_free else self._fitted()

    def _learn(self) -> float:
        """Go once through all training videos, in an order of this epoch's own."""
        import torch

        torch.manual_seed(self.lesson.seed * 100_003 + self.epoch + 1)
        order, batch = torch.randperm(len(self.features)).tolist(), self.training.batch
        steps = [order[at : at + batch] for at in range(0, len(order), batch)]
        self.module.train()
        total = 0.0
        for number, rows in enumerate(steps):
            for group in self.optimiser.param_groups:
                group["lr"] = self.training.rate_at(self.epoch + number / len(steps))
            total += self._step(rows)
        return total / len(steps)

    def _step(self, rows: list[int]) -> float:
        import torch

        device = self.lesson.device
        inputs = moved(self.network.collate([self.features[row] for row in rows]), device)
        with torch.autocast(device.partition(":")[0], torch.bfloat16, enabled=device.startswith("cuda")):
            loss = self.network.loss(self.module, inputs, self.targets[rows])
        self.optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimiser.step()
        for name, tensor in self.module.state_dict().items():
            keep = self.training.average if tensor.is_floating_point() else 0.0
            self.average[name].copy_(torch.lerp(tensor, self.average[name], keep) if keep else tensor)
        return float(loss.detach())

    def _choose(self) -> None:
        """Keep the weights if they rank the videos to choose by better than any before.

        While no ranking is defined, as of a single video, the last ones are kept.
        """
        if self.chosen_by is None:
            return
        features, scores = self.chosen_by
        now = _copy(self.module)
        self.module.load_state_dict(self.average)
        found = srcc(self._fitted().predict(features), scores)
        self.module.load_state_dict(now)
        better = self.best == -np.inf if found is None else found > self.best
        self.stale = 0 if better else self.stale + 1
        if better:
            self.best = self.best if found is None else found
            self.kept = {name: tensor.clone() for name, tensor in self.average.items()}

    def _is_stale(self) -> bool:
        return self.training.patience is not None and self.stale >= self.training.patience

    def _fitted(self) -> FittedNetwork:
        return FittedNetwork(self.network, self.module, self.low, self.high, self.lesson.device)

    def _scaled(self) -> FittedNetwork:
        """Return what has been learnt on people's scale, by some of the training videos if they are many."""
        rows = np.linspace(0, len(self.features) - 1, min(len(self.features), SCALED)).astype(int)
        return self._fitted().scaled([self.features[row] for row in rows.tolist()], self.lesson.scores[rows])

    @property
    def _file(self) -> Path | None:
        return self.lesson.folder / "training.safetensors" if self.lesson.folder else None

    def _save(self) -> None:
        self._saved = time.monotonic()
        if self._file:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            told = {"lesson": self.mark, "epoch": self.epoch, "best": self.best, "stale": self.stale}
            write_parts(self._file, self._parts(), told)

    def _continue(self) -> None:
        """Go on from what was saved of the very same lesson, if anything was."""
        if not self._file or not self._file.is_file():
            return
        parts, told = read_parts(self._file)
        if told.get("lesson") != self.mark:
            self.lesson.say("what was begun before is of another lesson or damaged, so it begins anew")
            return
        self.module.load_state_dict(parts["module"])
        for name in ("average", "kept"):
            for key, tensor in getattr(self, name).items():  # in place: the file knows no device
                tensor.copy_(parts[name][key])
        self.epoch, self.best, self.stale = told["epoch"], told["best"], told["stale"]
        refill(self.optimiser, parts.get("optimiser", {}))

    def _parts(self) -> dict[str, Mapping[str, "Tensor"]]:
        return {
            "module": self.module.state_dict(),
            "average": self.average,
            "kept": self.kept,
            "optimiser": flat_state(self.optimiser),
        }


def _copy(module: "Module") -> dict[str, "Tensor"]:
    return {name: tensor.detach().clone() for name, tensor in module.state_dict().items()}


def _kept(features: Sequence[Features]) -> Sequence[Features]:
    """Return the features in memory, if they fit by the size of the first."""
    size = sum(array.nbytes for array in features[0].values()) * len(features)
    return list(features) if size <= MEMORY_BYTES else features
