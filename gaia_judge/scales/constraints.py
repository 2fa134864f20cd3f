"""Constraints on what a model may answer, each built once, as outlines types.

Engines that constrain by other means take the same choices, pattern or schema.
"""

from functools import cache
from typing import Any, Literal

Fields = tuple[tuple[str, tuple[str, ...]], ...]
"""Names of a form's fields in order, each with the labels it may hold."""


@cache
def choice_constraint(labels: tuple[str, ...]) -> Any:
    """Return the outlines type for one of some labels.

    >>> choice_constraint(("Bad", "Good"))
    typing.Literal['Bad', 'Good']
    """
    return Literal.__getitem__(labels)


def paragraph_pattern() -> str:
    """Return the regular expression of one paragraph, in which there is no line break."""
    return r"[^\n]+"


@cache
def paragraph_constraint() -> Any:
    """Return the outlines type for one paragraph."""
    from outlines.types import Regex

    return Regex(paragraph_pattern())


def form_schema(fields: Fields) -> dict[str, Any]:
    """Return the JSON schema of a form whose fields each hold one of their labels."""
    return {
        "type": "object",
        "properties": {name: {"type": "string", "enum": list(labels)} for name, labels in fields},
        "required": [name for name, _ in fields],
        "additionalProperties": False,
    }


@cache
def form_constraint(fields: Fields) -> Any:
    """Return the outlines type for a form, without white space and with its fields in order.

    The order matters: what is said of a field is said knowing the fields before it.
    """
    from outlines.types import JsonSchema

    return JsonSchema(form_schema(fields), whitespace_pattern="", ensure_ascii=False)
