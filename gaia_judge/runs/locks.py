"""A lock on a folder, so that no two runs write to one journal."""

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from gaia_judge.errors import GaiaJudgeError

_held: set[Path] = set()
"""What this process has: the system's locks keep out other processes only."""


@contextmanager
def lock_folder(folder: Path) -> Iterator[None]:
    """Take the folder for this process until the block, or the process, ends.

    Where the system or the file system has no such locks, other processes are not kept out.

    Raises:
        GaiaJudgeError: Another process has it, or this one already.
    """
    place = folder.resolve()
    if place in _held:
        raise _in_use(folder, "this very process")
    with (folder / ".lock").open("a+") as file:
        try:
            _lock(file)
        except (BlockingIOError, PermissionError) as error:
            file.seek(0)
            raise _in_use(folder, file.read().strip() or "another process") from error
        except OSError:  # such as network folders without a lock service
            pass
        file.truncate(0)
        file.write(f"process {os.getpid()} on {socket.gethostname()}\n")
        file.flush()
        _held.add(place)
        try:
            yield
        finally:
            _held.discard(place)


def _in_use(folder: Path, holder: str) -> GaiaJudgeError:
    message = f"{folder} is in use by {holder}."
    return GaiaJudgeError(message, "Wait for that run, end it, or give another folder with --out.")


if sys.platform == "win32":

    def _lock(file: TextIO) -> None:
        """Take no lock: Windows has no fcntl."""

else:
    import fcntl

    def _lock(file: TextIO) -> None:
        # Not flock: that lock would live on in decoder processes which outlast a killed run.
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
