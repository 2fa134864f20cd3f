"""Lumas: features of brightness, by BRISQUE, HIGRADE and FRIQUEE."""

import numpy as np

from gaia_judge.baselines.tlvqm.planes import Plane
from gaia_judge.baselines.tlvqm.scalings import halved
from gaia_judge.baselines.videval.naturals import (
    Natural,
    deviation,
    differences,
    kurtosis,
    laplacian,
    magnitude,
    skewness,
)
from gaia_judge.baselines.videval.shapes import shape_of

BRISQUE = ("left_across", "left_down", "half_left_across", "half_shape_diagonal")

HIGRADE = (
    "sd",
    "log_cross_sd",
    "log_cross_shape",
    "log_around_shape",
    "half_sd",
    "half_diagonal_shape",
    "half_antidiagonal_shape",
    "half_around_sd",
)

FRIQUEE = (
    "skewness_across",
    "mean_down",
    "deviation",
    "shape_across",
    "half_deviation",
    "half_skewness",
    "bands_rms",
    "bands_kurtosis",
    "bands_deviation_kurtosis",
    "laplacian_shape",
    "laplacian_rms",
)

AROUND = np.array([[0, 1, 0], [-1, 0, -1], [0, 1, 0]], dtype=np.float64)
"""Above and below less left and right."""


def brisque(luma: Natural) -> list[float]:
    """Return four features of products of neighbours (Mittal, Moorthy and Bovik, IEEE TIP 21:4695, 2012)."""
    return [
        luma.fitted(0, 1).left,
        luma.fitted(1, 0).left,
        luma.half.fitted(0, 1).left,
        luma.half.fitted(1, 1).shape,
    ]


def higrade(luma: Plane) -> list[float]:
    """Return eight features of gradients (Kundu, Ghadiyaram, Bovik and Evans, IEEE TIP 26:2957, 2017).

    Gradient magnitudes are normalised at full and at half size; at full size, the logarithm of what results
    is looked at, at half size that itself.
    """
    import cv2

    slopes = (
        cv2.Sobel(luma, cv2.CV_64F, *order, borderType=cv2.BORDER_REPLICATE) for order in ((1, 0), (0, 1))
    )
    lengths: Plane = np.asarray(cv2.magnitude(*slopes), np.float64)
    full, half = Natural(lengths).normal, Natural(halved(lengths)).normal
    logs = np.log(np.abs(full) + 0.1)
    cross = differences(differences(logs, 1, 0), 0, 1)
    return [
        deviation(full),
        deviation(cross),
        _centred_shape(cross),
        _centred_shape(_around(logs)),
        deviation(half),
        _centred_shape(differences(half, 1, 1)),
        _centred_shape(differences(half, -1, 1)),
        deviation(_around(half)),
    ]


def friquee(luma: Natural) -> list[float]:
    """Return eleven features of FRIQUEE (Ghadiyaram and Bovik, Journal of Vision 17(1):32, 2017) of luma.

    ``shape_across`` is meant for half size; upstream takes the normalised plane of full size there, and so do
    we, since the published features do.
    """
    bands, fine = luma.bands, laplacian(luma.plane)
    return [
        skewness(luma.products(0, 1)),
        luma.fitted(1, 0).mean,
        float(luma.deviations.mean()),
        luma.fitted(0, 1).shape,
        float(luma.half.deviations.mean()),
        skewness(luma.half.normal),
        magnitude(bands.normal),
        kurtosis(bands.normal),
        kurtosis(Natural(bands.deviations).normal),
        shape_of(fine),
        magnitude(fine),
    ]


def _around(plane: Plane) -> Plane:
    import cv2

    return np.asarray(cv2.filter2D(plane, cv2.CV_64F, AROUND, borderType=cv2.BORDER_CONSTANT))


def _centred_shape(values: Plane) -> float:
    return shape_of(values - values.mean())
