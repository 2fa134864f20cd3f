"""Trainings: how long and how fast networks learn, what the loop must know of one, and what it becomes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from gaia_judge.baselines.features import Features
from gaia_judge.baselines.recipes import Lesson, Numbers

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module
    from torch.optim import Optimizer

Inputs = Mapping[str, "Tensor"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """How long and how fast a network learns."""

    epochs: int
    batch: int
    rate: float
    optimiser: Literal["adam", "adamw", "sgd"] = "adam"
    weight_decay: float = 0.0
    momentum: float = 0.0
    """Of ``sgd``."""
    factor: float = 1.0
    """The rate is multiplied by this every ``step`` epochs."""
    step: int = 1
    warmup: float = 0.0
    """Epochs in which the rate rises from 0 to ``rate``."""
    cosine: bool = False
    """Whether the rate falls along half a cosine, to 0 at the end."""
    average: float = 0.0
    """Decay of the moving average of the weights, which is then what has been learnt; 0 for none."""
    patience: int | None = None
    """Epochs without a better validation SRCC after which training stops; never if None."""

    def rate_at(self, epoch: float) -> float:
        """Return the learning rate at a moment, counted in epochs from 0.

        >>> Training(epochs=10, batch=1, rate=1.0, factor=0.5, step=4).rate_at(8)
        0.25
        """
        if epoch < self.warmup:
            return self.rate * epoch / self.warmup
        if self.cosine:
            passed = (epoch - self.warmup) / max(self.epochs - self.warmup, 1e-9)
            return float(self.rate * (1 + np.cos(np.pi * min(passed, 1.0))) / 2)
        return self.rate * self.factor ** (int(epoch) // self.step)


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """What the loop must know of a network. Scores inside are people's, from 0 (least) to 1 (most)."""

    build: Callable[[], "Module"]
    collate: Callable[[Sequence[Features]], Inputs]
    """Makes a batch of features."""
    score: Callable[["Module", Inputs], "Tensor"]
    """Returns scores, shape [N]."""
    loss: Callable[["Module", Inputs, "Tensor"], "Tensor"]
    """Returns the loss of a batch whose scores, shape [N], are known."""
    prepare: Callable[["Module", Sequence[Features], Numbers, Lesson], None] | None = None
    """Told the training videos and their scores before training, such as to choose exemplars; what it finds
    stands in the module's buffers."""
    scale_free: bool = False
    """Whether the loss knows no scale, such as a correlation: scores then get the mean and the deviation of
    people's, by the training videos, so that those of several splits can be averaged."""


class FittedNetwork:
    """A trained network; see ``Fitted``."""

    def __init__(self, network: Network, module: "Module", low: float, high: float, device: str) -> None:
        self._network, self.module, self._device = network, module.eval(), device
        self._low, self._high = low, high

    def predict(self, features: Sequence[Features]) -> Numbers:
        """Return scores on people's scale, shape [N]; one video at a time, so that none depends on others."""
        import torch

        found = []
        with torch.inference_mode():
            for at in range(len(features)):
                inputs = moved(self._network.collate([features[at]]), self._device)
                found.append(float(self._network.score(self.module, inputs)[0]))
        return np.array(found) * (self._high - self._low) + self._low

    def scaled(self, features: Sequence[Features], scores: Numbers) -> "FittedNetwork":
        """Return the same network with predictions that have the mean and the deviation of scores.

        Args:
            features: Of at least one video.
            scores: Theirs, on people's scale, shape [N].
        """
        found = self.predict(features)
        factor = float(np.std(scores) / max(float(np.std(found)), 1e-12))
        low, high = (
            float(np.mean(scores)) + factor * (edge - float(np.mean(found)))
            for edge in (self._low, self._high)
        )
        return FittedNetwork(self._network, self.module, low, high, self._device)

    def state(self) -> dict[str, Any]:
        """Return the module's weights and buffers, and the range of people's scores."""
        arrays = {name: tensor.cpu().numpy() for name, tensor in self.module.state_dict().items()}
        return {**arrays, "scores.range": np.array([self._low, self._high])}


def moved(inputs: Inputs, device: str) -> Inputs:
    """Return a batch on a device."""
    return {name: tensor.to(device) for name, tensor in inputs.items()}


def make_optimiser(module: "Module", training: Training) -> "Optimizer":
    """Return the optimiser of all weights that can be trained."""
    from torch.optim import SGD, Adam, AdamW

    weights = [weight for weight in module.parameters() if weight.requires_grad]
    common: dict[str, Any] = {"lr": training.rate, "weight_decay": training.weight_decay}
    if training.optimiser == "sgd":
        return SGD(weights, momentum=training.momentum, **common)
    return (AdamW if training.optimiser == "adamw" else Adam)(weights, **common)
