"""TLVQM's 75 hand-crafted features of a video (Korhonen, "Two-level approach for no-reference consumer video
quality assessment", IEEE TIP 28(12), 2019).

From above: ``tlvqm_features`` pools (``pools``) what ``vectors`` finds in every second frame and its
neighbours, and what ``stills`` finds in a few chosen frames. Below ``vectors`` are ``halves``, ``textures``,
``keypoints``, ``matches`` and ``motions``; below ``stills`` are ``edges``, ``segments``, ``noises``,
``grids``, ``colours``, ``spectra`` and ``sharpness``; below all are ``filters``, ``planes`` and ``scalings``.

Written anew from what the author's program computes, which is not always what its text says; where it has no
answer, the functions here say what theirs is. It was not run beside the program.
"""

import math

import numpy as np
from numpy.typing import NDArray

from gaia_judge.baselines.tlvqm.pools import POOLED, pooled, representatives, stride_of
from gaia_judge.baselines.tlvqm.stills import HIGH, high_complexity
from gaia_judge.baselines.tlvqm.vectors import LOW, centres, even, low_complexity
from gaia_judge.errors import GaiaJudgeError

__all__ = ["FEATURES", "HIGH", "LOW", "high_complexity", "low_complexity", "tlvqm_features"]

FEATURES: tuple[str, ...] = (
    *(f"{name}.mean" for name in LOW[:POOLED]),
    *(f"{name}.sd" for name in LOW[:POOLED]),
    "motion_blur_correlation",
    *HIGH,
)
"""Names of the 75 features, in upstream's order."""


def tlvqm_features(images: NDArray[np.uint8], fps: float) -> NDArray[np.float64]:
    """Return the features of a video.

    Upstream has no answer for a video without two full blocks, which is most of those that last a second or
    less, and none below 2 frames per second. Here one block is enough; a video without one is a block of its
    own; rates below 2 count as 2. A block of fewer than three vectors (below 4 frames per second, or in
    videos of six to nine frames) has no correlation, and counts 0 for it. No threads are started here; OpenCV
    may have its own, which change nothing.

    Args:
        images: All frames, RGB, shape [T, H, W, 3]; odd last rows and columns are left out.
        fps: Frames per second.

    Returns:
        Shape [75], float64, in the order of ``FEATURES``; never NaN.

    Raises:
        GaiaJudgeError: Fewer than six frames, a side below 64 pixels, or no rate.
    """
    if not (math.isfinite(fps) and fps > 0):
        raise GaiaJudgeError(f"A rate of {fps} frames per second is none.", "Give the video's rate.")
    images, at, stride = even(images), centres(len(images)), stride_of(fps)
    low = low_complexity(images, at)
    high = [high_complexity(images[at[row]]) for row in representatives(low, stride)]
    features: NDArray[np.float64] = np.concatenate([pooled(low, stride), np.mean(high, axis=0)])
    if not np.isfinite(features).all():
        wrong = [name for name, value in zip(FEATURES, features, strict=True) if not np.isfinite(value)]
        raise GaiaJudgeError(f"TLVQM's {', '.join(wrong)} cannot be computed.", "Leave the video out.")
    return features
