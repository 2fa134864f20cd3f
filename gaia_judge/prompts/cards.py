"""What a person writes in ``prompt.yaml``."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, PositiveInt, Tag, model_validator

from gaia_judge.scales import Scale

Style = Literal["chained", "independent", "form"]
Readout = Literal["expected", "choice", "sampled", "reasoned"]


class Rationale(BaseModel):
    """A short reason that is asked for before the rating."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    template: str
    """Asks for the reason, in place of the dimension's own template."""
    rating: str
    """Template that then asks for the rating."""
    max_tokens: PositiveInt = 96
    """Most tokens that the reason may have."""


class Dimension(BaseModel):
    """One thing that is rated."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z][a-z0-9_-]*$")
    """Names it in tables and forms."""
    template: str = ""
    """Asks for the rating; empty in a form, which asks for all at once."""
    anchors: tuple[str, ...] = ()
    """What the levels look like, evenly spread from worst to best; five fit every shipped scale."""
    rationale: Rationale | None = None

    @model_validator(mode="after")
    def _describe_both_ends(self) -> "Dimension":
        if len(self.anchors) == 1:
            raise ValueError("anchors describe at least the worst and the best level")
        return self


def _kind_of_scale(given: Any) -> str:
    return "inline" if isinstance(given, Mapping | Scale) else "name"


class PromptCard(BaseModel):
    """What ``prompt.yaml`` says."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    about: str
    """One line for people."""
    style: Style
    """``chained``: one conversation, each rating standing in the context of the next question;
    ``independent``: a conversation per dimension; ``form``: all ratings in one JSON object."""
    scale: Annotated[
        Annotated[str, Tag("name")] | Annotated[Scale, Tag("inline")], Discriminator(_kind_of_scale)
    ]
    """Name of a scale, or the scale itself."""
    readout: Readout = "expected"
    """How ratings are read unless the user says otherwise."""
    dimensions: tuple[Dimension, ...] = Field(min_length=1)
    """In the order in which they are asked about."""
    anchors_from: str = Field("", pattern=r"^((shipped:)?[\w-]+)?$")
    """A set, such as ``shipped:syllogism``, whose anchors serve dimensions that have none here."""
    system: str = ""
    """Template of a system message; none if empty."""
    form: str = ""
    """Template of the one question that style ``form`` asks."""
    variables: Mapping[str, str | int | float | bool] = {}
    """What templates know as ``variables.NAME``."""

    @model_validator(mode="after")
    def _fit_the_style(self) -> "PromptCard":
        names = [one.name for one in self.dimensions]
        if len(set(names)) < len(names):
            raise ValueError("two dimensions have the same name")
        is_form = self.style == "form"
        if is_form != bool(self.form) or any(bool(one.template) == is_form for one in self.dimensions):
            raise ValueError("style form has a form template; other styles have a template per dimension")
        if any(one.rationale is None for one in self.dimensions) and self.readout == "reasoned":
            raise ValueError("readout reasoned needs a rationale for every dimension")
        if is_form and any(one.rationale for one in self.dimensions):
            raise ValueError("style form leaves no room for rationales")
        return self
