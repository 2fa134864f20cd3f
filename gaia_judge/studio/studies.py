"""Studies: what people are asked, about which clips, how often, and with which checks; a YAML file."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeInt,
    PositiveInt,
    field_validator,
    model_validator,
)

from gaia_judge.prompts import load_prompt_set
from gaia_judge.scales import Scale, load_scale, read_yaml

MOST_BUTTONS = 11
"""Levels up to which a scale is shown as buttons; one of more is a slider."""

Text = Annotated[str, Field(min_length=1, max_length=10_000)]
Line = Annotated[str, Field(min_length=1, max_length=500)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]

CONSENT = """\
You are asked to watch short clips that were made by computer programs, and to say how well each shows an
action. Taking part is voluntary. You may stop at any time by closing the page; the same link takes you back
to where you left.

Your ratings, when you gave them and how long each took, and your answers on the next page are kept under a
random name. No other personal data is kept, and nothing with a date is published. By going on you agree that
the ratings are analysed and may be published. You may have all of it deleted later.
"""

QUESTIONS = {
    "subject": "How well is the one who acts rendered? Look at body, hands and face, not at what they do.",
    "completeness": "Is the action carried out, from its start to its end? Look at the movement only.",
    "interaction": "Does the action meet the things and the scene around it as it would in real life?",
}
"""What people are asked on the dimensions of the syllogism."""


class Question(BaseModel):
    """A question about the rater, answered by one of several options: no free text, so no names."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name
    """Its column in the export."""
    question: Line
    options: tuple[Line, ...] = Field(min_length=2, max_length=30)

    @field_validator("options")
    @classmethod
    def _tell_apart(cls, options: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(options)) < len(options):
            raise ValueError("two options are the same")
        return options


BACKGROUND = (
    Question(
        name="age",
        question="How old are you?",
        options=("18 to 24", "25 to 34", "35 to 44", "45 to 54", "55 or older", "I prefer not to say"),
    ),
    Question(
        name="experience",
        question="How much have you had to do with generated videos?",
        options=(
            "None",
            "I have seen some",
            "I see them often",
            "I make or study them",
            "I prefer not to say",
        ),
    ),
)
"""What GAIA's paper reports of its raters (Chen et al., arXiv 2406.06087): age and experience."""


class Dimension(BaseModel):
    """One thing that is rated."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name
    """Names it in votes."""
    question: Line
    anchors: tuple[Line, ...] = Field((), max_length=11)
    """What levels look like, evenly spread from worst to best."""

    @model_validator(mode="after")
    def _describe_both_ends(self) -> "Dimension":
        if len(self.anchors) == 1:
            raise ValueError("anchors describe at least the worst and the best level")
        return self


class Example(BaseModel):
    """A clip that raters train on; they rate it, then see how it was meant to be rated, and why."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    video: Line
    """Id of one of the videos; it is then not among those that are rated."""
    scores: dict[str, float] = Field(min_length=1)
    """The anchored score on each dimension, on the study's scale."""
    note: str = Field("", max_length=2000)
    """Why, in a sentence or two."""


