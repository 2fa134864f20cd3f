"""Recipes: how a metric is trained. Features go into a learner, which becomes a fitted predictor."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from gaia_judge.baselines.features import Extractor, Features, marks

if TYPE_CHECKING:
    from gaia_judge.baselines.starts import Start

Numbers = NDArray[np.float64]
State = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """What a learner is given: videos with people's scores on one dimension."""

    features: Sequence[Features]
    """Of the training videos."""
    scores: Numbers
    """Mean opinion scores on people's own scale, shape [N]."""
    chosen_by: tuple[Sequence[Features], Numbers] | None = None
    """Other videos with their scores, by which the best moment of training is chosen; never the test's,
    unless the user asked for the upstream rule by name."""
    seed: int = 0
    device: str = "cpu"
    folder: Path | None = None
    """Where an interrupted training is continued from; nowhere if None."""
    say: Callable[[str], None] = lambda text: None
    """Told how training goes on, now and then."""

    def digest(self, *more: Any) -> str:
        """Return what tells this lesson from any that teaches something else.

        Args:
            more: What else the result depends on, as JSON values.
        """
        chosen, judged = self.chosen_by or ((), np.zeros(0))
        told = {
            "features": [marks(self.features), marks(chosen)],
            "scores": [self.scores.tolist(), judged.tolist()],
            "seed": self.seed,
            "more": more,
        }
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


class Fitted(Protocol):
    """A learner that has learnt."""

    def predict(self, features: Sequence[Features]) -> Numbers:
        """Return scores on people's scale, shape [N]."""
        ...

    def state(self) -> State:
        """Return the arrays that ``Learner.restore`` makes the same predictor of."""
        ...


class Learner(Protocol):
    """Learns people's scores from features."""

    def fit(self, lesson: Lesson) -> Fitted:
        """Learn.

        Raises:
            GaiaJudgeError: The lesson is too small, or its features cannot be used.
        """
        ...

    def restore(self, state: State, device: str = "cpu") -> Fitted:
        """Return the predictor that ``Fitted.state`` was taken of."""
        ...

    def describe(self) -> Mapping[str, Any]:
        """Return versions and settings that determine what is learnt, as JSON values."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How a metric is trained; stands in ``Metric.recipe``."""

    extractor: Extractor
    learner: Learner
    start: "Start | None" = None
    """What the network may start from; always anew if None."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """Figures of the paper that this recipe keeps to, or not, for people to read."""
