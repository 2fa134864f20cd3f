"""The index of an experiment's folder: which cells there are, and where each one's answers stand."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path, PurePath
from typing import Any

from gaia_judge.errors import GaiaJudgeError
from gaia_judge.experiments.cells import Cell
from gaia_judge.experiments.files import AXES, Experiment
from gaia_judge.runs.manifests import read_manifest
from gaia_judge.scores.files import replacing

FILE = "experiment.json"


@dataclass(frozen=True, slots=True)
class Entry:
    """A cell as the index has it."""

    name: str
    values: Mapping[str, Any]
    """By axis, as JSON values."""
    folder: str | None
    """Its run folder, below the experiment's; None where ``refused`` says why it was not run."""
    same_as: str | None
    """The cell that was run in its stead, since their answers are the same."""
    refused: str | None
    low: float | None
    """Of the scale."""
    high: float | None


@dataclass(frozen=True, slots=True)
class Index:
    """What an experiment's folder holds."""

    home: Path
    experiment: Experiment
    videos: str
    human: str | None
    entries: tuple[Entry, ...]
    chosen: frozenset[str] | None = None
    """Ids of the videos that are rated: cells may hold others, of earlier samples. None for all."""

    def place(self, entry: Entry) -> Path | None:
        """Return the run folder of a cell, if it has scores."""
        folder = None if entry.folder is None else self.home / entry.folder
        try:
            return folder if folder and (folder / "scores.parquet").is_file() else None
        except OSError:  # no name of a file
            return None

    def results(self, entry: Entry) -> dict[str, Any]:
        """Return what running a cell took; empty where it was not run."""
        folder = self.place(entry)
        return read_manifest(folder / "run.json")["results"] if folder else {}

    def write(self) -> None:
        """Write the index.

        Raises:
            GaiaJudgeError: It cannot be written.
        """
        whole = {
            "experiment": self.experiment.model_dump(mode="json"),
            "videos": self.videos,
            "chosen": None if self.chosen is None else sorted(self.chosen),
            "human": self.human,
            "cells": [asdict(entry) for entry in self.entries],
        }
        try:
            self.home.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            message = f"{self.home} cannot be made: {error.strerror}."
            raise GaiaJudgeError(message, "Give another folder with --out.") from error
        with replacing(self.home / FILE) as file:
            file.write(json.dumps(whole, indent=2).encode() + b"\n")


def index(
    home: Path,
    experiment: Experiment,
    cells: Sequence[Cell],
    *,
    videos: str,
    human: str | None,
    refused: Mapping[str, str],
    chosen: Iterable[str] | None = None,
) -> Index:
    """Return the index of some cells.

    Args:
        home: The experiment's folder.
        experiment: What was asked.
        cells: As ``lay_out`` returns them.
        videos: Where they come from.
        human: Where people's scores are.
        refused: Why cells could not be run, by name.
        chosen: Ids of the videos that are rated; all by default.
    """
    first = {cell.key: cell for cell in reversed(cells) if cell.plan}
    entries = tuple(_entry(cell, home, first, refused) for cell in cells)
    ids = None if chosen is None else frozenset(chosen)
    return Index(home, experiment, videos, human, entries, ids)


def _entry(cell: Cell, home: Path, first: Mapping[str, Cell], refused: Mapping[str, str]) -> Entry:
    values = {
        name: value.model_dump(mode="json") if hasattr(value, "model_dump") else value
        for name, value in zip(AXES, cell.values, strict=True)
    }
    if cell.plan is None:
        return Entry(cell.name, values, None, None, cell.refused, None, None)
    run, scale = first[cell.key], cell.plan.prompt.scale
    same = None if run is cell else run.name
    why = refused.get(run.name)
    folder = str(run.folder(home).relative_to(home))
    return Entry(cell.name, values, folder, same, why, scale.low, scale.high)


def read_index(home: Path) -> Index:
    """Return the index of an experiment's folder.

    Raises:
        GaiaJudgeError: The folder holds none, or it is damaged.
    """
    file = home / FILE
    try:
        whole = json.loads(file.read_bytes())
        entries = tuple(_sound(Entry(**entry)) for entry in whole["cells"])
        experiment = Experiment.model_validate(whole["experiment"])
        chosen = whole.get("chosen")
        ids = None if chosen is None else frozenset(map(str, chosen))
        return Index(home, experiment, whole["videos"], whole["human"], entries, ids)
    except OSError as error:
        message = f"{home} holds no {FILE}."
        raise GaiaJudgeError(message, "Give the --out folder of experiment run or audit.") from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise GaiaJudgeError(f"{file} is damaged: {error!r}.", "Run the experiment again into it.") from error


def _sound(entry: Entry) -> Entry:
    """Return an entry whose values are of their kinds, and whose folder is below the experiment's."""
    texts = (entry.folder, entry.same_as, entry.refused)
    kinds = isinstance(entry.name, str) and all(text is None or isinstance(text, str) for text in texts)
    if not kinds or not all(one is None or isinstance(one, int | float) for one in (entry.low, entry.high)):
        raise TypeError(f"the cell {entry.name!r} has a value of another kind")
    place = PurePath(entry.folder or "")
    if place.is_absolute() or ".." in place.parts:
        raise ValueError(f"the folder {entry.folder!r} is not below the experiment's")
    return entry
