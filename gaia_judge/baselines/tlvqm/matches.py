"""Matches: where the surroundings of key points were one frame before, and are one frame later."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gaia_judge.baselines.tlvqm.planes import Plane

Gradients = tuple[Plane, Plane]
"""Of a plane, down and across."""

STILL = 0.005
"""A point whose surroundings cost less than this unmoved is not searched for."""


@dataclass(frozen=True, slots=True)
class Matches:
    """Of each point, in one direction of time."""

    shifts: NDArray[np.int64]
    """Rows and columns to where it matches, shape [P, 2]; zeros where it stays."""
    unmoved: NDArray[np.float64]
    """Squared differences of its 3x3 gradients from those in the same place, summed."""
    matched: NDArray[np.float64]
    """The same at the shift."""
    uncertain: int
    """How many points match more than one place about as well."""


def matches(
    points: NDArray[np.int64], this: Gradients, before: Gradients, after: Gradients, reach: int
) -> tuple[Matches, Matches]:
    """Return where points match in the frames before and after, within ``reach`` pixels on either axis.

    The cheapest shift is taken if the next best costs a quarter more or is farther away. Otherwise the point
    is uncertain, and among all shifts that cost at most a quarter more, the nearest is taken if it costs less
    than 1.1 times the cheapest, else the cheapest if that saves more than a tenth. Backwards, upstream asks
    this of the cost that the nearest has forwards; so do we, since the published features do. A shift that
    saves less than 1% is none.

    Args:
        points: Rows and columns, shape [P, 2], at least ``reach + 2`` from all edges.
        this: Gradients of the frame that points lie in.
        before: Gradients of the frame before.
        after: Gradients of the frame after.
        reach: In pixels.
    """
    at_start = [_unmoved(points, this, other) for other in (before, after)]
    sought = [unmoved > STILL for unmoved in at_start]
    forward = np.flatnonzero(sought[0] | sought[1])
    ahead = np.zeros((len(points), (2 * reach + 1) ** 2))
    ahead[forward] = costs(points[forward], this, after, reach)
    back = np.zeros_like(ahead)
    back[sought[0]] = costs(points[sought[0]], this, before, reach)
    return (
        choose(back, ahead, at_start[0], sought[0], reach),
        choose(ahead, ahead, at_start[1], sought[1], reach),
    )


def costs(points: NDArray[np.int64], this: Gradients, other: Gradients, reach: int) -> NDArray[np.float64]:
    """Return what each shift of each point costs, shape [P, (2 reach + 1)^2], columns outermost.

    All points and shifts at once, pixel by pixel of the 3x3 surroundings.
    """
    side = 2 * reach + 1
    total = np.zeros((len(points), side, side))
    square = np.empty_like(total)
    for plane, seen in zip(this, other, strict=True):
        near, window = _windows(plane, points, 1), _windows(seen, points, reach + 1)
        for x in range(3):
            for y in range(3):
                np.subtract(window[:, x : x + side, y : y + side], near[:, x, y, None, None], out=square)
                square *= square
                total += square
    return total.reshape(len(points), side * side)


def _windows(plane: Plane, points: NDArray[np.int64], reach: int) -> NDArray[np.float64]:
    """Return the squares around points, columns first, shape [P, 2 reach + 1, 2 reach + 1]."""
    side = 2 * reach + 1
    views = np.lib.stride_tricks.sliding_window_view(plane.T, (side, side))
    return np.asarray(views[points[:, 1] - reach, points[:, 0] - reach])


def _unmoved(points: NDArray[np.int64], this: Gradients, other: Gradients) -> NDArray[np.float64]:
    down, across = np.indices((3, 3)).reshape(2, 9) - 1
    rows, columns = points[:, :1] + down, points[:, 1:] + across
    total = np.zeros(len(points))
    for plane, seen in zip(this, other, strict=True):
        total += np.square(plane[rows, columns] - seen[rows, columns]).sum(axis=1)
    return total


def choose(
    costs: NDArray[np.float64],
    asked: NDArray[np.float64],
    unmoved: NDArray[np.float64],
    sought: NDArray[np.bool_],
    reach: int,
) -> Matches:
    """Return a shift for each point that is sought, by the rule of ``matches``.

    Args:
        costs: Of each shift, shape [P, (2 reach + 1)^2], columns outermost.
        asked: The costs that decide whether the nearest is taken.
        unmoved: The cost of no shift, shape [P].
        sought: Which points, shape [P].
        reach: In pixels.
    """
    rows = np.flatnonzero(sought)
    costs, asked, start = costs[rows], asked[rows], unmoved[rows]
    each = np.arange(len(rows))
    offsets = np.arange(-reach, reach + 1)
    far = np.hypot(*np.meshgrid(offsets, offsets)).ravel()
    best = costs.argmin(axis=1)
    low = costs[each, best]
    others = costs.copy()
    others[each, best] = np.inf
    second = others.argmin(axis=1)
    clear = (low <= 0.8 * others[each, second]) | (far[best] < far[second])
    nearest = np.where(0.8 * costs <= low[:, None], far, np.inf).argmin(axis=1)
    taken = np.where(clear | (low < 0.9 * start), best, -1)
    taken = np.where(~clear & (asked[each, nearest] < 1.1 * low), nearest, taken)
    cost = np.where(taken < 0, start, costs[each, taken])
    moved = cost * 1.01 < start
    shifts = np.zeros((len(unmoved), 2), dtype=np.int64)
    shifts[rows[moved], 0] = taken[moved] % len(offsets) - reach
    shifts[rows[moved], 1] = taken[moved] // len(offsets) - reach
    matched = unmoved.copy()
    matched[rows[moved]] = cost[moved]
    return Matches(shifts, unmoved, matched, int((~clear).sum()))
