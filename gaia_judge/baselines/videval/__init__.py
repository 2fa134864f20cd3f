"""VIDEVAL's 60 hand-crafted features of a video (Tu, Wang, Birkbeck, Adsumilli and Bovik, "UGC-VQA:
benchmarking blind video quality assessment for user generated content", IEEE TIP 30:4449, 2021).

From above: ``videval_features`` pools (``pools``) what ``frames`` finds: ``lumas`` (BRISQUE, HIGRADE,
FRIQUEE), ``histograms`` (GM-LOG), ``colours`` (FRIQUEE), and ``motions`` (TLVQM, whose package does the
work). Below are ``naturals`` and ``shapes``, statistics of natural scenes.

Written anew from what the authors' program computes, down to its slips where the published features have
them; where it has no answer, the functions here say what theirs is. Compared with what they publish of a test
video, from its own luma and chroma: within 0.2% for 50 features, 3% for all. Through RGB, as here, luma and
chroma are known but for rounding, and differences reach half a standard deviation over KoNViD-1k's videos
(1.1 for ``chroma.laplacian_skewness``).
"""

import math

import numpy as np
from numpy.typing import NDArray

from gaia_judge.baselines.videval.frames import NAMES, STILLS, frame_features, still_features
from gaia_judge.baselines.videval.pools import DEVIATIONS, MEANS, centres, pooled, rate_of, stills
from gaia_judge.errors import GaiaJudgeError

__all__ = ["FEATURES", "videval_features"]

FEATURES: tuple[str, ...] = (
    *(f"{NAMES[at]}.mean" for at in MEANS),
    *(f"{NAMES[at]}.sd" for at in DEVIATIONS),
    *STILLS,
)
"""Names of the 60 features, in upstream's order."""

SMALLEST = 64
"""The smallest side of a frame, in pixels."""


def videval_features(images: NDArray[np.uint8], fps: float) -> NDArray[np.float64]:
    """Return the features of a video.

    Upstream has no answer for a video of less than about a second, nor below 2 frames per second. Here, a
    video without a full block is a block of its own, one without a still has that in its middle, and rates
    below 2 count as 2. Motion needs three frames.

    Args:
        images: All frames, RGB, shape [T, H, W, 3]; odd last rows and columns are left out.
        fps: Frames per second.

    Returns:
        Shape [60], float64, in the order of ``FEATURES``. NaN where a feature is undefined: shapes and
        moments of planes that are constant in all frames, standard deviations in videos of up to five frames,
        of which only one is looked at, and motion in videos of one or two. Regressors take the training
        videos' medians for them, where upstream takes 0, and 0.2 for the shapes of a constant plane.

    Raises:
        GaiaJudgeError: No frames, a side below 64 pixels, or no rate.
    """
    if not (math.isfinite(fps) and fps > 0):
        raise GaiaJudgeError(f"A rate of {fps} frames per second is none.", "Give the video's rate.")
    count, height, width = images.shape[:3]
    if not count or min(height, width) < SMALLEST:
        message = f"VIDEVAL has no features of {count} frames of {width}x{height}."
        raise GaiaJudgeError(message, f"Give at least one frame of {SMALLEST} pixels a side.")
    images, rate = images[:, : height // 2 * 2, : width // 2 * 2], rate_of(fps)
    high = [still_features(images[at]) for at in stills(count, rate)]
    low = pooled(frame_features(images, centres(count)), rate)
    return np.concatenate([low, np.mean(high, axis=0)])
