"""Segments: where a frame's luma stays at its brightest, or at its darkest."""

import numpy as np
from numpy.typing import NDArray

from gaia_judge.baselines.tlvqm.planes import Plane

NEAR = 0.05
"""How far luma may be from the extreme."""

BRIGHT, DARK = 0.9, 0.1
"""Luma beyond which there is anything to look for."""

SMALLEST = 50
"""Pixels of a segment."""


def saturation(luma: Plane, *, bright: bool) -> tuple[float, float, NDArray[np.bool_]]:
    """Return the share of a frame that is saturated, that share per segment, and where it is.

    Wherever all of a 3x3 square is within 0.05 of the frame's extreme, the square is saturated; squares that
    overlap are one segment, and segments below 50 pixels are dropped. There are none in a frame that is
    nowhere brighter than 0.9, or darker than 0.1.

    Args:
        luma: 0-1.
        bright: Whether the brightest is looked for, else the darkest.
    """
    import cv2

    nothing = np.zeros(luma.shape, dtype=bool)
    if not (luma.max() > BRIGHT if bright else luma.min() < DARK):
        return 0.0, 0.0, nothing
    extreme = luma > luma.max() - NEAR if bright else luma < luma.min() + NEAR
    middles = cv2.erode(extreme.astype(np.uint8), np.ones((3, 3)), borderValue=(0,))
    labels = _labels(np.asarray(middles))
    grown = np.asarray(cv2.dilate(labels.astype(np.float32), np.ones((3, 3)))).astype(np.int64)
    sizes = np.bincount(grown.ravel())
    kept = sizes >= SMALLEST
    kept[0] = False
    share = float(sizes[kept].sum() / luma.size)
    return share, share / int(kept.sum()) if kept.any() else 0.0, kept[grown]


def _labels(middles: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Number the middles of 3x3 squares from 1, alike where squares overlap, and 0 elsewhere.

    On a grid twice as fine, 5x5 squares around two middles touch exactly if the 3x3 ones share a pixel.
    """
    import cv2

    fine = np.zeros((2 * middles.shape[0], 2 * middles.shape[1]), dtype=np.uint8)
    fine[::2, ::2] = middles
    _, labels = cv2.connectedComponents(cv2.dilate(fine, np.ones((5, 5))), connectivity=8)
    return np.where(middles, np.asarray(labels)[::2, ::2], 0).astype(np.int32)
