"""Synthetic clips that differ from each other and from their own reversal."""

import numpy as np
from numpy.typing import NDArray


def make_clip(seed: int, frames: int = 8, height: int = 96, width: int = 96) -> NDArray[np.uint8]:
    """Return a clip of a blob that moves over a striped ground: RGB, shape [frames, height, width, 3]."""
    rng = np.random.default_rng(seed)
    time, y, x = np.ix_(np.linspace(0, 1, frames), np.linspace(-1, 1, height), np.linspace(-1, 1, width))
    (y0, x0), (y1, x1), tilt = rng.uniform(-1, 1, (3, 2))
    blob = np.exp(-4 * ((x - x0 - (x1 - x0) * time) ** 2 + (y - y0 - (y1 - y0) * time) ** 2))
    stripes = np.sin(rng.uniform(2, 9) * (tilt[0] * x + tilt[1] * y) + 3 * time)
    ground, light, paint = rng.uniform(0, 255, (3, 3))
    ground = ground + np.expand_dims(0.3 + 0.3 * stripes, -1) * (light - ground)
    pixels: NDArray[np.uint8] = (ground + np.expand_dims(blob, -1) * (paint - ground)).astype(np.uint8)
    return pixels
