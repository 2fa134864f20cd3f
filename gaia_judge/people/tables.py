"""Tables of people's scores as they are written: a row per video, per score, or per vote."""

from pathlib import Path
from typing import TYPE_CHECKING

from gaia_judge.errors import GaiaJudgeError
from gaia_judge.people.records import GAIA, KEYS, Table, read_rows
from gaia_judge.videos.ids import check_ids

if TYPE_CHECKING:
    from pandas import DataFrame, Series

FACTS = ("generator", "action", "category", "subset", "prompt", "rater", "year", "seed", "time", *KEYS)
"""Columns that are no dimension, whatever they hold."""

INTERVAL = ("low", "high")
"""Ends of the interval of a column ``mos``, which are no dimensions beside it."""

BESIDE = {"spread": "std", "counts": "n", "probability": "probability"}
"""What may stand beside a score, and its column: ``NAME_std`` beside a dimension NAME, or ``std``."""


def read_people(file: Path) -> "dict[str, DataFrame]":
    """Return the frames that a table holds: ``mos``, and perhaps spread, counts, votes and probability.

    Raises:
        GaiaJudgeError: It cannot be read as one of the three kinds, or a score is no number or stands twice.
    """
    table = read_rows(file)
    columns = set(table.cells.columns)
    if {"rater", "dimension", "score"} <= columns:
        frames = _votes(table)
    elif "dimension" in columns and columns & {"value", "mos"}:
        frames = _long(table)
    else:
        frames = _wide(table)
    if not frames["mos"].notna().any(axis=None):
        raise GaiaJudgeError(f"{file} has no score: all are empty.", "Fill in what people said.")
    return frames


def _wide(table: Table) -> "dict[str, DataFrame]":
    import pandas as pd

    check_ids(zip(table.places, table.videos, strict=True))
    names = _dimensions(table)
    index = pd.Index(table.videos, name="video")
    parts = {"mos": {name: table.number(name) for name in names}}
    for part, ending in BESIDE.items():
        own = {name: f"{name}_{ending}" for name in names if f"{name}_{ending}" in table.cells}
        if ending in table.cells:
            own = _shared(table, ending, names) | own
        if own:
            parts[part] = {name: _beside(table, one, part, parts["mos"][name]) for name, one in own.items()}
    frames = {part: pd.DataFrame(columns).set_axis(index) for part, columns in parts.items()}
    return {part: frame.reindex(columns=names) for part, frame in frames.items()}


def _dimensions(table: Table) -> list[str]:
    """Return the columns of scores: those with numbers, and GAIA's even where they have none."""
    other = {f"{name}_{ending}" for name in table.cells.columns for ending in BESIDE.values()}
    other.update(FACTS, BESIDE.values(), INTERVAL if "mos" in table.cells else ())
    names = [
        str(name)
        for name in table.cells.columns
        if name not in other and (name in GAIA.values() or table.holds_numbers(name))
    ]
    if not names:
        raise GaiaJudgeError(f"{table.file} has no column of scores.", "Write one column per dimension.")
    return names


def _shared(table: Table, column: str, names: list[str]) -> dict[str, str]:
    """Return the one column for all dimensions, which may tell counts or probability but not spreads."""
    if column == BESIDE["spread"] and len(names) > 1:
        message = f"{table.file}: of which dimension is the column {column!r}?"
        raise GaiaJudgeError(message, f"Call it {names[0]}_{column}, say.")
    return dict.fromkeys(names, column)


def _long(table: Table) -> "dict[str, DataFrame]":
    value = "value" if "value" in table.cells else "mos"
    keys = table.cells.assign(video=table.videos, dimension=_named(table))[["video", "dimension"]]
    _refuse_twice(table, keys)
    scores = table.number(value)
    parts = {"mos": scores}
    for part, column in BESIDE.items():
        if column in table.cells:
            parts[part] = _beside(table, column, part, scores)
    videos, names = keys["video"].unique(), keys["dimension"].unique()
    frames = {
        part: keys.assign(cell=cells).pivot(index="video", columns="dimension", values="cell")
        for part, cells in parts.items()
    }
    return {part: frame.loc[videos, names].rename_axis(columns=None) for part, frame in frames.items()}


def _votes(table: Table) -> "dict[str, DataFrame]":
    import pandas as pd

    keys = {"video": table.videos, "rater": table.text("rater"), "dimension": _named(table)}
    votes = pd.DataFrame({**keys, "score": table.number("score")})
    _refuse_twice(table, votes[list(keys)])
    videos, names = votes["video"].unique(), votes["dimension"].unique()
    groups = votes.groupby(["video", "dimension"], sort=False)["score"]
    parts = {"mos": groups.mean(), "spread": groups.std(), "counts": groups.count().astype(float)}
    frames = {part: one.unstack().loc[videos, names].rename_axis(columns=None) for part, one in parts.items()}
    return {**frames, "votes": votes.dropna().reset_index(drop=True)}


def _named(table: Table) -> "Series[str]":
    """Return the dimension of each row, named as in wide tables."""
    return table.text("dimension").str.casefold().map(lambda name: GAIA.get(name, name))


def _refuse_twice(table: Table, keys: "DataFrame") -> None:
    if (twice := keys.duplicated()).any():
        told = ", ".join(f"{name} {cell!r}" for name, cell in keys[twice].iloc[0].items())
        place = table.places[int(twice.to_numpy().argmax())]
        raise GaiaJudgeError(f"{place}: a second score for {told}.", "Remove one.")


def _beside(table: Table, column: str, part: str, scores: "Series[float]") -> "Series[float]":
    """Return what stands beside scores, if it can be what it is said to be."""
    cells = table.number(column)
    if part == "spread":
        wrong, hint = cells < 0, "Spreads are 0 or more."
    elif part == "counts":
        none = (cells == 0) & scores.notna()
        wrong, hint = (cells < 0) | (cells % 1 > 0) | none, "A score is the mean of 1 vote, 2, 3 and so on."
    else:
        wrong, hint = (cells <= 0) | (cells > 1), "Probabilities are above 0 and at most 1."
    if wrong.any():
        table.refuse(wrong, column, f"cannot be the {part} of a score", hint)
    return cells
