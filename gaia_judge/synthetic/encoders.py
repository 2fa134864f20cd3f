"""Clips become files: H.264 in MP4, tagged as synthetic."""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from gaia_judge.scores.files import replacing
from gaia_judge.synthetic.drawings import draw
from gaia_judge.synthetic.plans import Plan
from gaia_judge.videos.origins import SYNTHETIC_TAG

AT_ONCE = 8
"""Frames drawn at a time, to bound memory."""

OPTIONS = {"crf": "18", "preset": "veryfast", "threads": "1", "x264-params": "cpu-independent=1"}
"""The bytes must depend neither on how many cores there are nor on which: on some, x264's fastest code gives
other bytes each time."""


def write_clip(path: Path, plan: Plan) -> None:
    """Draw a clip and write it; the file appears whole or not at all.

    Raises:
        GaiaJudgeError: The file cannot be written.
    """
    with replacing(path) as file:
        encode(file, render(plan), (plan.width, plan.height), plan.fps)


def render(plan: Plan) -> Iterator[NDArray[np.uint8]]:
    """Yield a plan's frames with smooth edges: RGB, shape [height, width, 3]."""
    for first in range(0, plan.frames, AT_ONCE):
        large = draw(plan, range(first, min(first + AT_ONCE, plan.frames)), 2 * plan.height)
        yield from halve(large)


def halve(frames: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return frames of shape [frames, height, width, 3] at half their size, each pixel the mean of four."""
    from PIL import Image

    return np.stack([np.asarray(Image.fromarray(frame).reduce(2)) for frame in frames])


def encode(file: BinaryIO, frames: Iterable[NDArray[np.uint8]], size: tuple[int, int], fps: float) -> None:
    """Write RGB frames of shape [height, width, 3] as H.264 in MP4, with the synthetic tag.

    Args:
        file: Open for writing.
        frames: What it shows.
        size: Their width and height, both even.
        fps: Frames per second.
    """
    import av

    key, value = SYNTHETIC_TAG
    with av.open(file, "w", format="mp4", options={"fflags": "+bitexact"}) as container:
        container.metadata[key] = value
        stream = container.add_stream("libx264", rate=Fraction(fps), options=OPTIONS)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        for image in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode())
