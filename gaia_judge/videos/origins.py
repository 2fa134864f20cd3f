"""Where a clip says it comes from: the tag in the container of every clip of the synthetic world."""

from collections.abc import Mapping
from pathlib import Path

SYNTHETIC_TAG = ("comment", "synthetic: drawn by gaia-judge, no evidence about real videos")
"""Key and value in the container's metadata; ``comment`` is a key that MP4 keeps without being asked."""


def is_tagged(metadata: Mapping[str, str]) -> bool:
    """Return whether a container's metadata say that its clip is synthetic.

    >>> is_tagged({"comment": "synthetic: drawn by gaia-judge, no evidence about real videos"})
    True
    >>> is_tagged({"title": "synthetic"})
    False
    """
    key, value = SYNTHETIC_TAG
    return metadata.get(key) == value


def is_synthetic(path: Path) -> bool:
    """Return whether a file carries the synthetic tag, whatever its name; False where it cannot be read."""
    import av

    # Synthetic clips are MP4; FFmpeg's other demuxers might follow a playlist to any file or host.
    options = {"format_whitelist": "mov", "protocol_whitelist": "file"}
    try:
        with av.open(str(path.absolute()), options=options, metadata_errors="replace") as container:
            return is_tagged(container.metadata)
    except (av.FFmpegError, UnicodeDecodeError):
        return False
