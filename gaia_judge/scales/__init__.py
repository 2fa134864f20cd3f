"""Rating scales: one object feeds the prompt's text, the constraint, the parser and the expected value.

A scale is a file in ``prompts/scales``: levels from worst to best, or ``range: [0, 100]`` for whole numbers.
"""

import math
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from gaia_judge.assets import find_asset
from gaia_judge.errors import GaiaJudgeError
from gaia_judge.scales.constraints import (
    choice_constraint,
    form_constraint,
    form_schema,
    paragraph_constraint,
    paragraph_pattern,
)
from gaia_judge.scales.files import parse_yaml, read_yaml

__all__ = [
    "Level",
    "Scale",
    "choice_constraint",
    "form_constraint",
    "form_schema",
    "load_scale",
    "paragraph_constraint",
    "paragraph_pattern",
    "parse_yaml",
    "read_yaml",
    "spellings",
]

MANY = 10
"""Levels, beside the last, that a question can name one by one."""


class Level(BaseModel):
    """One level of a scale."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    label: str = Field(min_length=1)
    """What the model says."""
    value: float = Field(allow_inf_nan=False)
    """What it counts."""

    @field_validator("label")
    @classmethod
    def _plain(cls, label: str) -> str:
        if label != label.strip().removesuffix(".") or not label.isprintable():
            raise ValueError("a label has no space around it, no full stop at its end and no line break")
        return label


class Scale(BaseModel):
    """Levels from worst to best.

    >>> scale = Scale.model_validate({"range": [1, 5]})
    >>> scale.expected({"4": 0.75, "5": 0.25})
    4.25
    >>> scale.parse(" 4. "), scale.parse("4 or 5")
    ('4', None)
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    about: str = ""
    """One line for people."""
    answer: str = ""
    """How a question names the answers that are allowed; made of the labels if empty."""
    levels: tuple[Level, ...] = Field(min_length=2, max_length=1001)
    """Labels and values, the values rising."""

    @model_validator(mode="before")
    @classmethod
    def _spell_out_range(cls, given: Any) -> Any:
        if not isinstance(given, Mapping) or "range" not in given:
            return given
        ends = given["range"]
        if not (isinstance(ends, list) and len(ends) == 2 and all(type(end) is int for end in ends)):
            raise ValueError("range holds two whole numbers, such as [0, 100]")
        if "levels" in given or not 0 < ends[1] - ends[0] <= 1000:
            raise ValueError("range stands in place of levels, rises, and spans at most 1000")
        levels = [{"label": str(n), "value": n} for n in range(ends[0], ends[1] + 1)]
        return {**{k: v for k, v in given.items() if k != "range"}, "levels": levels}

    @model_validator(mode="after")
    def _tell_levels_apart(self) -> "Scale":
        if any(a >= b for a, b in zip(self.values, self.values[1:], strict=False)):
            raise ValueError("the values must rise from the first level, the worst, to the last, the best")
        if len(self._by_spelling) < sum(len(_keys(label)) for label in self.labels):
            raise ValueError("two labels are the same but for upper and lower case")
        return self

    @cached_property
    def _by_spelling(self) -> dict[str, str]:
        return {key: label for label in self.labels for key in _keys(label)}

    @property
    def labels(self) -> tuple[str, ...]:
        """What may be said, from worst to best."""
        return tuple(level.label for level in self.levels)

    @property
    def values(self) -> tuple[float, ...]:
        """What each label counts, rising."""
        return tuple(level.value for level in self.levels)

    @property
    def low(self) -> float:
        """Value of the worst level."""
        return self.values[0]

    @property
    def high(self) -> float:
        """Value of the best level."""
        return self.values[-1]

    @property
    def wording(self) -> str:
        """How a question names the answers that are allowed."""
        *others, last = self.labels
        return self.answer or f"{', '.join(others)} or {last}"

    @property
    def wording_down(self) -> str:
        """The same from the best to the worst; of many levels only the ends are named.

        >>> [Scale.model_validate({"range": [1, n]}).wording_down for n in (3, 100)]
        ['3, 2 or 1', 'a number from 100 (best) down to 1 (worst)']
        """
        *others, last = self.labels[::-1]
        if len(others) > MANY:
            return f"a number from {others[0]} (best) down to {last} (worst)"
        return f"{', '.join(others)} or {last}"

    def value_of(self, label: str) -> float:
        """Return what a label counts.

        Raises:
            GaiaJudgeError: The scale has no such label.
        """
        if label not in self.labels:
            raise GaiaJudgeError(f"{label!r} is not on the scale.", f"It has: {', '.join(self.labels)}.")
        return self.values[self.labels.index(label)]

    def expected(self, distribution: Mapping[str, float]) -> float:
        """Return the mean value under a distribution over labels, in [low, high].

        Labels left out have probability 0; the rest is normalised, so rounding does no harm.

        Raises:
            GaiaJudgeError: A label is not on the scale, or there is no probability to speak of.
        """
        weights = self._weights(distribution)
        mean = math.fsum(w * v for w, v in zip(weights, self.values, strict=True)) / math.fsum(weights)
        return min(max(mean, self.low), self.high)

    def mode(self, distribution: Mapping[str, float]) -> str:
        """Return the likeliest label; of equals the lower, since doubt earns no credit.

        Raises:
            GaiaJudgeError: A label is not on the scale, or there is no probability to speak of.
        """
        weights = self._weights(distribution)
        return self.labels[weights.index(max(weights))]

    def _weights(self, distribution: Mapping[str, float]) -> list[float]:
        for stranger in set(distribution).difference(self.labels):
            self.value_of(stranger)  # raises
        weights = [float(distribution.get(label, 0.0)) for label in self.labels]
        if not (all(w >= 0 for w in weights) and 0 < sum(weights) < math.inf):
            hint = "Count the rating as missing."
            raise GaiaJudgeError(f"{dict(distribution)} is not a distribution.", hint)
        return weights

    def parse(self, text: str) -> str | None:
        """Return the label that a text consists of, or None: never a guess.

        Space around it, case and one full stop at the end do not matter.
        """
        return self._by_spelling.get(text.strip().removesuffix(".").casefold())

    def spellings(self, label: str) -> tuple[str, ...]:
        """Return the texts that count as this label; see the function of that name."""
        self.value_of(label)
        return spellings(label)

    def anchored(self, anchors: Sequence[str]) -> tuple[tuple[str, str], ...]:
        """Return ``(label, anchor)`` for the levels that an anchor describes.

        Anchors lie evenly between the worst and the best value, so five of them fit 1-5 as well as 0-100;
        on 1-7 only three of the five fall on a level.

        >>> Scale.model_validate({"range": [1, 7]}).anchored(["a", "b", "c", "d", "e"])
        (('1', 'a'), ('4', 'c'), ('7', 'e'))
        """
        steps = [(v - self.low) / (self.high - self.low) * (len(anchors) - 1) for v in self.values]
        near = [(label, step, round(step)) for label, step in zip(self.labels, steps, strict=True)]
        return tuple((label, anchors[n]) for label, step, n in near if anchors and abs(step - n) < 1e-9)

    def constraint(self) -> Any:
        """Return the outlines type that admits the labels and nothing else."""
        return choice_constraint(self.labels)


def spellings(label: str) -> tuple[str, ...]:
    """Return the texts that count as a label and whose probabilities are summed.

    >>> spellings("Good")
    ('Good', ' Good', 'good', ' good', 'GOOD', ' GOOD')
    """
    cases = dict.fromkeys([label, label.lower(), label.capitalize(), label.upper()])
    return tuple(space + case for case in cases for space in ("", " "))


def _keys(label: str) -> set[str]:
    # Not just label.casefold(): a few letters, such as the dotless i, do not survive upper() and casefold().
    return {spelling.strip().casefold() for spelling in spellings(label)}


def load_scale(name: str) -> Scale:
    """Return the scale of that name, the user's own before the shipped one.

    Raises:
        GaiaJudgeError: There is none, or its file is wrong.
    """
    return read_yaml(find_asset("scales", name).path, Scale)
