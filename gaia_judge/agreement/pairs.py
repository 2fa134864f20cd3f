"""Pairs of scores: what two raters gave the same videos, where both gave something."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Numbers = NDArray[np.float64]
Places = NDArray[np.intp]

LEAST = 3
"""Pairs that a correlation needs: any two points lie on a line."""


def pair(x: ArrayLike, y: ArrayLike) -> tuple[Numbers, Numbers, NDArray[np.bool_]]:
    """Return both sides of the pairs that are whole, and which those are, shape [N].

    A number that is not finite is no score: NaN and the infinities are left out.
    """
    left, right = np.asarray(x, np.float64), np.asarray(y, np.float64)
    assert left.shape == right.shape == (len(left),), "two arrays of one length are needed"
    kept = np.isfinite(left) & np.isfinite(right)
    return left[kept], right[kept], kept


def why_undefined(x: Numbers, y: Numbers) -> str | None:
    """Return why whole pairs have no correlation, in words for a user; None where they have one.

    >>> why_undefined(np.array([2.0, 2.0, 2.0]), np.array([1.0, 2.0, 3.0]))
    'the rater gave every video the same score, 2'
    """
    if len(x) < LEAST:
        return f"{len(x)} videos have both scores; a correlation needs {LEAST}"
    for who, side in (("people", y), ("the rater", x)):  # of constants nothing else is learnt
        if is_constant(side):
            return f"{who} gave every video the same score, {side[0]:.6g}"
    return None


def is_constant(values: Numbers) -> bool:
    """Return whether no two values differ."""
    return len(values) == 0 or bool(np.ptp(values) == 0)


def number_labels(labels: ArrayLike) -> Places:
    """Return the place of each label among those that occur, sorted; shape [N].

    >>> number_labels(["b", "a", "b"]).tolist()
    [1, 0, 1]
    """
    given = np.asarray(labels)
    if given.dtype.kind not in "iu":
        given = given.astype(str)
    return np.asarray(np.unique(given, return_inverse=True)[1], np.intp)
