"""Key points: where TLVQM looks for motion."""

import numpy as np
from numpy.typing import NDArray

from gaia_judge.baselines.tlvqm.planes import Plane

THRESHOLD = 0.01
"""Corner responses above this are worth following."""


def reach_of(width: int) -> int:
    """Return how far motion is searched and points lie apart, in pixels, from a frame's full width."""
    return max(1, width // 40)


def keypoints(response: Plane, reach: int) -> NDArray[np.int64]:
    """Return the strongest pixels, each more than ``reach`` from all stronger ones, in order of strength.

    Pixels within ``reach + 3`` of an edge are left out, so that every search stays inside. Among equals the
    leftmost comes first, then the uppermost.

    Args:
        response: Corner responses.
        reach: In pixels, on either axis.

    Returns:
        Rows and columns, shape [P, 2].
    """
    margin = reach + 3
    field = np.ascontiguousarray(response[margin:-margin, margin:-margin].T)
    found: list[tuple[int, int]] = []
    while field.size:
        x, y = divmod(int(field.argmax()), field.shape[1])
        if field[x, y] <= THRESHOLD:
            break
        found.append((y + margin, x + margin))
        field[max(0, x - reach) : x + reach + 1, max(0, y - reach) : y + reach + 1] = 0
    return np.array(found, dtype=np.int64).reshape(-1, 2)
