"""How an action moves a pose: target angles and offsets, and their course over time."""

import math
from dataclasses import dataclass
from itertools import product

from gaia_judge.synthetic.actions import Action

Pose = dict[str, float]
"""Offsets from rest: angles in degrees, lengths in frame heights, other values from 0 to 1."""

ARM = {
    "raising": (165.0, 0.0),
    "stretching": (92.0, 0.0),
    "bending": (25.0, 135.0),
    "waving": (85.0, 85.0),
    "touching": (92.0, 0.0),
    "hitting": (100.0, 0.0),
}
"""Angles of shoulder (from hanging) and elbow at the end of a motion."""

LEG = {"raising": (62.0, 0.0), "bending": (78.0, 80.0), "swinging": (12.0, 0.0), "kicking": (58.0, 0.0)}
"""Angles of hip (from hanging) and knee at the end of a motion."""

FACE: dict[str, Pose] = {
    "closing": {"lid": -1.0},
    "widening": {"lid": 0.8},
    "raising": {"brow": 1.0},
    "lowering": {"brow": -0.8},
    "opening": {"open": 1.0},
    "smiling": {"curve": 1.0},
    "frowning": {"curve": -1.0},
    "biting": {"open": 0.55},
    "blowing": {"open": 0.5, "round": 1.0},
}

SWAYS: dict[tuple[str, str], Pose] = {
    ("Hand", "hand"): {"turn": 28.0},
    ("Facial", "nodding"): {"dy": 0.07},
    ("Facial", "shaking"): {"gaze": 0.09},
}
"""What swings to and fro in motions that repeat."""


@dataclass(frozen=True, slots=True)
class Course:
    """Where a motion leads (``end``), where it comes from (``start``), and what swings (``sway``)."""

    end: Pose
    start: Pose
    sway: Pose

    def at(self, progress: float, turns: float, amplitude: float = 1.0) -> Pose:
        """Return the pose at ``progress`` (0 to 1) after ``turns`` periods of the swing."""
        pose = {name: amplitude * progress * value for name, value in self.end.items()}
        for name, value in self.start.items():
            pose[name] = pose.get(name, 0.0) + value * (1 - amplitude * progress)
        swing = amplitude * progress * math.sin(2 * math.pi * turns)
        for name, value in self.sway.items():
            pose[name] = pose.get(name, 0.0) + swing * value
        return pose


def course(action: Action) -> Course:
    """Return how an action moves the pose."""
    if action.subset == "Whole-body":
        return _body(action)
    return _hand(action) if action.subset == "Hand" else _face(action)


def sides(part: str) -> tuple[str, ...]:
    """Return the sides of the body that a part's name speaks of.

    >>> sides("both arms"), sides("left leg")
    (('left', 'right'), ('left',))
    """
    return ("left", "right") if part.startswith("both") else (part.split()[0],)


def _body(action: Action) -> Course:
    end: Pose = {}
    sway: Pose = {}
    sign = {"left": 1.0, "right": -1.0}.get(action.way, 0.0)
    if action.part.endswith(("arm", "arms")):
        for side, (joint, angle) in product(
            sides(action.part), zip(("shoulder", "elbow"), ARM[action.motion], strict=True)
        ):
            end[f"{side} {joint}"] = angle
        if action.motion == "waving":
            sway = {f"{side} elbow": 42.0 for side in sides(action.part)}
    elif action.part.endswith("leg"):
        side = sides(action.part)[0]
        end[f"{side} hip"], end[f"{side} knee"] = LEG[action.motion]
        if action.motion == "swinging":
            sway = {f"{side} hip": 38.0}
    elif action.motion == "leaning":
        end["lean"] = 28 * sign
    elif action.motion == "walking":
        end, sway = {"dx": 0.2 * sign}, {"left hip": 24.0, "right hip": -24.0}
    elif action.motion == "lowering":
        end = {"left hip": 62, "left knee": 124, "right hip": 62, "right knee": 124}
    else:
        sway = {"hop": 0.13}
    return Course(end, {}, sway)


def _hand(action: Action) -> Course:
    fingers = ("thumb", "index finger", "middle finger", "ring finger", "little finger")
    moved = fingers if action.part == "all fingers" else (action.part,)
    if action.part == "hand":
        if action.motion == "waving":
            return Course({}, {}, SWAYS["Hand", "hand"])
        if action.motion == "tilting":
            return Course({"turn": 38.0 if action.way == "left" else -38.0}, {}, {})
        return Course({"dy": -0.14}, {"dy": 0.12}, {})
    if action.motion == "bending":
        return Course(dict.fromkeys(moved, 1.0), {}, {})
    if action.motion == "waving":
        return Course({}, {}, {f"{finger} swing": 22.0 for finger in moved})
    return Course({}, dict.fromkeys(moved, 1.0), {})


def _face(action: Action) -> Course:
    if action.part == "head" and action.motion == "tilting":
        return Course({"turn": 24.0 if action.way == "left" else -24.0}, {}, {})
    if action.part == "head":
        return Course({}, {}, SWAYS["Facial", action.motion])
    if action.part == "mouth":
        return Course(FACE[action.motion], {}, {})
    names = product(sides(action.part), FACE[action.motion].items())
    return Course({f"{side} {name}": value for side, (name, value) in names}, {}, {})
