"""TSA: what a video shows in each third, compared with exemplars by attention, from frozen I3D maps.

Source: Xu et al., "FineDiving: A Fine-grained Dataset for Procedure-aware Action Quality Assessment", CVPR
2022.

Adapted: the original trains its backbone too and learns from labels where steps of an action end. GAIA has
none: steps are fixed thirds, and the loss is that of scores alone. The exemplars' rule is that of
``exemplars``. Videos are resampled to 96 frames, so one of 8 frames shows each 12 times.
"""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

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

STARTS = tuple(range(0, 90, 10))


def build(features: int = 1024, clips: int = 9, **sizes: Any) -> "Module":
    """Return TSA's networks, untrained, with no exemplars yet."""
    from torch import nn

    from gaia_judge.baselines.networks.segments import Tsa

    module = nn.Module()
    module.tsa = Tsa(clips, features, transits=0, **sizes)
    whole: Module = reserve(module, "exemplars", "labels")
    return whole


def prepare(module: Any, features: Sequence[Features], scores: Numbers, lesson: Lesson) -> None:
    """Choose exemplars."""
    hold(module, "maps", features, scores, lesson)


def score(module: Any, inputs: Any) -> "Tensor":
    """Return scores, shape [B]: the mean over exemplars of their score and the difference to it."""
    mine, other, labels = against(module, inputs["maps"])
    difference, _ = module.tsa(mine, other)
    return voted(labels + difference, len(inputs["maps"]))


def loss(module: Any, inputs: Any, targets: "Tensor") -> "Tensor":
    """Return squared errors of differences within a batch, in both directions, on the scale of 100."""
    from torch.nn.functional import mse_loss

    maps, scores = inputs["maps"], targets * HIGHEST
    more, less = module.tsa(maps, neighbours(maps))
    apart = scores - neighbours(scores)
    return mse_loss(more, apart) + mse_loss(less, -apart)


def network(features: int = 1024, clips: int = 9, **sizes: Any) -> Network:
    """Return TSA as the loop takes it; for the sizes see ``networks.segments``."""
    made = partial(build, features, clips, **sizes)
    return Network(build=made, collate=stacked, score=score, loss=loss, prepare=prepare)


TRAINING = Training(epochs=200, batch=8, rate=1e-3)
"""As published for all but the backbone; with videos to choose by, the epoch is kept that ranks them best."""

TSA = trained(
    "tsa",
    Recipe(
        extractor=extractor(
            "i3d-tsa", count=96, starts=STARTS, size=(112, 200), crop=112, epsilon=1e-5, keeps="maps"
        ),
        learner=NetworkLearner(network(), TRAINING),
        facts={
            "backbone": "frozen here; trained too as published",
            "segments": "thirds; no labels of steps",
            "exemplars": "10, random",
        },
    ),
    about="Differences to ten exemplars, third by third, by attention to I3D's maps (frozen here).",
    family="aqa",
    fidelity="adapted",
    licence="MIT",
    citation="Xu et al., FineDiving, CVPR 2022",
)
