"""YAML files that people write, checked field by field."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from gaia_judge.errors import GaiaJudgeError

M = TypeVar("M", bound=BaseModel)


def read_yaml(path: Path, model: type[M]) -> M:
    """Return what a YAML file says, checked against a pydantic model.

    Raises:
        GaiaJudgeError: It cannot be read, or says something that the model does not allow. Text that YAML
            takes for something else (``yes``, ``1``, ``null``, ``1:30``) is shown as it has to be quoted.
    """
    try:
        text = path.read_text(encoding="utf-8")
        return model.model_validate(yaml.safe_load(text))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        why = " ".join(str(error).split())
        raise GaiaJudgeError(f"{path} cannot be read: {why}.", "Make it a YAML file in UTF-8.") from error
    except ValidationError as error:
        raise _explained(path, text, error) from error


def _explained(path: Path, text: str, error: ValidationError) -> GaiaJudgeError:
    first = error.errors()[0]
    field = ".".join(str(part) for part in first["loc"])
    written = _as_written(text, first["loc"])
    if first["type"] == "string_type" and isinstance(written, str):
        message = f"{path}: {field} is {written or 'empty'}, which YAML does not read as text."
        return GaiaJudgeError(message, f'Quote it: "{written}".')
    where = f"{path}: {field}" if field else str(path)
    return GaiaJudgeError(f"{where}: {first['msg'].removeprefix('Value error, ')}.", "Correct it there.")


def _as_written(text: str, where: Sequence[int | str]) -> Any:
    # The base loader leaves every scalar as the text it was, which is how the user knows it.
    found = yaml.load(text, yaml.BaseLoader)
    for part in where:
        parts = dict(enumerate(found)) if isinstance(found, list) else found
        # What is not there names a kind of value, not a place.
        found = parts.get(part, found) if isinstance(parts, dict) else found
    return found
