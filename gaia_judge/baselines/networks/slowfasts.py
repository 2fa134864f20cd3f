"""SlowFast-R50: a network of clips on two clocks, whose motion BVQA and SimpleVQA read.

Own code under pytorchvideo's names, not pytorchvideo itself: its last release (0.1.5) is of January 2022, it
asks for fvcore, iopath, parameterized and networkx, and parts of it no longer import beside torchvision from
0.17 on. torchvision has no SlowFast. The weights are pytorchvideo's (Apache-2.0).
"""

import torch
from torch import Tensor, nn

from gaia_judge.baselines.networks.poolings import mean_and_deviation

Triple = tuple[int, int, int]


class SlowFast(nn.Module):
    """SlowFast 8x8 (Feichtenhofer et al., ICCV 2019), as pytorchvideo's ``slowfast_r50``.

    Official size: 34,566,488 parameters with its 400 classes. The slow path sees 8 frames of 224x224 and
    gives maps of 2048x8x7x7; the fast one 32 and 256x32x7x7. Colours from 0 to 1, less .45, by .225. Names
    are those of ``SLOWFAST_8x8_R50.pyth``, whose tensors stand under ``model_state``.

    Compared with upstream (facebookresearch/pytorchvideo at f3142bb), random weights: maps do not differ.

    Args:
        depths: Blocks in each stage.
        width: Channels of the slow stem.
        ratio: How many times fewer the fast path has.
        classes: Of the classifier; 0 for none (``slowfast_name`` drops it from a checkpoint).
    """

    def __init__(
        self, depths: tuple[int, ...] = (3, 4, 6, 3), width: int = 64, ratio: int = 8, classes: int = 400
    ) -> None:
        super().__init__()
        quick = width // ratio
        stems = Stem(width, (1, 7, 7)), Stem(quick, (5, 7, 7))
        self.blocks = nn.ModuleList([Paths(*stems, Fusion(quick))])
        before = width
        for number, depth in enumerate(depths):
            after, last = width * 4 * 2**number, number == len(depths) - 1
            slow = Stage(
                depth, before + 2 * before // ratio, after, 3 if number > 1 else 1, min(number + 1, 2)
            )
            fast = Stage(depth, before // ratio, after // ratio, 3, min(number + 1, 2))
            self.blocks.append(Paths(slow, fast, None if last else Fusion(after // ratio)))
            before = after
        if classes:
            self.blocks.append(nn.Identity())  # what pools upstream, for the numbers of the names
            self.blocks.append(nn.Module())
            self.blocks[-1].proj = nn.Linear(before + before // ratio, classes)

    def forward(self, slow: Tensor, fast: Tensor) -> tuple[Tensor, Tensor]:
        """Return maps of both paths, shapes [B, F, T, H, W] and [B, F / ratio, 4 T, H, W].

        Args:
            slow: Every fourth frame or so of ``fast``, as ``slow_frames`` takes them, shape [B, 3, T, H, W].
            fast: Shape [B, 3, 4 T, H, W].
        """
        maps = slow, fast
        for block in self.blocks:
            if isinstance(block, Paths):
                maps = block(*maps)
        return maps

    def logits(self, slow: Tensor, fast: Tensor) -> Tensor:
        """Return logits of the classes, shape [B, classes], from the maps of both paths."""
        pooled = torch.cat([slow.mean((2, 3, 4)), fast.mean((2, 3, 4))], dim=1)
        return self.blocks[-1].proj(pooled)  # type: ignore


class Paths(nn.Module):
    """One stage of both paths; what the fast one found then joins the slow one."""

    def __init__(self, slow: nn.Module, fast: nn.Module, fusion: nn.Module | None) -> None:
        super().__init__()
        self.multipathway_blocks = nn.ModuleList([slow, fast])
        self.multipathway_fusion = fusion

    def forward(self, slow: Tensor, fast: Tensor) -> tuple[Tensor, Tensor]:
        """Return both maps."""
        slow, fast = self.multipathway_blocks[0](slow), self.multipathway_blocks[1](fast)
        if self.multipathway_fusion is not None:
            slow = torch.cat([slow, self.multipathway_fusion(fast)], dim=1)
        return slow, fast


class Fusion(nn.Module):
    """Brings fast maps to the clock of the slow ones."""

    def __init__(self, quick: int) -> None:
        super().__init__()
        self.conv_fast_to_slow = nn.Conv3d(quick, 2 * quick, (7, 1, 1), (4, 1, 1), (3, 0, 0), bias=False)
        self.norm = nn.BatchNorm3d(2 * quick)

    def forward(self, fast: Tensor) -> Tensor:
        """Return maps of a quarter of the time."""
        return torch.relu(self.norm(self.conv_fast_to_slow(fast)))


class Stem(nn.Module):
    """From frames to maps of a quarter of their height and width."""

    def __init__(self, width: int, kernel: Triple) -> None:
        super().__init__()
        self.conv = _convolution(3, width, kernel, 2)
        self.norm = nn.BatchNorm3d(width)
        self.pool = nn.MaxPool3d((1, 3, 3), (1, 2, 2), (0, 1, 1))

    def forward(self, clips: Tensor) -> Tensor:
        """Return maps, shape [B, F, T, H/4, W/4], of clips, shape [B, 3, T, H, W]."""
        return self.pool(torch.relu(self.norm(self.conv(clips))))  # type: ignore[no-any-return]


class Stage(nn.Module):
    """Residual blocks, of which the first changes size."""

    def __init__(self, depth: int, before: int, after: int, long: int, stride: int) -> None:
        super().__init__()
        sizes = [(before, stride)] + [(after, 1)] * (depth - 1)
        self.res_blocks = nn.ModuleList(Residual(width, after, long, step) for width, step in sizes)

    def forward(self, maps: Tensor) -> Tensor:
        """Return maps, shape [B, F, T, H, W]."""
        for block in self.res_blocks:
            maps = block(maps)
        return maps


class Residual(nn.Module):
    """A bottleneck and, where sizes differ, a convolution around it."""

    def __init__(self, before: int, after: int, long: int, stride: int) -> None:
        super().__init__()
        self.branch1_conv: nn.Module | None = None
        self.branch1_norm: nn.Module | None = None
        if before != after or stride > 1:
            self.branch1_conv = _convolution(before, after, (1, 1, 1), stride)
            self.branch1_norm = nn.BatchNorm3d(after)
        self.branch2 = Bottleneck(before, after, long, stride)

    def forward(self, maps: Tensor) -> Tensor:
        """Return maps, shape [B, F, T, H, W]."""
        around = maps
        if self.branch1_conv is not None and self.branch1_norm is not None:
            around = self.branch1_norm(self.branch1_conv(maps))
        return torch.relu(around + self.branch2(maps))


class Bottleneck(nn.Module):
    """Three convolutions: over time, over space, and over channels alone."""

    def __init__(self, before: int, after: int, long: int, stride: int) -> None:
        super().__init__()
        inner = after // 4
        self.conv_a, self.norm_a = _convolution(before, inner, (long, 1, 1)), nn.BatchNorm3d(inner)
        self.conv_b, self.norm_b = _convolution(inner, inner, (1, 3, 3), stride), nn.BatchNorm3d(inner)
        self.conv_c, self.norm_c = _convolution(inner, after, (1, 1, 1)), nn.BatchNorm3d(after)

    def forward(self, maps: Tensor) -> Tensor:
        """Return maps, shape [B, F, T, H, W]."""
        maps = torch.relu(self.norm_a(self.conv_a(maps)))
        maps = torch.relu(self.norm_b(self.conv_b(maps)))
        return self.norm_c(self.conv_c(maps))  # type: ignore[no-any-return]


def _convolution(before: int, after: int, kernel: Triple, stride: int = 1) -> nn.Conv3d:
    """Return a convolution that keeps the time and divides the space by ``stride``."""
    padding = kernel[0] // 2, kernel[1] // 2, kernel[2] // 2
    return nn.Conv3d(before, after, kernel, (1, stride, stride), padding, bias=False)


def slow_frames(fast: Tensor) -> Tensor:
    """Return a quarter of the frames, spread from the first to the last, of clips, shape [B, 3, T, H, W].

    >>> slow_frames(torch.arange(32.0).view(1, 1, 32, 1, 1)).flatten().tolist()
    [0.0, 4.0, 8.0, 13.0, 17.0, 22.0, 26.0, 31.0]
    """
    count = fast.shape[2]
    return fast.index_select(2, torch.linspace(0, count - 1, count // 4, device=fast.device).long())


def simplevqa_motion(slow: Tensor, fast: Tensor) -> Tensor:
    """Return SimpleVQA's motion of a clip, shape [B, 2304 if official]: the means of both maps."""
    return torch.cat([slow.mean((2, 3, 4)), fast.mean((2, 3, 4))], dim=1)


def bvqa_motion(fast: Tensor) -> Tensor:
    """Return BVQA's motion of each frame, shape [B, T, 512 if official]: fast means, then deviations."""
    mean, deviation = mean_and_deviation(fast)
    return torch.cat([mean, deviation], dim=1).transpose(1, 2)


def slowfast_name(name: str) -> str | None:
    """Return the name here of a parameter of the checkpoint, or None for its classifier."""
    return None if name.startswith("blocks.6.") else name
