"""Clips become files: H.264 in MP4, tagged as synthetic."""

import os
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gaia_judge.synthetic.drawings import draw
from gaia_judge.synthetic.plans import Plan
from gaia_judge.videos.origins import SYNTHETIC_TAG

AT_ONCE = 8
"""Frames drawn at a time, to bound memory."""

OPTIONS = {"crf": "18", "preset": "veryfast", "threads": "1"}
"""One thread: the bytes must not depend on the machine's number of cores."""


def write_clip(path: Path, plan: Plan) -> None:
    """Draw a clip and write it; the file appears whole or not at all.

    Raises:
        OSError: The file cannot be written.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        encode(partial, render(plan), (plan.width, plan.height), plan.fps)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def render(plan: Plan) -> Iterator[NDArray[np.uint8]]:
    """Yield a plan's frames with smooth edges: RGB, shape [height, width, 3]."""
    for first in range(0, plan.frames, AT_ONCE):
        large = draw(plan, range(first, min(first + AT_ONCE, plan.frames)), 2 * plan.height)
        yield from halve(large)


def halve(frames: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return frames of shape [frames, height, width, 3] at half their size, each pixel the mean of four."""
    from PIL import Image

    return np.stack([np.asarray(Image.fromarray(frame).reduce(2)) for frame in frames])


def encode(path: Path, frames: Iterable[NDArray[np.uint8]], size: tuple[int, int], fps: float) -> None:
    """Write RGB frames of shape [height, width, 3] as H.264 in MP4, with the synthetic tag.

    Args:
        path: The file.
        frames: What it shows.
        size: Their width and height, both even.
        fps: Frames per second.
    """
    import av

    key, value = SYNTHETIC_TAG
    with av.open(str(path), "w", format="mp4", options={"fflags": "+bitexact"}) as container:
        container.metadata[key] = value
        stream = container.add_stream("libx264", rate=Fraction(fps), options=OPTIONS)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        for image in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode())
