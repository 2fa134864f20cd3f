"""Correlations of every place in one frame with every place in another, in both directions."""

import torch
from torch import Tensor
from torch.nn import functional

from gaia_judge.baselines.amt.blocks import pick


class Correlations:
    """All-pairs correlations of two frames, at several scales (Li et al., CVPR 2023, after RAFT).

    Args:
        first: Features of the first frame, shape [N, C, H, W].
        second: Features of the second frame, of the same shape.
        levels: Scales; each halves the resolution of the frame that is looked up in. H and W must leave two
            or more places at the last.
        radius: Places that are looked up to each side.
    """

    def __init__(self, first: Tensor, second: Tensor, *, levels: int = 4, radius: int = 3) -> None:
        channels = first.shape[1]
        pairs = torch.einsum("nchw,ncij->nhwij", first, second) / channels**0.5
        self._in_second = _scales(pairs, levels)
        self._in_first = _scales(pairs.permute(0, 3, 4, 1, 2), levels)
        steps = torch.arange(-radius, radius + 1, device=first.device, dtype=first.dtype)
        # The first axis walks along x and the second along y: the order that the weights were trained with.
        self._window = torch.stack(torch.meshgrid(steps, steps, indexing="ij"), dim=-1)

    def around(self, in_second: Tensor, in_first: Tensor) -> Tensor:
        """Return the correlations about the supposed counterpart of every place.

        Args:
            in_second: Where each place of the first frame is in the second, (x, y), shape [N, 2, H, W].
            in_first: Where each place of the second frame is in the first, of the same shape.

        Returns:
            Shape [N, 2 * levels * (2 * radius + 1)**2, H, W]: first frame's places, then second's; of each,
            all scales, finest first; of each, all x, and for each x all y. Outside the frame it is 0.
        """
        found = [
            self._one(scale, points / 2**level)
            for scales, points in ((self._in_second, in_second), (self._in_first, in_first))
            for level, scale in enumerate(scales)
        ]
        return torch.cat(found, dim=1)

    def _one(self, scale: Tensor, points: Tensor) -> Tensor:
        number, _, height, width = points.shape
        centres = points.permute(0, 2, 3, 1).reshape(-1, 1, 1, 2)
        values = pick(scale, centres + self._window, "zeros")
        return values.reshape(number, height, width, -1).permute(0, 3, 1, 2)


def _scales(pairs: Tensor, levels: int) -> list[Tensor]:
    """Return tables [N * H * W, 1, h, w] of what each place correlates with; scales halve h and w."""
    tables = [pairs.reshape(-1, 1, *pairs.shape[-2:])]
    for _ in range(levels - 1):
        tables.append(functional.avg_pool2d(tables[-1], 2))
    return tables
