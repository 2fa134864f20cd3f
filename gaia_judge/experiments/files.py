"""What a person writes in an experiment's file: the axes of the matrix, and how it is read."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PositiveFloat,
    PositiveInt,
    model_validator,
)

from gaia_judge.assets import find_asset
from gaia_judge.controls import find_control
from gaia_judge.dialogues import Chain
from gaia_judge.engines.checks import refuse_code
from gaia_judge.errors import GaiaJudgeError
from gaia_judge.prompts import Readout
from gaia_judge.prompts.variants import Variable
from gaia_judge.scales import read_yaml


class _Choice(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class JudgeChoice(_Choice):
    """A judge, and where it runs. A name alone is its ``model``."""

    model: str
    """A judge's name, a card's file, or a checkpoint's folder."""
    engine: str = "auto"
    """An engine's name; ``auto`` for the first that can run here, ``other`` for the next of the card's."""
    base_url: tuple[str, ...] = ()
    """Servers, for the engine ``openai``."""
    engine_args: Mapping[str, Any] = {}

    @property
    def name(self) -> str:
        """How rows are headed."""
        if self.engine == "other":
            return "other engine"
        return self.model if self.engine == "auto" else f"{self.model} on {self.engine}"


class PromptChoice(_Choice):
    """A prompt set, or a variant of one. A name alone is its ``set``."""

    set: str
    label: str = ""
    """How rows are headed, if not by the set's name and what is changed."""
    order: tuple[str, ...] | Literal["reversed"] = ()
    """The dimensions in another order, or in the reverse."""
    variables: Mapping[str, Variable] = {}
    """Values in place of those in ``prompt.yaml``."""

    @property
    def name(self) -> str:
        """How rows are headed."""
        changed = [f"{name} {value}" for name, value in self.variables.items()]
        order = [self.order if isinstance(self.order, str) else "-".join(self.order)] if self.order else []
        return self.label or " ".join([self.set, *order, *changed])


class FramesChoice(_Choice):
    """Which frames are seen. A number alone is their ``count``; ``x2`` or ``x0.5`` multiplies the judge's."""

    count: PositiveInt | None = None
    """With ``fps``, the most that are taken."""
    times: PositiveFloat | None = None
    """The judge's number, multiplied."""
    fps: PositiveFloat | None = None
    """Frames per second instead of equal stretches of the whole."""

    @property
    def name(self) -> str:
        """How rows are headed."""
        number = f"{self.count} frames" if self.count is not None else ""
        if self.times is not None:
            number = f"{self.times:g} times the frames"
        if self.fps is not None:
            rate = f"{self.fps:g} frames per second"
            return f"{rate}, {number} at most" if number else rate
        return number or "the judge's frames"

    @model_validator(mode="after")
    def _say_one_number(self) -> "FramesChoice":
        if self.count is not None and self.times is not None:
            raise ValueError("count and times both say how many frames: leave one out")
        return self


class Price(_Choice):
    """What running costs, in any currency; either by time or by tokens."""

    per_hour: PositiveFloat | None = None
    """Of the machine, while it rates: loading and decoding, which cells share, are not counted."""
    prompt_per_million: PositiveFloat | None = None
    """Tokens that are read and were not in the cache."""
    cached_per_million: float = Field(0.0, ge=0)
    output_per_million: PositiveFloat | None = None
    currency: str = "USD"

    @property
    def known(self) -> bool:
        """Whether a cost can be told."""
        given = (self.per_hour, self.prompt_per_million, self.output_per_million)
        return any(one is not None for one in given) or self.cached_per_million > 0


