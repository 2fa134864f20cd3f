"""Full tables inside a page, packed so that its script can unpack them into files."""

import base64
import gzip
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Download:
    """A table that a page gives away."""

    name: str
    """Of the file."""
    rows: int
    """Lines below the header."""
    size: str
    """Of the unpacked file, for people."""
    packed: str
    """The file, gzip in base64: no letter of it can end a script element."""


def pack(name: str, text: str) -> Download:
    """Return a CSV table ready for a page; the same text gives the same letters.

    >>> pack("scores.csv", "video,score\\na,1\\nb,2\\n").rows
    2
    """
    raw = text.encode(errors="replace")
    packed = base64.b64encode(gzip.compress(raw, 9, mtime=0)).decode()
    return Download(name, max(0, len(text.splitlines()) - 1), size_text(len(raw)), packed)


def downloads(data: Mapping[str, str]) -> list[Download]:
    """Return all tables of a page, in their order."""
    return [pack(name, text) for name, text in data.items()]


def size_text(size: int) -> str:
    """Return a number of bytes for people.

    >>> size_text(812), size_text(45_300), size_text(2_512_000)
    ('812 bytes', '45 kB', '2.5 MB')
    """
    if size < 1000:
        return f"{size} bytes"
    return f"{size / 1e3:.0f} kB" if size < 999_500 else f"{size / 1e6:.1f} MB"
