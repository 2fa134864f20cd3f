"""CoRe: by how much a video differs from exemplars, found in a tree of intervals, from frozen I3D features.

Source: Yu et al., "Group-aware Contrastive Regression for Action Quality Assessment", ICCV 2021.

Adapted: the original trains its backbone too; the exemplars' rule is that of ``exemplars``. Videos are
resampled to 103 frames, so one of 8 frames shows each about 13 times. Learning rate and batch (2, gradients
of two batches summed) are those of the original's head.
"""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from gaia_judge.baselines.batches import stacked
from gaia_judge.baselines.exemplars import HIGHEST, against, hold, neighbours, reserve, voted
from gaia_judge.baselines.features import Features
from gaia_judge.baselines.fittings import trained
from gaia_judge.baselines.i3ds import extractor
from gaia_judge.baselines.loops import NetworkLearner
from gaia_judge.baselines.recipes import Lesson, Numbers, Recipe
from gaia_judge.baselines.trainings import Network, Training

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module

STARTS = (0, 10, 20, 30, 40, 50, 60, 70, 80, 86)

PAIRED = 600
"""Training videos, picked at random if there are more, whose pairs say where the leaves' edges are."""


def build(features: int = 1024, hidden: int = 256, depth: int = 5) -> "Module":
    """Return CoRe's tree, untrained, with no exemplars and no edges yet."""
    from torch import nn

    from gaia_judge.baselines.networks.trees import RegressionTree

    module = nn.Module()
    module.tree = RegressionTree(2 * features + 1, hidden, depth)
    whole: Module = reserve(module, "exemplars", "labels", "edges")
    return whole


def prepare(module: Any, features: Sequence[Features], scores: Numbers, lesson: Lesson) -> None:
    """Choose exemplars, and edges that give each leaf about as many training pairs."""
    from gaia_judge.baselines.networks.trees import Leaves

    pooled = _Pooled(features)
    hold(module, "clips", pooled, scores, lesson)
    some = np.random.default_rng(lesson.seed).permutation(scores)[:PAIRED] * HIGHEST
    rows, columns = np.triu_indices(len(some), 1)
    leaves = module.tree.reg_layer.out_channels
    module.edges = Leaves.fit((some[rows] - some[columns]).tolist(), leaves, HIGHEST).edges.float()


def score(module: Any, inputs: Any) -> "Tensor":
    """Return scores, shape [B]: the mean over exemplars of their score and the difference to it."""
    from gaia_judge.baselines.networks.trees import Leaves, paired

    videos = inputs["clips"].mean(1)
    mine, other, labels = against(module, videos)
    chances, places = module.tree(paired(other, mine, labels, HIGHEST))
    return voted(labels + Leaves(module.edges).read(chances.float(), places.float()), len(videos))


def loss(module: Any, inputs: Any, targets: "Tensor") -> "Tensor":
    """Return the published loss of pairs within a batch, each video once the other's exemplar."""
    from gaia_judge.baselines.networks.trees import Leaves, core_loss

    videos, scores = inputs["clips"].mean(1), targets * HIGHEST
    features, labels = (videos, neighbours(videos)), (scores, neighbours(scores))
    return core_loss(module.tree, Leaves(module.edges), features, labels, HIGHEST)


def network(features: int = 1024, hidden: int = 256, depth: int = 5) -> Network:
    """Return CoRe as the loop takes it; for the sizes see ``networks.trees``."""
    made = partial(build, features, hidden, depth)
    return Network(build=made, collate=stacked, score=score, loss=loss, prepare=prepare)


class _Pooled(Sequence[Features]):
    """Features whose clips are averaged when they are looked at."""

    def __init__(self, features: Sequence[Features]) -> None:
        self._features = features

    def __getitem__(self, at: Any) -> Any:
        return {"clips": self._features[at]["clips"].astype(np.float32).mean(0)}

    def __len__(self) -> int:
        return len(self._features)


TRAINING = Training(epochs=200, batch=4, rate=1e-3)
"""As published for the head; with videos to choose by, the epoch is kept that ranks them best."""

CORE = trained(
    "core",
    Recipe(
        extractor=extractor("i3d-core", count=103, starts=STARTS, size=(256, 455), crop=224, epsilon=1e-5),
        learner=NetworkLearner(network(), TRAINING),
        facts={"backbone": "frozen here; trained too as published", "exemplars": "10, random"},
    ),
    about="Differences to ten exemplars, in a tree of intervals, from I3D's features (frozen here).",
    family="aqa",
    fidelity="adapted",
    licence="MIT",
    citation="Yu et al., Group-aware Contrastive Regression for Action Quality Assessment, ICCV 2021",
)
