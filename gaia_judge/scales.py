"""Rating scales: one object feeds the prompt's text, the constraint, the parser and the expected value."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from gaia_judge.assets import find_asset
from gaia_judge.errors import GaiaJudgeError


class Level(BaseModel):
    """One level of a scale."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    label: str = Field(min_length=1)
    """What the model says."""
    value: float
    """What it counts."""


class Scale(BaseModel):
    """Levels from worst to best."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    about: str = ""
    """One line for people."""
    levels: tuple[Level, ...] = Field(min_length=2)
