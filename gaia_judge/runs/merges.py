"""Merges: shards of one run, made on any machines, become the run that one machine would have made."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from gaia_judge.errors import GaiaJudgeError
from gaia_judge.runs.journals import Records
from gaia_judge.runs.locks import lock_folder
from gaia_judge.runs.manifests import differences, read_manifest
from gaia_judge.runs.records import Record

ELSEWHERE = ("videos",)
"""Settings that may differ between machines: where the same videos lie."""

NOISE = 1e-3
"""By how much values may differ: they depend a little on which videos shared a batch."""


def read_shards(places: Sequence[Path]) -> tuple[dict[str, Any], dict[str, Record]]:
    """Return the manifest that run folders share, and the records of all of them.

    Args:
        places: Run folders, in which order does not matter.

    Returns:
        The first one's manifest, and each finished video's record by its id, in order of appearance. A video
        that two folders have must have the same scores in both, but for ``NOISE``, or an error in one.

    Raises:
        GaiaJudgeError: A folder is no run, lacks its journal, is still being written, was made with other
            settings, or tells of a video what another does not.
    """
    for place in places:
        _check_finished(place)
    manifests = {place: read_manifest(place / "run.json")["manifest"] for place in places}
    first, *others = places
    for place in others:
        if found := list(differences(_settings(manifests[first]), _settings(manifests[place]))):
            message = f"{place} was made with other settings than {first}: {'; '.join(found)}."
            raise GaiaJudgeError(message, "Merge runs of one judge and one prompt set only.")
    records: dict[str, Record] = {}
    homes: dict[str, Path] = {}
    for place in places:
        for name, record in Records(place / "journal.jsonl").items():
            if name in records and not (
                record.errors or records[name].errors or _agree(record, records[name])
            ):
                message = f"{homes[name]} and {place} have different scores of {name!r}."
                raise GaiaJudgeError(message, "Leave one of them out, or score that video again.")
            if name not in records or records[name].errors:
                records[name], homes[name] = record, place
    return manifests[first], records


def _check_finished(place: Path) -> None:
    if not (place / "run.json").is_file():
        return
    with suppress(OSError), lock_folder(place):  # it may lie where nothing can be written, by a run neither
        pass
    if not (place / "journal.jsonl").is_file():
        message = f"{place} has a run.json but no journal.jsonl."
        raise GaiaJudgeError(message, "Copy the whole folder, or score that part again.")


def _settings(manifest: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in manifest.items() if name not in ELSEWHERE}


def _agree(one: Record, other: Record) -> bool:
    """Tell whether two records say the same but for ``NOISE``; when the file was copied does not matter."""
    if (one.frames, one.meta, len(one.scores)) != (other.frames, other.meta, len(other.scores)):
        return False
    return all(
        (a.dimension, a.rater) == (b.dimension, b.rater) and _near(a.value, b.value)
        for a, b in zip(one.scores, other.scores, strict=True)
    )


def _near(one: float | None, other: float | None) -> bool:
    return one == other if one is None or other is None else abs(one - other) <= NOISE
