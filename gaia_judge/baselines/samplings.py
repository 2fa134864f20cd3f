"""Samplings: which frames trained metrics take, how large they are made, on which scale of colours."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor

Places = NDArray[np.int64]

COLOURS = {
    "imagenet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "unit": ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
    "kinetics": ((0.45, 0.45, 0.45), (0.225, 0.225, 0.225)),
}
"""Mean and deviation of red, green and blue between 0 and 1 that a network was trained with."""


def spread(total: int, count: int) -> Places:
    """Return ``count`` indices from the first frame to the last, evenly; a short video repeats frames.

    >>> spread(total=8, count=4).tolist(), spread(total=2, count=4).tolist()
    ([0, 2, 5, 7], [0, 0, 1, 1])
    """
    return np.asarray(np.linspace(0, total - 1, count) + 0.5, np.int64)


def resized(images: "Tensor", high: int, wide: int) -> "Tensor":
    """Return images of this size, whatever their proportions were: bilinear with antialiasing, as Pillow.

    Args:
        images: Bytes, shape [N, H, W, 3].
        high: Pixels.
        wide: Pixels.

    Returns:
        Floats from 0 to 255, shape [N, 3, high, wide].
    """
    from torch.nn.functional import interpolate

    moved = images.permute(0, 3, 1, 2).float()
    if moved.shape[2:] == (high, wide):
        return moved
    return interpolate(moved, (high, wide), mode="bilinear", antialias=True).clamp(0, 255)


def shortened(images: "Tensor", side: int) -> "Tensor":
    """Return images whose shorter side is ``side``, the longer cut to whole pixels; see ``resized``."""
    high, wide = images.shape[1:3]
    short = min(high, wide)
    return resized(images, side * high // short, side * wide // short)


def cropped(images: "Tensor", high: int, wide: int) -> "Tensor":
    """Return the middle of images, shape [..., H, W], or all of a side that is shorter.

    >>> import torch
    >>> cropped(torch.arange(5.0).expand(1, 5), 1, 3).tolist()
    [[1.0, 2.0, 3.0]]
    """
    top, left = (
        max(0, (length - kept) // 2) for length, kept in zip(images.shape[-2:], (high, wide), strict=True)
    )
    return images[..., top : top + high, left : left + wide]


def coloured(images: "Tensor", colours: str) -> "Tensor":
    """Return images, 0 to 255 and shape [N, 3, H, W], as floats on one of the ``COLOURS`` scales."""
    import torch

    mean, deviation = (torch.tensor(one, device=images.device)[:, None, None] for one in COLOURS[colours])
    return (images / 255 - mean) / deviation


def taken(
    images: NDArray[np.uint8], wanted: Places, prepare: Callable[["Tensor"], "Tensor"], device: str
) -> "Tensor":
    """Return the wanted frames, each prepared once however often it is wanted.

    Args:
        images: All frames, shape [T, H, W, 3].
        wanted: Indices, of any shape S.
        prepare: Makes bytes, shape [N, H, W, 3], what a network takes, shape [N, 3, H, W].
        device: Where to.

    Returns:
        Shape [S, 3, H, W].
    """
    import torch

    needed, where = np.unique(wanted, return_inverse=True)
    prepared = prepare(torch.from_numpy(np.ascontiguousarray(images[needed])).to(device))
    return prepared[torch.from_numpy(where.reshape(wanted.shape)).to(device)]
