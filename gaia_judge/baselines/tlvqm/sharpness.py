"""Sharpness: how fast the gradients of edges stop resembling themselves, block by block."""

import numpy as np
from numpy.typing import NDArray

from gaia_judge.baselines.tlvqm.filters import energy, gradients
from gaia_judge.baselines.tlvqm.planes import Plane
from gaia_judge.baselines.tlvqm.scalings import halved

SIDE, START, LAGS = 16, 7, 6
"""Distance of blocks (each has one more pixel a side), place of the first, longest lag; in pixels."""

WIDEST = 1280
"""Wider frames are halved."""

ACTIVE = 1e-4
"""Mean squared gradients above which a block is looked at."""

Blocks = NDArray[np.float64]


def sharpness(length: Plane) -> tuple[float, ...]:
    """Return nine features of how sharp a frame is, from the lengths of its colours' gradients (``Edges``).

    Gradients of that plane are correlated with themselves in 17x17 blocks every 16 pixels, at lags of 0 to 6
    down, across, and diagonally. The three at one distance are summed to a ring; rings are divided by the
    first one, and averaged over active blocks.

    Returns:
        Means of rings 2-6, and 2-4, and ring 2; the distances, in five pixels, of the highest and the lowest
        extreme of the correlation (see ``extremes``); the shares of blocks that are sharp, and blurred:
        active ones whose gradients deviate more than the mean of active ones, or not; and the mean deviation
        of either. All are 0 where there is no such block.
    """
    if length.shape[1] > WIDEST:
        length = halved(length)
    down, across = gradients(length)
    table = autocorrelations(down, across)
    active = table[:, 0, 0] > ACTIVE
    if not active.any():
        return (0.0,) * 9
    table = table[active] / table[active, :1, :1]
    rings = table[:, :, 1:].sum(axis=1)
    rings = (rings / np.where(rings[:, :1] > 0, rings[:, :1], 1)).mean(axis=0)
    lengths = _squares(np.sqrt(energy(down, across)))[: SIDE + 1, : SIDE + 1, active]
    deviations = lengths.reshape((SIDE + 1) ** 2, -1).std(axis=0, ddof=1)
    sharp = deviations > deviations.mean()
    highest, lowest = extremes(table.sum(axis=0) + sharp.sum() * table[-1])
    return (
        float(rings[1:].mean()),
        float(rings[1:4].mean()),
        float(rings[1]),
        highest / 5,
        lowest / 5,
        float(sharp.sum() / len(active)),
        float((~sharp).sum() / len(active)),
        float(deviations[sharp].mean()) if sharp.any() else 0.0,
        float(deviations[~sharp].mean()) if not sharp.all() else 0.0,
    )


def autocorrelations(down: Plane, across: Plane) -> Blocks:
    """Return the mean products of gradients with those some pixels farther on, for each block.

    Down, gradients across are taken, and across, gradients down, so that both run along the edges; on the
    diagonal the mean of both; at lag 0 their sum.

    Returns:
        Shape [blocks, 3, 7]: down, across, diagonal, by lag.
    """
    squares = [_squares(plane) for plane in (down, across)]

    def products(which: int, y: int, x: int) -> Blocks:
        here, there = squares[which][: SIDE + 1, : SIDE + 1], squares[which][y:, x:]
        there = there[: SIDE + 1, : SIDE + 1]
        return np.asarray(np.einsum("yxb,yxb->b", here, there)) / (SIDE + 1) ** 2

    start = products(0, 0, 0) + products(1, 0, 0)
    table = np.empty((len(start), 3, LAGS + 1))
    table[:, :, 0] = start[:, None]
    for lag in range(1, LAGS + 1):
        table[:, 0, lag] = products(1, lag, 0)
        table[:, 1, lag] = products(0, 0, lag)
        table[:, 2, lag] = (products(0, lag, lag) + products(1, lag, lag)) / 2
    return table


def extremes(table: Blocks) -> tuple[float, float]:
    """Return how far away the highest positive peak and the lowest negative dip are, in pixels; 0 if none.

    Lags of 1 to 5 are looked at. On the diagonal, a peak is above the lags before and after. Down and across,
    upstream compares with lags to the sides instead, of which only the diagonal's first is known and the rest
    are 0; so do we, since the published features do. Upstream also counts the last active block once more for
    each sharp one in the table that it passes.

    Args:
        table: Autocorrelations, shape [3, 7]: down, across, diagonal.
    """
    values = table / table[0, 0]
    diagonal = values[2]
    beside = np.zeros((3, 2, 5))
    beside[:2, 1, 0] = diagonal[1]
    beside[2] = diagonal[:5], diagonal[2:]
    seen = values[:, 1:6]
    far = np.arange(1, 6) * np.array([[1], [1], [np.sqrt(2)]])
    peaks = np.where(seen > beside.max(axis=1), seen, 0)
    dips = np.where(seen < beside.min(axis=1), seen, 0)
    highest = far.ravel()[peaks.argmax()] if peaks.max() > 0 else 0.0
    lowest = far.ravel()[dips.argmin()] if dips.min() < 0 else 0.0
    return float(highest), float(lowest)


def _squares(plane: Plane) -> Blocks:
    """Return the blocks of a plane with what the longest lag needs beyond them, shape [23, 23, blocks]."""
    side = SIDE + 1 + LAGS
    views = np.lib.stride_tricks.sliding_window_view(plane, (side, side))
    counts = [max(0, (side - 2 * SIDE) // SIDE + 1) for side in plane.shape]
    chosen = views[START::SIDE, START::SIDE][: counts[0], : counts[1]]
    return np.ascontiguousarray(chosen.transpose(2, 3, 0, 1)).reshape(side, side, -1)
