"""Metrics for tests: small, with known answers."""

from collections.abc import Callable, Sequence
from typing import Any

from gaia_judge.baselines import Clip, Metric, Setting
from gaia_judge.frames import FrameSpec
from gaia_judge.scores import Score

FACTS: dict[str, Any] = {"about": "For tests.", "licence": "none", "citation": "none", "family": "action"}


class Brightness:
    """Mean of all pixels; keeps the sizes of the batches that it was given."""

    def __init__(self, metric: Metric, setting: Setting) -> None:
        self.metric = metric
        self.batches: list[int] = []
        self.closed = False

    def measure(self, clips: Sequence[Clip]) -> list[tuple[Score, ...]]:
        self.batches.append(len(clips))
        return [self.metric.scores(clip, self.value(clip)) for clip in clips]

    def value(self, clip: Clip) -> float:
        return float(clip.frames.images.mean())

    def describe(self) -> dict[str, Any]:
        return {"revision": 1}

    def close(self) -> None:
        self.closed = True


BRIGHTNESS = Metric(
    name="brightness", load=Brightness, fidelity="substitute", dimensions=("brightness",), **FACTS
)


def metric_of(
    name: str, value: Callable[[Clip], float], frames: FrameSpec | None = None, **facts: Any
) -> Metric:
    """Return a metric whose value is that of a function."""

    class Measurer(Brightness):
        def value(self, clip: Clip) -> float:
            return value(clip)

    given = {**FACTS, "fidelity": "library-equivalent", "dimensions": (name,), **facts}
    return Metric(name=name, load=Measurer, frames=frames or FrameSpec(count=8), **given)
