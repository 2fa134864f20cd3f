"""Exemplars: videos with known scores that others are compared with, for CoRe and TSA.

The published metrics take exemplars at random among training videos of the same kind of action. What GAIA did
is unknown. Here they are random among all training videos, and there is no other rule: features carry no
action, and under protocols that divide by action no exemplar could share it. One set serves all videos, so
that equal videos score equally.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from gaia_judge.baselines.features import Features
from gaia_judge.baselines.recipes import Lesson, Numbers

if TYPE_CHECKING:
    from torch import Tensor

COUNT = 10
"""Exemplars of each video, as published."""

HIGHEST = 100.0
"""Scores between 0 and 1 stand for 0 to this in the published losses."""


def reserve(module: Any, *names: str) -> Any:
    """Return a module with empty buffers, which ``hold`` fills and a saved state restores."""
    import torch

    for name in names:
        module.register_buffer(name, torch.empty(0))
    return module


def hold(module: Any, name: str, features: Sequence[Features], scores: Numbers, lesson: Lesson) -> None:
    """Keep exemplars in the buffers ``exemplars`` and ``labels`` (0 to 100).

    Args:
        module: Whose.
        name: Of the features that are compared.
        features: Of the training videos.
        scores: Theirs, from 0 to 1.
        lesson: Its seed chooses.
    """
    import torch

    chosen = np.random.default_rng(lesson.seed).permutation(len(scores))[:COUNT]
    kept = np.stack([features[int(row)][name] for row in chosen])
    module.exemplars = torch.from_numpy(kept)
    module.labels = torch.tensor(scores[chosen] * HIGHEST, dtype=torch.float32)


def against(module: Any, videos: "Tensor") -> "tuple[Tensor, Tensor, Tensor]":
    """Return each video beside each exemplar: videos, exemplars and their labels, all with B * E rows.

    Args:
        module: That holds exemplars.
        videos: Shape [B, ...].
    """
    exemplars, labels = module.exemplars.float(), module.labels
    other = exemplars.repeat(len(videos), *[1] * (exemplars.ndim - 1))
    return videos.repeat_interleave(len(labels), dim=0), other, labels.repeat(len(videos))


def voted(scores: "Tensor", count: int) -> "Tensor":
    """Return the mean over exemplars, from 0 to 100 made 0 to 1, shape [B], of scores of pairs, [B * E]."""
    return scores.view(count, -1).mean(1) / HIGHEST


def neighbours(values: "Tensor") -> "Tensor":
    """Return for each row of a batch, whose order is random, the one before it: its partner in training."""
    return values.roll(1, 0)
