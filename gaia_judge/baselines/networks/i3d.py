"""I3D: the network of clips that the metrics of action quality share."""

import torch
from torch import Tensor, nn
from torch.nn import functional

Triple = tuple[int, int, int]

MIXED = {
    "3b": (192, (64, 96, 128, 16, 32, 32)),
    "3c": (256, (128, 128, 192, 32, 96, 64)),
    "4b": (480, (192, 96, 208, 16, 48, 64)),
    "4c": (512, (160, 112, 224, 24, 64, 64)),
    "4d": (512, (128, 128, 256, 24, 64, 64)),
    "4e": (512, (112, 144, 288, 32, 64, 64)),
    "4f": (528, (256, 160, 320, 32, 128, 128)),
    "5b": (832, (256, 160, 320, 32, 128, 128)),
    "5c": (832, (384, 192, 384, 48, 128, 128)),
}
"""Block -> channels that come in, and those of its six convolutions in order of its branches."""


class I3d(nn.Module):
    """Inception-I3D for RGB (Carreira and Zisserman, CVPR 2017), padded as TensorFlow does ("same").

    Official size: 12,697,264 parameters with its 400 classes, 12,287,264 without; clips of 16x224x224 give
    maps of 1024x2x7x7 (112x112: 1024x2x4x4), and their mean as features. Names are those of ``model_rgb.pth``
    of kinetics_i3d_pytorch, trained on colours from -1 to 1.

    | | epsilon | colours |
    |---|---|---|
    | kinetics_i3d_pytorch | 1e-3 | -1 to 1 |
    | USDL (other weights of the same network) | 1e-3 | ImageNet's |
    | ACTION-NET | 1e-5 | -1 to 1 |
    | CoRe, TSA | 1e-5 | ImageNet's |

    Compared with upstream (hassony2/kinetics_i3d_pytorch at 786fbae, 224x224; xujinglin/FineDiving at
    a2b8057, 112x112), random weights: max difference 3e-7 of 0.88 and 4e-7 of 0.97. Edges of odd length are
    padded as TensorFlow pads them; upstream pads those in space as if they were even.

    Args:
        classes: Of the classifier; 0 for none (``i3d_name`` drops it from a checkpoint).
        thin: By what every number of channels is divided.
        epsilon: What normalisation adds to variances.
    """

    def __init__(self, classes: int = 400, thin: int = 1, epsilon: float = 1e-3) -> None:
        super().__init__()
        self.conv3d_1a_7x7 = Unit(3, 64 // thin, (7, 7, 7), (2, 2, 2))
        self.conv3d_2b_1x1 = Unit(64 // thin, 64 // thin)
        self.conv3d_2c_3x3 = Unit(64 // thin, 192 // thin, (3, 3, 3))
        for name, (before, widths) in MIXED.items():
            self.add_module(f"mixed_{name}", Mixed(before // thin, tuple(width // thin for width in widths)))
        for module in self.modules():
            if isinstance(module, nn.BatchNorm3d):
                module.eps = epsilon
        self.features = 1024 // thin
        self.conv3d_0c_1x1 = nn.Module()
        if classes:
            self.conv3d_0c_1x1.conv3d = nn.Conv3d(self.features, classes, 1)

    def maps(self, clips: Tensor) -> Tensor:
        """Return maps, shape [B, F, T/8, H/32, W/32] rounded up, of clips, shape [B, 3, T, H, W]."""
        maps = pool(self.conv3d_1a_7x7(clips), (1, 3, 3), (1, 2, 2))
        maps = pool(self.conv3d_2c_3x3(self.conv3d_2b_1x1(maps)), (1, 3, 3), (1, 2, 2))
        for name in MIXED:
            if name == "4b":
                maps = pool(maps, (3, 3, 3), (2, 2, 2))
            elif name == "5b":
                maps = pool(maps, (2, 2, 2), (2, 2, 2))
            maps = getattr(self, f"mixed_{name}")(maps)
        return maps

    def forward(self, clips: Tensor) -> Tensor:
        """Return features of each clip, shape [B, F], of clips, shape [B, 3, T, H, W]."""
        return self.maps(clips).mean((2, 3, 4))

    def logits(self, features: Tensor) -> Tensor:
        """Return logits of the classes, shape [B, classes], from features, shape [B, F]."""
        return self.conv3d_0c_1x1.conv3d(features[:, :, None, None, None]).flatten(1)  # type: ignore


class Unit(nn.Module):
    """A convolution, its normalisation, and what is positive of it."""

    def __init__(
        self, before: int, after: int, kernel: Triple = (1, 1, 1), stride: Triple = (1, 1, 1)
    ) -> None:
        super().__init__()
        self.conv3d = nn.Conv3d(before, after, kernel, stride, bias=False)
        self.batch3d = nn.BatchNorm3d(after)
        self._sizes = kernel, stride

    def forward(self, maps: Tensor) -> Tensor:
        """Return maps, shape [B, F, T, H, W], from such maps."""
        return functional.relu(self.batch3d(self.conv3d(padded(maps, *self._sizes))))


class Mixed(nn.Module):
    """Four branches whose maps are joined."""

    def __init__(self, before: int, widths: tuple[int, ...]) -> None:
        super().__init__()
        cube = (3, 3, 3)
        self.branch_0 = Unit(before, widths[0])
        self.branch_1 = nn.Sequential(Unit(before, widths[1]), Unit(widths[1], widths[2], cube))
        self.branch_2 = nn.Sequential(Unit(before, widths[3]), Unit(widths[3], widths[4], cube))
        self.branch_3 = nn.Sequential(Pool(), Unit(before, widths[5]))

    def forward(self, maps: Tensor) -> Tensor:
        """Return maps, shape [B, F, T, H, W], from such maps."""
        branches = (self.branch_0, self.branch_1, self.branch_2, self.branch_3)
        return torch.cat([branch(maps) for branch in branches], dim=1)


class Pool(nn.Module):
    """The maximum of each place and its neighbours."""

    def forward(self, maps: Tensor) -> Tensor:
        """Return maps of the same shape."""
        return pool(maps, (3, 3, 3), (1, 1, 1))


def pool(maps: Tensor, kernel: Triple, stride: Triple) -> Tensor:
    """Return maxima; the padding is 0, which nothing here falls below."""
    return functional.max_pool3d(padded(maps, kernel, stride), kernel, stride)


def padded(maps: Tensor, kernel: Triple, stride: Triple) -> Tensor:
    """Return maps with zeros around them, so that every ``stride``-th place has its kernel.

    The odd one of an odd number of zeros stands at the end.

    >>> padded(torch.ones(1, 1, 1, 1, 4), (1, 1, 3), (1, 1, 2)).flatten().tolist()
    [1.0, 1.0, 1.0, 1.0, 0.0]
    >>> padded(torch.ones(1, 1, 1, 1, 5), (1, 1, 3), (1, 1, 2)).flatten().tolist()
    [0.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0]
    """
    around: list[int] = []
    for size, width, step in zip(maps.shape[2:], kernel, stride, strict=True):
        missing = max((-(-size // step) - 1) * step + width - size, 0)
        around = [missing // 2, missing - missing // 2, *around]
    return functional.pad(maps, around)


def i3d_name(name: str) -> str | None:
    """Return the name here of a parameter of the checkpoint, or None for its classifier."""
    return None if name.startswith("conv3d_0c_1x1.") else name
