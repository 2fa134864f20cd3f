"""Halves: frames at half size, and what one shows among its neighbours; TLVQM and VIDEVAL share them."""

import math
from dataclasses import dataclass

import numpy as np

from gaia_judge.baselines.tlvqm.filters import energy, gradients
from gaia_judge.baselines.tlvqm.keypoints import keypoints, reach_of
from gaia_judge.baselines.tlvqm.matches import matches
from gaia_judge.baselines.tlvqm.motions import Motions
from gaia_judge.baselines.tlvqm.planes import Plane
from gaia_judge.baselines.tlvqm.textures import corners


@dataclass(frozen=True, slots=True)
class Half:
    """A frame at half size."""

    luma: Plane
    """From 0 to 1."""
    gradients: tuple[Plane, Plane]

    @classmethod
    def of(cls, luma: Plane) -> "Half":
        """Return the frame with this luma, which is at half size already."""
        return cls(luma, gradients(luma))


@dataclass(frozen=True, slots=True, eq=False)
class Moment:
    """What a frame shows among its neighbours."""

    strongest: Plane
    """Of four corner responses at each pixel."""
    motions: Motions
    """Of its points."""
    changes: tuple[Plane, Plane]
    """Absolute changes of luma from the frame before and to the frame after."""
    activity: float
    """See ``activity``."""

    @property
    def jerkiness(self) -> float:
        """Mean of how much points' motion changes; 0 without any."""
        jerks = self.motions.jerks()
        return float(jerks.mean()) if len(jerks) else 0.0

    @property
    def change(self) -> float:
        """Fourth root of the mean change of luma."""
        return math.pow(np.mean(self.changes), 0.25)


def moment(before: Half, this: Half, after: Half, width: int) -> Moment:
    """Return what a frame shows among the frames before and after it.

    Args:
        before: The frame before.
        this: The frame.
        after: The frame after.
        width: Of frames at full size, in pixels.
    """
    reach = reach_of(width)
    strongest, response = corners(this.luma)
    points = keypoints(response, reach)
    found = matches(points, this.gradients, before.gradients, after.gradients, reach)
    high, wide = this.luma.shape
    motions = Motions(points, *found, reach=reach, shape=(high, wide))
    back, ahead = (np.abs(this.luma - other.luma) for other in (before, after))
    return Moment(strongest, motions, (back, ahead), activity(this.gradients))


def activity(gradients: tuple[Plane, Plane]) -> float:
    """Return the fourth root of the standard deviation of gradients, those 4 pixels from an edge as 0."""
    lengths = np.zeros_like(gradients[0])
    lengths[4:-4, 4:-4] = np.sqrt(energy(*(plane[4:-4, 4:-4] for plane in gradients)))
    return float(np.sqrt(np.sqrt(lengths.std(ddof=1))))
