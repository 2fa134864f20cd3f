"""Where a clip says it comes from: the tag in the container of every clip of the synthetic world."""

from collections.abc import Mapping

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
