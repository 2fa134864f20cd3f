"""Cells of tables and marks of galleries, as the templates of a page need them."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from gaia_judge.pages.sections import Gallery
from gaia_judge.reports import Cell, Interval, cell_text


@dataclass(frozen=True, slots=True)
class Shown:
    """A cell as it is seen and sorted."""

    text: str
    bounds: str
    """Those of an interval; empty if unknown."""
    value: str | None
    """The number to sort by, as JavaScript reads it; None for text and for what is missing."""
    missing: bool


def show(cell: Cell) -> Shown:
    """Return a cell for a page.

    >>> show(Interval(0.5, 0.41, 0.58))
    Shown(text='0.500', bounds='[0.410, 0.580]', value='0.5', missing=False)
    >>> show("nano")
    Shown(text='nano', bounds='', value=None, missing=False)
    """
    number = cell.value if isinstance(cell, Interval) else cell
    if isinstance(number, str):
        return Shown(number, "", None, not number)
    if number is None or math.isnan(number):
        return Shown("-", "", None, True)
    text, mark, bounds = cell_text(cell).partition(" [")
    return Shown(text, mark.strip() + bounds, _script(float(number)), False)


def _script(number: float) -> str:
    """Return a number as JavaScript's ``Number`` reads it."""
    return repr(number).replace("inf", "Infinity")


@dataclass(frozen=True, slots=True)
class Axis:
    """The line on which the scores of a gallery are marked."""

    low: float
    high: float

    def share(self, value: float) -> float | None:
        """Return where a score stands, 0 to 100; None for what is no number."""
        return round(100 * (value - self.low) / (self.high - self.low), 2) if math.isfinite(value) else None


def axis(values: Iterable[float]) -> Axis:
    """Return an axis from one round number to another that holds all values.

    >>> axis([1.2, 4.7]), axis([23.0, 81.5]), axis([3.0])
    (Axis(low=1.0, high=5.0), Axis(low=20.0, high=90.0), Axis(low=2.0, high=4.0))
    """
    known = [value for value in values if math.isfinite(value)] or [0.0]
    low, high = min(known), max(known)
    if low == high:
        return Axis(low - 1, high + 1)
    step = 10.0 ** math.floor(math.log10(high - low))
    return Axis(math.floor(low / step) * step, math.ceil(high / step) * step)


def gallery_axis(gallery: Gallery) -> Axis:
    """Return the axis that all exhibits of a gallery share."""
    return axis(score for one in gallery.exhibits for score in (one.judge, one.people))


def percent(share: float) -> str:
    """Return a probability for people.

    >>> percent(0.412), percent(0.002), percent(0.0)
    ('41%', '<1%', '0%')
    """
    return "<1%" if 0 < share < 0.005 else f"{share:.0%}"
