"""Stores: study.db, in which what was acknowledged survives whatever happens to the process."""

import hashlib
import hmac
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, insert, select
from sqlalchemy.exc import DBAPIError

from gaia_judge.errors import GaiaJudgeError
from gaia_judge.studio.records import VERSION, metadata, settings
from gaia_judge.studio.studies import Study

DATABASE = "study.db"

THREADS = 40
"""Requests that are answered at once, each perhaps with a connection."""

BUSY_MS = 30_000
"""How long a transaction waits for one of another process."""


class Store:
    """A study's folder and database; safe to use from many threads, and from several processes.

    Args:
        folder: Of the study.
        file: The database, if it is not ``study.db`` there.
    """

    def __init__(self, folder: Path, file: Path | None = None) -> None:
        self.folder = folder.absolute()
        self.engine = _open(file or folder / DATABASE)
        self._writing = threading.Lock()
        self._key = b""

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Yield a connection that sees the database as it is at its first question."""
        with self.engine.connect() as connection:
            connection.exec_driver_sql("BEGIN")
            yield connection
            connection.rollback()

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Yield a connection that alone may write; at the end of the block all is on the disk, or nothing.

        It takes the lock at its beginning, so what it has read stays true until it is committed.
        """
        # Within a process threads queue up here: SQLite itself would let them try again and again.
        with self._writing, self.engine.connect() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.rollback()
                raise
            connection.commit()

    def setting(self, name: str) -> Any:
        """Return a setting, or None."""
        with self.read() as connection:
            return read_setting(connection, name)

    def sign(self, *words: str) -> str:
        """Return what only this study can say of these words: 64 hex digits (HMAC of SHA-256)."""
        self._key = self._key or bytes.fromhex(self.setting("key"))
        return hmac.new(self._key, "\0".join(words).encode(), hashlib.sha256).hexdigest()

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def _open(file: Path) -> Engine:
    engine = create_engine(
        URL.create("sqlite+pysqlite", database=str(file.absolute())),
        pool_size=THREADS,
        max_overflow=THREADS,
        connect_args={"check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def prepare(raw: Any, _: Any) -> None:
        raw.isolation_level = None  # transactions are begun in so many words
        raw.execute(f"PRAGMA busy_timeout={BUSY_MS}")
        for line in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
            raw.execute(f"PRAGMA {line}")

    return engine


def make_store(folder: Path, file: Path, study: Study, key: str) -> Store:
    """Return a new store with a study in it.

    Args:
        folder: Of the study.
        file: The database; there must be none yet.
        study: Spelt out, as ``read_study`` returns it.
        key: For signatures, in hex.
    """
    store = Store(folder, file)
    with store.write() as connection:
        metadata.create_all(connection)
        rows = {"version": VERSION, "study": study.model_dump(mode="json"), "key": key}
        connection.execute(insert(settings), [{"name": name, "value": value} for name, value in rows.items()])
    return store


def open_store(folder: Path) -> tuple[Store, Study]:
    """Return the store of a study's folder, and its study.

    Raises:
        GaiaJudgeError: There is no study in it, or one of another version.
    """
    if not (folder / DATABASE).is_file():
        message = f"{folder} has no {DATABASE}."
        raise GaiaJudgeError(message, "Make a study: gaia-judge study create STUDY.yaml VIDEOS --out DIR.")
    store = Store(folder)
    try:
        version, study = store.setting("version"), store.setting("study")
    except DBAPIError as error:
        message = f"{folder / DATABASE} is no study: {error.orig}."
        raise GaiaJudgeError(message, "Restore it from a copy.") from error
    if version != VERSION:
        message = f"{folder / DATABASE} is of version {version}, and this program reads {VERSION}."
        raise GaiaJudgeError(message, "Use the program that made it.")
    return store, Study.model_validate(study)


def read_setting(connection: Connection, name: str) -> Any:
    """Return a setting, or None if there is none."""
    return connection.execute(select(settings.c.value).where(settings.c.name == name)).scalar()
