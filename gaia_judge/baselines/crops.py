"""Crops: frames made as large as action recognisers want them, and cut to squares."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor

MEAN = (123.675, 116.28, 103.53)
STD = (58.395, 57.12, 57.375)
"""Of ImageNet's red, green and blue, in [0, 255]."""


def shorten(frames: NDArray[np.uint8], side: int, *, rounded: bool) -> NDArray[np.uint8]:
    """Return frames, shape [T, H, W, 3], resized bilinearly (OpenCV, no antialiasing) to a shorter side.

    Args:
        frames: RGB.
        side: Pixels of the shorter side.
        rounded: Whether the longer side is rounded, as mmaction2 does, or cut off, as VBench does.

    >>> shorten(np.zeros((1, 480, 854, 3), np.uint8), 224, rounded=True).shape
    (1, 224, 399, 3)
    """
    import cv2

    height, width = frames.shape[1:3]
    short = min(height, width)
    if rounded:
        high, wide = (int(length * (side / short) + 0.5) for length in (height, width))
    else:
        high, wide = (int(side * length / short) for length in (height, width))
    sized = [cv2.resize(frame, (wide, high), interpolation=cv2.INTER_LINEAR) for frame in frames]
    return np.asarray(np.stack(sized), np.uint8)


def cut_centre(frames: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Return the middle square of frames; an odd margin is halved to the even number, as VBench does.

    >>> cut_centre(np.arange(5)[None, None, :, None].repeat(2, axis=1), 2)[0, 0, :, 0].tolist()
    [2, 3]
    """
    top, left = (round((length - side) / 2) for length in frames.shape[1:3])
    return frames[:, top : top + side, left : left + side]


def cut_three(frames: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    """Return squares at both ends and in the middle of the longer side, as mmaction2's ThreeCrop does.

    All count alike, so that of three at the same place one is returned. The last lies up to a pixel short of
    the end, for it is as far from the middle as the first.
    """
    height, width = frames.shape[1:3]
    side = min(height, width)
    step = (max(height, width) - side) // 2
    starts = dict.fromkeys((0, 2 * step, step))
    if height > width:
        return [frames[:, start : start + side] for start in starts]
    return [frames[:, :, start : start + side] for start in starts]


def normalise(frames: NDArray[np.uint8], device: str = "cpu") -> "Tensor":
    """Return frames, shape [..., H, W, 3], as a network takes them: [..., 3, H, W], about zero."""
    import torch

    pixels = torch.from_numpy(np.ascontiguousarray(frames)).to(device).float()
    shifted = (pixels - torch.tensor(MEAN, device=device)) / torch.tensor(STD, device=device)
    return shifted.movedim(-1, -3)
