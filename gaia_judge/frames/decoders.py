"""Decoders: libraries that turn chosen frames of a track into RGB, all by the same rules.

*Which decoder.* decord takes the formats on which the tests prove its frames right, PyAV everything else;
``doubts`` is that rule. torchcodec is used only when asked for by name.

*Colour.* Matrix and range are those of the stream's tags; an untagged stream is BT.601 at limited range,
whatever its size, because that is how FFmpeg, OpenCV and imageio write the RGB frames of T2V models. No
transfer curve is applied, samples of more than 8 bits are scaled to 8, and alpha is laid over black.

*Orientation.* Frames are turned and mirrored as the display matrix says, to the nearest quarter turn.
Pixels stay as they are stored: no aspect ratio is applied.
"""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from gaia_judge.errors import GaiaJudgeError
from gaia_judge.frames.tracks import Track, has_alpha, opened

if TYPE_CHECKING:
    from av.video.codeccontext import VideoCodecContext
    from av.video.frame import VideoFrame

Images = NDArray[np.uint8]
Decode = Callable[[Track, NDArray[np.int64]], Images]

CONTAINERS = {"mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm"}
"""Containers that decord reads right; of MPEG-TS it loses or repeats the first frames."""
CODECS = {"h264", "hevc", "vp9", "libdav1d"}
"""Codecs of which decord reads every frame right or fails. It covers up damage in MPEG-4; of VP8, other
projects report wrong frames."""
PIXELS = {"yuv420p", "yuvj420p", "yuv444p"}
"""Pixel formats of which decord's colours are those of PyAV."""
HIDDEN = {"vp8", "mpeg4", "msmpeg4v3"}
"""Codecs whose packets need not each show a frame."""
WITH_ALPHA = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
"""FFmpeg's own decoders of these codecs ignore alpha."""


class DoubtError(GaiaJudgeError):
    """A decoder that cannot be trusted with a track."""


class RecountError(Exception):
    """The stream shows its frames at other times than its container says."""

    def __init__(self, times: NDArray[np.int64]) -> None:
        super().__init__(times)
        self.times = times


def doubts(track: Track) -> str:
    """Return why decord is not proven right on a track; empty if it is."""
    if track.container not in CONTAINERS:
        return f"container {track.container}"
    if track.codec not in CODECS:
        return f"codec {track.codec}"
    if track.alpha:
        return "alpha"
    if track.pixels not in PIXELS:
        return f"pixel format {track.pixels}"
    a, b, c, d = track.matrix or (1, 0, 0, 1)
    if (a, b) != (d, -c) or (a and b):
        return "a mirrored or slanted picture"
    return ""


def decode_pyav(track: Track, indices: NDArray[np.int64]) -> Images:
    """Decode a whole track with PyAV, converting only the chosen frames.

    Raises:
        GaiaJudgeError: A frame is damaged, missing or of another size than the first.
        RecountError: The frames' times are not those of ``track``.
    """
    wanted = set(indices.tolist())
    times: list[int] = []
    images: list[Images] = []
    for frame in _frames(track):
        if frame.is_corrupt:
            raise _damaged(track, f"frame {len(times)} is damaged")
        if len(times) in wanted:
            images.append(_upright(_rgb(frame), track.matrix))
        times.append(frame.pts if frame.pts is not None else frame.dts or 0)
    if len(times) < len(track.times) and track.codec not in HIDDEN:
        raise _damaged(track, f"only {len(times)} of {len(track.times)} frames can be decoded")
    if track.container == "avi":
        times.sort()  # AVI knows no presentation times, and FFmpeg's guess fails on H.264 with B-frames.
    if times != sorted(times):
        raise _damaged(track, "its frames are not in the order of their times")
    if not np.array_equal(times, track.times):
        raise RecountError(np.array(times, np.int64))
    if len({image.shape for image in images}) > 1:
        raise _damaged(track, "the picture changes its size on the way")
    return np.stack(images)


def decode_decord(track: Track, indices: NDArray[np.int64]) -> Images:
    """Decode a track up to the last chosen frame with decord; what is damaged behind it stays unseen.

    Raises:
        DoubtError: The track is not proven right with decord, or decord itself complains.
    """
    if reason := doubts(track):
        raise DoubtError(f"{track.path} has {reason}, on which decord is not proven right.", USE_AUTO)
    import decord

    failures = decord.DECORDError, decord.DECORDLimitReachedError, RuntimeError, AssertionError
    decord.logging.set_level(decord.logging.ERROR)
    try:
        with _stderr() as complaints:
            # Damage that decord covers up shows in nothing but what FFmpeg prints.
            reader = decord.VideoReader(str(track.path.absolute()), num_threads=1, fault_tol=1)
            starts = reader.get_frame_timestamp(range(len(reader)))[:, 0]
            images = np.stack([frame.asnumpy() for frame in _walk(reader, indices.tolist())])
    except failures as error:
        raise DoubtError(f"decord cannot decode {track.path}: {_last_line(str(error))}", USE_AUTO) from error
    if complaints:
        raise DoubtError(f"decord complains about {track.path}: {_last_line(complaints[-1])}", USE_AUTO)
    if images.shape[-1] != 3:
        # Where a processor pads narrow rows to 128 bytes, decord takes the padding for a fourth colour.
        raise DoubtError(f"decord reads {images.shape[-1]} colours instead of 3 in {track.path}.", USE_AUTO)
    _check_times(track, starts)
    return images


