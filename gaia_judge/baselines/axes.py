"""Axes: metrics whose judge rates several dimensions of its own, of which one or the mean can be picked.

Agreement with people needs a single number per video where a metric's dimensions are not people's.
"""

from collections.abc import Sequence
from dataclasses import replace

from gaia_judge.baselines.askings import JudgeMeasurer, Rows, mean_of
from gaia_judge.baselines.clips import Clip
from gaia_judge.baselines.metrics import Metric, Setting
from gaia_judge.errors import unknown

MEAN = "mean"


class OneAxis(JudgeMeasurer):
    """Asks only the question of the metric's one dimension."""

    def __init__(self, metric: Metric, setting: Setting) -> None:
        super().__init__(metric, setting)
        asked = tuple(one for one in self.judge.prompt.dimensions if one.name in metric.dimensions)
        self.judge.prompt = replace(self.judge.prompt, dimensions=asked)


class MeanAxis(JudgeMeasurer):
    """Asks all questions; the score is the mean of the ratings, which the trace holds."""

    def measure(self, clips: Sequence[Clip]) -> list[Rows]:
        """Return one score per clip."""
        rows = super().measure(clips)
        return [
            mean_of(self.metric, clip, {score.dimension: score for score in scores})
            for clip, scores in zip(clips, rows, strict=True)
        ]


def pick_axis(metric: Metric, name: str) -> Metric:
    """Return the metric of one of its dimensions, or of their mean.

    Raises:
        GaiaJudgeError: It has no such dimension.
    """
    if name not in (*metric.dimensions, MEAN):
        raise unknown("dimension", name, (*metric.dimensions, MEAN))
    load = MeanAxis if name == MEAN else OneAxis
    return replace(metric, dimensions=(name,), load=load, about=f"{metric.about} ({name})")
