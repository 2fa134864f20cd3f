"""Raters without eyes for actions, beside which nano is measured."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gaia_judge.frames import Decoders, Frames, FrameSpec
from gaia_judge.nano.models import SIDE
from gaia_judge.synthetic.defects import DIMENSIONS
from gaia_judge.videos import Video

if TYPE_CHECKING:
    from pandas import DataFrame


def generator_means(videos: Sequence[Video], mos: "DataFrame") -> "DataFrame":
    """Return for each video the mean score of its generator's other videos.

    Within a generator these say nothing: the better a video, the lower the mean of the others.
    """
    people = mos.reindex([video.id for video in videos])
    groups = people.groupby([video.generator for video in videos])
    total, count = groups.transform("sum"), groups.transform("count")
    return (total - people) / (count - 1)


def ridge(
    videos: Sequence[Video], others: Sequence[Video], others_mos: "DataFrame", weight: float = 1.0
) -> "DataFrame":
    """Return a ridge regression on sharpness and frame differences, fitted on other videos.

    Args:
        videos: What is rated.
        others: What it is fitted on.
        others_mos: Their scores.
        weight: Of the penalty, on standardised features.
    """
    import pandas as pd

    known, new = _features(others), _features(videos)
    middle, spread = known.mean(0), known.std(0)
    x = (known - middle) / spread
    y = others_mos.reindex([video.id for video in others])[list(DIMENSIONS)].to_numpy()
    beta = np.linalg.solve(x.T @ x + weight * np.eye(x.shape[1]), x.T @ (y - y.mean(0)))
    found = (new - middle) / spread @ beta + y.mean(0)
    return pd.DataFrame(found, index=[video.id for video in videos], columns=list(DIMENSIONS))


def _features(videos: Sequence[Video]) -> NDArray[np.float64]:
    """Return per video: sharpness, contrast, and mean, largest and last difference of successive frames.

    Frames are as small as nano sees them, so that resolution tells nothing.
    """
    rows: dict[str, list[float]] = {}
    with Decoders(FrameSpec()) as decoders:
        for video, answer in decoders.stream(videos):
            assert isinstance(answer, Frames), answer
            grey = np.stack([_small(image) for image in answer.images])
            edges = np.abs(np.diff(grey, axis=1)).mean() + np.abs(np.diff(grey, axis=2)).mean()
            steps = np.abs(np.diff(grey, axis=0)).mean((1, 2))
            rows[video.id] = [edges, grey.std(), steps.mean(), steps.max(), steps[-1]]
    return np.asarray(np.log1p([rows[video.id] for video in videos]))


def _small(image: NDArray[np.uint8]) -> NDArray[np.float64]:
    from PIL import Image

    small = Image.fromarray(image).convert("L").resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    return np.asarray(small, np.float64)
