"""Videos spoilt in many ways, for tests of what decodes them; one seed spoils alike everywhere."""

import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

from tests.clips import FORMATS, write_format

SOURCES = ("h264", "h264-b", "hevc", "av1", "h264-mkv", "vp9", "vp8", "mpeg4", "mjpeg", "mpeg2", "ts", "gif")
"""Formats of ``tests.clips`` that are spoilt."""

EXTREMES = (0, 1, 0x7F, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFF0, 0xFFFFFFFF)

Spoil = Callable[[Random, bytes, bytes], bytes]


def write_sources(folder: Path) -> list[Path]:
    """Encode a short clip in each of ``SOURCES``."""
    return [write_format(folder, name, frames=12) for name in SOURCES if name in FORMATS]


def write_spoilt(
    folder: Path, sources: list[Path], count: int, seed: int, *, step: int = 1
) -> Iterator[Path]:
    """Write spoilt copies, all kinds of damage and all sources in turn; the names tell which.

    Each kind of damage is done to one source before the next source's turn.

    Args:
        folder: Where they are written.
        sources: Sound videos.
        count: How many copies.
        seed: Of what is drawn.
        step: Write only every so many of the numbered copies; with one more than there are kinds of damage,
            few copies are of all kinds and all sources.
    """
    whole = {path: path.read_bytes() for path in sources}
    for number in range(0, count * step, step):
        random = Random(f"{seed}-{number}")
        source = sources[number // len(SPOILS) % len(sources)]
        kind = list(SPOILS)[number % len(SPOILS)]
        data = SPOILS[kind](random, whole[source], whole[random.choice(sources)])
        path = folder / f"{number:05d}-{kind}-{source.stem}{source.suffix}"
        path.write_bytes(data)
        yield path


def write_bombs(folder: Path, plain: bytes) -> list[Path]:
    """Write small files that claim to be absurdly big, long or deep; ``plain`` is an MP4 of H.264."""
    paths = []
    for name, data in bombs(plain).items():
        paths.append(folder / name)
        paths[-1].write_bytes(data)
    return paths


def _cut(random: Random, data: bytes, _: bytes) -> bytes:
    return data[: random.randrange(len(data))]


def _behead(random: Random, data: bytes, _: bytes) -> bytes:
    return data[random.randrange(1, min(len(data), 2000)) :]


def _flip(random: Random, data: bytes, _: bytes, first: int = 0, last: int | None = None) -> bytes:
    spoilt = bytearray(data)
    for _ in range(2 ** random.randrange(7)):
        spoilt[random.randrange(first, len(data) if last is None else last)] ^= 1 << random.randrange(8)
    return bytes(spoilt)


def _flip_head(random: Random, data: bytes, other: bytes) -> bytes:
    return _flip(random, data, other, last=min(len(data), 600))


def _flip_index(random: Random, data: bytes, other: bytes) -> bytes:
    """Spoil the last bytes, where an MP4 that was written in one go has its header, and others an index."""
    return _flip(random, data, other, first=max(0, len(data) - 900))


def _overwrite(random: Random, data: bytes, _: bytes) -> bytes:
    start, size = random.randrange(len(data)), 2 ** random.randrange(1, 11)
    noise = random.choice([bytes(size), b"\xff" * size, random.randbytes(size)])
    return (data[:start] + noise + data[start + size :])[: len(data)]


def _number(random: Random, data: bytes, _: bytes) -> bytes:
    """Put extreme numbers where sizes, counts and times may stand."""
    spoilt = bytearray(data)
    head, tail = range(min(len(data), 800) - 4), range(max(0, len(data) - 900), len(data) - 4)
    for _ in range(random.randrange(1, 5)):
        order = random.choice("<>")
        struct.pack_into(
            f"{order}I", spoilt, random.choice(random.choice([head, tail])), random.choice(EXTREMES)
        )
    return bytes(spoilt)


def _splice(random: Random, data: bytes, other: bytes) -> bytes:
    """Join one file's beginning and another's end."""
    return other[: random.randrange(len(other))] + data[random.randrange(len(data)) :]


def _exchange_heads(random: Random, data: bytes, other: bytes) -> bytes:
    size = random.choice([32, 64, 256, 1024])
    return other[:size] + data[size:]


def _swap(random: Random, data: bytes, _: bytes) -> bytes:
    first, second, third = sorted(random.randrange(len(data)) for _ in range(3))
    return data[:first] + data[second:third] + data[first:second] + data[third:]


def _repeat(random: Random, data: bytes, _: bytes) -> bytes:
    first, last = sorted(random.randrange(len(data)) for _ in range(2))
    return data[:last] + data[first:last] * random.choice([1, 2, 50]) + data[last:]


def _drop(random: Random, data: bytes, _: bytes) -> bytes:
    start = random.randrange(len(data))
    return data[:start] + data[start + random.randrange(1, 400) :]


SPOILS: dict[str, Spoil] = {
    "cut": _cut,
    "behead": _behead,
    "flip": _flip,
    "flip_head": _flip_head,
    "flip_index": _flip_index,
    "overwrite": _overwrite,
    "number": _number,
    "splice": _splice,
    "heads": _exchange_heads,
    "swap": _swap,
    "repeat": _repeat,
    "drop": _drop,
}


def bombs(plain: bytes) -> dict[str, bytes]:
    """Return small files that claim absurd things, by name."""
    frames = {f"frames-{count}.mp4": claim_frames(plain, count) for count in (10**6, 10**8, 2**32 - 1)}
    sizes = {f"size-{side}.mp4": claim_size(plain, side, side) for side in (30_000, 65_535)}
    streams = {f"stream-{side}.mp4": claim_stream(plain, side, side) for side in (8_000, 16_000, 30_000)}
    return {
        **frames,
        **sizes,
        **streams,
        "screen.gif": gif(65_535, 65_535, 1),
        "screens.gif": gif(20_000, 20_000, 50),
        "moments.gif": gif(16, 16, 100_000),
        "picture.mp4": png(30_000, 30_000),
        "smaller-picture.mp4": png(12_000, 12_000),
        "slow.mp4": claim_frames(plain, 12, delta=2**31 - 1),
        "nested.mp4": plain[:32] + _nested(20_000),
        "list.mp4": b"ffconcat version 1.0\nfile /etc/passwd\n",
        "playlist.mp4": b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n",
        "session.mp4": b"v=0\nm=video 5004 RTP/AVP 96\nc=IN IP4 127.0.0.1\na=rtpmap:96 H264/90000\n",
    }


def claim_frames(plain: bytes, count: int, delta: int = 1) -> bytes:
    """Return an MP4 whose index claims so many frames of a byte each, ``delta`` ticks long."""
    data = bytearray(plain)
    struct.pack_into(">III", data, data.index(b"stts") + 8, 1, count, delta)
    struct.pack_into(">IIII", data, data.index(b"stsc") + 8, 1, 1, count, 1)
    struct.pack_into(">II", data, data.index(b"stsz") + 8, 1, count)
    return bytes(data)


def claim_size(plain: bytes, width: int, height: int) -> bytes:
    """Return an MP4 whose header claims a size, which its stream does not have."""
    data = bytearray(plain)
    struct.pack_into(">HH", data, data.index(b"avc1") + 28, width, height)
    return bytes(data)


def claim_stream(plain: bytes, width: int, height: int) -> bytes:
    """Return an MP4 whose H.264 parameters claim a size, which its header does not."""
    place = plain.index(b"avcC")
    start = place + 12  # behind version, profile and length size: the count, then each length and parameters
    (size,) = struct.unpack_from(">H", plain, start - 2)
    parameters = _parameters(width, height)
    data = bytearray(
        plain[: start - 2] + struct.pack(">H", len(parameters)) + parameters + plain[start + size :]
    )
    for box in (b"avcC", b"avc1", b"stsd", b"stbl", b"minf", b"mdia", b"trak", b"moov"):
        at = data.rindex(box, 0, place + 4) - 4
        (old,) = struct.unpack_from(">I", data, at)
        struct.pack_into(">I", data, at, old + len(parameters) - size)
    return bytes(data)


def _parameters(width: int, height: int) -> bytes:
    """Return H.264 sequence parameters, baseline profile, level 6.2."""
    bits = "".join(
        [
            *(_golomb(value) for value in (0, 0, 2, 1)),  # id, frame number bits, order type, references
            "0",
            *(_golomb(-(-side // 16) - 1) for side in (width, height)),
            "1100" + "1",  # frames only, direct 8x8; no cropping, no more; the stop bit
        ]
    )
    bits += "0" * (-len(bits) % 8)
    return b"\x67\x42\x00\x3e" + int(bits, 2).to_bytes(len(bits) // 8)


def _golomb(value: int) -> str:
    text = f"{value + 1:b}"
    return "0" * (len(text) - 1) + text


def gif(width: int, height: int, frames: int) -> bytes:
    """Return a GIF of one dark pixel per frame on a screen of some size."""
    frame = b"!\xf9\x04\x04\x01\x00\x00\x00,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0"
    head = b"GIF89a" + struct.pack("<HH", width, height) + b"\x80\0\0\0\0\0\xff\xff\xff"
    return head + frame * frames + b";"


def png(width: int, height: int) -> bytes:
    """Return a black picture; zeros shrink to a thousandth."""
    packer = zlib.compressobj(9)
    rows = packer.compress(bytes(1 + width))
    packed = rows + b"".join(packer.compress(bytes(1 + width)) for _ in range(height - 1)) + packer.flush()
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    parts = [(b"IHDR", head), (b"acTL", struct.pack(">II", 1, 0))]
    parts += [(b"fcTL", struct.pack(">IIIIIHHBB", 0, width, height, 0, 0, 1, 10, 0, 0))]
    parts += [(b"IDAT", packed), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, body) for name, body in parts)


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def _nested(depth: int) -> bytes:
    return b"".join(struct.pack(">I", 8 * (depth - at)) + b"moov" for at in range(depth))
