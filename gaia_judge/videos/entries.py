"""One video, and the text known about it, made safe for prompts, journals and tables."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

VIDEO_MARK = "\ufffc"
"""Stands in a message where the frames go (U+FFFC, Unicode's object replacement character)."""

SUFFIXES = (".mp4", ".webm", ".mov", ".mkv", ".avi", ".gif")

TEXTS = ("prompt", "action", "generator", "category", "subset")

PARENTHESISED = re.compile(r"\((?P<generator>.+?)\)_\((?P<action>.+)\)", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Video:
    """One generated video and what is known about it; an empty string means unknown."""

    id: str
    """Unique within a run, on one line: the file's stem unless given."""
    path: Path
    prompt: str = ""
    """The text that the T2V model was given."""
    action: str = ""
    """The action keyword, such as ``arranging flowers``."""
    generator: str = ""
    """The T2V model."""
    category: str = ""
    """The class of the action, such as ``communication``."""
    subset: str = ""
    """``whole-body``, ``hand`` or ``facial``."""


def clean(text: str) -> str:
    r"""Return the text on one line in Unicode's composed form (NFC), without control characters.

    White space of any kind becomes single spaces. U+FFFC goes too, for it marks where frames stand in a
    message, and half surrogates, which no file can hold.

    >>> clean(" A girl\r\n arranges\x00 daisies. ")
    'A girl arranges daisies.'
    """
    text = text.replace(VIDEO_MARK, "")
    kept = (c for c in text if c.isspace() or unicodedata.category(c) not in ("Cc", "Cs"))
    return " ".join(unicodedata.normalize("NFC", "".join(kept)).split())


def pick_texts(cells: Mapping[str, str]) -> dict[str, str]:
    """Return what a row says about its video, leaving out what it leaves blank."""
    texts = {name: clean(cells.get(name, "")) for name in TEXTS}
    return {name: text for name, text in texts.items() if text}


def split_parenthesised(stem: str) -> dict[str, str]:
    """Return generator and action from a parenthesised file name, nothing from any other.

    >>> split_parenthesised("(Gen-2)_(petting animal (not cat))")
    {'action': 'petting animal (not cat)', 'generator': 'Gen-2'}
    >>> split_parenthesised("my_clip")
    {}
    """
    match = PARENTHESISED.fullmatch(stem)
    return pick_texts(match.groupdict()) if match else {}


def make_video(id: str, path: Path, cells: Mapping[str, str] | None = None) -> Video:
    """Return a video with what its name says and, winning over that, what its row says."""
    return Video(id=id, path=path, **{**split_parenthesised(path.stem), **pick_texts(cells or {})})
