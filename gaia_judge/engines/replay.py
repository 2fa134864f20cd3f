"""The replay engine answers from a file of recorded replies: for tests, audits and journals of past runs.

The file is JSON Lines; each line holds ``ask`` (the digest of a request, see ``request_digest``) and
``reply`` (the fields of a ``Reply``). ``Recorder`` wraps any engine and writes such a file.
"""

import hashlib
import json
from collections.abc import Hashable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from gaia_judge.engines import Engine, EngineOptions, ModelSpec, Preview, Problem, Reply, Request
from gaia_judge.errors import EngineError


class ReplayEngine:
    """Gives each request the reply that was recorded for it; a request never recorded is an error."""

    width = 64

    @classmethod
    def problems(cls, model: ModelSpec, options: EngineOptions) -> list[Problem]:
        """Return a problem if there is no file of recorded replies."""
        if options.record is None:
            return [Problem("The replay engine has no recorded replies.", "--record FILE")]
        if not Path(options.record).is_file():
            return [Problem(f"There is no file {options.record}.", "--record FILE")]
        return []

    def __init__(self, model: ModelSpec, options: EngineOptions) -> None:
        self._file = Path(options.record or "")
        self._replies = dict(_read_line(self._file, n, line) for n, line in _lines(self._file))
        self._ready: list[tuple[Hashable, Reply]] = []

    def submit(self, key: Hashable, request: Request) -> None:
        """Look the reply up."""
        missing = Reply(error=f"{self._file.name} holds no reply to this request.")
        self._ready.append((key, self._replies.get(request_digest(request), missing)))

    def collect(self) -> list[tuple[Hashable, Reply]]:
        """Return what was looked up."""
        ready, self._ready = self._ready, []
        return ready

    def preview(self, request: Request) -> Preview:
        """Return the conversation as it would be looked up."""
        return Preview("\n".join(f"{m.role}: {m.text}" for m in request.messages), None)

    def describe(self) -> dict[str, Any]:
        """Return the digest of the recorded replies."""
        return {"engine": "replay", "record": hashlib.sha256(self._file.read_bytes()).hexdigest()[:12]}

    def close(self) -> None:
        """Forget the replies."""
        self._replies = {}


class Recorder:
    """An engine that writes down what another one answers.

    Args:
        engine: The engine that answers.
        file: Where replies are appended, for ``ReplayEngine``.
    """

    def __init__(self, engine: Engine, file: Path) -> None:
        self.width = engine.width
        self.problems = engine.problems
        self.preview = engine.preview
        self.describe = engine.describe
        self._engine = engine
        self._stream = file.open("a", encoding="utf-8")
        self._asked: dict[Hashable, str] = {}

    def submit(self, key: Hashable, request: Request) -> None:
        """Hand the request on."""
        self._asked[key] = request_digest(request)
        self._engine.submit(key, request)

    def collect(self) -> list[tuple[Hashable, Reply]]:
        """Return what the engine answered, having written it down."""
        answered = self._engine.collect()
        for key, reply in answered:
            line = {"ask": self._asked.pop(key), "reply": asdict(reply)}
            self._stream.write(json.dumps(line, ensure_ascii=False) + "\n")
        self._stream.flush()
        return answered

    def close(self) -> None:
        """Close the file and the engine."""
        self._stream.close()
        self._engine.close()


def request_digest(request: Request) -> str:
    """Return a digest over conversation, frames and what is asked; equal for equal questions."""
    parts = [[message.role, message.text] for message in request.messages]
    frames = None if request.frames is None else request.frames.digest
    whole = json.dumps([parts, frames, type(request.ask).__name__, asdict(request.ask)])
    return hashlib.sha256(whole.encode()).hexdigest()[:24]


def _lines(file: Path) -> list[tuple[int, str]]:
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise EngineError(f"{file} is not UTF-8: {error.reason}.", "Record it again.") from error
    return [(number, line) for number, line in enumerate(lines, 1) if line.strip()]


def _read_line(file: Path, number: int, line: str) -> tuple[str, Reply]:
    try:
        found = json.loads(line)
        reply = Reply(**{**found["reply"], "draws": tuple(found["reply"].get("draws", ()))})
        return str(found["ask"]), reply
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise EngineError(
            f"{file}, line {number} is no recorded reply: {error}.", "Record it again."
        ) from error
