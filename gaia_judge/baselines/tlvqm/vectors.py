"""Vectors: TLVQM's 28 low-complexity features of a frame, from it and its two neighbours."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from gaia_judge.baselines.tlvqm.filters import highest
from gaia_judge.baselines.tlvqm.halves import Half, moment
from gaia_judge.baselines.tlvqm.planes import Plane, chroma, grey, rgb
from gaia_judge.baselines.tlvqm.scalings import halved
from gaia_judge.baselines.tlvqm.textures import bluntness, gridding, interlacing
from gaia_judge.errors import GaiaJudgeError

LOW = (
    "motion_intensity",
    "background_density",
    "background_intensity",
    "motion_intensity_sd",
    "background_intensity_sd",
    "motion_offset",
    "motion_spread",
    "background_offset",
    "background_spread",
    "prediction_gain",
    "blur",
    "spatial_activity",
    "interlacing",
    "uncertainty",
    "gridding",
    "jerkiness",
    "jerkiness_sd",
    "temporal_activity",
    "motion_y",
    "motion_x",
    "flicker",
    "flicker_deviation",
    "background_y",
    "background_x",
    "colourfulness",
    "background_gain",
    "motion_density",
    "motion_area",
)
"""Names of the low-complexity features, in the paper's order; the last six only choose frames."""

TAIL = 5
"""Frames at the end of a video that are no centres, as upstream leaves them out."""

SMALLEST = 64
"""The smallest side of a frame, in pixels."""


def centres(count: int) -> range:
    """Return the frames that low-complexity vectors are computed for, of a video of so many frames.

    Every second frame from the second on, without the last five.

    Raises:
        GaiaJudgeError: There are fewer than six frames, so none.

    >>> list(centres(8))
    [1, 3]
    """
    found = range(1, count - TAIL + 1, 2)
    if not found:
        told = "one frame" if count == 1 else f"{count} frames"
        raise GaiaJudgeError(f"A video of {told} is too short for TLVQM's features.", "Six are enough.")
    return found


def even(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return frames without an odd last row or column, as 4:2:0 video has none.

    Args:
        images: RGB, shape [T, H, W, 3].

    Raises:
        GaiaJudgeError: A side is shorter than 64 pixels.
    """
    height, width = images.shape[1:3]
    if min(height, width) < SMALLEST:
        raise GaiaJudgeError(
            f"Frames of {width}x{height} are too small for TLVQM's features.",
            f"Give {SMALLEST} pixels a side.",
        )
    return images[:, : height // 2 * 2, : width // 2 * 2]


def low_complexity(images: NDArray[np.uint8], at: Iterable[int] | None = None) -> NDArray[np.float64]:
    """Return TLVQM's low-complexity features (Korhonen, TIP 2019), one row per centre.

    Args:
        images: RGB, shape [T, H, W, 3], sides of at least 64 pixels; odd last rows and columns are left out.
        at: Centres in rising order, each with a frame before and after; those of ``centres`` by default.

    Returns:
        Shape [n, 28], float64, columns as in ``LOW``. Where a frame has no points that can be followed,
        motion is none: 0, and 0.5 for mean motion. No value is NaN.

    Raises:
        GaiaJudgeError: Fewer than six frames without ``at``, or too small ones.
    """
    images = even(images)
    chosen = list(centres(len(images)) if at is None else at)
    return np.array(
        [_vector(images[i], *triple) for i, triple in zip(chosen, _triples(images, chosen), strict=True)]
    )


def _triples(
    images: NDArray[np.uint8], at: Sequence[int]
) -> Iterator[tuple[NDArray[np.uint8], Half, Half, Half]]:
    """Yield each centre's luma, and the frames before, at and after it; what two centres share comes once."""
    kept: dict[int, Half] = {}
    for i in at:
        full = grey(images[i])
        kept = {
            j: kept[j] if j in kept else Half.of(halved(full if j == i else grey(images[j])) / 255)
            for j in (i - 1, i, i + 1)
        }
        yield full, kept[i - 1], kept[i], kept[i + 1]


def _vector(
    image: NDArray[np.uint8], full: NDArray[np.uint8], before: Half, this: Half, after: Half
) -> list[float]:
    found = moment(before, this, after, width=full.shape[1])
    motions, jerks = found.motions, found.motions.jerks()
    near = motions.background()
    every, background, still = motions.summary(), motions.summary(near), motions.still()
    return [
        every.intensity,
        near.sum() / motions.most,
        background.intensity,
        every.intensity_sd,
        background.intensity_sd,
        every.offset,
        every.spread,
        background.offset,
        background.spread,
        every.gain,
        bluntness(full),
        found.activity,
        interlacing(full),
        0.5 * (motions.backward.uncertain + motions.forward.uncertain) / motions.most,
        gridding(found.strongest),
        found.jerkiness,
        float(jerks.std(ddof=1)) if len(jerks) > 1 else 0.0,
        found.change,
        every.y,
        every.x,
        *flicker(found.changes, still),
        background.y,
        background.x,
        colourfulness(image, this.luma),
        background.gain,
        len(motions.points) / motions.most,
        1 - float(still.mean()),
    ]


def flicker(changes: Sequence[Plane], still: NDArray[np.bool_]) -> tuple[float, float]:
    """Return the mean change of luma where nothing moves, and how far larger changes are from it, or zeros.

    Args:
        changes: Absolute changes from the frame before and to the frame after.
        still: Where nothing moves.
    """
    if not still.any():
        return 0.0, 0.0
    back, ahead = (change[still] for change in changes)
    mean = float(back.mean() + ahead.mean()) / 2
    return mean, float(np.abs(np.maximum(back, ahead) - mean).mean())


def colourfulness(image: NDArray[np.uint8], half: Plane) -> float:
    """Return the mean range of red, green and blue over the most colourful 10% of pixels, at half size."""
    import cv2

    red, green, blue = cv2.split(rgb(half, chroma(image)))
    top, bottom = (merge(merge(red, green), blue) for merge in (np.maximum, np.minimum))
    return highest(np.asarray(top - bottom), 0.1)
