"""DOVER: a technical branch on fragments and an aesthetic one on whole frames, both frozen, each with a head.

Source: Wu et al., "Exploring Video Quality Assessment on User Generated Contents from Aesthetic and Technical
Perspectives", ICCV 2023.

Adapted: of the two published ways to other scores this is the one that trains heads alone, but on maps
averaged over time and kept as half floats; heads start from the official ones. Technical clips (three) are
drawn as in ``fastvqas``; the aesthetic one is one frame of each 32nd of the video, brought to 224x224
whatever its proportions. A video of fewer than 32 frames shows that branch its first frame 32 times, as
upstream. What it scores without training is no metric here. Its weights forbid commercial use.
"""

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from gaia_judge.baselines.batches import stacked
from gaia_judge.baselines.fastvqas import (
    INTERVAL,
    LENGTH,
    SEED,
    clip_maps,
    fragment_maps,
    head_scores,
    ordered_loss,
)
from gaia_judge.baselines.fastvqas import TRAINING as FASTVQA_TRAINING
from gaia_judge.baselines.features import Extract, Extractor, Features
from gaia_judge.baselines.fittings import trained
from gaia_judge.baselines.loops import NetworkLearner
from gaia_judge.baselines.metrics import Setting
from gaia_judge.baselines.recipes import Recipe
from gaia_judge.baselines.samplings import Places, resized, taken
from gaia_judge.baselines.starts import Start
from gaia_judge.baselines.trainings import Network
from gaia_judge.baselines.weights import Weights, load_tensors
from gaia_judge.frames import Frames

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module

WEIGHTS = Weights(
    name="dover",
    licence="S-Lab Licence 1.0 (non-commercial)",
    repo="teowu/DOVER",
    file="DOVER.pth",
    non_commercial=True,
)
"""The authors'; neither revision nor digest could be verified."""

TECHNICAL, SIDE = 3, 224
"""Technical clips, and the side of aesthetic frames."""


def load(extractor: Extractor, setting: Setting) -> Extract:
    """Return what describes frames by the maps of both branches."""
    from gaia_judge.baselines.networks.fastvqas import Dover, dover_name
    from gaia_judge.baselines.networks.keys import load_official

    network: Any = Dover()
    load_official(network, load_tensors(WEIGHTS.bring(setting.weights.get(WEIGHTS.name))), dover_name)
    network.eval().to(setting.device)
    return partial(describe, network.technical.backbone, network.aesthetic.backbone, setting.device)


def describe(technical: "Module", aesthetic: "Module", device: str, frames: Frames) -> Features:
    """Return half floats averaged over time: ``technical`` [3, 768, 7, 7], ``aesthetic`` [1, 768, 7, 7].

    Args:
        technical: Gives maps [B, F, T, H, W] for clips [B, 3, T, H, W].
        aesthetic: Likewise.
        device: Where they are.
        frames: All frames of the video.
    """

    def prepare(images: "Tensor") -> "Tensor":
        return resized(images, SIDE, SIDE)

    whole = taken(frames.images, moments(len(frames.images)), prepare, device).transpose(0, 1)
    return {
        "technical": fragment_maps(technical, device, frames.images, clips=TECHNICAL, parts=TECHNICAL),
        "aesthetic": clip_maps(aesthetic, device, whole, clips=1),
    }


def moments(total: int) -> Places:
    """Return the frames of the aesthetic clip, shape [32]: one of each 32nd, at random by a fixed seed.

    >>> moments(8).max(), np.diff(moments(320)).min() > 0
    (np.int64(0), np.True_)
    """
    import torch

    from gaia_judge.baselines.networks.fragments import taken as runs

    chance = torch.Generator().manual_seed(SEED)
    chosen = runs(total, length=1, parts=LENGTH, interval=INTERVAL, generator=chance)
    return np.asarray(chosen.numpy(), np.int64)


def build(features: int = 768) -> "Module":
    """Return DOVER's heads, untrained."""
    from torch import nn

    from gaia_judge.baselines.networks.heads import VqaHead

    return nn.ModuleDict({"technical": VqaHead(features), "aesthetic": VqaHead(features)})


def branch_scores(module: Any, inputs: Any) -> "tuple[Tensor, Tensor]":
    """Return technical and aesthetic scores, each of shape [B]."""
    technical, aesthetic = (head_scores(module[name], inputs[name]) for name in ("technical", "aesthetic"))
    return technical, aesthetic


def score(module: Any, inputs: Any) -> "Tensor":
    """Return the sum of both branches' scores, shape [B], on no scale in particular."""
    technical, aesthetic = branch_scores(module, inputs)
    return technical + aesthetic


def loss(module: Any, inputs: Any, targets: "Tensor") -> "Tensor":
    """Return the sum of both branches' losses, each of correlation and 0.3 times ranks, as published."""
    technical, aesthetic = branch_scores(module, inputs)
    return ordered_loss(technical, targets) + ordered_loss(aesthetic, targets)


def network(features: int = 768) -> Network:
    """Return DOVER's heads as the loop takes them, for maps of this many channels."""
    return Network(build=partial(build, features), collate=stacked, score=score, loss=loss, scale_free=True)


def head_name(name: str) -> str | None:
    """Return the name here of a parameter of the official heads, or None for a backbone's.

    >>> head_name("aesthetic_head.fc_hid.weight")
    'aesthetic.fc_hid.weight'
    """
    part, _, rest = name.partition("_head.")
    return f"{part}.{rest}" if rest else None


TRAINING = replace(FASTVQA_TRAINING, epochs=10, batch=8)
"""As published for heads alone. The moving average spans a thousand steps: few videos need more epochs."""

DOVER = trained(
    "dover",
    Recipe(
        extractor=Extractor(
            name="dover",
            revision=1,
            load=load,
            weights=(WEIGHTS,),
            facts={"length": LENGTH, "interval": INTERVAL, "clips": TECHNICAL, "side": SIDE, "seed": SEED},
        ),
        learner=NetworkLearner(network(), TRAINING),
        start=Start(weights=WEIGHTS, rename=head_name),
        facts={"training": "heads alone, from the official ones", "maps": "averaged over time"},
    ),
    about="A technical and an aesthetic score (both backbones frozen), added. Non-commercial weights.",
    family="vqa",
    fidelity="adapted",
    licence="S-Lab Licence 1.0 (non-commercial)",
    citation="Wu et al., Exploring Video Quality Assessment on User Generated Contents, ICCV 2023",
)
