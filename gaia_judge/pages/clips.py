"""Clips small enough to stand in a page by the dozen: H.264 in MP4, which every browser plays."""

import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from gaia_judge.errors import GaiaJudgeError
from gaia_judge.frames import Decoders, FrameSpec
from gaia_judge.frames.decoders import RecountError, decode_pyav
from gaia_judge.frames.tracks import Track, check_memory, read_track
from gaia_judge.videos import Video
from gaia_judge.videos.origins import SYNTHETIC_TAG

if TYPE_CHECKING:
    from av.container import OutputContainer
    from av.video.stream import VideoStream

WIDTH, HEIGHT, FPS, SECONDS = 480, 360, 16.0, 6.0
"""The most that a clip may have."""

TRIES = ((1.0, 26), (1.0, 30), (1.0, 34), (0.75, 34), (0.5, 36), (0.35, 42))
"""Share of the picture's size and constant rate factor, from good to small: a small picture is easier to
look at than one of blocks."""

BT601, BT709, LIMITED = 6, 1, 1
"""FFmpeg's numbers of colour matrices and ranges. Untagged, browsers guess."""

Images = NDArray[np.uint8]


def clip_bytes(path: Path, *, budget: int) -> bytes:
    """Return a video re-encoded for a page, decoded and encoded in a process that may crash.

    At most its first 6 seconds at 16 frames per second, 480 pixels wide and 360 high, without sound.
    The same file gives the same bytes. Clips of the synthetic world keep their tag.

    Args:
        path: A video file.
        budget: The most bytes it may have.

    Raises:
        GaiaJudgeError: It cannot be decoded, or does not fit.
    """
    ((_, answer),) = read_clips([path], budget=budget)
    if isinstance(answer, GaiaJudgeError):
        raise answer
    return answer


def read_clips(paths: Iterable[Path], *, budget: int) -> Iterator[tuple[Path, bytes | GaiaJudgeError]]:
    """Yield each path with its clip as of ``clip_bytes``, or the error, all from one process."""
    videos = (Video(id=str(path), path=path) for path in paths)
    # Decoders carries whatever arrays a function makes of a video.
    function = cast(Any, partial(_recode, budget=budget))
    with Decoders(FrameSpec(), processes=1, decode=function) as decoders:
        for video, answer in decoders.stream(videos):
            if isinstance(answer, GaiaJudgeError):
                yield video.path, answer
            else:
                yield video.path, cast(Any, answer)["clip"].tobytes()


def fitted(width: int, height: int) -> tuple[int, int]:
    """Return the size of a clip, even and never enlarged.

    >>> fitted(720, 1280), fitted(1280, 720), fitted(97, 65)
    ((202, 360), (480, 270), (96, 64))
    """
    share = min(1.0, WIDTH / width, HEIGHT / height)
    return _even(width * share), _even(height * share)


def _recode(path: Path, spec: FrameSpec, *, budget: int) -> dict[str, Images]:
    track = read_track(path, spec)
    try:
        images, fps = _taken(track, spec)
    except RecountError as recount:
        track = replace(track, times=recount.times)
        images, fps = _taken(track, spec)
    for share, crf in TRIES:
        clip = _encoded(_resized(images, share), fps, crf, track.synthetic)
        if len(clip) <= budget:
            return {"clip": np.frombuffer(clip, np.uint8)}
    what = f"{path} cannot be made smaller than {len(clip):,} bytes, more than the {budget:,} of a clip."
    raise GaiaJudgeError(what, "Raise the budget, or show fewer clips.")


def _taken(track: Track, spec: FrameSpec) -> tuple[Images, Fraction]:
    """Return frames at an even pace and their rate; where the video's own pace is uneven, some repeat."""
    usual = len(track.times) / track.duration if track.duration > 0 else 1.0
    fps = Fraction(min(FPS, max(1.0, usual))).limit_denominator(1001)
    count = max(1, round(min(track.duration, SECONDS) * fps))
    indices = np.searchsorted(track.seconds, (np.arange(count) + 0.5) / float(fps), side="right") - 1
    wanted, places = np.unique(indices, return_inverse=True)
    check_memory(path=track.path, width=track.width, height=track.height, count=len(wanted), spec=spec)
    return decode_pyav(track, wanted)[places], fps


def _resized(images: Images, share: float) -> list[Images]:
    from PIL import Image

    width, height = fitted(images.shape[2], images.shape[1])
    size = _even(width * share), _even(height * share)
    return [np.asarray(Image.fromarray(image).resize(size, Image.Resampling.LANCZOS)) for image in images]


def _encoded(images: list[Images], fps: Fraction, crf: int, synthetic: bool) -> bytes:
    import av

    # Only a real file lets FFmpeg move the index to the front once it is known.
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clip.mp4"
        options = {"movflags": "+faststart", "fflags": "+bitexact"}
        with av.open(str(path), "w", format="mp4", options=options) as container:
            if synthetic:
                container.metadata[SYNTHETIC_TAG[0]] = SYNTHETIC_TAG[1]
            height, width = images[0].shape[:2]
            stream = _stream(container, fps, (width, height), crf)
            for image in images:
                frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24")
                # swscale's number of BT.601 is 5.
                frame = frame.reformat(format="yuv420p", dst_colorspace=5, dst_color_range=LIMITED)
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        return path.read_bytes()


def _stream(container: "OutputContainer", fps: Fraction, size: tuple[int, int], crf: int) -> "VideoStream":
    # As in gaia_judge.synthetic.encoders: bytes must depend neither on the cores nor on their kind.
    options = {"crf": str(crf), "preset": "medium", "threads": "1", "x264-params": "cpu-independent=1"}
    stream = container.add_stream("libx264", rate=fps, options=options)
    stream.width, stream.height = size
    stream.pix_fmt = "yuv420p"
    codec = stream.codec_context
    codec.colorspace, codec.color_range = BT601, LIMITED
    codec.color_primaries, codec.color_trc = BT709, BT709
    return stream


def _even(size: float) -> int:
    return max(2, 2 * int(size / 2 + 1e-6))