class Rule(_Choice):
    """What is expected of a cell beside the base, and when it is met."""

    name: str
    asks: str
    """The question that it answers, for people."""
    cell: str = ""
    """Name of the cell; empty for the base alone."""
    kind: Literal["blind", "falls", "stays", "equal", "length"]
    """``blind``: agreement with people is lost, or without people the ranks; ``falls``: ratings fall;
    ``stays``: neither ranks nor ratings move; ``equal``: every rating is the same; ``length``: ratings do not
    go with the length of the prompt."""
    expect: str
    """The direction that is expected, in words."""
    dimensions: tuple[str, ...] = ()
    """Which it is about; all if empty."""
    needs: tuple[Literal["action", "prompt", "generator"], ...] = ()
    """What must be known of the videos."""
    least: float = Field(0.9, gt=0, le=1)
    """SRCC of ratings before and after: ``stays`` wants at least this; ``blind`` fails from it on."""
    lost: float = Field(0.5, gt=0, le=1)
    """SRCC of ratings before and after below which ``blind``, without people, takes the ranks for lost."""
    within: float = Field(0.05, ge=0, le=1)
    """Tolerance: share of the scale's span for ratings, correlation for ``length``."""


def _judge(given: Any) -> Any:
    return {"model": given} if isinstance(given, str) else given


def _prompt(given: Any) -> Any:
    return {"set": given} if isinstance(given, str) else given


def _frames(given: Any) -> Any:
    if given is None or (isinstance(given, int) and not isinstance(given, bool)):
        return {"count": given}
    if isinstance(given, str) and given.startswith("x"):
        return {"times": given[1:]}
    return given


def _control(given: Any) -> Any:
    if isinstance(given, str):
        try:
            find_control(given)
        except GaiaJudgeError as error:
            raise ValueError(str(error)) from error
    return given


class Experiment(_Choice):
    """A matrix of cells on one set of videos. Every axis is a list; its first value is the base."""

    name: str = ""
    """The file's stem; not written in the file."""
    about: str = ""
    """What it is to find out, in a line."""
    vary: Literal["all", "one"] = "all"
    """``all``: every combination; ``one``: the base, and each other value of each axis alone."""
    videos: str | None = None
    """As ``score`` takes them; relative to the file."""
    human: str | None = None
    """People's scores, as ``compare`` takes them; relative to the file."""
    judges: tuple[Annotated[JudgeChoice, BeforeValidator(_judge)], ...] = Field((), max_length=100)
    prompts: tuple[Annotated[PromptChoice, BeforeValidator(_prompt)], ...] = (PromptChoice(set="syllogism"),)
    scales: tuple[str | None, ...] = (None,)
    """Names of scales; null for the prompt set's own."""
    frames: tuple[Annotated[FramesChoice, BeforeValidator(_frames)], ...] = (FramesChoice(),)
    readouts: tuple[Readout | None, ...] = (None,)
    """null: the prompt set's own."""
    chains: tuple[Chain, ...] = ("mode",)
    seeds: tuple[int, ...] = (0,)
    controls: tuple[Annotated[str, BeforeValidator(_control)], ...] = ("none",)
    samples: PositiveInt = 8
    """Per rating, for the readout ``sampled``."""
    temperature: float = Field(1.0, ge=0)
    confirm: float = Field(0.3, ge=0, lt=1)
    """Share of the actions that the choice of a cell never sees, and on which it is confirmed."""
    price: Price = Price()
    rules: tuple[Rule, ...] = ()
    """What is expected of cells; an audit is an experiment with rules."""

    @model_validator(mode="after")
    def _name_a_base(self) -> "Experiment":
        # Judges may be given on the command line.
        if empty := [name for name in AXES[1:] if not getattr(self, name)]:
            raise ValueError(f"{empty[0]} is empty: give at least one, the base")
        return self


AXES = ("judges", "prompts", "scales", "frames", "readouts", "chains", "seeds", "controls")
"""Axes of the matrix, the slowest first."""


def read_experiment(name: str) -> Experiment:
    """Return an experiment from a file, or from the shipped or own ones of ``prompts/experiments``.

    Raises:
        GaiaJudgeError: There is none, or a field of it is wrong.
    """
    path = Path(name)
    if path.suffix not in (".yaml", ".yml"):
        path = find_asset("experiments", name).path
    found = read_yaml(path, Experiment).model_copy(update={"name": path.stem})
    for judge in found.judges:
        refuse_code(judge.engine_args, str(path))
    return found
