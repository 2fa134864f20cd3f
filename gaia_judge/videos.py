"""Videos to be judged, and where lists of them come from."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Video:
    """One generated video and what is known about it; an empty string means unknown."""

    id: str
    """Unique within a run: the file's stem unless given."""
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
