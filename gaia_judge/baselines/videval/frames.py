"""Frames: VIDEVAL's 50 features of a frame among its neighbours, and six of a still."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from gaia_judge.baselines.tlvqm.halves import Half
from gaia_judge.baselines.tlvqm.planes import grey, luma
from gaia_judge.baselines.tlvqm.scalings import halved
from gaia_judge.baselines.videval.colours import CHROMA, CONES, decoded, friquee_chroma, friquee_cones
from gaia_judge.baselines.videval.histograms import GMLOG, gmlog
from gaia_judge.baselines.videval.lumas import BRISQUE, FRIQUEE, HIGRADE, brisque, friquee, higrade
from gaia_judge.baselines.videval.motions import HIGH, LOW, high, low
from gaia_judge.baselines.videval.naturals import Natural

NAMES: tuple[str, ...] = tuple(
    f"{group}.{name}"
    for group, names in (
        ("brisque", BRISQUE),
        ("gmlog", GMLOG),
        ("higrade", HIGRADE),
        ("luma", FRIQUEE),
        ("chroma", CHROMA),
        ("cones", CONES),
        ("tlvqm", LOW),
    )
    for name in names
)
"""Names of a frame's features, in upstream's order."""

STILLS: tuple[str, ...] = tuple(f"tlvqm.{name}" for name in HIGH)


def frame_features(images: NDArray[np.uint8], at: Sequence[int]) -> NDArray[np.float64]:
    """Return the features of frames.

    Args:
        images: RGB, shape [T, H, W, 3], even sides of at least 64 pixels.
        at: Frames in rising order.

    Returns:
        Shape [n, 50], columns as in ``NAMES``; motion is NaN for the first frame and the last.
    """
    moved = _moved(images, at)
    return np.array([[*_alone(images[i]), *next(moved)] for i in at])


def still_features(image: NDArray[np.uint8]) -> list[float]:
    """Return the six features of a still, RGB, shape [H, W, 3], even sides of at least 64 pixels."""
    return high(image)


def _alone(image: NDArray[np.uint8]) -> Iterator[float]:
    """Yield the 43 features that need no neighbours."""
    bright = Natural(grey(image).astype(np.float64))
    colours = decoded(image)
    yield from brisque(bright)
    yield from gmlog(bright.plane)
    yield from higrade(bright.plane)
    yield from friquee(bright)
    yield from friquee_chroma(colours)
    yield from friquee_cones(colours)


def _moved(images: NDArray[np.uint8], at: Sequence[int]) -> Iterator[list[float]]:
    """Yield the features of motion; a frame that two others neighbour is looked at once."""
    kept: dict[int, Half] = {}
    for i in at:
        near = (i - 1, i, i + 1)
        if near[0] < 0 or near[2] >= len(images):
            yield [float("nan")] * len(LOW)
            continue
        kept = {j: kept[j] if j in kept else Half.of(halved(luma(images[j]))) for j in near}
        before, this, after = (kept[j] for j in near)
        yield low(before, this, after, images.shape[2])
