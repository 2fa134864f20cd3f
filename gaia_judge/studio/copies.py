"""Copies: each video as a file that every browser plays, unchanged where it is one already."""

import hashlib
import json
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from gaia_judge.errors import GaiaJudgeError
from gaia_judge.frames import Decoders, FrameSpec
from gaia_judge.frames.decoders import RecountError, decode_pyav
from gaia_judge.frames.tracks import Track, opened, read_track
from gaia_judge.scores.files import replacing
from gaia_judge.videos import Video
from gaia_judge.videos.origins import SYNTHETIC_TAG

if TYPE_CHECKING:
    from av.container import OutputContainer
    from av.video.stream import VideoStream

PLAYED = {("mov", "h264"): ".mp4", ("matroska", "vp8"): ".webm", ("matroska", "vp9"): ".webm"}
"""Container and codec that browsers play with eight bits, 4:2:0 and no alpha, and the suffix of the copy."""

PIXELS = ("yuv420p", "yuvj420p")

TYPES = {".mp4": "video/mp4", ".webm": "video/webm"}
"""Media types of copies."""

TICKS = 90_000
"""Per second, of the times of frames; uneven ones are kept."""

QUALITY = "14"
"""Constant rate factor: below what people tell from the original."""

PART = 2**30
"""Bytes of frames that are decoded at once."""

BT601, BT709, LIMITED = 6, 1, 1
"""FFmpeg's numbers of colour matrices and ranges. Untagged, browsers guess."""

LIMITS = FrameSpec(timeout_s=900.0, memory_gib=6.0)

Images = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Copy:
    """What became of a video; its file is written."""

    path: Path
    sha256: str
    original_sha256: str
    transcoded: bool
    seconds: float


def copy_videos(
    named: Iterable[tuple[Video, Path]], *, processes: int = 1
) -> Iterator[tuple[Video, Copy | GaiaJudgeError]]:
    """Yield each video with its copy, or with the error if it cannot be decoded, in order.

    MP4 with H.264 and .webm with VP8 or VP9, of 8 bits and 4:2:0, are copied byte for byte. Anything else is
    decoded by the rules that judges see frames by, and encoded as H.264 in MP4 with its index in front,
    every frame at its own time, without sound. Each is decoded in a process that may crash.

    Args:
        named: Videos, and the paths of their copies without suffix.
        processes: That decode and encode.

    Raises:
        GaiaJudgeError: A copy cannot be written.
    """
    pairs = list(named)
    decode = cast(Any, _prepare)  # Decoders carries whatever arrays a function makes of a video.
    with Decoders(LIMITS, processes=processes, decode=decode) as decoders:
        answers = decoders.stream(video for video, _ in pairs)
        for (video, answer), (_, stem) in zip(answers, pairs, strict=True):
            try:
                yield (
                    video,
                    answer if isinstance(answer, GaiaJudgeError) else _write(video, cast(Any, answer), stem),
                )
            except OSError as error:
                problem = GaiaJudgeError(
                    f"{video.path} cannot be read: {error.strerror}.", "Check its rights."
                )
                yield video, problem


def _write(video: Video, answer: dict[str, Images], stem: Path) -> Copy:
    facts = json.loads(answer["facts"].tobytes())
    path = stem.with_suffix(facts["suffix"])
    original, total = hashlib.sha256(), hashlib.sha256()
    with replacing(path) as out:
        with video.path.open("rb") as file:
            while block := file.read(2**20):
                original.update(block)
                if not facts["transcoded"]:
                    out.write(block)
        if facts["transcoded"]:
            total.update(clip := answer["clip"].tobytes())
            out.write(clip)
    copied = total if facts["transcoded"] else original
    return Copy(path, copied.hexdigest(), original.hexdigest(), facts["transcoded"], facts["seconds"])


def _prepare(path: Path, spec: FrameSpec) -> dict[str, Images]:
    """Return the copy of a video, empty where it is the file itself, and what is known of it as JSON."""
    track = read_track(path, spec)
    suffix = played_suffix(track)
    facts = {"suffix": suffix or ".mp4", "transcoded": suffix is None, "seconds": track.duration}
    clip = _transcode(track) if suffix is None else b""
    return {
        "clip": np.frombuffer(clip, np.uint8),
        "facts": np.frombuffer(json.dumps(facts).encode(), np.uint8),
    }


def played_suffix(track: Track) -> str | None:
    """Return the suffix under which browsers play a file as it is; None if they do not."""
    if track.alpha or track.pixels not in PIXELS:
        return None
    suffix = PLAYED.get((track.container.split(",")[0], track.codec))
    # Not every browser takes Matroska for WebM, or QuickTime for MP4.
    foreign = track.path.suffix.lower() != suffix if suffix == ".webm" else _is_quicktime(track.path)
    return None if foreign else suffix


def _is_quicktime(path: Path) -> bool:
    with opened(path) as (container, _):
        return container.metadata.get("major_brand", "").strip() == "qt"


def _transcode(track: Track) -> bytes:
    import av

    # Only a real file lets FFmpeg move the index to the front once it is known.
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clip.mp4"
        options = {"movflags": "+faststart", "fflags": "+bitexact"}
        with av.open(str(path), "w", format="mp4", options=options) as container:
            if track.synthetic:
                container.metadata[SYNTHETIC_TAG[0]] = SYNTHETIC_TAG[1]
            stream = None
            for image, second in _frames(track):
                stream = stream or _stream(container, image)
                frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24")
                size = {"width": stream.width, "height": stream.height}
                # swscale's number of BT.601 is 5.
                frame = frame.reformat(format="yuv420p", dst_colorspace=5, dst_color_range=LIMITED, **size)
                frame.pts, frame.time_base = round(second * TICKS), Fraction(1, TICKS)
                container.mux(stream.encode(frame))
            if stream:
                container.mux(stream.encode(None))
        return path.read_bytes()


def _frames(track: Track) -> Iterator[tuple[Images, float]]:
    """Yield each frame with its second; as many are decoded at once as memory allows."""
    count = len(track.times)
    part = max(1, PART // (3 * track.width * track.height))
    try:
        images = decode_pyav(track, np.arange(min(part, count)))
    except RecountError as recount:
        yield from _frames(replace(track, times=recount.times))
        return
    for first in range(0, count, part):
        if first:
            images = decode_pyav(track, np.arange(first, min(first + part, count)))
        yield from zip(images, track.seconds[first : first + part].tolist(), strict=True)


def _stream(container: "OutputContainer", image: Images) -> "VideoStream":
    # As in gaia_judge.synthetic.encoders: bytes must depend neither on the cores nor on their kind.
    options = {"crf": QUALITY, "preset": "medium", "threads": "1", "x264-params": "cpu-independent=1"}
    stream = container.add_stream("libx264", rate=30, options=options)
    stream.height, stream.width = (size + size % 2 for size in image.shape[:2])
    stream.pix_fmt = "yuv420p"
    codec = stream.codec_context
    codec.time_base = Fraction(1, TICKS)
    codec.colorspace, codec.color_range = BT601, LIMITED
    codec.color_primaries, codec.color_trc = BT709, BT709
    return stream