class Study(BaseModel):
    """What a study file says, and what holds where it says nothing."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: Line = "What do these clips show?"
    consent: Text = CONSENT
    """What raters agree to; blank lines make paragraphs."""
    background: tuple[Question, ...] = Field(BACKGROUND, max_length=20)
    dimensions: tuple[Dimension, ...] = Field((), max_length=12)
    """In the order in which they are asked; the syllogism's three if none are given."""
    scale: str | Scale = "zero-to-hundred"
    """Name of a scale, or the scale itself; up to 11 levels are buttons, more a slider."""
    training: tuple[Example, ...] = Field((), max_length=30)
    votes: PositiveInt = 15
    """Votes wanted per video; those with fewer come first."""
    session: PositiveInt = 60
    """Clips that each rater sees after training, repeats and checks among them."""
    repeats: float = Field(0.05, ge=0, le=0.5)
    """Share of a session that shows a clip again, to tell how far raters agree with themselves."""
    checks: NonNegativeInt = 2
    """Clips of a session at which the rater is told what to answer, to tell who reads."""
    pause: NonNegativeInt = 20
    """Clips between two breaks; 0 for none."""
    full_viewing: bool = True
    """Whether a clip must have played once to its end before it can be rated."""
    seed: NonNegativeInt = 0
    """Of the draw of videos, where a judge chooses some."""

    @model_validator(mode="after")
    def _fit_together(self) -> "Study":
        _refuse_same("questions", [one.name for one in self.background])
        _refuse_same("dimensions", [one.name for one in self.dimensions])
        _refuse_same("training examples", [one.video for one in self.training])
        if self.checks + round(self.repeats * self.session) >= self.session:
            raise ValueError("repeats and checks leave no clips to rate in a session")
        return self

    @property
    def levels(self) -> Scale:
        """The scale itself.

        Raises:
            GaiaJudgeError: There is none of that name.
        """
        return self.scale if isinstance(self.scale, Scale) else load_scale(self.scale)

    def filled(self) -> "Study":
        """Return the study with its scale and dimensions spelt out, so that it depends on no other file.

        Raises:
            GaiaJudgeError: There is no such scale.
            ValueError: An example has no score on a dimension, or one that is not on the scale, or a slider
                would not have the scale's levels.
        """
        whole = self.model_copy(
            update={"scale": self.levels, "dimensions": self.dimensions or default_dimensions()}
        )
        if whole.slider and not _even(whole.levels):
            raise ValueError(
                "scale: levels beyond 11 are a slider, so evenly spaced numbers, labelled as such"
            )
        names = [one.name for one in whole.dimensions]
        for example in whole.training:
            if set(example.scores) != set(names):
                raise ValueError(f"training: {example.video} needs scores on {', '.join(names)}, no others")
            for name, score in example.scores.items():
                if not whole.allows(score):
                    raise ValueError(f"training: {example.video}: {name} is {score:g}, not on the scale")
        return whole

    @property
    def slider(self) -> bool:
        """Whether the scale is shown as a slider."""
        return len(self.levels.levels) > MOST_BUTTONS

    def allows(self, score: float) -> bool:
        """Return whether a score is on the scale."""
        return math.isfinite(score) and score in self.levels.values


def _even(scale: Scale) -> bool:
    """Return whether levels are what a slider gives, whose ends and step the page writes with six digits."""
    step = float(f"{scale.values[1] - scale.low:g}")
    return all(
        label == f"{value:g}" and float(f"{scale.low + at * step:g}") == value
        for at, (label, value) in enumerate(zip(scale.labels, scale.values, strict=True))
    )


def _refuse_same(what: str, names: Sequence[str]) -> None:
    if twice := [name for name in names if names.count(name) > 1]:
        raise ValueError(f"two {what} are called {twice[0]!r}")


def default_dimensions() -> tuple[Dimension, ...]:
    """Return the dimensions of the syllogism in their order, with its anchors and questions for people."""
    return tuple(
        Dimension(name=one.name, question=QUESTIONS[one.name], anchors=one.anchors)
        for one in load_prompt_set("syllogism").dimensions
        if one.name in QUESTIONS
    )


def read_study(path: Path) -> Study:
    """Return what a study file says, scale and dimensions spelt out.

    Raises:
        GaiaJudgeError: It cannot be read, or says something that is not allowed.
    """
    from gaia_judge.errors import GaiaJudgeError

    study = read_yaml(path, Study)
    try:
        return study.filled()
    except ValueError as error:
        raise GaiaJudgeError(f"{path}: {error}.", "Correct it there.") from error


def anchors_of(study: Study, dimension: Dimension) -> list[tuple[str, str]]:
    """Return where on the scale each anchor lies, and the anchor, from worst to best.

    >>> study = Study().filled()
    >>> [value for value, _ in anchors_of(study, study.dimensions[0])]
    ['0', '25', '50', '75', '100']
    """
    scale, steps = study.levels, len(dimension.anchors) - 1
    if not study.slider:
        return [(label, text) for label, text in scale.anchored(dimension.anchors)]
    values = (
        [scale.low + (scale.high - scale.low) * at / steps for at in range(steps + 1)] if steps > 0 else []
    )
    return [(f"{value:g}", text) for value, text in zip(values, dimension.anchors, strict=True)]
