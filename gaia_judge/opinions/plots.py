"""Plots of votes: how scores settle, how votes spread, and what raters are like."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from gaia_judge.figures import Figure
from gaia_judge.figures.axes import plain
from gaia_judge.opinions.analyses import Analysis, describe_raters
from gaia_judge.opinions.results import summarise

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Drawing

SIDE = 3.6
"""Inches of a panel."""


def plot(found: Sequence[Analysis]) -> list[Figure]:
    """Return the plots, each with a panel per dimension."""
    return [
        Figure(
            "people-observers",
            "Scores as observers increase",
            "SRCC of the plain means of random groups of observers with those of all observers (which include"
            " the group) and, up to half of all, with those of the rest; bands hold 95% of the groups.",
            partial(_draw, found, _observers),
        ),
        Figure(
            "people-spread",
            "Spread against MOS",
            "Standard deviation of each video's votes that count against their mean, from two votes; the"
            " line joins means of as many videos each.",
            partial(_draw, found, _spread),
        ),
        Figure(
            "people-raters",
            "Raters",
            "Bias and inconsistency of each rater; crosses mark those whose votes do not count.",
            partial(_draw, found, _raters),
        ),
    ]


def _draw(found: Sequence[Analysis], panel: "Callable[[Axes, Analysis], None]") -> "Drawing":
    from matplotlib.figure import Figure as Drawing

    drawing = Drawing(figsize=(SIDE * len(found), SIDE), layout="constrained")
    for axes, one in zip(np.ravel(drawing.subplots(1, len(found), squeeze=False)), found, strict=True):
        panel(axes, one)
        if one.dimension is not None:
            axes.set_title(plain(one.dimension))
    return drawing


def _observers(axes: "Axes", one: Analysis) -> None:
    for name, label in (("all", "with all"), ("rest", "with the rest")):
        points = [point for point in one.observers if getattr(point, name) is not None]
        sizes = [point.observers for point in points]
        middle, low, high = (
            [getattr(point, name + end) for point in points] for end in ("", "_low", "_high")
        )
        axes.fill_between(sizes, low, high, alpha=0.2, linewidth=0)
        axes.plot(sizes, middle, marker="o", markersize=3, label=label)
    axes.set(xlabel="observers", ylabel="SRCC")
    axes.legend(frameon=False)


def _spread(axes: "Axes", one: Analysis) -> None:
    every = summarise(one.counted)
    axes.scatter(every.mos, every.error * np.sqrt(every.n), s=4, color="0.7", linewidths=0, rasterized=True)
    axes.plot([level.mos for level in one.levels], [level.spread for level in one.levels], marker="o")
    axes.set(xlabel="MOS (plain mean)", ylabel="standard deviation of votes")


def _raters(axes: "Axes", one: Analysis) -> None:
    rows = describe_raters(one.votes, one.opinion)
    for gone, marker, label in ((False, "o", "counted"), (True, "x", "rejected")):
        own = [row for row in rows if bool(row["rejected"]) is gone and row["inconsistency"] is not None]
        if own:
            bias, inconsistency = ([row[name] for row in own] for name in ("bias", "inconsistency"))
            axes.scatter(bias, inconsistency, marker=marker, s=16, label=label)
    axes.set(xlabel="bias", ylabel="inconsistency")
    axes.legend(frameon=False)
