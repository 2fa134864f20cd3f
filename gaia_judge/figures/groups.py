"""Plots of groups: distributions per generator, class or subset, and means with intervals."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gaia_judge.figures.axes import COLOURS, name_axes, plain, plots

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Drawing

Numbers = NDArray[np.float64]
Groups = Mapping[str, Numbers]
Mean = tuple[float | None, float | None, float | None]
"""And the ends of its interval; None where unknown."""

Means = Mapping[str, Mean]
"""By group."""

BAND = 0.24
"""Inches for each group."""


def boxes(panels: Mapping[str, Groups], value: str) -> "Drawing":
    """Return a panel of box plots for each dimension, a row per group in the order given.

    Boxes hold the middle half of the values, whiskers reach 1.5 times its width, the line is the median.

    Args:
        panels: By dimension, values by group; all groups in every panel.
        value: What is measured.
    """
    names = _names(panels)
    drawing, row = plots(len(panels), 1.1 + BAND * len(names), 2.2 + 1.7 * len(panels))
    for axes, (title, groups) in zip(row, panels.items(), strict=True):
        values = [groups.get(name, np.empty(0)) for name in names]
        parts = axes.boxplot(
            [one[np.isfinite(one)] for one in values],
            orientation="horizontal",
            widths=0.6,
            patch_artist=True,
            flierprops={"markersize": 2, "markeredgecolor": "#999999", "marker": "."},
            medianprops={"color": COLOURS[1]},
        )
        for box in parts["boxes"]:
            box.set(facecolor="none")
        name_axes(axes, value, "", title)
    _label(row[0], names)
    return drawing


def bars(panels: Mapping[str, Means], value: str, mark: float | None = None) -> "Drawing":
    """Return a panel for each dimension with the mean of each group and its interval.

    Args:
        panels: By dimension; groups in the order of the first.
        value: What is measured.
        mark: Where a line stands, such as what was promised.
    """
    names = _names(panels)
    drawing, row = plots(len(panels), 1.1 + BAND * len(names), 2.2 + 1.7 * len(panels))
    for axes, (title, groups) in zip(row, panels.items(), strict=True):
        if mark is not None:
            axes.axvline(mark, color="#999999", linewidth=1, linestyle="--")
        for place, name in enumerate(names, 1):
            mean, low, high = groups.get(name, (None, None, None))
            if mean is None:
                continue
            axes.plot([mean], [place], "o", color=COLOURS[0], markersize=4)
            if low is not None and high is not None:
                axes.plot([low, high], [place, place], color=COLOURS[0], linewidth=1.4)
        name_axes(axes, value, "", title)
    _label(row[0], names)
    row[0].set_ylim(0.3, len(names) + 0.7)
    return drawing


def _names(panels: Mapping[str, Mapping[str, object]]) -> list[str]:
    """Return all groups, the first at the top."""
    return list(dict.fromkeys(name for groups in panels.values() for name in groups))[::-1]


def _label(axes: "Axes", names: Sequence[str]) -> None:
    axes.set_yticks(range(1, len(names) + 1), [plain(name, 28) for name in names])
