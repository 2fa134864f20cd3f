"""Descriptor consistency: whether frames keep their shapes and colours, by hand-made descriptors."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gaia_judge.baselines.clips import Clip
from gaia_judge.baselines.metrics import EVERY, Metric, Setting
from gaia_judge.baselines.similarities import consistency
from gaia_judge.scores import Score

SIDE = 128
"""Frames are shrunk or stretched to a square of this side."""

SHAPES, COLOURS = 16, 4
"""Cells along each side, for gradients and for colours."""

BINS = 8
"""Of gradient directions, and of each colour's range."""


class DescriptorConsistency:
    """How alike the frames of a video stay, from 0 to 1; the formula is that of Subject Consistency.

    Stands in for the Subject Consistency of VBench (Huang et al., CVPR 2024) where there are no weights:
    frames are described by ``describe_frame`` instead of by DINO, so it sees pixels and no subjects, and any
    motion lowers it. A video of one frame has no score; two frames are enough.
    """

    def __init__(self, metric: Metric, setting: Setting) -> None:
        self._metric = metric

    def measure(self, clips: Sequence[Clip]) -> list[tuple[Score, ...]]:
        """Return the score of each clip."""
        return [self._measure(clip) for clip in clips]

    def describe(self) -> dict[str, Any]:
        """Return what determines the descriptors."""
        import cv2

        return {"opencv": cv2.__version__, "side": SIDE, "cells": [SHAPES, COLOURS], "bins": BINS}

    def _measure(self, clip: Clip) -> tuple[Score, ...]:
        vectors = np.stack([describe_frame(image) for image in clip.frames.images])
        return self._metric.scores(clip, consistency(vectors))


def describe_frame(image: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return shapes and colours of a frame as one vector, both with the same weight.

    Shapes are histograms of gradient directions, weighted by the gradients' lengths, over a grid (Dalal and
    Triggs, CVPR 2005, without its overlapping blocks), less their mean in each cell, so that unrelated shapes
    are as likely to be opposed as alike. Colours are histograms of red, green and blue over a coarser grid.
    Values between the middles of two bins count for both in proportion, so that nothing jumps. A frame of one
    colour has no shapes.

    Args:
        image: RGB, shape [H, W, 3].

    Returns:
        Shape [16 * 16 * 8 + 3 * 4 * 4 * 8], of length 1 where there are no shapes, else of the root of 2.
    """
    import cv2

    small = cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.float64)
    down, right = np.gradient(small.mean(axis=-1))
    direction = np.arctan2(down, right) % np.pi / np.pi * BINS
    shapes = histograms(direction, np.hypot(down, right), SHAPES, circular=True)
    shapes -= shapes.mean(axis=-1, keepdims=True)
    levels = small / 255 * (BINS - 1)
    colours = [histograms(levels[..., hue], np.ones((SIDE, SIDE)), COLOURS) for hue in range(3)]
    return np.concatenate([_unit(shapes.ravel()), _unit(np.stack(colours).ravel())])


def histograms(
    places: NDArray[np.floating], weights: NDArray[np.floating], cells: int, *, circular: bool = False
) -> NDArray[np.float64]:
    """Return a histogram for each cell of a grid.

    Args:
        places: Where each pixel falls, from 0, the first bin's middle, to ``BINS - 1``, the last one's;
            shape [S, S].
        weights: What each pixel counts, shape [S, S].
        cells: Along each side, which must divide S.
        circular: Whether the last bin neighbours the first, places being below ``BINS``.

    Returns:
        Shape [cells, cells, BINS]; it sums to the sum of the weights.
    """
    away = np.abs(places[..., None] - np.arange(BINS))
    if circular:
        away = np.minimum(away, BINS - away)
    shares = np.maximum(0, 1 - away) * weights[..., None]
    size = len(places) // cells
    counts: NDArray[np.float64] = shares.reshape(cells, size, cells, size, BINS).sum(axis=(1, 3))
    return counts


def _unit(vector: NDArray[np.float64]) -> NDArray[np.float64]:
    length = float(np.linalg.norm(vector))
    return vector / length if length else vector


DESCRIPTORS = Metric(
    name="descriptor-consistency",
    about="How alike frames stay in gradients and colours, 1 at best; needs no weights.",
    family="action",
    fidelity="substitute",
    load=DescriptorConsistency,
    licence="Apache-2.0",
    citation="Dalal and Triggs, CVPR 2005; formula of VBench, CVPR 2024",
    dimensions=("consistency",),
    frames=EVERY,
)
