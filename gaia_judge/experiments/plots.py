"""Plots of an experiment's results."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gaia_judge.agreement import Agreement
from gaia_judge.experiments.results import Results
from gaia_judge.figures import Figure
from gaia_judge.figures.axes import plain

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing


def pareto(results: Results) -> Figure | None:
    """Return the plot of agreement against cost, or None where either is not known."""
    if results.panel is None:
        return None
    dimension = results.panel.measured[-1]
    priced = all(one.cost is not None for one in results.spent.values())
    points = []
    for row in results.rows:
        spent, found = results.spent[row.rater], row.figures["srcc"]
        per_video = spent.cost if priced else (1 / spent.speed if spent.speed else None)
        if row.dimension == dimension and found.value is not None and per_video is not None:
            points.append((row.rater, per_video, found, row.rater in results.free))
    if not points:
        return None
    currency = results.index.experiment.price.currency
    axis = f"{currency} per 1,000 videos" if priced else "seconds per video"
    return Figure(
        "agreement-against-cost",
        "Agreement against cost",
        f"SRCC ({dimension}), 95% intervals; the line joins cells that none beats in both; hollow: controls.",
        lambda: _draw(points, axis, dimension),
    )


def frontier(points: Sequence[tuple[float, float]]) -> list[int]:
    """Return the places of the points (cost, agreement) that no other beats in both, by rising cost.

    >>> frontier([(1.0, 0.5), (2.0, 0.4), (3.0, 0.6), (1.0, 0.3)])
    [0, 2]
    """
    order = sorted(range(len(points)), key=lambda at: (points[at][0], -points[at][1]))
    kept: list[int] = []
    for at in order:
        if not kept or points[at][1] > points[kept[-1]][1]:
            kept.append(at)
    return kept


def _draw(points: Sequence[tuple[str, float, Agreement, bool]], axis: str, dimension: str) -> "Drawing":
    from matplotlib.figure import Figure as Drawing

    drawing = Drawing(figsize=(6, 4), layout="constrained")
    axes = drawing.add_subplot()
    places = [(cost, found.value or 0.0) for _, cost, found, free in points if free]
    best = frontier(places)
    axes.plot([places[at][0] for at in best], [places[at][1] for at in best], color="0.6", zorder=1)
    for name, cost, found, free in points:
        assert found.value is not None
        low, high = (found.value if end is None else end for end in (found.low, found.high))
        reach, fill = [[found.value - low], [high - found.value]], "full" if free else "none"
        axes.errorbar(
            [cost], [found.value], yerr=reach, fmt="o", color="#0072b2", markersize=5, fillstyle=fill
        )
        axes.annotate(plain(name), (cost, found.value), xytext=(6, 4), textcoords="offset points", fontsize=8)
    axes.set(xlabel=plain(axis), ylabel=plain(f"SRCC, {dimension}"))
    axes.spines[["top", "right"]].set_visible(False)
    return drawing
