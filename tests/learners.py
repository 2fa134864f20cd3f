"""Learners for tests: a tiny network that reads one vector per video, and features with known scores."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

from gaia_judge.baselines.features import Extractor, Features
from gaia_judge.baselines.metrics import EVERY
from gaia_judge.baselines.recipes import Lesson
from gaia_judge.baselines.trainings import Network, Training


def collate(features: Sequence[Features]) -> dict[str, torch.Tensor]:
    return {"vector": torch.from_numpy(np.stack([one["vector"] for one in features])).float()}


def score(module: Any, inputs: Any) -> torch.Tensor:
    return module(inputs["vector"])[:, 0]


def loss(module: Any, inputs: Any, targets: torch.Tensor) -> torch.Tensor:
    return nn.functional.mse_loss(score(module, inputs), targets)


def build(width: int = 3, dropout: float = 0.2) -> nn.Module:
    return nn.Sequential(nn.Linear(width, 8), nn.Tanh(), nn.Dropout(dropout), nn.Linear(8, 1))


NETWORK = Network(build=build, collate=collate, score=score, loss=loss)
TRAINING = Training(epochs=12, batch=8, rate=0.02)


def vectors(count: int = 60, seed: int = 0) -> tuple[list[Features], np.ndarray]:
    """Return features and scores, 20 to 80 or so, that mostly follow from the first two numbers."""
    noise = np.random.default_rng(seed)
    table = noise.normal(size=(count, 3))
    scores = 50 + 10 * table[:, 0] - 5 * table[:, 1] + noise.normal(size=count)
    return [{"vector": row.astype(np.float32)} for row in table], scores


def lesson(count: int = 60, **more: Any) -> Lesson:
    features, scores = vectors(count)
    return Lesson(features=features, scores=scores, **more)


def brightness(frames: Any) -> Features:
    """Describe frames by mean, spread and number; importable, so that it runs inside decoding processes."""
    images = frames.images.astype(np.float32)
    return {"vector": np.array([images.mean(), images.std(), len(images)], np.float32)}


def halting(frames: Any) -> Features:
    """Describe frames as ``brightness`` does, but for the number of fewer than six, which is missing."""
    (vector,) = brightness(frames).values()
    return {"vector": np.where([True, True, len(frames.images) >= 6], vector, np.nan)}


def inside(name: str = "brightness", revision: int = 1, **more: Any) -> Extractor:
    return Extractor(
        name=name,
        revision=revision,
        load=lambda extractor, setting: brightness,
        inside=True,
        frames=EVERY,
        **more,
    )
