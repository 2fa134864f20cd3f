"""The tables of an examination, for people."""

from collections.abc import Mapping, Sequence
from typing import Any

from gaia_judge.nano.exams import PAPERS

HEAD = {
    "srcc": "SRCC",
    "plcc": "PLCC",
    "srcc within generator": "SRCC within generator",
    "srcc within action": "SRCC within action",
    "nano is better by": "nano's SRCC is higher by",
}


def show(cell: Mapping[str, Any] | None) -> str:
    """Return a statistic with its interval.

    >>> show({"value": 0.5, "low": 0.41, "high": 0.58})
    '0.50 [0.41, 0.58]'
    >>> show({"value": 0.5, "low": None, "high": None}), show(None)
    ('0.50', '-')
    """
    if cell is None or cell["value"] is None:
        return "-"
    bounds = "" if cell["low"] is None else f" [{cell['low']:.2f}, {cell['high']:.2f}]"
    return f"{cell['value']:.2f}{bounds}"


def markdown(found: Mapping[str, Any], warning: str) -> str:
    """Return the tables of an examination, below a warning of what they are."""
    judge = found["judge"]
    top = f"{warning}\n\nJudge: {judge['rater']}, weights {judge['weights_digest']}. Intervals: 95%.\n"
    papers = [_paper(paper.name, paper.unit, found[paper.name]) for paper in PAPERS]
    return "\n".join([top, *papers, _changes(found["behaviour"])])


def _paper(name: str, unit: str, rows: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> str:
    columns = [key for key in HEAD if any(key in cells for row in rows.values() for cells in row.values())]
    first = next(iter(next(iter(rows.values())).values()))["srcc"]
    lines = [
        f"### {name.capitalize()}",
        "",
        f"{first['n']} clips, {first['missing']} without a rating; intervals for other {unit}s.",
        "",
        _row(["rater", "dimension", *(HEAD[key] for key in columns)]),
        _row(["---"] * (len(columns) + 2)),
    ]
    for rater, dimensions in rows.items():
        for dimension, cells in dimensions.items():
            lines.append(_row([rater, dimension, *(show(cells.get(key)) for key in columns)]))
    return "\n".join([*lines, ""])


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _changes(rows: Mapping[str, Mapping[str, float]]) -> str:
    title = "### Change of completeness (1 to 5) on the third of clips that people find most complete"
    lines = [f"- {name}: {show(one)}, n = {one['n']}" for name, one in rows.items()]
    return "\n".join([title, "", *lines, ""])
