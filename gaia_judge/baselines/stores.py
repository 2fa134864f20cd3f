"""Stores of features: files named by the content of the video and by all that made them."""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from gaia_judge.errors import GaiaJudgeError
from gaia_judge.runs.records import file_facts
from gaia_judge.scores.files import replacing


def default_store() -> Path:
    """Return where features are kept unless the user says otherwise."""
    cache = os.environ.get("XDG_CACHE_HOME", "~/.cache")
    return Path(cache).expanduser() / "gaia-judge" / "features"


class FeatureStore:
    """Keeps features in safetensors files, which hold numbers only.

    Args:
        folder: Made when something is written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._contents = folder / "contents.jsonl"
        self._known = dict(_read_contents(self._contents))

    def place(self, key: str, video: Path) -> Path | None:
        """Return the file for a video's features, there or not yet; None if there is no such video.

        A video is read only if its size or time of change is not the one of last time.
        """
        facts = file_facts(video)
        if facts is None or not video.is_file():
            return None
        name = json.dumps([str(video.resolve()), *facts])
        if name not in self._known:
            with video.open("rb") as stream:
                self._known[name] = hashlib.file_digest(stream, "sha256").hexdigest()
            self._make(self.folder)
            with self._contents.open("a", encoding="utf-8") as lines:
                lines.write(json.dumps([name, self._known[name]]) + "\n")
        digest = self._known[name]
        return self.folder / key / digest[:2] / f"{digest}.safetensors"

    def write(self, place: Path, features: Mapping[str, NDArray[Any]]) -> None:
        """Keep features; the file appears whole or not at all.

        Raises:
            GaiaJudgeError: The disk is full, or the folder cannot be written.
        """
        from safetensors.numpy import save

        self._make(place.parent)
        with replacing(place) as stream:
            stream.write(save(dict(features)))

    def holds(self, place: Path) -> bool:
        """Return whether features were written there and are whole, by the file's header and length."""
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(place, "np"):
                return True
        except (OSError, SafetensorError):
            return False

    def read(self, place: Path) -> dict[str, NDArray[Any]]:
        """Return features that were written before.

        Raises:
            GaiaJudgeError: The file is gone or damaged.
        """
        from safetensors import SafetensorError
        from safetensors.numpy import load

        try:
            found: dict[str, NDArray[Any]] = load(place.read_bytes())
        except (OSError, SafetensorError) as error:
            message = f"{place} holds no features: {error}."
            raise GaiaJudgeError(message, "Delete it; the same command makes it anew.") from error
        return found

    def _make(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            message = f"Features cannot be kept in {folder}: {error.strerror}."
            raise GaiaJudgeError(message, "Give another place with --cache.") from error


def _read_contents(file: Path) -> list[tuple[str, str]]:
    """Return the digests of files seen before; a line that was cut short is as good as none."""
    if not file.is_file():
        return []
    found = []
    for line in file.read_text(encoding="utf-8").splitlines():
        try:
            name, digest = json.loads(line)
            found.append((str(name), str(digest)))
        except ValueError:
            continue
    return found
