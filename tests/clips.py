"""Real video files for the tests, with a number drawn into each frame so that a test knows which it got."""

import struct
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

BITS = 6
"""Frames are numbered with so many bits, most significant first, as light or dark blocks along the middle."""

X265 = {"x265-params": "log-level=none:keyint=10"}

FORMATS = {
    "h264": {"suffix": ".mp4", "codec": "libx264", "options": {"bf": "0", "g": "10"}},
    "h264-b": {"suffix": ".mp4", "codec": "libx264", "options": {"bf": "3", "g": "12", "b_strategy": "0"}},
    "h264-vfr": {"suffix": ".mp4", "codec": "libx264", "options": {"bf": "2", "g": "12"}, "irregular": True},
    "h264-open": {
        "suffix": ".mp4",
        "codec": "libx264",
        "options": {"x264-params": "open-gop=1:keyint=12:bframes=3:b-adapt=0:scenecut=0"},
    },
    "h264-scenes": {
        "suffix": ".mp4",
        "codec": "libx264",
        "options": {"preset": "veryfast", "bf": "0", "x264-params": "keyint=250:scenecut=40:ref=1:weightp=2"},
        "irregular": True,
    },
    "h264-mov": {"suffix": ".mov", "codec": "libx264", "options": {"g": "10"}},
    "h264-mkv": {"suffix": ".mkv", "codec": "libx264", "options": {"bf": "2", "g": "10"}},
    "h264-mkv-vfr": {"suffix": ".mkv", "codec": "libx264", "options": {"g": "10"}, "irregular": True},
    "h264-odd": {"suffix": ".mp4", "codec": "libx264", "pixels": "yuv444p", "size": (97, 65)},
    "h264-444": {"suffix": ".mp4", "codec": "libx264", "pixels": "yuv444p"},
    "h264-10bit": {"suffix": ".mp4", "codec": "libx264", "pixels": "yuv420p10le"},
    "h264-grey": {"suffix": ".mp4", "codec": "libx264", "pixels": "gray"},
    "h264-full": {"suffix": ".mp4", "codec": "libx264", "matrix": "bt709", "full": True},
    "h264-709": {"suffix": ".mp4", "codec": "libx264", "matrix": "bt709"},
    "h264-601": {"suffix": ".mp4", "codec": "libx264", "matrix": "smpte170m"},
    "h264-90": {"suffix": ".mp4", "codec": "libx264", "rotation": 90},
    "h264-180": {"suffix": ".mp4", "codec": "libx264", "rotation": 180},
    "h264-270": {"suffix": ".mov", "codec": "libx264", "rotation": 270, "options": {"bf": "2"}},
    "hevc": {"suffix": ".mp4", "codec": "libx265", "options": X265},
    "hevc-closed": {
        "suffix": ".mp4",
        "codec": "libx265",
        "options": {"x265-params": "log-level=none:keyint=10:open-gop=0"},
    },
    "hevc-10bit": {"suffix": ".mkv", "codec": "libx265", "pixels": "yuv420p10le", "options": X265},
    "av1": {
        "suffix": ".mp4",
        "codec": "libsvtav1",
        "options": {"preset": "8", "crf": "5", "g": "10"},
    },
    "vp9": {"suffix": ".webm", "codec": "libvpx-vp9", "options": {"g": "10", "deadline": "realtime"}},
    "vp9-altref": {
        "suffix": ".webm",
        "codec": "libvpx-vp9",
        "options": {"g": "12", "auto-alt-ref": "1", "lag-in-frames": "12", "cpu-used": "5"},
    },
    "vp8": {
        "suffix": ".webm",
        "codec": "libvpx",
        "options": {"g": "12", "auto-alt-ref": "1", "lag-in-frames": "8"},
    },
    "h264-b-avi": {"suffix": ".avi", "codec": "libx264", "options": {"bf": "3"}},
    "mpeg4": {"suffix": ".avi", "codec": "mpeg4", "options": {"g": "10"}},
    "mpeg4-b": {"suffix": ".mp4", "codec": "mpeg4", "options": {"g": "10", "bf": "2"}},
    "mpeg4-b-avi": {"suffix": ".avi", "codec": "mpeg4", "options": {"g": "10", "bf": "2"}},
    "mjpeg": {"suffix": ".avi", "codec": "mjpeg", "pixels": "yuvj420p"},
    "mpeg2": {"size": (96, 64), "suffix": ".mpg", "codec": "mpeg2video", "rate": 25, "options": {"bf": "2"}},
    "ts": {"suffix": ".ts", "codec": "libx264", "options": {"bf": "3", "g": "10"}},
    "gif": {"suffix": ".gif", "codec": "gif", "pixels": "rgb8"},
}
"""Formats that a test may ask ``write_clip`` for."""


