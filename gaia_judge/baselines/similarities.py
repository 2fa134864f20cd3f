"""Similarities of the frames of one video, whatever describes a frame: a network or a formula."""

import numpy as np
from numpy.typing import NDArray

from gaia_judge.errors import GaiaJudgeError


def consistency(vectors: NDArray[np.floating]) -> float:
    """Return how alike the frames of a video stay, from 0 (nothing in common) to 1 (all the same).

    Each frame from the second on is compared with the one before it and with the first one; negative cosines
    count as 0, the two are averaged, and so are the frames. The formula is that of Subject Consistency in
    VBench (Huang et al., CVPR 2024).

    Args:
        vectors: A description of each frame, in order of time, shape [T, D]; their lengths do not matter.

    Raises:
        GaiaJudgeError: There is only one frame, so nothing to compare, or a description is all zeros.

    >>> consistency(np.array([[1.0, 0.0], [0.0, 2.0], [0.0, 3.0]]))
    0.25
    """
    if len(vectors) < 2:
        raise GaiaJudgeError("A video of one frame has no second to compare.", "Leave it out.")
    lengths = np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)
    if not lengths.all():
        raise GaiaJudgeError("A frame is described by zeros alone.", "Leave the video out.")
    units = vectors.astype(np.float64) / lengths
    before = np.maximum(0, (units[1:] * units[:-1]).sum(axis=1))
    first = np.maximum(0, units[1:] @ units[0])
    return float(((before + first) / 2).mean())
