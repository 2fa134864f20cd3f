"""Scatter plots: ratings against people's scores, and spread against means."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gaia_judge.figures.axes import COLOURS, name_axes, plot

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

MOST = 2000
"""Points above which a plot shows how many lie where instead."""

BINS = 45
"""Hexagons along the horizontal axis."""

Numbers = NDArray[np.float64]
Curve = Callable[[Numbers], ArrayLike]


def scatter(x: Numbers, y: Numbers, labels: tuple[str, str], curve: Curve | None = None) -> "Drawing":
    """Return points, or above ``MOST`` of them hexagons that are the darker the more points they hold.

    Args:
        x: Shape [N]; pairs with a missing side are left out.
        y: Shape [N].
        labels: What stands along the axes.
        curve: Drawn over the range of ``x``.
    """
    drawing, axes = plot()
    kept = np.isfinite(x) & np.isfinite(y)
    x, y = x[kept], y[kept]
    if len(x) > MOST:
        held = axes.hexbin(x, y, gridsize=BINS, cmap="Blues", mincnt=1, linewidths=0)
        drawing.colorbar(held, label="videos", shrink=0.8)
    else:
        axes.scatter(x, y, s=10, color=COLOURS[0], alpha=0.5, linewidths=0)
    if curve is not None and len(x):
        line = np.linspace(x.min(), x.max(), 200)
        axes.plot(line, curve(line), color=COLOURS[1], linewidth=1.8)
    name_axes(axes, *labels)
    return drawing


def binned(count: int) -> str:
    """Return for a caption how so many points are shown."""
    return f"{count:,} videos, binned" if count > MOST else f"{count:,} videos"
