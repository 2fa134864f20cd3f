"""The journal: one line per finished video, appended whole; killing a run loses only what was in flight."""

import errno
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from gaia_judge.errors import GaiaJudgeError
from gaia_judge.runs.records import Record


class Records(Mapping[str, Record]):
    """The latest record of each video in a journal, by its id; empty if there is no such file.

    Only where records stand is held: each is read when it is asked for, so memory hardly grows with them.

    Args:
        path: Left as it is. A last line without its end, as a killed writer leaves it, does not count.

    Raises:
        GaiaJudgeError: Another line is not a record, the file cannot be read, or, when a record is asked for,
            it is no longer where it stood.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._places: dict[str, tuple[int, int]] = {}
        self.size = 0
        """Bytes up to the end of the last whole line."""
        try:
            with path.open("rb") as file:
                for number, line in enumerate(file, start=1):
                    if line.endswith(b"\n"):
                        self.add(self._parsed(line, number).video, len(line))
        except FileNotFoundError:
            pass
        except OSError as error:
            message = f"{path} cannot be read: {error.strerror}."
            raise GaiaJudgeError(message, "Cure that, or give another folder with --out.") from error

    def add(self, video: str, size: int) -> None:
        """Take note that the record of a video, of so many bytes, stands behind all others."""
        self._places[video] = (self.size, size)
        self.size += size

    def __getitem__(self, video: str) -> Record:
        start, size = self._places[video]
        try:
            with self._path.open("rb") as file:
                file.seek(start)
                record = Record.from_line(file.read(size))
        except (OSError, ValueError) as error:
            raise changed(self._path) from error
        if record.video != video:
            raise changed(self._path)
        return record

    def __contains__(self, video: object) -> bool:
        return video in self._places

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def _parsed(self, line: bytes, number: int) -> Record:
        try:
            return Record.from_line(line)
        except ValueError as error:
            message = f"{self._path}, line {number} is damaged: {error}."
            raise GaiaJudgeError(message, "Remove that line: its video is then judged again.") from error


def changed(path: Path) -> GaiaJudgeError:
    """Return the error of a journal that something else has changed since it was opened."""
    message = f"{path} was changed by something else while it was in use."
    return GaiaJudgeError(message, "Give the same command again, while nothing else uses that folder.")


class Journal:
    """An open journal; a later record of a video takes the place of an earlier one.

    Args:
        path: Created if absent. A last line without its end, as a killed writer leaves it, is cut off.

    Raises:
        GaiaJudgeError: Another line is not a record, or the file cannot be read or written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.records = Records(path)
        try:
            self._file = path.open("ab", buffering=0)
            self._file.truncate(self.records.size)
        except OSError as error:
            raise self._unwritable(error) from error

    def append(self, record: Record) -> None:
        """Add a record and wait until it is on disk; only then does it count.

        Raises:
            GaiaJudgeError: The disk is full, or a number is not finite, and the journal is as before; or
                something else has written to it.
        """
        line = record.line()
        start = self._file.seek(0, os.SEEK_END)
        if start != self.records.size:
            raise changed(self.path)
        try:
            if self._file.write(line) < len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(self._file.fileno())
            self.records.add(record.video, len(line))
        except OSError as error:
            self._file.truncate(start)
            raise self._unwritable(error) from error
        except BaseException:  # Asked to stop amidst this: a line that stands whole in the file counts.
            if self._file.seek(0, os.SEEK_END) < start + len(line):
                self._file.truncate(start)
            elif self.records.size == start:
                self.records.add(record.video, len(line))
            raise

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _unwritable(self, error: OSError) -> GaiaJudgeError:
        message = f"{self.path} cannot be written: {error.strerror}."
        return GaiaJudgeError(message, "Cure that, then give the same command: what is finished is kept.")
