"""Axes: what all plots have in common."""

import re
from typing import TYPE_CHECKING

from gaia_judge.reports import upright

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Drawing

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#999999")
"""Told apart by people of any colour vision (Okabe and Ito 2008)."""

WIDTH = 6.0
"""Inches: a column of a paper."""


UNDRAWN = re.compile("[\0-\x1f\x7f-\x9f\ud800-\udfff]")
"""Control characters and halves of characters, which no font has."""


def plot(height: float = 3.6, width: float = WIDTH) -> "tuple[Drawing, Axes]":
    """Return an empty drawing and its axes; sizes in inches."""
    drawing, (axes,) = plots(1, height, width)
    return drawing, axes


def plots(columns: int, height: float, width: float) -> "tuple[Drawing, list[Axes]]":
    """Return a drawing with axes side by side that share what is vertical."""
    from matplotlib.figure import Figure as Drawing

    drawing = Drawing(figsize=(width, height), layout="constrained")
    row = list(drawing.subplots(1, columns, squeeze=False, sharey=True).flat)
    for axes in row:
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(labelsize=8)
    return drawing, row


def name_axes(axes: "Axes", x: str, y: str, title: str = "") -> None:
    """Write what stands along the axes, plainly: names from users may hold dollar signs."""
    axes.set_xlabel(plain(x), fontsize=9)
    axes.set_ylabel(plain(y), fontsize=9)
    if title:
        axes.set_title(plain(title), fontsize=9, loc="left")


def plain(text: str, most: int = 40) -> str:
    r"""Return text that matplotlib takes as it is, cut where it is too long for a plot.

    >>> plain("cost $5"), plain("a" * 50, 5)
    ('cost \\$5', 'aaaa…')
    """
    text = upright(UNDRAWN.sub("\ufffd", text))
    text = text if len(text) <= most else text[: most - 1] + "…"
    return text.replace("$", r"\$")
