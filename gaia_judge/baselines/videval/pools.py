"""Pools: which frames of a video are looked at, and how their features become the video's."""

import warnings

import numpy as np
from numpy.typing import NDArray

MEANS = (*range(1, 4), 6, 8, 9, *range(11, 20), 24, 26, 28, 29, 31, *range(33, 48))
"""Features of frames, of 50, whose means are taken."""

DEVIATIONS = (0, 4, 5, 7, 10, 11, 16, 20, 21, 22, 23, 25, 27, 28, 30, 32, 44, 48, 49)
"""Those whose standard deviations are taken; features 11, 16 and 28 have both."""


def rate_of(fps: float) -> int:
    """Return whole frames per second, at least 1: rounded, halves up, before anything is computed from it.

    So does upstream's program that computed the published features (``demo_compute_VIDEVAL_feats``); the
    floor of half a rate, of which blocks are made, is of that. TLVQM's takes rates as they are.

    >>> [rate_of(fps) for fps in (29.97, 23.976, 12.5, 8, 0.3)]
    [30, 24, 13, 8, 1]
    """
    return max(1, int(fps + 0.5))


def centres(count: int) -> list[int]:
    """Return the frames that features are computed for: every second one, without the last two.

    Videos of three frames have their middle one, shorter ones their last, for upstream has none.

    >>> centres(8), centres(3), centres(1)
    ([1, 3, 5], [1], [0])
    """
    return list(range(1, count - 2, 2)) or [min(1, count - 1)]


def stills(count: int, rate: int) -> list[int]:
    """Return the frames for features of stills: one a second, from half a second on, without the last three.

    A video too short for any has the one in its middle, for upstream has none.

    >>> stills(60, 24), stills(8, 8), stills(4, 8)
    ([11, 35], [3], [2])
    """
    return list(range(max(0, rate // 2 - 1), count - 3, rate)) or [count // 2]


def blocks(count: int, rate: int) -> list[slice]:
    """Return the blocks of so many vectors: a second each, with one vector that the next one shares.

    A last block that is not full is left out; if none is full, all vectors are one block, for upstream has
    none.

    >>> blocks(29, 24), blocks(3, 8)
    ([slice(0, 13, None), slice(12, 25, None)], [slice(0, 3, None)])
    """
    stride = max(1, rate // 2)
    starts = range(0, count - stride, stride)
    return [slice(start, start + stride + 1) for start in starts] or [slice(0, count)]


def pooled(vectors: NDArray[np.float64], rate: int) -> NDArray[np.float64]:
    """Return the means over blocks of means and standard deviations; NaN counts nowhere.

    The standard deviation of fewer than two numbers is NaN.

    Args:
        vectors: Of frames in order of time, shape [n, 50].
        rate: Frames per second.

    Returns:
        35 means and 19 standard deviations, shape [54].
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of numpy, where all are NaN
        rows = [
            np.concatenate(
                [
                    np.nanmean(vectors[block][:, MEANS], axis=0),
                    np.nanstd(vectors[block][:, DEVIATIONS], axis=0, ddof=1),
                ]
            )
            for block in blocks(len(vectors), rate)
        ]
        return np.asarray(np.nanmean(rows, axis=0))
