"""Histograms: how gradients and Laplacians of luma occur together (Xue, Mou, Zhang, Bovik and Feng, "Blind
image quality assessment using joint statistics of gradient magnitude and Laplacian features", IEEE TIP 2014).
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from gaia_judge.baselines.tlvqm.planes import Plane
from gaia_judge.baselines.videval.naturals import blurred, gaussian

SPREAD = 0.5
"""Of the Gaussian that gradients and Laplacians are of, in pixels."""

RATIO = 2.5
"""What gradients are divided by to be about as large as Laplacians."""

FLOOR = 0.2
"""Added to local strength, by which both are divided."""

BINS, STEP = 10, 0.2

FAINT = 1e-4
"""Added to a probability that another is divided by."""

GMLOG = (
    "gradient_2",
    "gradient_4",
    "gradient_8",
    "laplacian_8",
    "laplacian_10",
    "gradient_given_3",
    "laplacian_given_4",
    "laplacian_given_10",
)
"""Shares of the bins from 1 to 10 that are selected, of 40."""

CHOSEN = [1, 3, 7, 17, 19, 22, 33, 39]


def gmlog(luma: Plane) -> NDArray[np.float64]:
    """Return eight of GM-LOG's forty features; shape [8].

    Gradient magnitude and Laplacian of a Gaussian are divided by their local strength and sorted into ten
    bins each; the last takes what is beyond it. The two marginals come first, then the two sums over
    conditional probabilities, each normalised to 1 (the paper's dependency measures).

    Args:
        luma: 0-255, shape [H, W].
    """
    import cv2

    across, down, bump = kernels()
    planes = [
        cv2.filter2D(luma, cv2.CV_64F, kernel, borderType=cv2.BORDER_CONSTANT)
        for kernel in (across, down, bump)
    ]
    gradient = np.asarray(cv2.magnitude(planes[0], planes[1]) / RATIO, np.float64)
    bend = np.abs(planes[2])
    squares = gradient * gradient
    squares += bend * bend
    strength = np.sqrt(blurred(squares / 2, 2 * SPREAD))
    strength += FLOOR
    return features_of(joint(gradient / strength, bend / strength))[CHOSEN]


def joint(gradient: Plane, bend: Plane) -> NDArray[np.float64]:
    """Return the share of pixels in each pair of bins, shape [10, 10], without two at each edge."""
    bins = []
    for plane in (gradient, bend):
        number = plane[2:-2, 2:-2] / STEP
        np.ceil(number, out=number)
        bins.append(np.clip(number, 1, BINS, out=number))
    both = (bins[0] * BINS + bins[1] - (BINS + 1)).astype(np.int64)
    counts = np.bincount(both.ravel(), minlength=BINS**2)
    return np.asarray(counts.reshape(BINS, BINS) / counts.sum())


def features_of(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return all forty features of the shares in bins of gradients (rows) and of Laplacians (columns)."""
    gradients, bends = shares.sum(axis=1), shares.sum(axis=0)
    given_bend = (shares / (bends + FAINT)).sum(axis=1)
    given_gradient = (shares / (gradients[:, None] + FAINT)).sum(axis=0)
    return np.concatenate(
        [gradients, bends, given_bend / given_bend.sum(), given_gradient / given_gradient.sum()]
    )


@cache
def kernels() -> tuple[NDArray[np.float64], ...]:
    """Return 5x5 kernels of slopes across and down, and of the Laplacian; absolute values sum to 1.

    Slopes are one-sided: a Gaussian less the same one pixel farther on.
    """
    wide, narrow = gaussian(7, SPREAD), gaussian(5, SPREAD)
    slope = wide[1:-1] - wide[2:]
    across = np.outer(wide[1:-1], slope)
    x = np.arange(5) - 2
    bump = np.outer(narrow, narrow) * (x[:, None] ** 2 + x**2 - 2 * SPREAD**2)
    bump -= bump.mean()
    return tuple(kernel / np.abs(kernel).sum() for kernel in (across, across.T.copy(), bump))
