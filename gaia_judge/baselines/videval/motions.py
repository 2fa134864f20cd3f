"""Motions: seven of TLVQM's features of a frame among its neighbours, and six of a frame alone (Korhonen,
IEEE TIP 28:5923, 2019).
"""

import numpy as np
from numpy.typing import NDArray

from gaia_judge.baselines.tlvqm.colours import chromas
from gaia_judge.baselines.tlvqm.edges import edges
from gaia_judge.baselines.tlvqm.halves import Half, moment
from gaia_judge.baselines.tlvqm.planes import lab
from gaia_judge.baselines.tlvqm.sharpness import sharpness
from gaia_judge.baselines.tlvqm.vectors import flicker

LOW = (
    "motion_intensity",
    "background_intensity_sd",
    "spatial_activity",
    "jerkiness",
    "temporal_activity",
    "motion_y",
    "flicker_deviation",
)

HIGH = (
    "edge_mean",
    "edge_sd",
    "chroma_rms",
    "sharpness_rings",
    "sharpness_second_ring",
    "blurred_deviation",
)


def low(before: Half, this: Half, after: Half, width: int) -> list[float]:
    """Return seven features of a frame and its neighbours; for the arguments see ``moment``."""
    found = moment(before, this, after, width)
    motions = found.motions
    every = motions.summary()
    return [
        every.intensity,
        motions.summary(motions.background()).intensity_sd,
        found.activity,
        found.jerkiness,
        found.change,
        every.y,
        flicker(found.changes, motions.still())[1],
    ]


def high(image: NDArray[np.uint8]) -> list[float]:
    """Return six features of a frame, RGB, shape [H, W, 3], even sides.

    Edges count everywhere, faint ones and those of saturated areas too, unlike in TLVQM itself.
    """
    colours = lab(image)
    lengths = edges(colours).length
    rings, _, second, *_, blurred = sharpness(lengths)
    return [
        float(lengths.mean()),
        float(lengths.std(ddof=1)),
        chromas(colours)[0],
        rings,
        second,
        blurred,
    ]
