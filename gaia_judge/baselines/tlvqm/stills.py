"""Stills: TLVQM's 30 high-complexity features of one frame."""

import numpy as np
from numpy.typing import NDArray

from gaia_judge.baselines.tlvqm.colours import chromas, contrast
from gaia_judge.baselines.tlvqm.edges import edges, spatial
from gaia_judge.baselines.tlvqm.grids import blockiness
from gaia_judge.baselines.tlvqm.noises import noise
from gaia_judge.baselines.tlvqm.planes import lab, luma
from gaia_judge.baselines.tlvqm.segments import saturation
from gaia_judge.baselines.tlvqm.sharpness import sharpness
from gaia_judge.baselines.tlvqm.spectra import spectrum

HIGH = (
    "edge_mean",
    "edge_sd",
    "edge_offset",
    "edge_spread",
    "bright_area",
    "bright_area_each",
    "dark_area",
    "dark_area_each",
    "noise_density",
    "noise_mean",
    "noise_sd",
    "block_rise",
    "block_lag",
    "block_peaks",
    "contrast_below",
    "contrast_above",
    "chroma_rms",
    "chroma_sd",
    "spectrum_alike",
    "spectrum_high",
    "spectrum_balance",
    "sharpness_rings",
    "sharpness_near_rings",
    "sharpness_second_ring",
    "sharpness_peak",
    "sharpness_dip",
    "sharp_blocks",
    "blurred_blocks",
    "sharp_deviation",
    "blurred_deviation",
)
"""Names of the high-complexity features, in the paper's order."""


def high_complexity(image: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return TLVQM's high-complexity features (Korhonen, TIP 2019) of a frame.

    Args:
        image: RGB, shape [H, W, 3], even sides of at least 64 pixels.

    Returns:
        Shape [30], float64, in the order of ``HIGH``; never NaN.
    """
    grey, colours = luma(image), lab(image)
    found = edges(colours)
    bright, dark = saturation(grey, bright=True), saturation(grey, bright=False)
    saturated = bright[2] | dark[2]
    groups = (
        spatial(found.length, saturated),
        bright[:2],
        dark[:2],
        noise(grey, saturated, colours),
        blockiness(found.down, found.across),
        contrast(colours[0], saturated),
        chromas(colours),
        spectrum(grey),
        sharpness(found.length),
    )
    return np.concatenate(groups)
