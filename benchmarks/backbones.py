"""Small random frozen backbones for ``benchmarks.learning``, and how clips become features by them.

None has been trained on anything. What random networks need to have a chance is there: weights of a size that
keeps signals alive, normalisations that have seen a few clips of another benchmark, and, for networks of
clips, what changes from frame to frame in place of colours.
"""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import torch

from gaia_judge.baselines import (
    actionnets,
    bvqas,
    dovers,
    fastvqas,
    handcrafted,
    i3ds,
    simplevqas,
    tsas,
    usdls,
    vsfas,
)
from gaia_judge.baselines.features import Features
from gaia_judge.baselines.networks.convnexts import Block, ConvNext3d
from gaia_judge.baselines.networks.i3d import I3d
from gaia_judge.baselines.networks.poolings import mean_and_deviation
from gaia_judge.baselines.networks.slowfasts import SlowFast, slow_frames
from gaia_judge.baselines.networks.swins import Swin3d
from gaia_judge.baselines.samplings import resized, shortened
from gaia_judge.frames import Frames

Describe = Callable[[Frames], Features]

SMALLER = {
    actionnets: {"SIDE": 64, "WIDE": 86},
    simplevqas: {"SHORT": 130, "CROP": 112, "MOTION_SIDE": 64},
    fastvqas: {"LENGTH": 8},
    dovers: {"LENGTH": 8, "SIDE": 64, "TECHNICAL": 4},
}
"""Sizes of pictures and clips, reduced for speed; to be set before anything is described.

DOVER has four technical clips in place of three: those that FAST-VQA has, so that maps serve both.
"""

SIDE = 64
"""Shorter side of what is described frame by frame, in pixels."""

GAIN = 10.0
"""Makes small changes count, where a network soon normalises what it sees."""


def make_smaller(put: Callable[[Any, str, int], None] = setattr) -> None:
    for module, sizes in SMALLER.items():
        for name, pixels in sizes.items():
            put(module, name, pixels)


class Changes(torch.nn.Module):
    """A network that sees how each frame differs from the one before, of clips or of one video's images."""

    def __init__(self, network: torch.nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, *clips: torch.Tensor) -> Any:
        return self.network(*(changes(clip) for clip in clips))

    def maps(self, clips: torch.Tensor) -> torch.Tensor:
        return self.network.maps(changes(clips))  # type: ignore


def changes(frames: torch.Tensor) -> torch.Tensor:
    """Return by how much each frame differs from the one before; the first has changed from nothing.

    Args:
        frames: Clips, shape [B, 3, T, H, W], or images of one video, shape [T, 3, H, W].
    """
    axis = 2 if frames.ndim == 5 else 0
    return GAIN * torch.diff(frames, dim=axis, prepend=frames.narrow(axis, 0, 1))


class Levelled(torch.nn.Module):
    """A network of clips whose channels have mean 0 and deviation 1 over some clips, averaged over time.

    What it made of the last four clips is kept, for they may be asked for again.
    """

    def __init__(self, network: torch.nn.Module) -> None:
        super().__init__()
        self.network, self.mean, self.deviation = network, torch.tensor(0.0), torch.tensor(1.0)
        self._last: deque[tuple[torch.Tensor, torch.Tensor]] = deque(maxlen=4)

    def forward(self, clips: torch.Tensor) -> torch.Tensor:
        maps = next((maps for seen, maps in self._last if torch.equal(seen, clips)), None)
        if maps is None:
            maps = self.network(clips)
            self._last.append((clips, maps))
        return (maps - self.mean) / self.deviation

    def level(self, maps: Sequence[np.ndarray]) -> None:
        """Level by what it has given so far, arrays of shape [clips, F, H, W]."""
        seen = torch.from_numpy(np.concatenate(maps).astype(np.float32))
        self.mean = seen.mean((0, 2, 3))[:, None, None, None]
        self.deviation = seen.std((0, 2, 3))[:, None, None, None] + 1e-3


