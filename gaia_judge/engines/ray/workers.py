"""A worker: one engine in a process of its own, anywhere in a Ray cluster."""

from collections.abc import Hashable, Sequence
from dataclasses import replace
from typing import Any

from gaia_judge.engines import EngineOptions, ModelSpec, Preview, Reply, Request
from gaia_judge.engines.registry import choose_engine

Item = tuple[Hashable, Request, Any]
"""Key, request without its frames, and the reference under which Ray keeps the frames (or None)."""


class Worker:
    """Holds an engine; becomes a Ray actor by ``ray.remote``.

    Args:
        inner: The engine's name, or ``auto`` for the first of ``PREFERRED`` that can run the model there.
        model: What it runs.
        options: How.
    """

    PREFERRED = ("vllm", "transformers")

    def __init__(self, inner: str, model: ModelSpec, options: EngineOptions) -> None:
        self._engine = choose_engine(inner, self.PREFERRED, model, options)(model, options)

    def describe(self) -> tuple[dict[str, Any], int]:
        """Return what the engine says of itself, and how many requests it wants in flight."""
        return self._engine.describe(), self._engine.width

    def exchange(self, items: Sequence[Item]) -> list[tuple[Hashable, Reply]]:
        """Take some more requests, wait until something is answered, and return it."""
        import ray

        frames = ray.get([where for _, _, where in items if where is not None])
        shown = iter(frames)
        for key, request, where in items:
            whole = request if where is None else replace(request, frames=next(shown))
            self._engine.submit(key, whole)
        return self._engine.collect()

    def preview(self, request: Request) -> Preview:
        """Return what the model would read."""
        return self._engine.preview(request)
