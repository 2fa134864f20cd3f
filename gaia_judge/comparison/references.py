"""Published figures: what papers report of raters on benchmarks, each with its source."""

from collections.abc import Mapping
from dataclasses import dataclass

from gaia_judge.assets import find_asset, list_assets
from gaia_judge.comparison.raters import OVERALL
from gaia_judge.errors import GaiaJudgeError
from gaia_judge.scores.files import read_table

FIGURES = ("srcc", "plcc")
"""Statistics that published tables hold."""

PARTS = {"": None, "-subsets": "subset", "-combinations": "combination"}
"""Endings of the files that belong to a reference, and what they hold beside the main rows."""


@dataclass(frozen=True, slots=True)
class Published:
    """One published row. Whether its figures are signed is not known: GAIA's are probably absolute values."""

    rater: str
    subset: str | None
    """Which of the benchmark's videos; None for all."""
    figures: Mapping[tuple[str, str], float]
    """By dimension and statistic."""
    source: str
    combination: bool = False


def read_reference(name: str) -> list[Published]:
    """Return a reference's rows: those of the benchmark, of its subsets and of combinations.

    Args:
        name: Of a CSV file in ``calibration/reference``, such as ``gaia``.

    Raises:
        GaiaJudgeError: There is none, or it holds something else.
    """
    find_asset("references", name)
    known = {asset.name for asset in list_assets("references")}
    return [row for ending in PARTS if name + ending in known for row in _rows(name, ending)]


def _rows(name: str, ending: str) -> list[Published]:
    path = find_asset("references", name + ending).path
    frame = read_table(path)
    if lacking := [column for column in ("rater", "source") if column not in frame]:
        raise GaiaJudgeError(
            f"{path} has no column {lacking[0]!r}.", "A published row names rater and source."
        )
    rows = [{str(name): str(cell) for name, cell in row.items()} for _, row in frame.iterrows()]
    repeated = frame["rater"].duplicated(keep=False).tolist()
    return [
        Published(
            rater=f"{row['rater']}, {row['pretraining']}" if twice and "pretraining" in row else row["rater"],
            subset=row.get("subset") or None,
            figures=_figures(row, f"{path}, line {at}"),
            source=row["source"],
            combination=ending == "-combinations",
        )
        for at, (row, twice) in enumerate(zip(rows, repeated, strict=True), start=2)
    ]


def _figures(row: Mapping[str, str], where: str) -> dict[tuple[str, str], float]:
    found = {}
    for column, cell in row.items():
        dimension, _, statistic = column.rpartition("_")
        if statistic not in FIGURES or not cell:
            continue
        try:
            found[OVERALL if dimension == "all" else dimension, statistic] = float(cell)
        except ValueError as error:
            message = f"{where}: {column} is {cell!r}, not a number."
            raise GaiaJudgeError(message, "Correct it, or leave it empty.") from error
    return found
