"""Layers of AMT-S, and images that follow a flow.

Their facts are those of AMT (Li et al., CVPR 2023), which takes encoder and decoders from IFRNet (Kong et
al., CVPR 2022) and the features to be correlated from RAFT (Teed and Deng, ECCV 2020). Attributes are named
as in the authors' weights.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional


def pick(images: Tensor, points: Tensor, outside: str) -> Tensor:
    """Return the values of images at points between their pixels, bilinearly.

    Args:
        images: Shape [N, C, H, W], with H and W at least 2.
        points: Where, as (x, y) in pixels from the middle of the first one, shape [N, h, w, 2].
        outside: ``border`` if the outermost pixels go on for ever, ``zeros`` if nothing is there.

    Returns:
        Shape [N, C, h, w].
    """
    height, width = images.shape[-2:]
    grid = 2 * points / points.new_tensor([width - 1, height - 1]) - 1
    return functional.grid_sample(images, grid, "bilinear", outside, align_corners=True)


def places(like: Tensor) -> Tensor:
    """Return the (x, y) of every pixel of an image [N, C, H, W], shape [2, H, W]."""
    height, width = like.shape[-2:]
    rows = torch.arange(height, device=like.device, dtype=like.dtype)
    columns = torch.arange(width, device=like.device, dtype=like.dtype)
    return torch.stack(torch.meshgrid(columns, rows, indexing="xy"))


def warp(images: Tensor, flow: Tensor) -> Tensor:
    """Return images [N, C, H, W] as seen where a flow [N, 2, H, W] points, in pixels of theirs, x first."""
    return pick(images, (places(images) + flow).permute(0, 2, 3, 1), "border")


def resize(images: Tensor, factor: float) -> Tensor:
    """Return images [N, C, H, W] whose sides are as many times longer, bilinearly."""
    if factor == 1:
        return images
    return functional.interpolate(images, scale_factor=factor, mode="bilinear", align_corners=False)


def bent(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    """Return a 3x3 convolution and a rectifier that has a slope of its own for each channel."""
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, stride, 1), nn.PReLU(outputs))


class SideResidual(nn.Module):
    """IFRNet's residual block: its last channels go through layers of their own in between."""

    def __init__(self, width: int, side: int) -> None:
        super().__init__()
        self.side = side
        self.conv1 = bent(width, width)
        self.conv2 = bent(side, side)
        self.conv3 = bent(width, width)
        self.conv4 = bent(side, side)
        self.conv5 = nn.Conv2d(width, width, 3, 1, 1)
        self.prelu = nn.PReLU(width)

    def forward(self, state: Tensor) -> Tensor:
        """Return the same shape, [N, C, H, W]."""
        change = self.conv3(self._aside(self.conv2, self.conv1(state)))
        change = self.conv5(self._aside(self.conv4, change))
        bend: Tensor = self.prelu(state + change)
        return bend

    def _aside(self, layer: nn.Module, state: Tensor) -> Tensor:
        return torch.cat([state[:, : -self.side], layer(state[:, -self.side :])], 1)


class Pyramid(nn.Module):
    """What an image looks like at 1/2, 1/4, 1/8 and 1/16 of its size, for the decoders."""

    def __init__(self, widths: Sequence[int]) -> None:
        super().__init__()
        for level, (inputs, outputs) in enumerate(zip((3, *widths), widths, strict=False), 1):
            self.add_module(
                f"pyramid{level}", nn.Sequential(bent(inputs, outputs, 2), bent(outputs, outputs))
            )

    def forward(self, images: Tensor) -> list[Tensor]:
        """Return the features of images [N, 3, H, W], finest first."""
        found = [images]
        for level in self.children():
            found.append(level(found[-1]))
        return found[1:]


class Bottleneck(nn.Module):
    """A residual block through a quarter of the channels; instance norm has no parameters here."""

    def __init__(self, inputs: int, width: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, width // 4, 1)
        self.conv2 = nn.Conv2d(width // 4, width // 4, 3, stride, 1)
        self.conv3 = nn.Conv2d(width // 4, width, 1)
        shrink = nn.Sequential(nn.Conv2d(inputs, width, 1, stride), nn.InstanceNorm2d(width))
        self.downsample = shrink if stride > 1 else nn.Identity()

    def forward(self, state: Tensor) -> Tensor:
        """Return features [N, width, H / stride, W / stride]."""
        kept = self.downsample(state)
        for layer in (self.conv1, self.conv2, self.conv3):
            state = functional.relu(functional.instance_norm(layer(state)))
        return functional.relu(kept + state)


class Features(nn.Module):
    """What is correlated: features of an image at 1/8 of its size."""

    def __init__(self, outputs: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 32, 7, 2, 3)
        self.layer1 = nn.Sequential(Bottleneck(32, 32), Bottleneck(32, 32))
        self.layer2 = nn.Sequential(Bottleneck(32, 64, 2), Bottleneck(64, 64))
        self.layer3 = nn.Sequential(Bottleneck(64, 96, 2), Bottleneck(96, 96))
        self.conv2 = nn.Conv2d(96, outputs, 1)

    def forward(self, images: Tensor) -> Tensor:
        """Return features [N, outputs, H / 8, W / 8] of images [N, 3, H, W]."""
        state = functional.relu(functional.instance_norm(self.conv1(images)))
        found: Tensor = self.conv2(self.layer3(self.layer2(self.layer1(state))))
        return found
