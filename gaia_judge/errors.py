"""The errors that a user sees: one line that says what is wrong, one that says what to do next."""

from collections.abc import Iterable
from difflib import get_close_matches


class GaiaJudgeError(Exception):
    """An error in what the user gave or has; the command line shows it without a traceback.

    Args:
        message: What is wrong, naming the file and the field.
        hint: What to do next.

    >>> print(GaiaJudgeError("clips.csv has no column 'path'.", "Add one."))
    clips.csv has no column 'path'. Add one.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message, hint)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class EngineError(GaiaJudgeError):
    """An engine that cannot answer at all; a single unreadable reply is a ``Reply`` with an error instead."""


def unknown(kind: str, name: str, known: Iterable[str]) -> GaiaJudgeError:
    """Return the error for a name that does not exist, suggesting near ones.

    >>> print(unknown("judge", "lava", ["llava", "smolvlm2"]))
    There is no judge 'lava'. Did you mean llava?
    """
    names = sorted(known)
    near = get_close_matches(name, names, n=3)
    hint = f"Did you mean {' or '.join(near)}?" if near else f"There are: {', '.join(names) or 'none'}."
    return GaiaJudgeError(f"There is no {kind} {name!r}.", hint)
