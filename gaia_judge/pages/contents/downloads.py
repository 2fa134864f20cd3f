"""Downloads: the full tables behind a report, as CSV."""

from collections.abc import Iterator

import numpy as np

from gaia_judge.comparison.exports import long_table
from gaia_judge.leaderboards.boards import stand
from gaia_judge.leaderboards.tables import flat_report
from gaia_judge.pages.contents.materials import Material
from gaia_judge.reports import Cell, Report, csv_text

PEOPLE = "people"

FACTS = ("generator", "action", "category", "subset")

DIGITS = 6
"""Of each score, so that thirty raters of GAIA's size fit into a page."""


def list_downloads(material: Material) -> Iterator[tuple[str, str]]:
    """Yield the full tables, by file name."""
    yield "scores.csv", csv_text(_scores(material))
    if material.comparison is not None:
        yield "agreement.csv", csv_text(long_table(material.comparison))
    if material.facts["generator"].nunique() > 1:
        yield "generators.csv", csv_text(_generators(material))


def _scores(material: Material) -> Report:
    """Return a row per video and dimension with people's score, if any, and every rater's value beside it.

    A video's rows stand together: metrics of one dimension repeat there, which packs well.
    """
    facts = material.facts
    texts = facts[list(FACTS)].astype(object).where(facts[list(FACTS)].notna(), None)
    sides = {rater.name: [rater.on(name, material.own) for name in material.own] for rater in material.raters}
    if material.panel is not None:
        sides = {PEOPLE: [material.panel.people[name] for name in material.own], **sides}
    values = np.array([[one.reindex(facts.index) for one in side] for side in sides.values()], np.float64)
    rows: list[tuple[Cell, ...]] = []
    for at, (video, *told) in enumerate(texts.itertuples(name=None)):
        for dimension, found in zip(material.own, values[:, :, at].T.tolist(), strict=True):
            rows.append((str(video), *told, dimension, *map(_short, found)))
    return Report("Scores", ("video", *FACTS, "dimension", *sides), tuple(rows))


def _short(value: float) -> float | None:
    return None if value != value else float(f"{value:.{DIGITS}g}")


def _generators(material: Material) -> Report:
    """Return every rater's leaderboards in one table."""
    asking = material.asking
    heads: tuple[str, ...] = ()
    rows: list[tuple[Cell, ...]] = []
    for rater in material.raters:
        board = flat_report("", stand(rater, draws=asking.draws, seed=asking.seed))
        heads = ("rater", *board.columns)
        rows += [(rater.name, *row) for row in board.rows]
    return Report("Generators", heads, tuple(rows))
