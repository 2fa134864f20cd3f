"""Scores: what any rater says of a video on one dimension, and tables of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One rating; ``value`` is None with an ``error`` when it could not be had."""

    video: str
    dimension: str
    rater: str
    value: float | None
    """On the scale of the prompt set or metric."""
    distribution: Mapping[str, float] | None = None
    """Probability of each level, summing to 1."""
    off_scale: float | None = None
    """Probability mass outside the scale, in [0, 1]; None where unknown."""
    error: str | None = None
    rationale: str | None = None
    trace: Mapping[str, Any] = field(default_factory=dict)
    """How the value came about: readout, chaining, premises, notes."""
