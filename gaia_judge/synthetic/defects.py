"""What can be wrong with a clip, how strongly each defect counts, and what it does to quality."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from gaia_judge.synthetic.actions import Action

Dimension = Literal["subject", "completeness", "interaction"]
DIMENSIONS: tuple[Dimension, ...] = ("subject", "completeness", "interaction")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of defect: the dimension it hurts, the share of quality lost at severity 1, and what is seen."""

    dimension: Dimension
    weight: float
    about: str
    held_out: bool = False
    """Kept from the training of ``nano``."""


KINDS: dict[str, Kind] = {
    "missing": Kind("subject", 0.8, "a limb, finger or feature is missing"),
    "extra": Kind("subject", 0.8, "a limb, finger or eye too many"),
    "stretching": Kind("subject", 0.8, "a limb, finger or feature grows", held_out=True),
    "melting": Kind("subject", 0.95, "the body runs and sags"),
    "flicker": Kind("subject", 0.7, "the body fades in and out", held_out=True),
    "blur": Kind("subject", 0.8, "the body is blurred"),
    "cut short": Kind("completeness", 1.0, "the clip ends before the action does"),
    "frozen": Kind("completeness", 1.0, "the clip stands still before the action ends", held_out=True),
    "too small": Kind("completeness", 0.9, "the movement is only hinted at"),
    "wrong action": Kind("completeness", 1.0, "another action takes its place"),
    "looping": Kind("completeness", 0.8, "the movement starts over without an end", held_out=True),
    "no contact": Kind("interaction", 0.9, "part and thing do not touch"),
    "passing through": Kind(
        "interaction", 0.9, "the thing does not answer, the part goes through it", held_out=True
    ),
    "floating": Kind("interaction", 0.9, "the actor hovers"),
    "sliding": Kind("interaction", 0.8, "the actor glides over the ground"),
    "appearing": Kind("interaction", 0.8, "the thing appears from nowhere", held_out=True),
}
"""Every defect by name."""

OBJECT = ("no contact", "passing through", "appearing")
"""Defects that need a thing."""


@dataclass(frozen=True, slots=True)
class Defect:
    """A defect and its severity, above 0 and at most 1."""

    name: str
    severity: float


def applicable(dimension: Dimension, action: Action, allowed: Iterable[str] = KINDS) -> list[str]:
    """Return the allowed defects of a dimension that can be seen in clips of an action."""
    names = [name for name in allowed if KINDS[name].dimension == dimension]
    names = [name for name in names if action.prop or name not in OBJECT]
    return [name for name in names if name != "sliding" or action.motion != "walking"]


def qualities(defects: Iterable[Defect]) -> Mapping[Dimension, float]:
    """Return the latent quality per dimension, 0 to 1: premises bear on the conclusion.

    >>> {name: round(value, 3) for name, value in qualities([Defect("blur", 0.5)]).items()}
    {'subject': 0.6, 'completeness': 0.88, 'interaction': 0.882}
    """
    own = dict.fromkeys(DIMENSIONS, 1.0)
    for defect in defects:
        kind = KINDS[defect.name]
        own[kind.dimension] *= 1 - kind.weight * defect.severity
    subject = own["subject"]
    completeness = own["completeness"] * (0.7 + 0.3 * subject)
    interaction = own["interaction"] * (0.6 + 0.25 * subject + 0.15 * completeness)
    return {"subject": subject, "completeness": completeness, "interaction": interaction}
