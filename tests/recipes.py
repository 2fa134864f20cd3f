"""Trained metrics for tests: tiny networks, and features from which a video's score follows."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from gaia_judge.baselines import actionnets, bvqas, cores, dovers, fastvqas, simplevqas, tsas, usdls, vsfas
from gaia_judge.baselines.features import Features
from gaia_judge.baselines.loops import NetworkLearner
from gaia_judge.baselines.recipes import Lesson
from gaia_judge.baselines.trainings import Network, Training

Shapes = Callable[[int], dict[str, tuple[int, ...]]]
"""Shapes of a video's features, by its length in some unit, 1 to 4."""


@dataclass(frozen=True)
class Small:
    """One recipe at a size for tests."""

    network: Network
    shapes: Shapes
    channels: int
    """Which axis of its arrays holds channels."""
    rate: float = 0.01
    epochs: int = 30
    half: bool = False
    """Whether features are half floats."""

    @property
    def learner(self) -> NetworkLearner:
        return NetworkLearner(self.network, Training(epochs=self.epochs, batch=8, rate=self.rate))

    def draw(self, count: int = 48, seed: int = 0) -> tuple[list[Features], np.ndarray]:
        """Return features, in which one direction tells the quality, and scores, 20 to 80 or so."""
        noise = np.random.default_rng(seed)
        quality = noise.normal(size=count)
        features = [self._draw(noise, one, 1 + number % 4) for number, one in enumerate(quality)]
        return features, 50 + 10 * quality + noise.normal(size=count)

    def _draw(self, noise: Any, quality: float, length: int) -> Features:
        found = {}
        for name, shape in self.shapes(length).items():
            array = noise.normal(size=shape) * 0.5
            direction = np.resize([1.0, -1.0, 0.0], shape[self.channels])
            array += quality * direction.reshape([-1] + [1] * (len(shape) - self.channels - 1))
            found[name] = array.astype(np.float16 if self.half else np.float32)
        return found


TSA = {"widths": (4, 6, 8), "layers": 1, "heads": 2, "steps": 2}

SMALL = {
    "usdl": Small(usdls.network(12), lambda length: {"clips": (10, 12)}, 1),
    "usdl-expected": Small(usdls.network(12, likeliest=False), lambda length: {"clips": (10, 12)}, 1),
    "core": Small(cores.network(12, 8, 3), lambda length: {"clips": (10, 12)}, 1, rate=0.005),
    "tsa": Small(
        tsas.network(32, **TSA), lambda length: {"maps": (9, 32, 4)}, 1, rate=0.01, epochs=10, half=True
    ),
    "action-net": Small(
        actionnets.network((8, 6), 32), lambda length: {"clips": (length, 8), "images": (length, 6)}, 1
    ),
    "vsfa": Small(vsfas.network(12), lambda length: {"frames": (3 * length, 12)}, 1),
    "bvqa": Small(bvqas.network(12), lambda length: {"frames": (3 * length, 12)}, 1),
    "simplevqa": Small(
        simplevqas.network(12), lambda length: {"space": (length, 8), "motion": (length, 4)}, 1
    ),
    "fast-vqa": Small(fastvqas.network(12), lambda length: {"maps": (4, 12, 3, 3)}, 1, half=True),
    "dover": Small(
        dovers.network(12),
        lambda length: {"technical": (3, 12, 3, 3), "aesthetic": (1, 12, 3, 3)},
        1,
        half=True,
    ),
}
"""Each recipe by the name of its metric."""


def lesson(small: Small, count: int = 48, **more: Any) -> Lesson:
    features, scores = small.draw(count)
    return Lesson(features=features, scores=scores, **more)
