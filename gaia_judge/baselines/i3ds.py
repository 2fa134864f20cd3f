"""I3D as the metrics of action quality use it: frozen, from clips of 16 frames to features."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from gaia_judge.baselines.features import Extract, Extractor, Features
from gaia_judge.baselines.metrics import Setting
from gaia_judge.baselines.samplings import Places, coloured, cropped, resized, spread, taken
from gaia_judge.baselines.weights import Weights, load_tensors
from gaia_judge.frames import Frames

if TYPE_CHECKING:
    from torch import Tensor

I3D = Weights(
    name="i3d",
    licence="MIT",
    url="https://github.com/hassony2/kinetics_i3d_pytorch/raw/master/model/model_rgb.pth",
    size_mb=50,
)
"""Inception-I3D for RGB, trained on Kinetics; no digest could be verified, the size is about."""

LENGTH = 16
"""Frames of a clip."""

BATCH = 5
"""Clips that go through the network at once; no clip's features depend on it."""


def extractor(
    name: str,
    *,
    count: int,
    starts: Sequence[int],
    size: tuple[int, int],
    crop: int,
    epsilon: float,
    keeps: str = "features",
) -> Extractor:
    """Return how a video becomes features of clips at fixed places, or maps of them.

    Frames are resampled uniformly to ``count`` whatever their rate, so that shorter videos repeat frames and
    longer ones skip some: all give as many clips. Colours are normalised as for ImageNet, as in the metrics'
    code, though these weights were trained on colours from -1 to 1.

    Args:
        name: Of the extractor.
        count: Frames that the video is resampled to.
        starts: Of the clips, among them.
        size: Height and width that frames are brought to, whatever their proportions.
        crop: Side of the square that is cut from their middle.
        epsilon: What normalisation adds to variances.
        keeps: ``features`` as ``clips``, shape [K, 1024]; or ``maps``, averaged over time, shape [K, 1024, P]
            for P places, as half floats to bound the store.
    """
    facts = {
        "count": count,
        "starts": list(starts),
        "size": list(size),
        "crop": crop,
        "epsilon": epsilon,
        "keeps": keeps,
    }
    return Extractor(name=name, revision=1, load=load, weights=(I3D,), facts=facts)


def load(extractor: Extractor, setting: Setting) -> Extract:
    """Return what describes frames as the extractor's facts say."""
    network = load_network(setting, extractor.facts["epsilon"])
    return partial(describe, network, setting.device, extractor.facts)


def load_network(setting: Setting, epsilon: float) -> Any:
    """Return I3D without its classifier, in evaluation."""
    from gaia_judge.baselines.networks.i3d import I3d, i3d_name
    from gaia_judge.baselines.networks.keys import load_official

    network = I3d(classes=0, epsilon=epsilon)
    load_official(network, load_tensors(I3D.bring(setting.weights.get(I3D.name))), i3d_name)
    return network.eval().to(setting.device)


def describe(network: Any, device: str, facts: Mapping[str, Any], frames: Frames) -> Features:
    """Return ``clips`` or ``maps`` of a video; see ``extractor``.

    Args:
        network: Gives maps [B, F, T, H, W] for clips [B, 3, 16, H, W] by ``maps``.
        device: Where it is.
        facts: Of the extractor.
        frames: All frames of the video.
    """

    def prepare(images: "Tensor") -> "Tensor":
        middle = cropped(resized(images, *facts["size"]), facts["crop"], facts["crop"])
        return coloured(middle, "imagenet")

    wanted = clips_at(len(frames.images), facts["count"], facts["starts"])
    maps = through(network, taken(frames.images, wanted, prepare, device))
    if facts["keeps"] == "maps":
        return {"maps": maps.mean(2).flatten(2).cpu().numpy().astype(np.float16)}
    return {"clips": maps.mean((2, 3, 4)).cpu().numpy()}


def clips_at(total: int, count: int, starts: Sequence[int]) -> Places:
    """Return which frames make the clips, shape [K, 16].

    >>> clips_at(total=8, count=16, starts=[0]).tolist()
    [[0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7]]
    """
    return np.asarray(spread(total, count)[np.array(starts)[:, None] + np.arange(LENGTH)], np.int64)


def through(network: Any, clips: "Tensor") -> "Tensor":
    """Return maps, shape [K, F, T, H, W], of clips, shape [K, 16, 3, H, W]."""
    import torch

    found = []
    with torch.inference_mode():
        for at in range(0, len(clips), BATCH):
            part = clips[at : at + BATCH].transpose(1, 2).contiguous()
            found.append(network.maps(part).float())
    return torch.cat(found)
