"""A lock on a folder, so that no two runs write to one journal."""

import os
import socket
import sys
from pathlib import Path
from typing import TextIO

from gaia_judge.errors import GaiaJudgeError


def lock_folder(folder: Path) -> TextIO:
    """Take the folder for this process until the returned file is closed or the process ends.

    Where the system or the file system has no such locks, the folder is taken without one.

    Raises:
        GaiaJudgeError: Another process has it.
    """
    file = (folder / ".lock").open("a+")
    try:
        _lock(file)
    except (BlockingIOError, PermissionError) as error:
        with file:
            file.seek(0)
            holder = file.read().strip() or "another process"
        message = f"{folder} is in use by {holder}."
        raise GaiaJudgeError(
            message, "Wait for that run, end it, or give another folder with --out."
        ) from error
    except OSError:  # such as network folders without a lock service
        pass
    file.truncate(0)
    file.write(f"process {os.getpid()} on {socket.gethostname()}\n")
    file.flush()
    return file


if sys.platform == "win32":

    def _lock(file: TextIO) -> None:
        """Take no lock: Windows has no fcntl."""

else:
    import fcntl

    def _lock(file: TextIO) -> None:
        # Not flock: that lock would live on in decoder processes which outlast a killed run.
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