def decode_torchcodec(track: Track, indices: NDArray[np.int64]) -> Images:
    """Decode chosen frames with torchcodec 0.11 or later.

    Raises:
        GaiaJudgeError: It is not installed, or too old.
        DoubtError: It cannot decode the track by our rules.
    """
    try:
        from torchcodec.decoders import VideoDecoder
    except (ImportError, RuntimeError, OSError) as error:  # It finds no FFmpeg in many a way.
        raise GaiaJudgeError("torchcodec cannot be imported.", "Install gaia-judge[torchcodec].") from error
    if track.alpha:
        raise DoubtError(f"{track.path} has alpha, which torchcodec drops.", USE_AUTO)
    try:
        decoder = VideoDecoder(str(track.path.absolute()), dimension_order="NHWC", seek_mode="exact")
        if track.matrix and not hasattr(decoder.metadata, "rotation"):
            raise DoubtError(f"{track.path} is rotated, which torchcodec before 0.11 ignores.", USE_AUTO)
        batch = decoder.get_frames_at(indices=indices.tolist())
    except (RuntimeError, ValueError, IndexError) as error:
        raise DoubtError(f"torchcodec cannot decode {track.path}: {error}", USE_AUTO) from error
    if len(decoder) != len(track.times):
        raise DoubtError(f"torchcodec counts {len(decoder)} frames in {track.path}.", USE_AUTO)
    _check_times(track, batch.pts_seconds.numpy(), indices)
    images: Images = batch.data.numpy()
    return images


DECODERS: dict[str, Decode] = {"decord": decode_decord, "pyav": decode_pyav, "torchcodec": decode_torchcodec}
USE_AUTO = "Use the decoder auto."


def _frames(track: Track) -> "Iterator[VideoFrame]":
    from av.codec import CodecContext

    with opened(track.path) as (container, stream):
        codec = stream.codec_context
        if track.alpha and (name := WITH_ALPHA.get(codec.name)):
            codec = cast("VideoCodecContext", CodecContext.create(name, "r"))
            codec.extradata = stream.codec_context.extradata
        for packet in container.demux(stream):
            yield from codec.decode(packet if packet.size else None)


def _rgb(frame: "VideoFrame") -> Images:
    if not has_alpha(frame):
        return np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)
    rgba = frame.to_ndarray(format="rgba")
    return (rgba[..., :3].astype(np.uint16) * rgba[..., 3:] // 255).astype(np.uint8)


def _upright(image: Images, matrix: tuple[int, int, int, int] | None) -> Images:
    """Turn and mirror an image as the display matrix says: x' = ax + cy, y' = bx + dy."""
    a, b, c, d = matrix or (1, 0, 0, 1)
    if abs(b) > abs(a):
        image, a, d = image.swapaxes(0, 1), c, b
    return image[:: -1 if d < 0 else 1, :: -1 if a < 0 else 1]


def _walk(reader: Any, indices: list[int]) -> Iterator[Any]:
    """Yield frames of a decord reader without ever seeking.

    It seeks to wrong frames where groups are open, key frames no sync samples or frame rates variable.
    ``skip_frames`` decodes without converting, but seeks when it crosses a key frame: the frame before each
    key frame is read instead.
    """
    keys, position = reader.get_key_indices(), 0
    for index in indices:
        while position < index:
            last = next((key - 1 for key in keys if position < key <= index), index)
            if position < last:
                reader.skip_frames(last - position)
                position = last
            else:
                reader.next()
                position += 1
        yield reader.next()
        position += 1


@contextmanager
def _stderr() -> Iterator[list[str]]:
    """Collect the lines that native code writes to standard error; the list is filled when the block ends."""
    lines: list[str] = []
    kept = os.dup(2)
    with tempfile.TemporaryFile("w+", errors="replace") as heard:
        os.dup2(heard.fileno(), 2)
        try:
            yield lines
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            heard.seek(0)
            lines.extend(heard.read().splitlines())


def _check_times(track: Track, starts: NDArray[Any], indices: NDArray[np.int64] | None = None) -> None:
    """Raise if a library places frames elsewhere, be it from the file's zero or from the first frame."""
    seconds = track.seconds if indices is None else track.seconds[indices]
    for zero in (track.times[0] * track.tick, 0.0):
        # decord counts in single precision.
        if len(starts) == len(seconds) and np.allclose(starts, seconds + zero, rtol=1e-6, atol=1e-3):
            return
    raise DoubtError(f"{track.path} has frames at other times than its container says.", USE_AUTO)


def _damaged(track: Track, what: str) -> GaiaJudgeError:
    return GaiaJudgeError(f"{track.path} is damaged: {what}.", "Copy or generate it again.")


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["no reason given"])[-1].split("] ")[-1]