def draw(number: int, size: tuple[int, int] = (128, 64)) -> NDArray[np.uint8]:
    """Return frame ``number``: its bits as blocks, above them a reddish field, below them a greenish one."""
    width, height = size
    image = np.empty((height, width, 3), np.uint8)
    image[: height // 2] = (160, 60, 40)
    image[height // 2 :] = (40, 110, 80)
    rows = slice(height // 4, height - height // 4)
    for bit in range(BITS):
        light = number >> (BITS - 1 - bit) & 1
        image[rows, bit * width // BITS : (bit + 1) * width // BITS] = 225 if light else 30
    return image


def read_number(image: NDArray[np.uint8]) -> int:
    """Return the number drawn into a frame."""
    height, width = image.shape[:2]
    middle = image[height * 3 // 8 : height * 5 // 8].mean(axis=(0, 2))
    centres = [(2 * bit + 1) * width // (2 * BITS) for bit in range(BITS)]
    return int("".join(str(int(middle[centre] > 127)) for centre in centres), 2)


def write_clip(
    path: Path,
    *,
    frames: int = 40,
    codec: str = "libx264",
    pixels: str = "yuv420p",
    size: tuple[int, int] = (128, 64),
    rate: int = 10,
    seconds: Sequence[float] | None = None,
    rotation: int = 0,
    matrix: str = "",
    full: bool = False,
    options: dict[str, str] | None = None,
    container_options: dict[str, str] | None = None,
    comment: str = "",
) -> Path:
    """Encode numbered frames.

    Args:
        path: Its suffix chooses the container.
        frames: How many.
        codec: Encoder of FFmpeg.
        pixels: Pixel format.
        size: Width and height before rotation.
        rate: Frames per second, unless ``seconds`` is given.
        seconds: Presentation time of each frame, rounded to milliseconds.
        rotation: Counter-clockwise turn, in degrees, that a player must make.
        matrix: Colour matrix to convert with and to write into the tags; untagged BT.601 if empty.
        full: Whether to use the full range, 0 to 255.
        options: For the encoder.
        container_options: For the muxer.
        comment: Written into the container's metadata.
    """
    times = list(seconds) if seconds is not None else [number / rate for number in range(frames)]
    with av.open(str(path), "w", options=container_options or {}) as container:
        if comment:
            container.metadata["comment"] = comment
        stream = container.add_stream(codec, rate=rate, options=options or {})
        stream.width, stream.height = size
        stream.pix_fmt = pixels
        # GIF counts in hundredths, AVI in whole frames: they cannot hold milliseconds.
        tick = Fraction(1, 1000) if path.suffix in {".mp4", ".mov", ".mkv", ".webm"} else Fraction(1, rate)
        stream.codec_context.time_base = tick
        if matrix:
            stream.codec_context.colorspace = {"bt709": 1, "smpte170m": 6}[matrix]
            stream.codec_context.color_range = 2 if full else 1
        if rotation:
            stream.set_display_rotation(rotation)
        for number, moment in enumerate(times):
            picture = av.VideoFrame.from_ndarray(draw(number, size), format="rgb24")
            picture = picture.reformat(
                format=pixels,
                dst_colorspace=1 if matrix == "bt709" else 5,
                dst_color_range=2 if full else 0,
            )
            picture.pts, picture.time_base = round(moment / tick), tick
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    return path


def write_format(folder: Path, name: str, frames: int = 40) -> Path:
    """Encode numbered frames in one of ``FORMATS``."""
    settings = dict(FORMATS[name])
    path = folder / f"{name}{settings.pop('suffix')}"
    if settings.pop("irregular", False):
        settings["seconds"] = irregular(frames)
    return write_clip(path, frames=frames, **settings)


def irregular(frames: int) -> list[float]:
    """Return presentation times with gaps between 30 and 330 ms."""
    gaps = 0.03 + 0.3 * (np.arange(frames) * 7 % 11) / 10
    return [0.0, *np.cumsum(gaps)[:-1].round(3).tolist()]


def write_images(path: Path, images: NDArray[np.uint8], rate: int = 8) -> Path:
    """Encode given frames, shape [T, H, W, 3], as H.264 of high quality."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=rate, options={"crf": "10"})
        stream.height, stream.width = images.shape[1:3]
        stream.pix_fmt = "yuv420p"
        for image in images:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode(None))
    return path


def write_alpha(path: Path, codec: str, pixels: str) -> Path:
    """Encode numbered frames whose lower quarter is transparent."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=10)
        stream.width, stream.height, stream.pix_fmt = 128, 64, pixels
        for number in range(12):
            image = np.dstack([draw(number), np.full((64, 128), 255, np.uint8)])
            image[48:, :, 3] = 0
            picture = av.VideoFrame.from_ndarray(image, format="rgba").reformat(format=pixels)
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    return path


def write_sound(path: Path) -> Path:
    """Encode a second of silence."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=16000)
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 16000), np.float32), format="fltp", layout="mono")
        sound.sample_rate = 16000
        container.mux(stream.encode(sound))
        container.mux(stream.encode(None))
    return path


def cut(path: Path, share: float) -> Path:
    """Cut a file to a share of its bytes, as a broken download does."""
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    return path


def packets(path: Path) -> list[tuple[int, int]]:
    """Return where each packet of the video stands in a file, and its length."""
    with av.open(str(path)) as container:
        return [(packet.pos, packet.size) for packet in container.demux(video=0) if packet.size]


def spoil(path: Path, first: int, last: int) -> Path:
    """Overwrite the data of packets ``first`` to ``last`` with zeros, leaving the container whole."""
    data = bytearray(path.read_bytes())
    for position, size in packets(path)[first : last + 1]:
        data[position : position + size] = bytes(size)
    path.write_bytes(data)
    return path


def trim(path: Path, start: float, length: float) -> Path:
    """Show only a stretch of an MP4, in seconds, by its edit list, as phones trim videos."""
    data = bytearray(path.read_bytes())
    entry = data.index(b"elst") + 12
    (ticks,) = struct.unpack_from(">I", data, data.index(b"mdhd") + 16)
    (thousandths,) = struct.unpack_from(">I", data, data.index(b"mvhd") + 16)
    struct.pack_into(">II", data, entry, round(length * thousandths), round(start * ticks))
    path.write_bytes(data)
    return path


def scratch(path: Path, number: int, depth: float) -> Path:
    """Flip one byte of a packet's data: decoders go on and cover up what they cannot read."""
    data = bytearray(path.read_bytes())
    position, size = packets(path)[number]
    data[position + int(size * depth)] ^= 0xFF
    path.write_bytes(data)
    return path
