"""Colours: how lightness is spread over its range, and how strong colours are."""

import numpy as np
from numpy.typing import NDArray


def contrast(lightness: NDArray[np.float64], saturated: NDArray[np.bool_]) -> tuple[float, float]:
    """Return how far lightness is below, and above, an even spread over 0-100; they sum to 1.

    The mean difference d of its cumulative distribution from that of an even spread gives (1 + d) / 2 and
    (1 - d) / 2. Saturated pixels are left out; if there are no others the answer is 1 and 0 (upstream puts a
    sum over all pixels in the second place, which no scaling of features survives).

    Args:
        lightness: CIELAB's L.
        saturated: Where luma is extreme.
    """
    seen = lightness[~saturated]
    if not seen.size:
        return 1.0, 0.0
    counts = np.bincount(np.clip(np.floor(seen), 0, 101).astype(np.int64), minlength=102)[:101]
    error = float((np.cumsum(counts) / seen.size - np.arange(1, 102) / 100).sum() / 100)
    return (1 + error) / 2, (1 - error) / 2


def chromas(lab: NDArray[np.float64]) -> tuple[float, float]:
    """Return the root mean square of a and b over 50, and a hundredth of their summed standard deviations.

    The second is 0 where all of the frame is equally light.

    Args:
        lab: CIELAB colours, shape [3, H, W].
    """
    lightness, a, b = lab
    rms = float(np.sqrt(((a / 50) ** 2 + (b / 50) ** 2).mean()))
    varied = lightness.max() > lightness.min()
    return rms, 0.01 * float(a.std(ddof=1) + b.std(ddof=1)) if varied else 0.0
