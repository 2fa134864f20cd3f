"""ConvNeXt over space and time: the backbone of DOVER's aesthetic branch."""

import re
from collections.abc import Mapping
from itertools import pairwise

import torch
from torch import Tensor, nn


class ConvNext3d(nn.Module):
    """ConvNeXt (Liu et al., CVPR 2022), inflated in time as in DOVER (Wu et al., ICCV 2023).

    The stem takes patches of 2x4x4; depthwise kernels are 7x7 in space and 1, 3, 1, 1, 3, 1, ... long in
    time, counted anew in each stage; later stages halve space alone. Official size (tiny): 28,041,120
    parameters; clips of 32x224x224 give maps of 768x16x7x7. Names are the official ones.

    Args:
        widths: Channels of each stage.
        depths: Blocks in each stage.
    """

    def __init__(
        self, widths: tuple[int, ...] = (96, 192, 384, 768), depths: tuple[int, ...] = (3, 3, 9, 3)
    ) -> None:
        super().__init__()
        self.downsample_layers = nn.ModuleList(
            [nn.Sequential(nn.Conv3d(3, widths[0], (2, 4, 4), (2, 4, 4)), ChannelNorm(widths[0]))]
        )
        for before, after in pairwise(widths):
            halve = nn.Conv3d(before, after, (1, 2, 2), (1, 2, 2))
            self.downsample_layers.append(nn.Sequential(ChannelNorm(before), halve))
        self.stages = nn.ModuleList(
            nn.Sequential(*(Block(width, (1, 3, 1)[number % 3]) for number in range(depth)))
            for width, depth in zip(widths, depths, strict=True)
        )
        self.norm = ChannelNorm(widths[-1])
        for module in self.modules():
            if isinstance(module, nn.Conv3d | nn.Linear):
                nn.init.trunc_normal_(module.weight, std=0.02)
                nn.init.zeros_(module.bias)  # type: ignore[arg-type]

    def forward(self, clips: Tensor) -> Tensor:
        """Return maps, shape [B, F, T/2, H/32, W/32], of normalised clips, shape [B, 3, T, H, W]."""
        maps = clips
        for shrink, stage in zip(self.downsample_layers, self.stages, strict=True):
            maps = stage(shrink(maps))
        return self.norm(maps)  # type: ignore[no-any-return]


class Block(nn.Module):
    """Mixes places, then channels, and adds that to what came in, scaled per channel."""

    def __init__(self, width: int, long: int) -> None:
        super().__init__()
        self.dwconv = nn.Conv3d(width, width, (long, 7, 7), padding=(long // 2, 3, 3), groups=width)
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.pwconv1 = nn.Linear(width, 4 * width)
        self.pwconv2 = nn.Linear(4 * width, width)
        self.gamma = nn.Parameter(torch.full((width,), 1e-6))

    def forward(self, maps: Tensor) -> Tensor:
        """Return maps of the same shape."""
        mixed = self.norm(self.dwconv(maps).movedim(1, -1))
        mixed = self.gamma * self.pwconv2(nn.functional.gelu(self.pwconv1(mixed)))
        found: Tensor = maps + mixed.movedim(-1, 1)
        return found


class ChannelNorm(nn.LayerNorm):
    """Normalises over the channels of maps, shape [B, F, T, H, W]."""

    def __init__(self, width: int) -> None:
        super().__init__(width, eps=1e-6)

    def forward(self, maps: Tensor) -> Tensor:
        """Return maps of the same shape."""
        return super().forward(maps.movedim(1, -1)).movedim(-1, 1)


def inflated(tensors: Mapping[str, Tensor], network: nn.Module) -> dict[str, Tensor]:
    """Return the weights of a ConvNeXt of images as DOVER starts from them.

    Kernels are repeated in time and divided by how often, so that a clip of one image again and again gives
    what the image gives (but at its ends); the classifier goes.

    Args:
        tensors: Under the names of the official ConvNeXt.
        network: Says how long its kernels are.
    """
    found = {}
    for name, wanted in network.state_dict().items():
        tensor = tensors[name]
        if tensor.ndim == 4:
            tensor = (tensor / wanted.shape[2])[:, :, None].expand_as(wanted)
        found[name] = tensor.reshape(wanted.shape)
    return found


def torchvision_name(name: str) -> str | None:
    """Return the official name of a parameter of torchvision's ConvNeXt, or None for its classifier.

    The one that scales channels has two axes more in torchvision, which ``inflated`` takes away.

    >>> torchvision_name("features.5.8.block.3.weight")
    'stages.2.8.pwconv1.weight'
    >>> torchvision_name("features.4.1.bias")
    'downsample_layers.2.1.bias'
    """
    parts = {"block.0": "dwconv", "block.2": "norm", "block.3": "pwconv1", "block.5": "pwconv2"}
    if name.startswith("classifier.0."):
        return name.replace("classifier.0", "norm")
    if not (found := re.fullmatch(r"features\.(\d)\.(.+)", name)):
        return None
    layer, rest = int(found[1]), found[2]
    if layer % 2 == 0:
        return f"downsample_layers.{layer // 2}.{rest}"
    for theirs, ours in parts.items():
        rest = rest.replace(theirs, ours)
    return f"stages.{layer // 2}.{rest}".replace("layer_scale", "gamma")
