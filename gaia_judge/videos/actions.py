"""GAIA's actions: prompts from one file, classes and subsets from another, joined over their spellings.

Source: Chen et al., GAIA: Rethinking Action Quality Assessment for AI-Generated Videos, 2024
(arXiv 2406.06087): 510 actions, of which 400 whole-body in 39 classes, 83 hand in 8 and 27 facial in 6.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZipFile

from gaia_judge.errors import GaiaJudgeError
from gaia_judge.videos.entries import clean
from gaia_judge.videos.tables import read_table

PROMPTS = "prompts_all.csv"
LABELS = "action_label.xlsx"

LARGEST = 50_000_000
"""Bytes of a workbook, unpacked."""

SUBSETS = {"body": "whole-body", "hand": "hand", "face": "facial"}
"""Sheets of the label file and the subsets they hold."""

ALIASES = {
    "Exercising with Exercise Ball": "exercising with an exercise ball",
    "Tying Knot": "tying knot (not on a tie)",
    "Skiing": "skiing (not slalom or crosscountry)",
    "Walk-Finger": "Walk",
    "Hold Fist in Other Hand": "Hold fist in the other hand",
}
"""Prompt file to label file: the actions that the two name in other words, not only in other spelling."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One action, named as in the label file, whose names are those of Kinetics-400 where it has them."""

    name: str
    category: str
    subset: str
    prompt: str = ""


def fold(name: str) -> str:
    """Return a name's letters and digits only, without case.

    >>> fold("Massaging Person's Head") == fold("massaging person’s head")
    True
    """
    return re.sub(r"[\W_]", "", unicodedata.normalize("NFKC", name).casefold())


def read_actions(folder: Path) -> dict[str, Action]:
    """Return the actions of a GAIA folder under their folded names, in both files' spelling.

    Raises:
        GaiaJudgeError: A file is missing or cannot be read, or an action has no prompt or no label.
    """
    for name, other in ((PROMPTS, LABELS), (LABELS, PROMPTS)):
        if not (folder / name).is_file():
            raise GaiaJudgeError(
                f"{folder} has {other} and videos/, but no {name}.",
                f"Add GAIA's {name}, or give {folder / 'videos'} to judge the videos without prompts.",
            )
    prompts = read_prompts(folder / PROMPTS)
    labels = read_labels(folder / LABELS)
    aliases = {fold(prompt): fold(label) for prompt, label in ALIASES.items()}
    actions = {}
    for spelling, prompt in prompts.items():
        key = fold(spelling)
        label = labels.get(key) or labels.get(aliases.get(key, ""))
        if label is None:
            raise GaiaJudgeError(
                f"{folder / LABELS} has no label for the action {spelling!r} of {PROMPTS}.",
                "Use both files as GAIA publishes them.",
            )
        actions[key] = actions[fold(label.name)] = Action(
            name=label.name, category=label.category, subset=label.subset, prompt=prompt
        )
    return actions


def read_prompts(file: Path) -> dict[str, str]:
    """Return the prompt of each action, as spelt in the prompt file."""
    prompts: dict[str, str] = {}
    seen: dict[str, str] = {}
    for row in read_table(file, keys=("action",), others=("scene",)):
        action, prompt = clean(row.cells["action"]), clean(row.cells["scene"])
        if not action or not prompt:
            raise GaiaJudgeError(f"{row.where}: Action or Scene is empty.", "Fill it, or remove the row.")
        if fold(action) in seen:
            raise GaiaJudgeError(f"{seen[fold(action)]} and {row.where} name one action.", "Remove one.")
        seen[fold(action)] = row.where
        prompts[action] = prompt
    return prompts


def read_labels(file: Path) -> dict[str, Action]:
    """Return class and subset of each action under its folded name."""
    from openpyxl import load_workbook

    try:
        with ZipFile(file) as parts:
            size = sum(part.file_size for part in parts.infolist())
        if size > LARGEST:
            raise ValueError(f"it has {size} bytes when it is unpacked")
        book = load_workbook(file, data_only=True)
    except Exception as error:  # openpyxl lets through whatever ZIP and XML readers raise
        raise GaiaJudgeError(f"{file} is not an Excel workbook: {error}.", "Fetch it again.") from error
    labels = {}
    for sheet, subset in SUBSETS.items():
        if sheet not in book.sheetnames:
            raise GaiaJudgeError(f"{file} has no sheet {sheet!r}.", f"It has: {', '.join(book.sheetnames)}.")
        rows: Iterable[tuple[object, ...]] = book[sheet].iter_rows(values_only=True)
        # The body sheet has a class per column; the other two have one per row.
        for category, name in read_classes(zip(*rows, strict=True) if sheet == "body" else rows):
            if fold(name) in labels:
                raise GaiaJudgeError(f"{file} has the action {name!r} twice.", "Remove one of them.")
            labels[fold(name)] = Action(name=name, category=category, subset=subset)
    return labels


def read_classes(lines: Iterable[tuple[object, ...]]) -> Iterator[tuple[str, str]]:
    """Yield class and action from lines that begin with a class, or with a blank to go on with the last.

    Numbers are passed over (the facial sheet counts its actions), as is a heading above the first class.

    >>> list(read_classes([(None, "count"), ("happy", 2, "joy", "love"), (None, None, "pride")]))
    [('happy', 'joy'), ('happy', 'love'), ('happy', 'pride')]
    """
    category = ""
    for first, *rest in lines:
        category = clean(str(first)) if first is not None else category
        if category:
            yield from ((category, clean(cell)) for cell in rest if isinstance(cell, str) and clean(cell))
