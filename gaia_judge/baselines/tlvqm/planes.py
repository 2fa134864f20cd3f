"""Planes: luma and chroma of a frame, and CIELAB colours, as TLVQM sees them."""

import numpy as np
from numpy.typing import NDArray

from gaia_judge.baselines.tlvqm.scalings import bicubic

Plane = NDArray[np.float64]
"""One channel of one frame, shape [H, W]."""

YCBCR = np.array(
    [
        [65.481, 128.553, 24.966, 16 * 255],
        [-37.797, -74.203, 112, 128 * 255],
        [112, -93.786, -18.214, 128 * 255],
    ]
)
"""ITU-R BT.601 in studio range, times 255: from RGB and 1, all of 0-255, to Y'CbCr of 0-255."""

XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
"""From linear sRGB to CIE XYZ (IEC 61966-2-1)."""

WHITE = np.array([0.9504, 1.0, 1.0888])
"""CIE XYZ of D65, to the digits that the published features were computed with."""

LAB = np.array([[0, 116, 0, -16], [500, -500, 0, 0], [0, 200, -200, 0]], dtype=np.float64)
"""From the roots of X, Y and Z over white, and 1, to CIELAB."""


def grey(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a frame's luma as videos hold it, from 16 (black) to 235 (white).

    Rounding to whole steps brings back most of what decoding to RGB blurred.

    Args:
        image: RGB, shape [H, W, 3].

    >>> grey(np.array([[[0, 0, 0], [255, 255, 255]]], dtype=np.uint8)).tolist()
    [[16, 235]]
    """
    return _channel(image, 0)


def luma(image: NDArray[np.uint8]) -> Plane:
    """Return ``grey`` over 255."""
    return grey(image) / 255


def chroma(image: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return a frame's Cb and Cr as 4:2:0 video holds them, in whole steps of 1/255.

    Each pixel's are rounded, and the means of 2x2 pixels rounded again, halves to even.

    Args:
        image: RGB, shape [H, W, 3], even sides.

    Returns:
        Shape [H / 2, W / 2, 2].
    """
    import cv2

    size = (image.shape[1] // 2, image.shape[0] // 2)
    full = (_channel(image, which).astype(np.float32) for which in (1, 2))
    small = [cv2.resize(one, size, interpolation=cv2.INTER_AREA) for one in full]
    return np.rint(np.stack(small, axis=-1)).astype(np.float64) / 255


def rgb(luma: Plane, chroma: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return RGB in 0-1, clipped, from luma and chroma in 0-1; undoes ``YCBCR``.

    Args:
        luma: Shape [H, W].
        chroma: Shape [H, W, 2].

    Returns:
        Shape [H, W, 3].
    """
    import cv2

    inverse = np.linalg.inv(YCBCR[:, :3])
    shift = -inverse @ YCBCR[:, 3:] / 255
    channels = np.concatenate([luma[..., None], chroma], axis=-1)
    colours = cv2.transform(channels, np.hstack([inverse * 255, shift]))
    return np.asarray(np.clip(colours, 0, 1))


def lab(image: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return a frame's CIELAB colours after 4:2:0 subsampling, shape [3, H, W]: L 0-100, a and b about +-100.

    Args:
        image: RGB (sRGB, D65), shape [H, W, 3], even sides.
    """
    return lab_of(rgb(luma(image), bicubic(chroma(image), 2)))


def lab_of(colours: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the CIELAB colours of sRGB in 0-1, shape [H, W, 3], as three planes, shape [3, H, W].

    >>> lab_of(np.array([[[1.0, 0.0, 0.0]]])).round(1).ravel().tolist()
    [53.2, 80.1, 67.2]
    """
    import cv2

    linear = (colours + 0.055) / 1.055
    linear **= 2.4
    np.copyto(linear, colours / 12.92, where=colours <= 0.04045)
    stimuli = np.asarray(cv2.transform(linear, XYZ / WHITE[:, None]))
    roots = np.cbrt(stimuli)
    np.copyto(roots, stimuli * ((29 / 6) ** 2 / 3) + 4 / 29, where=stimuli <= (6 / 29) ** 3)
    return np.stack(cv2.split(cv2.transform(roots, LAB)))


def _channel(image: NDArray[np.uint8], which: int) -> NDArray[np.uint8]:
    import cv2

    rounded = np.asarray(cv2.transform(image, YCBCR[which : which + 1] / 255), dtype=np.uint8)
    return rounded.reshape(image.shape[:2])
