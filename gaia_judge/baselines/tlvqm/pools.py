"""Pools: how vectors of frames become features of a video."""

import numpy as np
from numpy.typing import NDArray

POOLED = 22
"""Low-complexity features that are pooled; those behind them only choose frames."""

APART = 5
"""Vectors between two chosen frames at most, where the video's rate allows."""


def stride_of(fps: float) -> int:
    """Return how many vectors later the next block starts: half of the frames of a second, at least 1.

    >>> [stride_of(fps) for fps in (30, 25, 8, 1)]
    [15, 12, 4, 1]
    """
    return max(1, int(fps) // 2)


def blocks(count: int, stride: int) -> list[slice]:
    """Return the blocks of so many vectors: one more than the stride each, so that ends are shared.

    A last block that is not full is left out; if none is full, all vectors are one block. Upstream has no
    features then.

    >>> blocks(9, 4), blocks(3, 4)
    ([slice(0, 5, None), slice(4, 9, None)], [slice(0, 3, None)])
    """
    starts = range(0, count - stride, stride)
    return [slice(start, start + stride + 1) for start in starts] or [slice(0, count)]


def pooled(vectors: NDArray[np.float64], stride: int) -> NDArray[np.float64]:
    """Return means over blocks of the means, standard deviations and correlation in each of them.

    The standard deviation of one vector is 0. The correlation is that of the first feature with the eleventh
    (motion with blur); it is 0 in a block of fewer than three vectors, where either feature is constant, and,
    as upstream has it, where the second or the twelfth is.

    Args:
        vectors: Low-complexity features in order of time, shape [n, 28].
        stride: Of blocks.

    Returns:
        22 means, 22 standard deviations and the correlation, shape [45].
    """
    rows = []
    for block in blocks(len(vectors), stride):
        part = vectors[block, :POOLED]
        deviations = part.std(axis=0, ddof=1) if len(part) > 1 else np.zeros(POOLED)
        rows.append(np.concatenate([part.mean(axis=0), deviations, [_correlation(part)]]))
    return np.asarray(np.mean(rows, axis=0))


def representatives(vectors: NDArray[np.float64], stride: int) -> list[int]:
    """Return the vectors nearest to the mean of their block, in the sum of absolute differences.

    A block starts at the earliest ``APART`` vectors after the one chosen last (fewer where the stride is
    shorter). As upstream has it, a block that ends with the last vector has none, unless it is the only one.

    Args:
        vectors: Low-complexity features in order of time, shape [n, 28].
        stride: Of blocks.
    """
    count = len(vectors)
    chosen: list[int] = []
    for start in range(0, count - stride - 1, stride):
        after = chosen[-1] + min(APART, stride - 1) if chosen else 0
        chosen.append(_nearest(vectors, max(start, after), start + stride + 1))
    return chosen or [_nearest(vectors, 0, count)]


def _nearest(vectors: NDArray[np.float64], start: int, stop: int) -> int:
    part = vectors[start:stop]
    return start + int(np.abs(part - part.mean(axis=0)).sum(axis=1).argmin())


def _correlation(part: NDArray[np.float64]) -> float:
    if len(part) < 3 or not np.ptp(part[:, (0, 10, 1, 11)], axis=0).all():
        return 0.0
    return float(np.corrcoef(part[:, 0], part[:, 10])[0, 1])
