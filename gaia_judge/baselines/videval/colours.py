"""Colours: FRIQUEE's features of chroma and of the short-wave cones (Ghadiyaram and Bovik, Journal of Vision
17(1):32, 2017).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gaia_judge.baselines.tlvqm.planes import YCBCR, Plane, chroma, grey
from gaia_judge.baselines.tlvqm.scalings import halved
from gaia_judge.baselines.videval.naturals import Natural, kurtosis, laplacian, magnitude, skewness

CHROMA = (
    "right_across",
    "shape_down",
    "left_diagonal",
    "kurtosis_antidiagonal",
    "deviation_skewness",
    "half_kurtosis_down",
    "half_deviation_kurtosis",
    "half_deviation",
    "bands_rms",
    "bands_skewness",
    "laplacian_skewness",
)

CONES = ("half_deviation_rms",)

XYZ_D50 = np.array(
    [
        [0.4360747, 0.3850649, 0.1430804],
        [0.2225045, 0.7168786, 0.0606169],
        [0.0139322, 0.0971045, 0.7141733],
    ]
)
"""From linear sRGB to CIE XYZ of D50, adapted by Bradford's method, as in the ICC's sRGB profile."""

WHITE_D50 = np.array([0.9642, 1.0, 0.8249])

XYZ_D65 = np.linalg.inv([[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]])
"""From linear sRGB to CIE XYZ of D65, by the rounded inverse of IEC 61966-2-1."""

SHORT = np.array([0.0030, 0.0136, 0.9834])
"""CAT02's short-wave cones, from CIE XYZ."""

LINEAR = np.arange(256) / 255
LINEAR = np.where(LINEAR <= 0.0404482362771076, LINEAR / 12.92, ((LINEAR + 0.055) / 1.055) ** 2.4)
"""Linear light of each of 256 steps."""

TAPS = np.array([0, -9, 111, 29, -3]) / 128
"""Shares of five old pixels in the second of two new ones, which is a quarter of a pixel after the third; of
Keys's kernel with a = -1/2. For the first, a quarter before, they are reversed."""


def friquee_chroma(colours: NDArray[np.uint8]) -> list[float]:
    """Return eleven features of chroma, of RGB colours, shape [H, W, 3]."""
    found = Natural(chroma_map(colours))
    half, bands = found.half, found.bands
    return [
        found.fitted(0, 1).right,
        found.fitted(1, 0).shape,
        found.fitted(1, 1).left,
        kurtosis(found.products(-1, 1)),
        skewness(found.deviations),
        kurtosis(half.products(1, 0)),
        kurtosis(half.deviations),
        float(half.deviations.mean()),
        magnitude(bands.normal),
        skewness(bands.normal),
        skewness(laplacian(found.plane)),
    ]


def friquee_cones(colours: NDArray[np.uint8]) -> list[float]:
    """Return one feature of the short-wave cones, at half size, of RGB colours, shape [H, W, 3]."""
    half = Natural(halved(short_waves(colours)))
    return [magnitude(Natural(half.deviations).normal)]


def decoded(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return an RGB frame as it looks after 4:2:0 subsampling and bicubic enlarging of its chroma.

    Args:
        image: Shape [H, W, 3], even sides.
    """
    import cv2

    full = _saturated(doubled((chroma(image) * 255).astype(np.float32)))
    inverse = np.linalg.inv(YCBCR[:, :3]) * 255
    shift = -inverse @ YCBCR[:, 3:] / 255
    # As bytes, OpenCV would transform them less exactly.
    codes = cv2.merge([grey(image), *cv2.split(full)]).astype(np.float32)
    return _saturated(cv2.transform(codes, np.hstack([inverse, shift])))


def doubled(planes: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return ``bicubic(planes, 2)``, faster: every new pixel has one of two sets of taps a side.

    Args:
        planes: Shape [H, W, C], at most four channels.
    """
    import cv2

    height, width, channels = planes.shape
    found = np.empty((2 * height, 2 * width, channels), np.float32)
    for row, down in enumerate((TAPS[::-1], TAPS)):
        for column, across in enumerate((TAPS[::-1], TAPS)):
            part = cv2.sepFilter2D(planes, cv2.CV_32F, across, down, borderType=cv2.BORDER_REFLECT)
            found[row::2, column::2] = part
    return found


def chroma_map(colours: NDArray[np.uint8]) -> Plane:
    """Return the distance of a + 128 and b + 128 (CIELAB, D50, whole numbers) from zero.

    Upstream reads the codes of 8-bit CIELAB as if grey were 0, and so do we; grey is at 181.

    >>> chroma_map(np.full((1, 1, 3), 99, dtype=np.uint8)).round().tolist()
    [[181.0]]
    """
    import cv2

    light = cv2.transform(_linear(colours), XYZ_D50 / WHITE_D50[:, None])
    roots = np.cbrt(light)
    np.copyto(roots, light * (841 / 108) + 4 / 29, where=light <= (6 / 29) ** 3)
    codes = np.array([[500, -500, 0, 128], [0, 200, -200, 128]], dtype=np.float64)
    a, b = cv2.split(_saturated(cv2.transform(roots, codes)))
    return np.asarray(cv2.magnitude(a.astype(np.float64), b.astype(np.float64)))


def short_waves(colours: NDArray[np.uint8]) -> Plane:
    """Return the response of the short-wave cones, about 0 to 1.07, of RGB colours."""
    import cv2

    return np.asarray(cv2.transform(_linear(colours), (SHORT @ XYZ_D65)[None]), np.float64)


def _linear(colours: NDArray[np.uint8]) -> NDArray[np.float32]:
    import cv2

    return np.asarray(cv2.LUT(colours, LINEAR.astype(np.float32)))


def _saturated(numbers: Any) -> NDArray[np.uint8]:
    """Return numbers rounded to whole ones from 0 to 255, halves to even."""
    import cv2

    return np.asarray(cv2.add(numbers, np.zeros_like(numbers), dtype=cv2.CV_8U), np.uint8)
