"""Sampling: one function in front of all decoders."""

from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gaia_judge.frames.decoders import DECODERS, DoubtError, RecountError
from gaia_judge.frames.specs import Frames, FrameSpec, choose
from gaia_judge.frames.tracks import Track, check_memory, read_track

DISTRIBUTIONS = {"decord": "decord2", "pyav": "av", "torchcodec": "torchcodec"}


def sample(path: Path, spec: FrameSpec) -> Frames:
    """Take frames from a video, in this process.

    ``gaia_judge.frames.decoders`` states the rules for colour, alpha and rotation. decord may crash when a
    process ends, and vllm when it is imported after decord: a process that runs a model uses ``Decoders``.

    Args:
        path: A video file.
        spec: Which frames, and by which decoder.

    Returns:
        Frames in time order, none twice; fewer than asked where the video is shorter, with a note.

    Raises:
        GaiaJudgeError: The file is no video, is broken or damaged, or needs more memory than the spec allows.
    """
    track = read_track(path, spec)
    try:
        return _take(track, spec)
    except RecountError as recount:
        return _take(replace(track, times=recount.times), spec)


def subset(frames: Frames, spec: FrameSpec) -> Frames:
    """Return the frames that a spec asks for, out of every frame of a video.

    Args:
        frames: Every frame, or just those that the spec asks for, which are returned as they are.
        spec: Which frames; its decoder and limits say nothing here.
    """
    if spec.every or len(frames.images) < frames.total:
        return frames
    indices, note = choose(frames.seconds, frames.duration, spec)
    picked = {name: getattr(frames, name)[indices] for name in ("images", "seconds", "indices")}
    return replace(frames, **picked, note=note)


def _take(track: Track, spec: FrameSpec) -> Frames:
    indices, note = choose(track.seconds, track.duration, spec)
    check_memory(path=track.path, width=track.width, height=track.height, count=len(indices), spec=spec)
    name, images = _decode(track, indices, spec)
    return Frames(
        images=np.ascontiguousarray(images),
        seconds=track.seconds[indices],
        indices=indices,
        total=len(track.times),
        duration=track.duration,
        decoder=f"{name} {version(DISTRIBUTIONS[name])}",
        note=note,
        synthetic=track.synthetic,
    )


def _decode(track: Track, indices: NDArray[np.int64], spec: FrameSpec) -> tuple[str, NDArray[np.uint8]]:
    if spec.decoder != "auto":
        return spec.decoder, DECODERS[spec.decoder](track, indices)
    try:
        return "decord", DECODERS["decord"](track, indices)
    except DoubtError:
        return "pyav", DECODERS["pyav"](track, indices)
