"""SimpleVQA: one frame of each second through ResNet-50, its second's motion through SlowFast, two layers.

Source: Sun et al., "A Deep Learning based No-reference Quality Assessment Model for UGC Videos", ACM
Multimedia 2022.

Adapted: the original trains its ResNet-50, on random crops; here both networks are frozen and crops central.
Frames whose short side is not 520 are brought to it, small ones enlarged. Motion of a second is that of the
32 frames from its first on; where the video ends before, its last frame is repeated, as upstream: one of 8
frames shows its last 25 times. At most the first 8 seconds count.
With ``--weights resnet50=`` the authors' checkpoint, both its ResNet-50 and its head are taken, the head as
the start of training; with ImageNet's, the head starts anew.
"""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from gaia_judge.baselines.features import Extract, Extractor, Features
from gaia_judge.baselines.fittings import trained
from gaia_judge.baselines.loops import NetworkLearner
from gaia_judge.baselines.metrics import Setting
from gaia_judge.baselines.recipes import Recipe
from gaia_judge.baselines.samplings import Places, coloured, cropped, resized, shortened, taken
from gaia_judge.baselines.slowfasts import FRAMES, SLOWFAST, both_paths, load_slowfast
from gaia_judge.baselines.starts import Start, under
from gaia_judge.baselines.trainings import Network, Training
from gaia_judge.baselines.vsfas import RESNET50, load_pooled
from gaia_judge.frames import Frames

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module

SECONDS = 8
"""Key frames of a video; where it has fewer, its last one counts again."""

HIGHEST = 100.0
"""The authors' checkpoint was trained on scores up to this."""

SHORT, CROP, MOTION_SIDE = 520, 448, 224
"""Pixels."""


def load(extractor: Extractor, setting: Setting) -> Extract:
    """Return what describes frames by both networks."""
    space = load_pooled(setting, layers=(2, 3, 4))
    return partial(describe, space, load_slowfast(setting), setting.device)


def describe(space: "Module", motion: Any, device: str, frames: Frames) -> Features:
    """Return ``space``, shape [S, 7168], and ``motion``, shape [S, 2304], of at most 8 seconds.

    Args:
        space: Gives [N, F] for images [N, 3, H, W].
        motion: Gives slow and fast maps for clips.
        device: Where they are.
        frames: All frames of the video.
    """
    import torch

    from gaia_judge.baselines.networks.slowfasts import simplevqa_motion

    still, moving = [], []
    for places in seconds(len(frames.images), frames.fps):
        with torch.inference_mode():
            still.append(space(taken(frames.images, places[:1], prepare_frame, device)).float())
            slow, fast = both_paths(motion, taken(frames.images, places, prepare_motion, device))
            moving.append(simplevqa_motion(slow, fast))
    return {"space": torch.cat(still).cpu().numpy(), "motion": torch.cat(moving).cpu().numpy()}


def seconds(total: int, fps: float) -> Places:
    """Return the 32 frames from each second's first on, shape [S, 32], with S at least 1 and at most 8.

    >>> [(row[0].item(), row[-1].item()) for row in seconds(total=60, fps=24)]
    [(0, 31), (24, 55)]
    """
    rate = max(1, round(fps))
    starts = np.arange(min(max(1, total // rate), SECONDS)) * rate
    return np.asarray(np.minimum(starts[:, None] + np.arange(FRAMES), total - 1), np.int64)


def prepare_frame(images: "Tensor") -> "Tensor":
    """Return images as ResNet-50 takes them."""
    return coloured(cropped(shortened(images, SHORT), CROP, CROP), "imagenet")


def prepare_motion(images: "Tensor") -> "Tensor":
    """Return images as SlowFast takes them, square whatever their proportions were."""
    return coloured(resized(images, MOTION_SIDE, MOTION_SIDE), "kinetics")


def collate(features: Sequence[Features]) -> "dict[str, Tensor]":
    """Return ``space``, shape [B, 8, 7168], and ``motion``, shape [B, 8, 2304]: the last repeated up to 8."""
    import torch

    def full(array: Any) -> "Tensor":
        rows = np.minimum(np.arange(SECONDS), len(array) - 1)
        return torch.from_numpy(np.asarray(array[rows], np.float32))

    return {name: torch.stack([full(one[name]) for one in features]) for name in ("space", "motion")}


def build(features: int = 9472) -> "Module":
    """Return SimpleVQA's last two layers, untrained."""
    from torch import nn

    from gaia_judge.baselines.networks.heads import SimpleVqa

    return SimpleVqa(nn.Identity(), features)


def score(module: "Module", inputs: Any) -> "Tensor":
    """Return the score of each video, shape [B]."""
    found: Tensor = module(inputs["space"], inputs["motion"])
    return found


def loss(module: "Module", inputs: Any, targets: "Tensor") -> "Tensor":
    """Return the mean absolute error and the hinge on pairs, whose gradient upstream loses; see the loss.

    Pairs count within 1 on the scale of labels; here that is all of them, labels being between 0 and 1.
    """
    from torch.nn.functional import l1_loss

    from gaia_judge.baselines.networks.losses import near_rank_loss

    found = score(module, inputs)
    return l1_loss(found, targets) + near_rank_loss(found, targets)


def network(features: int = 9472) -> Network:
    """Return SimpleVQA's last layers as the loop takes them, for features of this size."""
    return Network(build=partial(build, features), collate=collate, score=score, loss=loss)


TRAINING = Training(epochs=10, batch=8, rate=1e-5, weight_decay=1e-7, factor=0.95, step=2)
"""As published, for a network that is trained whole: frozen, it may need ``--epochs`` and ``--rate``."""

SIMPLEVQA = trained(
    "simplevqa",
    Recipe(
        extractor=Extractor(
            name="simplevqa",
            revision=1,
            load=load,
            weights=(RESNET50, SLOWFAST),
            facts={"short": SHORT, "crop": CROP, "motion": MOTION_SIDE, "seconds": SECONDS},
        ),
        learner=NetworkLearner(network(), TRAINING),
        start=Start(
            weights=RESNET50, rename=under("quality.", "quality."), last="quality.1.", highest=HIGHEST
        ),
        facts={"backbone": "frozen here; ResNet-50 trained too as published"},
    ),
    about="One frame per second by ResNet-50 (frozen here) and its motion by SlowFast, two layers.",
    family="vqa",
    fidelity="adapted",
    licence="Apache-2.0",
    citation="Sun et al., A Deep Learning based No-reference Quality Assessment Model, ACM Multimedia 2022",
)
