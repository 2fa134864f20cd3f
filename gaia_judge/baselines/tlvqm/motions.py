"""Motions: what TLVQM tells of how the points of a frame move."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gaia_judge.baselines.tlvqm.matches import Matches


@dataclass(frozen=True, slots=True)
class Summary:
    """Of some points' motion; all but ``y`` and ``x`` are 0 where there are no points."""

    intensity: float = 0.0
    """Fourth root of the summed lengths of motion, in units of the search's reach, over the most points there
    could be."""
    intensity_sd: float = 0.0
    """Standard deviation of the lengths."""
    offset: float = 0.0
    """How far from the middle motion takes place, in half sides; 0 if nothing moves."""
    spread: float = 0.0
    """Standard deviation of where it takes place, in sides; 0 if nothing moves."""
    gain: float = 0.0
    """Half the root of the mean cost that following the motion saves, both directions added."""
    y: float = 0.5
    """Mean motion down, 0.5 for none, 0 and 1 for ``reach`` pixels per frame up and down."""
    x: float = 0.5
    """The same to the right."""


@dataclass(frozen=True, slots=True)
class Motions:
    """Of the points of one frame, from the frame before and to the frame after."""

    points: NDArray[np.int64]
    """Rows and columns, shape [P, 2]."""
    backward: Matches
    forward: Matches
    reach: int
    shape: tuple[int, int]
    """Rows and columns of the frame."""

    @property
    def mean(self) -> NDArray[np.float64]:
        """Motion per frame of each point, down and right, in pixels, shape [P, 2]."""
        return np.asarray((self.forward.shifts - self.backward.shifts) / 2)

    @property
    def most(self) -> float:
        """The most points that there could be."""
        return self.shape[0] * self.shape[1] / self.reach**2

    def background(self) -> NDArray[np.bool_]:
        """Return which points move as most do: within one standard deviation of the mean, down and right.

        A strict rule: where all move alike there is no deviation, and none count.
        """
        if len(self.points) < 2:
            return np.zeros(len(self.points), dtype=bool)
        near = np.abs(self.mean - self.mean.mean(axis=0)) < self.mean.std(axis=0, ddof=1)
        return np.asarray(near.all(axis=1))

    def summary(self, chosen: NDArray[np.bool_] | None = None) -> Summary:
        """Return what is told of all points, or of those chosen."""
        at = np.flatnonzero(np.ones(len(self.points), dtype=bool) if chosen is None else chosen)
        if not at.size:
            return Summary()
        lengths = np.sqrt((self.backward.shifts[at] ** 2 + self.forward.shifts[at] ** 2).sum(axis=1) / 4)
        lengths /= self.reach
        saved = [(one.unmoved - one.matched)[at].mean() for one in (self.backward, self.forward)]
        y, x = self.mean[at].mean(axis=0) / (2 * self.reach) + 0.5
        offset, spread = self._place(at, lengths)
        return Summary(
            intensity=float((lengths.sum() / self.most) ** 0.25),
            intensity_sd=float(lengths.std(ddof=1)) if len(at) > 1 else 0.0,
            offset=offset,
            spread=spread,
            gain=float(0.5 * np.sqrt(max(0.0, sum(saved)))),
            y=float(y),
            x=float(x),
        )

    def jerks(self) -> NDArray[np.float64]:
        """Return the root of how much each point's motion changes, in units of the reach, shape [P]."""
        change = (self.forward.shifts + self.backward.shifts) / (2 * self.reach)
        return np.asarray(np.sqrt(np.hypot(change[:, 0], change[:, 1])))

    def still(self) -> NDArray[np.bool_]:
        """Return which pixels lie beyond ``reach`` of every moving point, where it is, was and will be."""
        import cv2

        moved = (self.backward.shifts != 0).any(axis=1) | (self.forward.shifts != 0).any(axis=1)
        marks = np.zeros(self.shape, dtype=np.uint8)
        for shift in (0, self.backward.shifts, self.forward.shifts):
            rows, columns = (self.points + shift)[moved].T
            marks[rows, columns] = 1
        side = 2 * self.reach + 1
        return np.asarray(cv2.dilate(marks, np.ones((side, side), dtype=np.uint8)) == 0)

    def _place(self, at: NDArray[np.int64], lengths: NDArray[np.float64]) -> tuple[float, float]:
        if not lengths.sum() > 0:
            return 0.0, 0.0
        places = self.points[at] + 1  # upstream counts from 1
        middle = np.average(places, axis=0, weights=lengths)
        spread = np.sqrt(np.average((places - middle) ** 2, axis=0, weights=lengths))
        half = np.array(self.shape) / 2
        return float(np.hypot(*((middle - half) / half))), float(np.hypot(*(spread / half / 2)))
