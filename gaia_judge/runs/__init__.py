"""Run folders: the manifest, the journal and the tables of anything that goes through videos one by one."""

import hashlib
import os
import re
import socket
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gaia_judge.errors import GaiaJudgeError
from gaia_judge.runs.journals import Journal
from gaia_judge.runs.locks import lock_folder
from gaia_judge.runs.manifests import conclude, settle
from gaia_judge.runs.records import Record
from gaia_judge.scores import ScoreTable
from gaia_judge.videos import Video

__all__ = ["Record", "RunFolder", "shard"]


class RunFolder:
    """A run that can be killed at any instant and continued: run.json, journal.jsonl and the score tables.

    Make one with ``RunFolder.open``, as a context or with ``close`` at the end.
    """

    def __init__(self, folder: Path, journal: Journal, held: ExitStack) -> None:
        self.folder = folder
        self._journal = journal
        self._held = held

    @classmethod
    def open(
        cls, folder: Path, manifest: Mapping[str, Any], recorded: Mapping[str, Any] | None = None
    ) -> "RunFolder":
        """Create the run or continue it.

        Args:
            folder: Created if absent; no other process may have it open.
            manifest: Every version, digest and setting that determines the answers, as JSON values.
            recorded: Further facts about this start that determine no answer, beside time, host and process.

        Raises:
            GaiaJudgeError: The folder was made with another manifest, is in use, cannot be written, or its
                journal is damaged.
        """
        with ExitStack() as held:
            try:
                folder.mkdir(parents=True, exist_ok=True)
                held.enter_context(lock_folder(folder))
            except OSError as error:
                message = f"{folder} cannot be used as a run folder: {error.strerror}."
                raise GaiaJudgeError(message, "Give another folder with --out.") from error
            settle(folder / "run.json", manifest, {**_start(), **(recorded or {})})
            journal = Journal(folder / "journal.jsonl")
            held.callback(journal.close)
            return cls(folder, journal, held.pop_all())

    @property
    def done(self) -> Mapping[str, Record]:
        """The latest record of each finished video, by its id."""
        return self._journal.records

    def append(self, record: Record) -> None:
        """Finish a video; it counts once this returns.

        Raises:
            GaiaJudgeError: The disk is full, or a number is not finite; what is finished is kept.
        """
        self._journal.append(record)

    def pending(self, videos: Iterable[Video], retry_errors: bool = False) -> list[Video]:
        """Return the videos still to be done, in order; with ``retry_errors`` also those with any error.

        A video whose file or description has changed since it was rated is still to be done.
        """
        return [video for video in videos if self._is_pending(video, retry_errors)]

    def export(self, videos: Iterable[Video], *, others: bool = False) -> ScoreTable:
        """Write scores.csv and scores.parquet of the finished videos, in order, and return the table.

        Args:
            videos: Which, and in what order.
            others: Whether all others that are finished follow them.

        Raises:
            GaiaJudgeError: They cannot be written; earlier ones are untouched.
        """
        names = dict.fromkeys([*(video.id for video in videos), *(self.done if others else ())])
        found = (self.done[name] for name in names if name in self.done)
        table = ScoreTable.from_records(row for record in found for row in record.rows())
        table.write(self.folder)
        return table

    def conclude(self, results: Mapping[str, Any]) -> None:
        """Write into run.json what is to be known of the run as a whole, as JSON values.

        Raises:
            GaiaJudgeError: It cannot be written.
        """
        conclude(self.folder / "run.json", results)

    def close(self) -> None:
        """Let go of the folder."""
        self._held.close()

    def __enter__(self) -> "RunFolder":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _is_pending(self, video: Video, retry_errors: bool) -> bool:
        record = self.done.get(video.id)
        if record is None or not record.is_of(video):
            return True
        return retry_errors and bool(record.errors)


def shard(videos: Sequence[Video], part: str) -> list[Video]:
    """Return one of n disjoint parts, told by each video's id alone, so that adding videos moves none.

    Args:
        videos: All videos.
        part: Such as ``2/8``, the second of eight parts.

    Raises:
        GaiaJudgeError: The part is not of this form.

    >>> clips = [Video(id=name, path=Path(name)) for name in "abcdef"]
    >>> [[clip.id for clip in shard(clips, part)] for part in ("1/2", "2/2")]
    [['a', 'b', 'c', 'e', 'f'], ['d']]
    """
    found = re.fullmatch(r"([0-9]+)/([0-9]+)", part)
    index, count = (int(found[1]), int(found[2])) if found else (0, 0)
    if not 1 <= index <= count:
        raise GaiaJudgeError(f"{part!r} is not a shard.", "Write i/n with i from 1 to n, such as 2/8.")
    return [video for video in videos if _stable_hash(video.id) % count == index - 1]


def _start() -> dict[str, Any]:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return {"started": now, "host": socket.gethostname(), "process": os.getpid()}


def _stable_hash(text: str) -> int:
    # Not hash(): Python salts it anew in every process.
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:8])
