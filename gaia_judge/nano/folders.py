"""Folders that nano's training and examination and the demo make, and no others."""

from pathlib import Path

from gaia_judge.errors import GaiaJudgeError


def take(folder: Path, mark: str, what: str) -> Path:
    """Return a folder that is new, empty or known by ``mark``; it is made if it is not there.

    Hidden files do not count: a start that was killed may have left one.

    Args:
        folder: Where something is to be written.
        mark: Path of a file or folder that stands in it from the first start on.
        what: What it then holds, in words.

    Raises:
        GaiaJudgeError: It holds other things, is a file, or cannot be made.
    """
    try:
        there = [one for one in folder.iterdir() if not one.name.startswith(".")] if folder.is_dir() else []
        if there and not (folder / mark).exists():
            message = f"{folder} holds no {what} but other things, such as {min(there).name}."
            raise GaiaJudgeError(message, "Give a new or empty folder.")
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"{folder} cannot be used: {error.strerror}."
        raise GaiaJudgeError(message, "Give a new or empty folder.") from error
    return folder
