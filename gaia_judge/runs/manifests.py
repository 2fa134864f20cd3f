"""run.json: what determines a run's answers, which may not change; where and when it ran; how it ended."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from gaia_judge.errors import GaiaJudgeError
from gaia_judge.scores.files import replacing

ABSENT = "absent"


def settle(path: Path, manifest: Mapping[str, Any], recorded: Mapping[str, Any]) -> None:
    """Write the manifest, or compare it with the one written before, and add what is recorded of this start.

    Args:
        path: The file, ``run.json``.
        manifest: Versions, digests and settings, as JSON values.
        recorded: Time, host and the like; each start adds one entry, none is compared.

    Raises:
        GaiaJudgeError: The manifest differs from the earlier one, which is unchanged, or cannot be read.
    """
    if not path.exists() and path.with_name("journal.jsonl").exists():
        message = f"{path.parent} has a journal but no {path.name}: with what it was made is unknown."
        raise GaiaJudgeError(message, f"Restore {path.name}, or give another folder with --out.")
    settings = json.loads(json.dumps(manifest, allow_nan=False))
    earlier = read_manifest(path) if path.exists() else {"manifest": settings, "recorded": [], "results": {}}
    if found := list(differences(earlier["manifest"], settings)):
        message = f"{path.parent} was made with other settings: {'; '.join(found)}."
        raise GaiaJudgeError(message, "Give another folder with --out, or the old settings.")
    _write(path, {**earlier, "recorded": [*earlier["recorded"], recorded]})


def conclude(path: Path, results: Mapping[str, Any]) -> None:
    """Write what is to be known of a run as a whole, in place of what an earlier start wrote.

    Args:
        path: The file, as ``settle`` left it.
        results: Such as how many videos failed, as JSON values.

    Raises:
        GaiaJudgeError: It cannot be written.
    """
    _write(path, {**read_manifest(path), "results": results})


def read_manifest(path: Path) -> dict[str, Any]:
    """Return ``manifest``, ``recorded`` and ``results`` of a run.

    Raises:
        GaiaJudgeError: The file is not a run's.
    """
    if not path.is_file():
        raise GaiaJudgeError(f"There is no {path}.", "Give the folder of a run, which score --out makes.")
    try:
        whole = json.loads(path.read_bytes())
        return {
            "manifest": dict(whole["manifest"]),
            "recorded": list(whole["recorded"]),
            "results": dict(whole.get("results", {})),
        }
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        message = f"{path} is not the manifest of a run: {error!r}."
        raise GaiaJudgeError(message, "Restore the file, or give another folder with --out.") from error


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    """Say for each setting that differs what it was and is.

    >>> list(differences({"seed": 0, "frames": {"count": 8}}, {"seed": 0, "frames": {"count": 16, "fps": 2}}))
    ['frames.count was 8, now 16', 'frames.fps was absent, now 2']
    >>> list(differences({"metrics": {"a": {"size": 1}}}, {"metrics": {"b": {"size": 1}}}))
    ['metrics.a was given, now absent', 'metrics.b was absent, now given']
    """
    yield from _differences(old, new, ())


def _differences(old: Mapping[str, Any], new: Mapping[str, Any], above: tuple[str, ...]) -> Iterator[str]:
    for key in sorted(old.keys() | new.keys()):
        was, now, path = old.get(key, ABSENT), new.get(key, ABSENT), (*above, key)
        if isinstance(was, Mapping) and isinstance(now, Mapping):
            yield from _differences(was, now, path)
        elif was != now:
            yield f"{'.'.join(path)} was {_told(was)}, now {_told(now)}"


def _told(value: Any) -> str:
    """Return a setting as text; a whole group of settings, there on one side only, is not spelt out."""
    if isinstance(value, Mapping) and value:
        return "given"
    return value if value is ABSENT else json.dumps(value, sort_keys=True)


def _write(path: Path, whole: Mapping[str, Any]) -> None:
    with replacing(path) as file:
        file.write(json.dumps(whole, indent=2, allow_nan=False).encode() + b"\n")
