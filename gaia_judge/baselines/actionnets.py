"""ACTION-NET: what moves (I3D) and what stands still (ResNet-50), each read in context, from frozen features.

Source: Zeng et al., "Hybrid Dynamic-static Context-aware Attention Network for Action Assessment in Long
Videos", ACM Multimedia 2020.

Adapted: the original samples videos of minutes at 2 frames per second, of which one of 3 seconds has no clip
of 16. Here clips are 16 frames at the video's own rate, one every 8 and one at the end; a video of fewer than
16 frames gives one clip that repeats frames. Still images are whole frames, one per second, and not cut to
the person, for which upstream ships no detector. One learning rate serves all layers from beginning to end
(upstream: 0.05 for the last, and a tenth of either 100 epochs before the end, a hundredth 50 before).
"""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from gaia_judge.baselines.features import Extract, Extractor, Features
from gaia_judge.baselines.fittings import trained
from gaia_judge.baselines.i3ds import I3D, LENGTH, load_network, through
from gaia_judge.baselines.loops import NetworkLearner
from gaia_judge.baselines.metrics import Setting
from gaia_judge.baselines.recipes import Recipe
from gaia_judge.baselines.samplings import Places, coloured, cropped, resized, shortened, spread, taken
from gaia_judge.baselines.trainings import Network, Training
from gaia_judge.baselines.vsfas import RESNET50, load_pooled
from gaia_judge.frames import Frames, FrameSpec
from gaia_judge.frames.specs import choose

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module

CLIPS, IMAGES = 26, 80
"""The most of each that the published network takes."""

STEP = 8
"""Frames from one clip to the next."""

SIDE, WIDE = 224, 300
"""Height that frames are brought to; of a clip's, the middle this wide is then made square, as upstream."""


def load(extractor: Extractor, setting: Setting) -> Extract:
    """Return what describes frames by both networks."""
    moving, still = load_network(setting, epsilon=1e-5), load_pooled(setting, layers=(4,))
    return partial(describe, moving, still, setting.device)


def describe(moving: Any, still: "Module", device: str, frames: Frames) -> Features:
    """Return ``clips``, shape [C, 1024], and ``images``, shape [K, 2048].

    Args:
        moving: Gives maps [B, F, T, H, W] for clips by ``maps``.
        still: Gives means, then deviations, [N, 2 F] for images.
        device: Where they are.
        frames: All frames of the video.
    """
    import torch

    maps = through(moving, taken(frames.images, windows(len(frames.images)), prepare_clip, device))
    chosen, _ = choose(frames.seconds, frames.duration, FrameSpec(fps=1, count=IMAGES))
    with torch.inference_mode():
        images = taken(frames.images, chosen, prepare_image, device)
        found = torch.cat([still(image[None]).float() for image in images])
    return {
        "clips": maps.mean((2, 3, 4)).cpu().numpy(),
        "images": found[:, : found.shape[1] // 2].contiguous().cpu().numpy(),
    }


def windows(total: int) -> Places:
    """Return which frames make the clips, shape [C, 16].

    >>> windows(60)[:, 0].tolist()
    [0, 8, 16, 24, 32, 40, 44]
    """
    if total < LENGTH:
        return spread(total, LENGTH)[None]
    starts = np.unique(np.append(np.arange(0, total - LENGTH + 1, STEP), total - LENGTH))
    if len(starts) > CLIPS:
        starts = starts[spread(len(starts), CLIPS)]
    return np.asarray(starts[:, None] + np.arange(LENGTH), np.int64)


def prepare_clip(images: "Tensor") -> "Tensor":
    """Return images as I3D takes them: the middle of at most 4 to 3, made square, colours from -1 to 1."""
    whole = shortened_height(images)
    middle = cropped(whole, SIDE, WIDE).clamp(0, 255)
    return coloured(resized(middle.permute(0, 2, 3, 1), SIDE, SIDE), "unit")


def prepare_image(images: "Tensor") -> "Tensor":
    """Return the middle square of images, colours from -1 to 1 as upstream, though ResNet-50 knows others."""
    return coloured(cropped(shortened(images, SIDE), SIDE, SIDE), "unit")


def shortened_height(images: "Tensor") -> "Tensor":
    """Return images, shape [N, 3, 224, W], of bytes, shape [N, H, W, 3]."""
    high, wide = images.shape[1:3]
    return resized(images, SIDE, max(1, int(wide * SIDE / high + 0.5)))


def collate(features: Sequence[Features]) -> "dict[str, Tensor]":
    """Return ``clips`` and ``images``, padded with zeros, which take part, as published."""
    import torch

    def padded(name: str) -> "Tensor":
        rows = [torch.from_numpy(np.asarray(one[name], np.float32)) for one in features]
        return torch.nn.utils.rnn.pad_sequence(rows, batch_first=True)

    return {name: padded(name) for name in ("clips", "images")}


def build(features: tuple[int, int] = (1024, 2048), hidden: int = 256) -> "Module":
    """Return ACTION-NET, untrained."""
    from gaia_judge.baselines.networks.actionnets import ActionNet

    return ActionNet(CLIPS, IMAGES, features, hidden)


def score(module: "Module", inputs: Any) -> "Tensor":
    """Return scores, shape [B]."""
    found: Tensor = module(inputs["clips"], inputs["images"])
    return found


def loss(module: "Module", inputs: Any, targets: "Tensor") -> "Tensor":
    """Return the mean squared error, as published."""
    from torch.nn.functional import mse_loss

    return mse_loss(score(module, inputs), targets)


def network(features: tuple[int, int] = (1024, 2048), hidden: int = 256) -> Network:
    """Return ACTION-NET as the loop takes it, for clips and images of these sizes."""
    return Network(build=partial(build, features, hidden), collate=collate, score=score, loss=loss)


TRAINING = Training(epochs=400, batch=32, rate=0.01, optimiser="sgd", momentum=0.9, weight_decay=1e-4)
"""As published (300 to 500 epochs); with videos to choose by, the epoch is kept that ranks them best."""

ACTIONNET = trained(
    "action-net",
    Recipe(
        extractor=Extractor(
            name="action-net",
            revision=1,
            load=load,
            weights=(I3D, RESNET50),
            facts={"clips": CLIPS, "images": IMAGES, "step": STEP},
        ),
        learner=NetworkLearner(network(), TRAINING),
        facts={
            "backbones": "frozen, as published",
            "clips": "at the video's own rate; 2 per second published",
        },
    ),
    about="I3D's clips and ResNet-50's stills (both frozen; whole frames), read in context.",
    family="aqa",
    fidelity="adapted",
    licence="MIT",
    citation="Zeng et al., Hybrid Dynamic-static Context-aware Attention Network, ACM Multimedia 2020",
)
