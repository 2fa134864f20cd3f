"""Video tracks as their container describes them, read without decoding."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from gaia_judge.errors import GaiaJudgeError
from gaia_judge.frames.specs import FrameSpec
from gaia_judge.videos.origins import is_tagged

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

# FFmpeg would also follow playlists and concat scripts that are named like videos, to any file or host.
DEMUXERS = "mov,matroska,avi,gif,mpegts,mpeg,flv,asf,ogg,apng"


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """The video track of a file. Times are in ``tick`` seconds, as the container counts them."""

    path: Path
    container: str
    codec: str
    pixels: str
    """FFmpeg's name of the pixel format, such as ``yuv420p``."""
    width: int
    height: int
    tick: float
    times: NDArray[np.int64]
    """Presentation time of every frame, rising, shape [N]."""
    end: int
    """When the last frame leaves the screen."""
    alpha: bool
    """Whether pixels may be transparent, be it in the track or, as in WebM, beside it."""
    matrix: tuple[int, int, int, int] | None
    """How a player must turn the picture: the display matrix's a, b, c, d in 1/65536; None for upright."""
    synthetic: bool
    """Whether the container says that the clip is of the synthetic world."""

    @property
    def seconds(self) -> NDArray[np.float64]:
        """Presentation times counted from the first frame, shape [N]."""
        return np.asarray((self.times - self.times[0]) * self.tick, np.float64)

    @property
    def duration(self) -> float:
        """Seconds from the first frame's start to the last one's end."""
        return float((self.end - self.times[0]) * self.tick)


@contextmanager
def opened(path: Path) -> "Iterator[tuple[InputContainer, VideoStream]]":
    """Open a file and find its video stream; what FFmpeg complains about becomes an error naming the file."""
    import av

    try:
        options = {"format_whitelist": DEMUXERS, "protocol_whitelist": "file"}
        with av.open(str(path.absolute()), options=options, metadata_errors="replace") as container:
            stream = cast("VideoStream | None", container.streams.best("video"))
            if stream is None or stream.disposition & stream.disposition.attached_pic:
                raise GaiaJudgeError(f"{path} has no video stream.", "Is it an audio file?")
            stream.codec_context.thread_count = 1  # Parallel are the videos; threads only cost memory.
            yield container, stream
    except (av.FFmpegError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise GaiaJudgeError(f"{path} cannot be decoded: {reason}.", "Does it play elsewhere?") from error


def check_memory(*, path: Path, width: int, height: int, count: int, spec: FrameSpec) -> None:
    """Refuse frames before they are allocated; a decoder holds one more at the least.

    Raises:
        GaiaJudgeError: They need more memory than the spec allows.
    """
    gib = width * height * 3 * (count + 1) / 2**30
    if gib > spec.memory_gib:
        raise GaiaJudgeError(
            f"{path} needs {gib:.2f} GiB of memory for {count} frames of {width}x{height},"
            f" more than memory_gib={spec.memory_gib:g}.",
            "Take fewer frames or raise memory_gib.",
        )


def read_track(path: Path, spec: FrameSpec) -> Track:
    """Read what the container says of its video track, packet by packet.

    Args:
        path: A video file.
        spec: For its limit on memory.

    Raises:
        GaiaJudgeError: It is no video, ends before what its header promises, or is absurdly big.
    """
    if not path.is_file():
        raise GaiaJudgeError(f"There is no file {path}.", "Check the path.")
    with opened(path) as (container, stream):
        check_memory(path=path, width=stream.width, height=stream.height, count=1, spec=spec)
        packets, first = _scan(container, stream)
        shown = [packet for packet in packets if packet.shown]
        if first is None or not shown or stream.time_base is None:
            raise GaiaJudgeError(f"{path} has no frames.", "Was it written to the end?")
        times = np.sort([packet.time for packet in shown])
        usual = round(float(np.diff(times).mean())) if len(times) > 1 else 0
        track = Track(
            path=path,
            container=container.format.name,
            codec=stream.codec_context.name,
            pixels=first.format.name,
            width=first.width,
            height=first.height,
            tick=float(stream.time_base),
            times=times,
            end=max(packet.time + (packet.length or usual) for packet in shown),
            alpha=has_alpha(first) or stream.metadata.get("alpha_mode") == "1",
            matrix=_matrix(first),
            synthetic=is_tagged(container.metadata),
        )
        _check_whole(track, container, stream, packets)
    return track


class _Packet(NamedTuple):
    time: int
    length: int
    shown: bool
    corrupt: bool


def _scan(container: "InputContainer", stream: "VideoStream") -> "tuple[list[_Packet], VideoFrame | None]":
    """Return what is known of each packet, without its data, and the first frame."""
    packets: list[_Packet] = []
    first: VideoFrame | None = None
    for packet in container.demux(stream):
        if first is None:
            first = next(iter(packet.decode()), None)
        if packet.size:
            # AVI stores no presentation times; where frames are not reordered, decoding times are the same.
            time = packet.pts if packet.pts is not None else packet.dts
            length, shown = packet.duration or 0, not packet.is_discard
            packets.append(_Packet(time or 0, length, shown, packet.is_corrupt))
    return packets, first


def has_alpha(frame: "VideoFrame") -> bool:
    """Return whether a frame's pixel format has an alpha channel."""
    return any(component.is_alpha for component in frame.format.components)


def _matrix(frame: "VideoFrame") -> tuple[int, int, int, int] | None:
    """Return a, b, c and d of a frame's display matrix: x' = ax + cy, y' = bx + dy."""
    side: Any = frame.side_data  # PyAV's stub leaves the matrix out.
    if "DISPLAYMATRIX" not in side:
        return None
    a, b, _, c, d = np.frombuffer(bytes(side["DISPLAYMATRIX"]), np.int32)[:5].tolist()
    return a, b, c, d


def _check_whole(
    track: Track, container: "InputContainer", stream: "VideoStream", packets: list[_Packet]
) -> None:
    """Raise if a file holds fewer frames (MP4, AVI) or seconds (Matroska) than promised, or no end (GIF)."""
    # The index of an MP4 leaves out what an edit list cuts away, the header's number does not.
    mov = "mov" in container.format.name
    read, promised = len(packets), len(stream.index_entries) if mov else stream.frames
    if any(packet.corrupt for packet in packets):
        raise _broken(track.path, f"frame {read} of {promised or 'an unknown number'} is cut short")
    if read < promised:
        raise _broken(track.path, f"{read} of {promised} frames are there")
    seconds = _promised_seconds(container, stream)
    frame = track.duration / len(track.times)
    if seconds is not None and track.end * track.tick < seconds - 1.5 * frame:
        raise _broken(track.path, f"{track.duration:.2f} of {seconds:.2f} seconds are there")
    if track.container == "gif" and not track.path.read_bytes().rstrip(b"\0").endswith(b";"):
        raise _broken(track.path, f"the trailer behind frame {read} is missing")


def _promised_seconds(container: "InputContainer", stream: "VideoStream") -> float | None:
    """Return when a Matroska header says that the video ends; other containers only repeat what they hold."""
    if "matroska" not in container.format.name:
        return None
    if tag := stream.metadata.get("DURATION"):
        hours, minutes, seconds = tag.split(":")
        return int(hours) * 3600 + int(minutes) * 60 + float(seconds)
    alone = len(container.streams) == 1
    return container.duration / 1e6 if alone and container.duration is not None else None


def _broken(path: Path, what: str) -> GaiaJudgeError:
    return GaiaJudgeError(f"{path} breaks off: {what}.", "Copy or generate it again.")
