"""The journal: one line per finished video, appended whole; killing a run loses only what was in flight."""

import errno
import os
from pathlib import Path

from gaia_judge.errors import GaiaJudgeError
from gaia_judge.runs.records import Record


class Journal:
    """An open journal; a later record of a video takes the place of an earlier one.

    Args:
        path: Created if absent. A last line without its end, as a killed writer leaves it, is cut off.

    Raises:
        GaiaJudgeError: Another line is not a record, or the file cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.records = read_journal(path)
        try:
            self._file = path.open("ab", buffering=0)
            self._file.truncate(len(_whole_lines(path)))
        except OSError as error:
            raise self._unwritable(error) from error

    def append(self, record: Record) -> None:
        """Add a record and wait until it is on disk; only then does it count.

        Raises:
            GaiaJudgeError: The disk is full, or a number is not finite; the journal is as before.
        """
        line = record.line()
        start = self._file.seek(0, os.SEEK_END)
        try:
            if self._file.write(line) < len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(self._file.fileno())
            self.records[record.video] = record
        except OSError as error:
            self._file.truncate(start)
            raise self._unwritable(error) from error
        except BaseException:  # Asked to stop amidst this: a line that stands whole in the file counts.
            if self._file.seek(0, os.SEEK_END) == start + len(line):
                self.records[record.video] = record
            else:
                self._file.truncate(start)
            raise

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _unwritable(self, error: OSError) -> GaiaJudgeError:
        message = f"{self.path} cannot be written: {error.strerror}."
        return GaiaJudgeError(message, "Cure that, then give the same command: what is finished is kept.")


def read_journal(path: Path) -> dict[str, Record]:
    """Return the latest record of each video and leave the file as it is; empty if there is none.

    Raises:
        GaiaJudgeError: A whole line is not a record.
    """
    records: dict[str, Record] = {}
    for number, line in enumerate(_whole_lines(path).split(b"\n")[:-1], start=1):
        try:
            record = Record.from_line(line)
        except ValueError as error:
            message = f"{path}, line {number} is damaged: {error}."
            raise GaiaJudgeError(message, "Remove that line: its video is then judged again.") from error
        records[record.video] = record
    return records


def _whole_lines(path: Path) -> bytes:
    data = path.read_bytes() if path.exists() else b""
    return data[: data.rfind(b"\n") + 1]