class Glimpse(torch.nn.Module):
    """In place of ResNet-50: one layer, whose 16 maps give means and deviations."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm = torch.nn.Conv2d(3, 16, 7, 4), torch.nn.BatchNorm2d(16)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return torch.cat(mean_and_deviation(torch.relu(self.norm(self.conv(images)))), dim=1)


def backbones(clips: Sequence[Frames]) -> dict[str, Any]:
    """Return random networks whose normalisations have seen these clips."""
    torch.manual_seed(0)
    found: dict[str, Any] = {
        "i3d": Changes(I3d(classes=0, thin=8)),
        "glimpse": Glimpse(),
        "change": Changes(Glimpse()),
        "slowfast": Changes(SlowFast((1, 1, 1, 1), width=16, ratio=4, classes=0)),
        "swin": Levelled(Changes(lively(Swin3d(width=16, depths=(1, 1, 2, 1), heads=(1, 2, 4, 8))))),
        "convnext": Levelled(Changes(lively(ConvNext3d((16, 32, 64, 128), (1, 1, 2, 1))))),
    }
    seen = [
        torch.from_numpy(one.images[np.linspace(0, len(one.images) - 1, 16).astype(int)]) for one in clips
    ]
    shown = torch.stack([resized(one, SIDE, SIDE) / 127.5 - 1 for one in seen]).transpose(1, 2)
    for network in found.values():
        for module in network.modules():
            if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
                module.momentum = None
    with torch.no_grad():
        found["i3d"].maps(shown)
        found["slowfast"](slow_frames(shown), shown)
        found["glimpse"](shown.transpose(1, 2).flatten(0, 1))
        for images in shown.transpose(1, 2):
            found["change"](images)
    for network in found.values():
        network.eval()
    told = [dovers.describe(found["swin"], found["convnext"], "cpu", one) for one in clips]
    found["swin"].level([one["technical"] for one in told])
    found["convnext"].level([one["aesthetic"] for one in told])
    return found


def lively(network: torch.nn.Module) -> torch.nn.Module:
    """Give a transformer or ConvNeXt weights of a size at which each block adds as much as it is given."""
    for module in network.modules():
        if isinstance(module, torch.nn.Linear):
            torch.nn.init.normal_(module.weight, std=module.in_features**-0.5)
            if module.bias is not None:
                torch.nn.init.normal_(module.bias, std=0.1)
        elif isinstance(module, Block):
            torch.nn.init.ones_(module.gamma)
        elif isinstance(module, torch.nn.Conv3d) and module.bias is not None:
            torch.nn.init.normal_(module.bias, std=0.1)  # so that nothing seen is something found
    return network


def describers(networks: Mapping[str, Any]) -> dict[str, Describe]:
    """Return each recipe's extraction with these networks; VSFA sees changes, not images."""
    i3d, still, slow = networks["i3d"], networks["glimpse"], networks["slowfast"]

    def clips(metric: Any) -> Describe:
        facts = {**metric.recipe.extractor.facts, "size": [64, 114], "crop": 64}
        return partial(i3ds.describe, i3d, "cpu", facts)

    return {
        "tlvqm": lambda frames: handcrafted.describe_tlvqm(shrunk(frames)),
        "videval": lambda frames: handcrafted.describe_videval(shrunk(frames)),
        "vsfa": lambda frames: vsfas.describe(networks["change"], "cpu", shrunk(frames)),
        "bvqa": lambda frames: bvqas.describe(still, slow, "cpu", shrunk(frames)),
        "simplevqa": partial(simplevqas.describe, still, slow, "cpu"),
        "fast-vqa": partial(fastvqas.describe, networks["swin"], "cpu"),
        "dover": partial(dovers.describe, networks["swin"], networks["convnext"], "cpu"),
        "usdl": clips(usdls.USDL),
        "action-net": partial(actionnets.describe, i3d, still, "cpu"),
        "tsa": clips(tsas.TSA),
    }


def shrunk(frames: Frames) -> Frames:
    images = shortened(torch.from_numpy(frames.images), SIDE).permute(0, 2, 3, 1).numpy()
    return replace(frames, images=images.astype(np.uint8))
