"""The actions of the synthetic world: compositions of a motion, a body part and perhaps a prop."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Subset = Literal["Whole-body", "Hand", "Facial"]
Mode = Literal["", "hold", "touch", "strike"]

PROPS = ("ball", "box", "stick")
ARMS = ("left arm", "right arm", "both arms")
LEGS = ("left leg", "right leg")
FINGERS = ("thumb", "index finger", "middle finger", "little finger")
EYES = ("left eye", "right eye", "both eyes")
BROWS = ("left eyebrow", "right eyebrow", "both eyebrows")
SIDES = ("left", "right")
ALONE = ("smiling", "frowning", "jumping", "walking")
"""Motions that are done with a part rather than to it."""


@dataclass(frozen=True, slots=True)
class Action:
    """An action: who moves what, how, and with which thing.

    ``motion`` is a verb, ``part`` the body part that moves, ``way`` a direction (``left``, ``right`` or
    empty), ``prop`` a thing or empty, and ``mode`` what the part does to it.
    """

    subset: Subset
    motion: str
    part: str
    way: str = ""
    prop: str = ""
    mode: Mode = ""

    @property
    def name(self) -> str:
        """The action in words.

        >>> Action("Whole-body", "raising", "left arm", prop="ball", mode="hold").name
        'raising a ball with the left arm'
        """
        part = self.part if self.part.startswith(("both", "all")) else f"the {self.part}"
        thing = f" a {self.prop}" if self.prop else ""
        link = " with" if self.prop or self.motion in ALONE else ""
        return f"{self.motion}{thing}{link} {part}" + (f" to the {self.way}" if self.way else "")

    @property
    def scene(self) -> str:
        """The prompt that a T2V model would be given."""
        actor = {"Whole-body": "A person", "Hand": "A hand", "Facial": "A face"}[self.subset]
        return f"{actor} is {self.name}."

    @property
    def category(self) -> str:
        """The class of the action: its subset and whether a thing takes part."""
        return f"{self.subset}-{'Object' if self.prop else 'Motion'}"


def _bodies() -> Iterator[Action]:
    for part in ARMS:
        for motion in ("raising", "stretching", "bending", "waving"):
            yield Action("Whole-body", motion, part)
            for prop in PROPS if part in ARMS[:2] else ():
                yield Action("Whole-body", motion, part, prop=prop, mode="hold")
    for part in LEGS:
        for motion in ("raising", "bending", "swinging"):
            yield Action("Whole-body", motion, part)
        for prop in PROPS[:2]:
            yield Action("Whole-body", "kicking", part, prop=prop, mode="strike")
    for part in ARMS[:2]:
        for prop in PROPS:
            yield Action("Whole-body", "touching", part, prop=prop, mode="touch")
            yield Action("Whole-body", "hitting", part, prop=prop, mode="strike")
    for way in SIDES:
        yield Action("Whole-body", "leaning", "body", way)
        yield Action("Whole-body", "walking", "body", way)
    yield Action("Whole-body", "lowering", "body")
    yield Action("Whole-body", "jumping", "body")


def _hands() -> Iterator[Action]:
    for part in (*FINGERS, "all fingers"):
        for motion in ("bending", "stretching", "waving"):
            yield Action("Hand", motion, part)
    for part in FINGERS:
        for prop in PROPS:
            yield Action("Hand", "touching", part, prop=prop, mode="touch")
    for prop in PROPS:
        yield Action("Hand", "raising", "hand", prop=prop, mode="hold")
        yield Action("Hand", "waving", "hand", prop=prop, mode="hold")
    for motion in ("raising", "waving"):
        yield Action("Hand", motion, "hand")
    for way in SIDES:
        yield Action("Hand", "tilting", "hand", way)


def _faces() -> Iterator[Action]:
    for parts, motions in ((EYES, ("closing", "widening")), (BROWS, ("raising", "lowering"))):
        for part in parts:
            for motion in motions:
                yield Action("Facial", motion, part)
    for motion in ("opening", "smiling", "frowning"):
        yield Action("Facial", motion, "mouth")
    for way in SIDES:
        yield Action("Facial", "tilting", "head", way)
    for motion in ("nodding", "shaking"):
        yield Action("Facial", motion, "head")
    for prop in PROPS:
        yield Action("Facial", "biting", "mouth", prop=prop, mode="touch")
        yield Action("Facial", "blowing", "mouth", prop=prop, mode="strike")


ACTIONS: tuple[Action, ...] = (*_bodies(), *_hands(), *_faces())
"""All actions, by subset."""

# fmt: off
HELD_OUT_PARTS = {
    ("raising", "left arm", ""), ("bending", "right arm", ""), ("waving", "both arms", ""),
    ("raising", "right arm", "ball"), ("stretching", "left arm", "box"), ("bending", "left arm", "stick"),
    ("waving", "left arm", "ball"), ("raising", "left arm", "box"), ("stretching", "right arm", "stick"),
    ("swinging", "left leg", ""), ("bending", "right leg", ""), ("kicking", "left leg", "box"),
    ("touching", "right arm", "ball"), ("hitting", "left arm", "stick"), ("hitting", "right arm", "box"),
    ("bending", "index finger", ""), ("stretching", "little finger", ""), ("waving", "thumb", ""),
    ("touching", "middle finger", "box"), ("touching", "index finger", "ball"),
    ("raising", "hand", "stick"), ("closing", "left eye", ""), ("widening", "right eye", ""),
    ("raising", "both eyebrows", ""), ("lowering", "left eyebrow", ""), ("biting", "mouth", "box"),
    ("blowing", "mouth", "ball"),
}
"""Motion, part and thing of actions that are kept from training."""
# fmt: on

HELD_OUT: tuple[Action, ...] = tuple(
    action for action in ACTIONS if (action.motion, action.part, action.prop) in HELD_OUT_PARTS
)
"""Actions kept from training: each of their words, and each of their motions, occurs in others."""
