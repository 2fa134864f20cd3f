"""YAML files that people write, checked field by field."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError

from gaia_judge.errors import GaiaJudgeError, unknown

M = TypeVar("M", bound=BaseModel)

MOST_CHARACTERS = 1_000_000
"""Longest YAML text that is read."""

MOST_VALUES = 100_000
"""Most values that YAML may hold, its aliases spelt out: nine aliases of nine of nine ... fill any memory."""

MOST_DIGITS = 40
"""Of a whole number."""

KINDS = {
    **dict.fromkeys(
        ("model_type", "model_attributes_type", "dict_type"), "must hold fields, such as {name: value}"
    ),
    **dict.fromkeys(("tuple_type", "list_type"), "must be a list, such as [one, another]"),
}
"""What a field holds, in people's words, for pydantic's kinds of errors that name classes of Python."""


def read_yaml(path: Path, model: type[M]) -> M:
    """Return what a YAML file says, checked against a pydantic model.

    Raises:
        GaiaJudgeError: It cannot be read, or says something that the model does not allow. Text that YAML
            takes for something else (``yes``, ``1``, ``null``, ``1:30``) is shown as it has to be quoted.
    """
    try:
        text = path.read_text(encoding="utf-8")
        return model.model_validate(parse_yaml(text))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        why = " ".join(str(error).split())
        raise GaiaJudgeError(f"{path} cannot be read: {why}.", "Make it a YAML file in UTF-8.") from error
    except ValidationError as error:
        raise _explained(path, text, error, model) from error


def parse_yaml(text: str) -> Any:
    """Return what YAML text says: plain values only, in no more than anyone writes.

    >>> parse_yaml("[1, yes, {a: b}]")
    [1, True, {'a': 'b'}]

    Raises:
        yaml.YAMLError: It is no YAML, has a tag that makes other things than plain values, holds itself, is
            nested too deep, or is too much, which aliases can hide.
    """
    if len(text) > MOST_CHARACTERS:
        raise yaml.YAMLError(f"it is longer than {MOST_CHARACTERS} characters")
    loader = yaml.SafeLoader(text)
    try:
        if (node := loader.get_single_node()) is None:
            return None
        if _count(node, {}) > MOST_VALUES:
            raise yaml.YAMLError(f"it holds more than {MOST_VALUES} values, its aliases spelt out")
        return loader.construct_document(node)
    except RecursionError as error:
        raise yaml.YAMLError("it is nested too deep") from error
    except (ValueError, LookupError, TypeError, AttributeError) as error:  # no such date, or a wrong tag
        raise yaml.YAMLError(f"a value is not of its kind ({error})") from error
    finally:
        loader.dispose()


def _count(node: yaml.Node, known: dict[int, int]) -> int:
    """Return how many values a node holds; each node is looked at once, however often it is named."""
    if isinstance(node, yaml.ScalarNode):
        if node.tag.endswith(":int") and len(node.value) > MOST_DIGITS:
            raise yaml.YAMLError(f"a number has more than {MOST_DIGITS} digits")
        return 1
    if id(node) in known:
        if not known[id(node)]:
            raise yaml.YAMLError("a value holds itself")
        return known[id(node)]
    known[id(node)] = 0  # not counted yet
    parts = [part for pair in node.value for part in (pair if isinstance(pair, tuple) else (pair,))]
    known[id(node)] = 1 + sum(_count(part, known) for part in parts)
    return known[id(node)]


def _explained(path: Path, text: str, error: ValidationError, model: type[BaseModel]) -> GaiaJudgeError:
    # A field that is missing may only be misspelt.
    first = min(error.errors(), key=lambda one: one["type"] == "missing")
    field = ".".join(str(part) for part in first["loc"])
    written = _as_written(text, first["loc"])
    if first["type"] == "string_type" and isinstance(written, str):
        message = f"{path}: {field} is {written or 'empty'}, which YAML does not read as text."
        return GaiaJudgeError(message, f'Quote it: "{written}".')
    if first["type"] == "extra_forbidden":
        *above, name = first["loc"]
        told = unknown("field", str(name), _fields(model, above))
        return GaiaJudgeError(f"{path}: {field}: {told.message}", told.hint)
    where = f"{path}: {field}" if field else str(path)
    why = KINDS.get(first["type"], first["msg"].removeprefix("Value error, "))
    return GaiaJudgeError(
        f"{where}: {why}" if why.endswith((".", "?")) else f"{where}: {why}.", "Correct it there."
    )


def _fields(model: Any, where: Sequence[int | str]) -> list[str]:
    """Return the fields of a model, or of the one at a place within it."""
    for part in where:
        known = getattr(model, "model_fields", {})
        model = _inner(known[part].annotation) if part in known else model
    return list(getattr(model, "model_fields", {}))


def _inner(annotation: Any) -> Any:
    """Return the model in a type such as ``tuple[Model, ...]``, or None."""
    if hasattr(annotation, "model_fields"):
        return annotation
    return next((found for part in get_args(annotation) if (found := _inner(part))), None)


def _as_written(text: str, where: Sequence[int | str]) -> Any:
    # The base loader leaves every scalar as the text it was, which is how the user knows it.
    found = yaml.load(text, yaml.BaseLoader)
    for part in where:
        parts = dict(enumerate(found)) if isinstance(found, list) else found
        # What is not there names a kind of value, not a place.
        found = parts.get(part, found) if isinstance(parts, dict) else found
    return found
