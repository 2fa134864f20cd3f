"""Prompt sets: the dimensions in their order, and the exact text that the model reads about each.

A set is a folder ``prompts/NAME`` with ``prompt.yaml`` and templates. It never names a judge.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from gaia_judge.assets import find_asset, shipped
from gaia_judge.errors import GaiaJudgeError
from gaia_judge.prompts.cards import Dimension, PromptCard, Rationale, Readout, Style
from gaia_judge.prompts.templates import Templates
from gaia_judge.scales import Scale, load_scale, read_yaml
from gaia_judge.videos import Video
from gaia_judge.videos.entries import VIDEO_MARK, clean

__all__ = [
    "SENTINELS",
    "VIDEO_MARK",
    "Dimension",
    "PromptCard",
    "PromptSet",
    "Rationale",
    "Readout",
    "Style",
    "load_prompt_set",
]

Level = TypeVar("Level")


@dataclass(frozen=True, slots=True)
class PromptSet:
    """A prompt set, ready to render the user turns of its conversations.

    A chained set's turns are ``question(dimension, video, first=...)`` for each dimension in order, with the
    rating as the assistant's turn after each. With rationales, a dimension takes two turns instead:
    ``rationale_question`` and ``rating_question``. An independent set opens a conversation per dimension
    (``first=True``). A form has one turn, ``form_question``.

    In every first turn ``VIDEO_MARK`` stands once, where the frames go; in no other turn does it occur.
    """

    name: str
    card: PromptCard
    scale: Scale
    dimensions: tuple[Dimension, ...]
    """In order, with their anchors."""
    templates: Templates
    best_first: bool = False
    """Whether texts name and describe the levels from the best to the worst."""
    described: tuple[Mapping[str, Any], ...] = field(init=False, repr=False, compare=False)
    """What templates are told of each dimension; worked out once, for they are rendered for every video."""

    def __post_init__(self) -> None:
        described = (self._describe(one, number) for number, one in enumerate(self.dimensions, 1))
        object.__setattr__(self, "described", tuple(described))

    @property
    def about(self) -> str:
        """One line for people."""
        return self.card.about

    @property
    def style(self) -> Style:
        """How the questions make up conversations."""
        return self.card.style

    @property
    def readout(self) -> Readout:
        """How ratings are read unless the user says otherwise."""
        return self.card.readout

    @property
    def digest(self) -> str:
        """SHA-256 over scale, settings and the texts for made-up videos, so inherited templates count."""
        settings = self.card.model_dump(mode="json", include={"style", "readout"})
        limits = [(one.name, one.rationale.max_tokens if one.rationale else None) for one in self.dimensions]
        texts = [self.texts(video) for video in SENTINELS]
        total = [settings, self.scale.model_dump(mode="json", exclude={"about"}), limits, texts]
        return hashlib.sha256(json.dumps(total, sort_keys=True).encode()).hexdigest()

    def system(self, video: Video) -> str | None:
        """Return the system message, or None if there is none."""
        return self._render(self.card.system, video, marks=0) if self.card.system else None

    def question(self, dimension: Dimension, video: Video, *, first: bool) -> str:
        """Return the question for a rating; ``first`` says that it opens a conversation."""
        return self._ask(dimension.template, dimension, video, first=first)

    def rationale_question(self, dimension: Dimension, video: Video, *, first: bool) -> str:
        """Return the question for a reason, asked in place of ``question``.

        Raises:
            GaiaJudgeError: The dimension has no rationale, or a template is wrong.
        """
        return self._ask(self._rationale(dimension).template, dimension, video, first=first)

    def rating_question(self, dimension: Dimension, video: Video) -> str:
        """Return the question for the rating that follows a reason.

        Raises:
            GaiaJudgeError: The dimension has no rationale, or a template is wrong.
        """
        return self._ask(self._rationale(dimension).rating, dimension, video, first=False)

    def form_question(self, video: Video) -> str:
        """Return the one question of a form."""
        return self._render(self.card.form, video, marks=1, first=True)

    def texts(self, video: Video) -> dict[str, str]:
        """Return all texts that may be read about a video, by what they ask for, in order."""
        found = {"system": self.system(video) or ""} if self.card.system else {}
        if self.style == "form":
            return {**found, "form": self.form_question(video)}
        for place, one in enumerate(self.dimensions):
            first = place == 0 or self.style == "independent"
            found[one.name] = self.question(one, video, first=first)
            if one.rationale:
                found[f"{one.name}, reason"] = self.rationale_question(one, video, first=first)
                found[f"{one.name}, rating"] = self.rating_question(one, video)
        return found

    def _rationale(self, dimension: Dimension) -> Rationale:
        if dimension.rationale is None:
            hint = "Use syllogism-reasoned, or give it one."
            raise GaiaJudgeError(f"{self.name}: {dimension.name} has no rationale.", hint)
        return dimension.rationale

    def _ask(self, template: str, dimension: Dimension, video: Video, *, first: bool) -> str:
        names = [one.name for one in self.dimensions]
        about = self.described[names.index(dimension.name)]
        return self._render(template, video, marks=int(first), first=first, **about)

    def _describe(self, dimension: Dimension, number: int) -> dict[str, Any]:
        return {
            "dimension": dimension.name,
            "number": number,
            "anchors": self._order(self.scale.anchored(dimension.anchors)),
        }

    def _order(self, levels: tuple[Level, ...]) -> tuple[Level, ...]:
        return levels[::-1] if self.best_first else levels

    @property
    def _wording(self) -> str:
        return self.scale.wording_down if self.best_first else self.scale.wording

    def _render(self, template: str, video: Video, *, marks: int, **more: Any) -> str:
        context = {
            "video": VIDEO_MARK,
            "prompt": clean(video.prompt),
            "action": clean(video.action),
            "style": self.style,
            "scale": {"labels": self._order(self.scale.labels), "answer": self._wording},
            "variables": dict(self.card.variables),
            "dimensions": list(self.described),
            "count": len(self.dimensions),
        }
        text = self.templates.render(template, context | more)
        if text.count(VIDEO_MARK) != marks:
            raise GaiaJudgeError(
                f"{self.name}: {template} says {{{{ video }}}} {text.count(VIDEO_MARK)} times, not {marks}.",
                "Only the turn that opens a conversation holds it: {% if first %}{{ video }}{% endif %}.",
            )
        return text


SENTINELS = tuple(
    Video(id="sentinel", path=Path("sentinel.mp4"), prompt=prompt, action=action)
    for prompt in ("A girl arranges daisies.", "")
    for action in ("arranging flowers", "")
)
"""Made-up videos of which everything, only one of prompt and action, and nothing is known."""


def load_prompt_set(name: str, scale: str | None = None) -> PromptSet:
    """Return a prompt set, the user's own before the shipped one.

    Args:
        name: Its name.
        scale: Name of a scale to use in place of the set's own.

    Raises:
        GaiaJudgeError: There is no such set or scale, or one of its files is wrong.
    """
    card = read_yaml(find_asset("prompts", name).path / "prompt.yaml", PromptCard)
    chosen = scale or card.scale
    found = chosen if isinstance(chosen, Scale) else load_scale(chosen)
    prompt = PromptSet(name, card, found, _anchored(name, card), Templates(name))
    for video in SENTINELS:
        prompt.texts(video)  # raises here and now what would otherwise cost a run its ratings
    return prompt


def _anchored(name: str, card: PromptCard) -> tuple[Dimension, ...]:
    if not card.anchors_from:
        return card.dimensions
    origin, _, source = card.anchors_from.rpartition(":")
    folder = shipped() / "prompts" / source if origin == "shipped" else find_asset("prompts", source).path
    anchors = {one.name: one.anchors for one in read_yaml(folder / "prompt.yaml", PromptCard).dimensions}
    bare = [one.name for one in card.dimensions if not one.anchors and not anchors.get(one.name)]
    if bare:
        raise GaiaJudgeError(
            f"{name}: {card.anchors_from} has no anchors for {', '.join(bare)}.", "Give them in prompt.yaml."
        )
    return tuple(
        one if one.anchors else one.model_copy(update={"anchors": anchors[one.name]})
        for one in card.dimensions
    )
