"""vLLM's queue over time: how much it held, when it was at work, and a plot of both."""

import time
from pathlib import Path
from typing import Any

from gaia_judge.figures.axes import COLOURS, name_axes, plot


class Watch:
    """Watches an engine of vLLM's that runs in this process.

    Args:
        llm: vLLM's ``LLM``.
    """

    def __init__(self, llm: Any) -> None:
        self._engine = llm.llm_engine
        self._step, self._add = self._engine.step, self._engine.add_request
        self._engine.step, self._engine.add_request = self._stepped, self._added
        self.clear()

    def clear(self) -> None:
        """Start anew."""
        self.start = time.perf_counter()
        self.held = [(self.start, 0)]
        self.stepping = 0.0

    def empty(self) -> float:
        """Return the share of the time so far in which vLLM had nothing to do."""
        end = time.perf_counter()
        ends = [moment for moment, _ in self.held[1:]] + [end]
        idle = sum(till - since for (since, count), till in zip(self.held, ends, strict=True) if not count)
        return idle / (end - self.start)

    def draw(self, path: Path) -> None:
        """Plot how many requests vLLM held."""
        drawing, axes = plot(height=2.4)
        moments = [moment - self.start for moment, _ in self.held]
        axes.step(moments, [count for _, count in self.held], where="post", lw=0.8, color=COLOURS[0])
        name_axes(axes, "seconds", "requests in vLLM's queue")
        drawing.savefig(path)

    def _stepped(self) -> Any:
        start = time.perf_counter()
        outputs = self._step()
        self.stepping += time.perf_counter() - start
        self._look()
        return outputs

    def _added(self, *given: Any, **named: Any) -> Any:
        name = self._add(*given, **named)
        self._look()
        return name

    def _look(self) -> None:
        self.held.append((time.perf_counter(), self._engine.get_num_unfinished_requests()))
