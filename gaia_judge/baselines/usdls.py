"""USDL: the score of an action as a distribution over levels, from frozen I3D features.

Source: Tang et al., "Uncertainty-Aware Score Distribution Learning for Action Quality Assessment", CVPR 2020.

Adapted: the original trains its backbone too, on flipped and shifted clips; here features are extracted once.
Videos are resampled to 103 frames, so one of 8 frames shows each about 13 times.
"""

from functools import partial
from typing import TYPE_CHECKING, Any

from gaia_judge.baselines.batches import stacked
from gaia_judge.baselines.fittings import trained
from gaia_judge.baselines.i3ds import extractor
from gaia_judge.baselines.loops import NetworkLearner
from gaia_judge.baselines.recipes import Recipe
from gaia_judge.baselines.trainings import Network, Training

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module

STARTS = (0, 10, 20, 30, 40, 50, 60, 70, 80, 87)
HIGHEST = 100.0
"""Levels are 0 to this; people's lowest score stands for 0, their highest for this."""

CLIPS = extractor("i3d-usdl", count=103, starts=STARTS, size=(256, 455), crop=224, epsilon=1e-3)


def build(features: int = 1024) -> "Module":
    """Return USDL's head, untrained."""
    from gaia_judge.baselines.networks.distributions import Usdl

    return Usdl(features)


def score_likeliest(module: "Module", inputs: Any) -> "Tensor":
    """Return scores of the likeliest level, shape [B], as published: 101 values, so that videos tie."""
    from gaia_judge.baselines.networks.distributions import most_likely

    return most_likely(module(inputs["clips"]), highest=1.0)


def score_expected(module: "Module", inputs: Any) -> "Tensor":
    """Return expected scores, shape [B], which hardly ever tie."""
    from gaia_judge.baselines.networks.distributions import expected

    return expected(module(inputs["clips"]).float(), highest=1.0)


def loss(module: "Module", inputs: Any, targets: "Tensor") -> "Tensor":
    """Return the divergence from normal distributions about the scores, 5 levels wide, as published."""
    from gaia_judge.baselines.networks.distributions import score_distributions
    from gaia_judge.baselines.networks.losses import distribution_loss

    return distribution_loss(module(inputs["clips"]), score_distributions(targets * HIGHEST, HIGHEST))


def network(features: int = 1024, *, likeliest: bool = True) -> Network:
    """Return USDL as the loop takes it.

    Args:
        features: Of a clip.
        likeliest: Whether a score is that of the likeliest level, or else the expected one.
    """
    score = score_likeliest if likeliest else score_expected
    return Network(build=partial(build, features), collate=stacked, score=score, loss=loss)


TRAINING = Training(epochs=100, batch=4, rate=1e-4)
"""As published; with videos to choose by, the epoch is kept that ranks them best."""

FACTS = {"backbone": "frozen here; trained too as published", "augmentation": "none here"}

USDL = trained(
    "usdl",
    Recipe(extractor=CLIPS, learner=NetworkLearner(network(), TRAINING), facts=FACTS),
    about="Chances of 101 scores from I3D's features (frozen here); the likeliest counts.",
    family="aqa",
    fidelity="adapted",
    licence="MIT",
    citation="Tang et al., Uncertainty-Aware Score Distribution Learning, CVPR 2020",
)

USDL_EXPECTED = trained(
    "usdl-expected",
    Recipe(extractor=CLIPS, learner=NetworkLearner(network(likeliest=False), TRAINING), facts=FACTS),
    about="As usdl, but the expected score counts, so that videos do not tie.",
    family="aqa",
    fidelity="adapted",
    licence="MIT",
    citation="Tang et al., Uncertainty-Aware Score Distribution Learning, CVPR 2020",
)
