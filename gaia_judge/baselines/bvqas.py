"""BVQA: space by ResNet-50 and motion by SlowFast of every second frame or so, a GRU, and VSFA's memory.

Source: Li et al., "Blindly Assess Quality of In-the-Wild Videos via Quality-aware Pre-training and Motion
Perception", TCSVT 2022.

Adapted: its ResNet-50 was tuned to image quality; those weights lie on a netdisk that programs cannot read,
so ImageNet's stand in unless ``--weights resnet50=`` brings others under torchvision's names. Motion looks at
32 frames of each 64, as upstream, and features are of those frames alone; a video of fewer than 32 repeats
some. Training starts anew, or with ``--weights bvqa=PATH`` from the authors' head.
"""

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from gaia_judge.baselines.features import Extract, Extractor, Features
from gaia_judge.baselines.fittings import trained
from gaia_judge.baselines.loops import NetworkLearner
from gaia_judge.baselines.metrics import Setting
from gaia_judge.baselines.recipes import Recipe
from gaia_judge.baselines.samplings import Places, coloured, taken
from gaia_judge.baselines.sequences import FRAMES, padded
from gaia_judge.baselines.slowfasts import FRAMES as FAST
from gaia_judge.baselines.slowfasts import SLOWFAST, both_paths, load_slowfast
from gaia_judge.baselines.starts import Start
from gaia_judge.baselines.trainings import Network, Training
from gaia_judge.baselines.vsfas import RESNET50, load_pooled, pooled
from gaia_judge.baselines.weights import Weights
from gaia_judge.frames import Frames

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module

HEAD = Weights(name="bvqa", licence="Apache-2.0")
"""The authors' head, which lies on a netdisk too: the user brings it, or training starts anew."""

CHUNK = 64
"""Frames that motion looks at together."""

HIGHEST = 100.0
"""Labels are ranked softly on a scale from 0 to this, where they lie further than 1 apart."""


def load(extractor: Extractor, setting: Setting) -> Extract:
    """Return what describes frames by both networks."""
    return partial(describe, load_pooled(setting, layers=(4,)), load_slowfast(setting), setting.device)


def describe(space: "Module", motion: Any, device: str, frames: Frames) -> Features:
    """Return features of frames at their own size, shape [T, 4608]: 4096 of space, 512 of motion.

    Args:
        space: Gives [N, F] for images [N, 3, H, W].
        motion: Gives slow and fast maps for clips.
        device: Where they are.
        frames: All frames of the video.
    """
    from gaia_judge.baselines.networks.slowfasts import bvqa_motion

    used, moving = [], []
    for places, kept in chunks(len(frames.images)):
        clip = taken(frames.images, places, lambda images: coloured(_upright(images), "kinetics"), device)
        _, fast = both_paths(motion, clip)
        moving.append(bvqa_motion(fast)[0].cpu().numpy()[kept])
        used.append(places[kept])
    needed, where = np.unique(np.concatenate(used), return_inverse=True)
    still = pooled(space, device, frames.images[needed])
    return {FRAMES: np.concatenate([still[where], np.concatenate(moving)], axis=1)}


def chunks(total: int) -> list[tuple[Places, Places]]:
    """Return for each chunk the 32 frames that motion sees, and which of the 32 are features of the video.

    Chunks are 64 frames; the last one ends with the video and overlaps, of which what is new is kept. A
    shorter video is one chunk.

    >>> [(places[[0, -1]].tolist(), len(kept)) for places, kept in chunks(100)]
    [([0, 63], 32), ([36, 99], 18)]
    """
    import torch

    ends = [*range(CHUNK, total, CHUNK), total]
    found = []
    for number, end in enumerate(ends):
        start = max(0, end - CHUNK)
        inside = torch.linspace(0, min(CHUNK, total) - 1, FAST).long().numpy()
        places = start + inside
        found.append((places, np.flatnonzero(places >= number * CHUNK)))
    return found


def _upright(images: "Tensor") -> "Tensor":
    return images.permute(0, 3, 1, 2).float()


def build(features: int = 4608) -> "Module":
    """Return BVQA's head, untrained."""
    from gaia_judge.baselines.networks.heads import Bvqa

    return Bvqa(features)


def score(module: "Module", inputs: Any) -> "Tensor":
    """Return the mapped score of each video, shape [B]."""
    found: Tensor = module(inputs["features"], inputs["lengths"])[1]
    return found


def loss(module: "Module", inputs: Any, targets: "Tensor") -> "Tensor":
    """Return 1 - SRCC of soft ranks of the relative scores, and (1 - PLCC) / 2 of the mapped ones.

    A video alone in its batch has no correlation, and teaches nothing.
    """
    from gaia_judge.baselines.networks.losses import correlation_loss, srcc_loss

    relative, mapped = (one.float() for one in module(inputs["features"], inputs["lengths"]))
    if len(targets) < 2:
        nothing: Tensor = (relative + mapped).sum() * 0
        return nothing
    return srcc_loss(relative, targets * HIGHEST) + correlation_loss(mapped, targets)


def network(features: int = 4608) -> Network:
    """Return BVQA's head as the loop takes it, for features of this size."""
    return Network(build=partial(build, features), collate=padded, score=score, loss=loss, scale_free=True)


def head_name(name: str) -> str | None:
    """Return the name here of a parameter of the authors' head, or None for what is not trained."""
    from gaia_judge.baselines.networks.heads import bvqa_name

    return bvqa_name(name)


TRAINING = Training(epochs=40, batch=32, rate=5e-4, factor=0.8, step=2)
"""As published; with videos to choose by, the epoch is kept that ranks them best."""

BVQA = trained(
    "bvqa",
    Recipe(
        extractor=Extractor(
            name="bvqa", revision=1, load=load, weights=(RESNET50, SLOWFAST), facts={"chunk": CHUNK}
        ),
        learner=NetworkLearner(network(), TRAINING),
        start=Start(weights=HEAD, rename=head_name, optional=True),
        facts={"space": "ImageNet's ResNet-50 here; tuned to image quality as published"},
    ),
    about="ResNet-50 (ImageNet's, not tuned to quality) and SlowFast, a GRU, a memory of the worst.",
    family="vqa",
    fidelity="adapted",
    licence="Apache-2.0",
    citation="Li et al., Blindly Assess Quality of In-the-Wild Videos, TCSVT 2022",
)
