"""Figures: plots for papers and pages, drawn by matplotlib without a display or a browser."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

__all__ = ["Figure", "stem"]


def stem(text: str) -> str:
    """Return text as a part of a figure's name: a dimension may be called anything.

    >>> stem("Sub/ject $x$"), stem("主体")
    ('sub-ject-x', 'other')
    """
    return re.sub("[^a-z0-9]+", "-", text.casefold()).strip("-") or "other"


@dataclass(frozen=True, slots=True)
class Figure:
    """A plot that is drawn when it is asked for."""

    name: str
    """Stem of its files: letters, digits and dashes."""
    title: str
    caption: str
    """What is to be known to read it: what points and bars are, how many, which interval."""
    draw: "Callable[[], Drawing]"
