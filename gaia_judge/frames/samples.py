"""Sampling: one function in front of all decoders."""

from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gaia_judge.errors import GaiaJudgeError
from gaia_judge.frames.decoders import DECODERS, DoubtError, RecountError
from gaia_judge.frames.specs import Frames, FrameSpec, choose
from gaia_judge.frames.tracks import Track, read_track

DISTRIBUTIONS = {"decord": "decord2", "pyav": "av", "torchcodec": "torchcodec"}


def sample(path: Path, spec: FrameSpec) -> Frames:
    """Take frames from a video, in this process.

    ``gaia_judge.frames.decoders`` states the rules for colour, alpha and rotation.

    Args:
        path: A video file.
        spec: Which frames, and by which decoder.

    Returns:
        Frames in time order, none twice; fewer than asked where the video is shorter, with a note.

    Raises:
        GaiaJudgeError: The file is no video, is broken or damaged, or needs more memory than the spec allows.
    """
    track = read_track(path)
    try:
        return _take(track, spec)
    except RecountError as recount:
        return _take(replace(track, times=recount.times), spec)


def _take(track: Track, spec: FrameSpec) -> Frames:
    indices, note = choose(track.seconds, track.duration, spec)
    _check_memory(track, len(indices), spec)
    name, images = _decode(track, indices, spec)
    return Frames(
        images=np.ascontiguousarray(images),
        seconds=track.seconds[indices],
        indices=indices,
        total=len(track.times),
        duration=track.duration,
        decoder=f"{name} {version(DISTRIBUTIONS[name])}",
        note=note,
    )


def _decode(track: Track, indices: NDArray[np.int64], spec: FrameSpec) -> tuple[str, NDArray[np.uint8]]:
    if spec.decoder != "auto":
        return spec.decoder, DECODERS[spec.decoder](track, indices)
    try:
        return "decord", DECODERS["decord"](track, indices)
    except DoubtError:
        return "pyav", DECODERS["pyav"](track, indices)


def _check_memory(track: Track, count: int, spec: FrameSpec) -> None:
    """Refuse before anything is allocated; one more frame is what a decoder holds at the least."""
    gib = track.width * track.height * 3 * (count + 1) / 2**30
    if gib > spec.memory_gib:
        raise GaiaJudgeError(
            f"{track.path} needs {gib:.1f} GiB for {count} frames of {track.width}x{track.height},"
            f" more than memory_gib={spec.memory_gib:g} allows.",
            "Take fewer frames or raise memory_gib.",
        )
