"""The terminal: names of files, judges and people are shown as text, whatever they hold."""

from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from gaia_judge.cli.texts import legible


class Screen(Console):
    """A console on which square brackets are no markup, and of which only rich itself moves the cursor."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings, markup=False)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Render with every text made legible."""
        for text, style, control in super().render(renderable, options):
            yield Segment(text if control else legible(text), style, control)
