"""Comparisons as one long table, and as JSON for machines."""

from dataclasses import asdict
from typing import Any

from gaia_judge.comparison.agreements import Row
from gaia_judge.comparison.references import Published
from gaia_judge.comparison.results import Comparison
from gaia_judge.comparison.rows import LABELS, agreement_row, interval
from gaia_judge.reports import Cell, Interval, Report


def long_table(comparison: Comparison) -> Report:
    """Return one table with a row per rater, part and dimension, published rows at the end."""
    names = [name for name in LABELS if name in next(iter(comparison.rows)).figures]
    heads = ("rater", "origin", "part", "dimension", *names, "n", "missing", "failed", "source")
    rows: list[tuple[Cell, ...]] = []
    for row in (*comparison.rows, *comparison.generators):
        one = next(iter(row.figures.values()))
        cells = [interval(row.figures.get(name)) for name in names]
        rows.append(
            (row.rater, "measured", row.group, row.dimension, *cells, one.n, one.missing, row.failed, None)
        )
    for each in comparison.published:
        for dimension in dict.fromkeys(dimension for dimension, _ in each.figures):
            figures = [Interval(each.figures.get((dimension, name))) for name in names]
            part, source = each.subset, each.source
            rows.append((each.rater, origin(each), part, dimension, *figures, None, None, None, source))
    return Report("Agreement with people", heads, tuple(rows))


def as_json(comparison: Comparison) -> dict[str, Any]:
    """Return a comparison as JSON values."""
    panel = comparison.panel
    return {
        "settings": {**asdict(comparison.asking), "test": comparison.test},
        "videos": len(panel.people),
        "missing": list(panel.joined.missing),
        "surplus": list(panel.joined.surplus),
        "warnings": {rater.name: list(rater.warnings) for rater in panel.raters if rater.warnings},
        "raters": [_row(row) for row in comparison.rows],
        "generators": [_row(row) for row in comparison.generators],
        "protocol": [asdict(one) for one in comparison.tested],
        "halves": dict(comparison.halves),
        "ceilings": {dimension: asdict(one) for dimension, one in comparison.ceilings.items()},
        "discriminations": [
            {"rater": rater, "dimension": dimension, **asdict(one)}
            for (rater, dimension), one in comparison.discriminations.items()
        ],
        "duels": [
            {"dimension": dimension, **asdict(one)}
            for dimension, found in comparison.duels.items()
            for one in found
        ],
        "observations": [asdict(one) for one in comparison.observations],
        "published": [
            {
                "rater": one.rater,
                "subset": one.subset,
                "combination": one.combination,
                "source": one.source,
                "figures": [
                    {"dimension": dimension, "statistic": name, "value": value}
                    for (dimension, name), value in one.figures.items()
                ],
            }
            for one in comparison.published
        ],
    }


def _row(row: Row) -> dict[str, Any]:
    named = {"rater": row.rater, "dimension": row.dimension, "group": row.group}
    return {**named, "failed": row.failed, **agreement_row(row.figures)}


def origin(one: Published) -> str:
    """Return what kind of row a published one is."""
    return "published combination" if one.combination else "published"
