"""What is known of a metric before it is loaded, and what a loaded one does."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from gaia_judge.baselines.clips import Clip
from gaia_judge.baselines.weights import Weights
from gaia_judge.engines import EngineOptions, Problem
from gaia_judge.frames import FrameSpec
from gaia_judge.installs import missing_packages
from gaia_judge.scores import Score

if TYPE_CHECKING:
    from gaia_judge.baselines.recipes import Recipe

Family = Literal["alignment", "action", "vqa", "aqa"]
"""As in GAIA's table: video-text alignment, action-related, video quality, action quality assessment."""

Fidelity = Literal["official-weights", "library-equivalent", "adapted", "substitute"]
"""How close a metric is to what its name promises: the authors' weights through code proven equal; the same
network as a library ships it; changed or guessed where the definition is unpublished; something else that
stands in for it."""

EIGHT = FrameSpec(count=8)
EVERY = FrameSpec(every=True)
"""All frames of a video."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What the user sets about a metric."""

    device: str = "cpu"
    """Where torch computes, such as ``cuda``."""
    weights: Mapping[str, Path] = field(default_factory=dict)
    """Own files or folders instead of what ``Weights`` of that name would download."""
    non_commercial: bool = False
    """Whether weights may be used that forbid commercial use."""
    engine: str = "auto"
    """The engine of a metric that asks a Video-LLM."""
    options: EngineOptions = field(default_factory=EngineOptions)


class Measurer(Protocol):
    """A loaded metric. Made by ``Metric.load``, which is usually its class."""

    def measure(self, clips: Sequence[Clip]) -> Sequence[tuple[Score, ...]]:
        """Return the scores of each clip, in order; ``Metric.scores`` makes them.

        Whatever it raises on a batch is tried again clip by clip, so that only the culprit is lost.
        """
        ...

    def describe(self) -> Mapping[str, Any]:
        """Return versions and settings that determine the scores, as JSON values."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A metric. Registered as an entry point of ``gaia_judge.metrics`` under its name."""

    name: str
    about: str
    """One line for people."""
    family: Family
    fidelity: Fidelity
    load: "Callable[[Metric, Setting], Measurer]"
    """Loads it; raises ``GaiaJudgeError`` if it cannot."""
    licence: str
    """Of its weights, or of the code that computes it if it has none."""
    citation: str
    dimensions: tuple[str, ...]
    """What it measures. One of a single dimension is compared with all of people's."""
    frames: FrameSpec = EIGHT
    higher_is_better: bool = True
    weights: tuple[Weights, ...] = ()
    needs: tuple[str, ...] = ()
    """Packages beyond the dependencies of gaia-judge, as they are imported."""
    takes: str = ""
    """What may stand behind a colon after the name, such as ``JUDGE``; nothing if empty."""
    arrange: "Callable[[Metric, str], Metric] | None" = None
    """Returns the metric for what stands behind the colon; raises ``GaiaJudgeError`` if that is wrong."""
    obstacles: "Callable[[Metric, Setting], list[Problem]] | None" = None
    """Returns, within seconds, why it cannot run here, beside packages and weights."""
    recipe: "Recipe | None" = None
    """How it is trained; None for a metric that needs no human scores."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """Further settings that determine its scores, as JSON values, for the manifest and for ``load``."""

    def rater(self, setting: Setting) -> str:
        """Return the name that its scores stand under, with what every table must say of them.

        >>> facts = {"about": "", "licence": "", "citation": "", "load": lambda metric, setting: None}
        >>> clip = Metric(
        ...     name="clip", family="alignment", fidelity="adapted", dimensions=("alignment",), **facts
        ... )
        >>> clip.rater(Setting())
        'clip (adapted)'
        """
        told: list[str] = [self.fidelity] if self.fidelity in ("adapted", "substitute") else []
        random = self.facts.get("judge", {}).get("random_weights")
        if random or any(one.is_random(setting.weights.get(one.name)) for one in self.weights):
            told.append("random weights")
        elif any(one.name in setting.weights for one in self.weights):
            told.append("own weights")
        return f"{self.name} ({', '.join(told)})" if told else self.name

    def problems(self, setting: Setting) -> list[Problem]:
        """Return why it cannot run here, each with a cure; empty if it can. Downloads nothing."""
        found = [
            Problem(f"{self.name} needs the package {name}.", f"pip install {name}")
            for name in missing_packages(self.needs)
        ]
        for one in self.weights:
            if problem := one.problem(setting.weights.get(one.name), non_commercial=setting.non_commercial):
                found.append(replace(problem, what=f"{self.name}: {problem.what}"))
        return found + (self.obstacles(self, setting) if self.obstacles else [])

    def scores(
        self, clip: Clip, value: float | None, *, note: str | None = None, **trace: Any
    ) -> tuple[Score, ...]:
        """Return the scores of a clip for a metric of one dimension; the rater is filled in later.

        Args:
            clip: What was measured.
            value: The score as it is defined, whichever way is better.
            note: What a reader of the value must know, such as a prompt cut short.
            trace: How the value came about, as JSON values.
        """
        (dimension,) = self.dimensions
        score = Score(
            video=clip.video.id, dimension=dimension, rater=self.name, value=value, note=note, trace=trace
        )
        return (score,)
