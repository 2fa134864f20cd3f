"""Frames of a video: how they are chosen, decoded and carried.

From above: ``Decoders`` (``pools``) runs ``sample`` (``samples``) in ``workers``; ``sample`` asks ``tracks``
what the file holds, ``specs`` which frames to take, and one of ``decoders`` for their pixels.
"""

from gaia_judge.frames.pools import Decoders, decode
from gaia_judge.frames.samples import sample, subset
from gaia_judge.frames.sheets import contact_sheet
from gaia_judge.frames.specs import Frames, FrameSpec, frames_text, middles

__all__ = [
    "Decoders",
    "FrameSpec",
    "Frames",
    "contact_sheet",
    "decode",
    "frames_text",
    "middles",
    "sample",
    "subset",
]
