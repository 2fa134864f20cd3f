"""Fragments: a grid of small patches cut from frames at full resolution, and which frames are taken."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from gaia_judge.errors import GaiaJudgeError

MEAN = (123.675, 116.28, 103.53)
DEVIATION = (58.395, 57.12, 57.375)
"""Of ImageNet, for colours from 0 to 255."""


def taken(
    total: int, *, length: int, parts: int, interval: int = 2, generator: torch.Generator | None = None
) -> Tensor:
    """Return which frames are taken, shape [parts * length]: one run from each equal part of the video.

    A run of ``length`` frames, ``interval`` apart, starts at random within its part if it is shorter than
    that, else where the part starts; what runs over the end goes on at the beginning. Upstream draws in
    tests as in training, so a seed is part of a score. Source: code of FAST-VQA and DOVER.

    | | length | parts |
    |---|---|---|
    | FAST-VQA, training and test | 32 | 1 and 4 |
    | DOVER, technical | 32 | 3 |
    | DOVER, aesthetic | 1 | 32 |

    With fewer frames than parts every part starts at frame 0, as upstream: DOVER's aesthetic branch sees only
    the first frame of a video of under 32.

    >>> taken(10, length=4, parts=2, interval=2).tolist()
    [0, 2, 4, 6, 5, 7, 9, 1]
    """
    part = total // parts
    spare = part - length * interval
    starts = torch.arange(parts) * part
    if spare > 0:
        starts = starts + torch.randint(spare, (parts,), generator=generator)
    return ((starts[:, None] + torch.arange(length) * interval) % total).flatten()


def places(
    height: int,
    width: int,
    *,
    clips: int = 1,
    grid: int = 7,
    side: int = 32,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Return the upper left corner of each patch, shape [clips, grid, grid, 2], row before column.

    The frame is cut into ``grid`` x ``grid`` cells; in each, a patch lies anywhere within, one place for all
    frames of a clip. Cells smaller than patches have the patch at their corner, pushed back into the frame.
    The very last place of a cell is never drawn, as upstream.
    """
    corners = []
    for axis, length in enumerate((height, width)):
        cell = length // grid
        starts = (torch.arange(grid) * cell).clamp(max=length - side)
        spare = torch.zeros(grid, grid, clips, dtype=torch.long)
        if cell > side:
            spare = torch.randint(cell - side, spare.shape, generator=generator)
        corners.append(spare.movedim(-1, 0) + (starts[:, None] if axis == 0 else starts))
    return torch.stack(corners, dim=-1)


def cut(frames: Tensor, corners: Tensor, side: int = 32) -> Tensor:
    """Return frames of patches side by side, shape [C, T, grid * side, grid * side].

    Args:
        frames: Shape [C, T, H, W]; T divides evenly into the clips of ``corners``.
        corners: As from ``places``.
        side: Of a patch, in pixels.
    """
    steps = torch.arange(side)
    found = []
    for clip, corner in zip(frames.chunk(len(corners), dim=1), corners, strict=True):
        rows = (corner[..., 0, None] + steps)[:, :, :, None]
        columns = (corner[..., 1, None] + steps)[:, :, None, :]
        patches = clip[:, :, rows, columns]  # C, T, grid, grid, side, side
        found.append(patches.transpose(3, 4).flatten(4, 5).flatten(2, 3))
    return torch.cat(found, dim=1)


def enlarged(frames: Tensor, least: int = 224) -> Tensor:
    """Return frames whose shorter edge is at least ``least``: bilinear where it is not, cut to whole numbers.

    Args:
        frames: uint8, shape [C, T, H, W].
        least: In pixels.
    """
    ratio = min(frames.shape[-2:]) / least
    if ratio >= 1:
        return frames
    larger = functional.interpolate(frames / 255.0, scale_factor=1 / ratio, mode="bilinear")
    return (larger * 255.0).to(frames.dtype)


def fragments(
    frames: Tensor,
    *,
    clips: int = 1,
    grid: int = 7,
    side: int = 32,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Return fragments of the frames that ``taken`` chose, shape [C, T, grid * side, grid * side].

    Frames with too short an edge are enlarged first, but the grid is laid out for them as they were, as
    upstream: the last rows or columns are left out then.

    Args:
        frames: uint8, shape [C, clips * T, H, W].
        clips: In them.
        grid: Patches along each edge.
        side: Of a patch, in pixels.
        generator: Draws where patches lie.

    Compared with upstream (FAST-VQA at 9f264e4), with the same seed: no difference.

    Raises:
        GaiaJudgeError: They are smaller than a patch.
    """
    height, width = frames.shape[-2:]
    if min(height, width) < side:
        raise GaiaJudgeError(
            f"Frames of {width}x{height} are smaller than a patch of {side}.", "Leave it out."
        )
    corners = places(height, width, clips=clips, grid=grid, side=side, generator=generator)
    return cut(enlarged(frames, grid * side), corners, side)


def normalised(
    frames: Tensor, mean: Sequence[float] = MEAN, deviation: Sequence[float] = DEVIATION
) -> Tensor:
    """Return frames of colours from 0 to 255, shape [C, T, H, W], less their mean, by their deviation."""
    less, by = (
        torch.tensor(values, device=frames.device)[:, None, None, None] for values in (mean, deviation)
    )
    return (frames.float() - less) / by
