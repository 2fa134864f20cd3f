"""Bodies, hands and faces as shapes: what a pose looks like, in frame heights from the frame's centre line."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from gaia_judge.synthetic.actions import Subset
from gaia_judge.synthetic.poses import Pose

Point = tuple[float, float]
GROUND = 0.9
"""Height of the ground line, from the top."""

LIMBS: dict[Subset, tuple[str, ...]] = {
    "Whole-body": ("left arm", "right arm", "left leg", "right leg"),
    "Hand": ("thumb", "index finger", "middle finger", "ring finger", "little finger"),
    "Facial": ("left eye", "right eye", "mouth", "nose"),
}
"""What can be missing or stretched."""

FINGERS = {
    "thumb": (0.135, 0.06, 58.0, 0.17),
    "index finger": (0.09, -0.12, 13.0, 0.27),
    "middle finger": (0.03, -0.14, 3.0, 0.29),
    "ring finger": (-0.035, -0.135, -6.0, 0.27),
    "little finger": (-0.095, -0.11, -17.0, 0.22),
}
"""Root (right of and below the palm's centre), angle from upright, and length."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A stroke through points with round ends (``radius`` half its width), or a filled oval or polygon."""

    kind: str
    points: tuple[Point, ...]
    paint: str
    radius: float = 0.0


@dataclass(frozen=True, slots=True)
class Tip:
    """Where a part ends, and the direction in which it points."""

    x: float
    y: float
    dx: float
    dy: float

    def beyond(self, distance: float) -> Point:
        """Return the point so far beyond the tip."""
        return self.x + distance * self.dx, self.y + distance * self.dy


@dataclass(frozen=True, slots=True)
class Faults:
    """What is wrong with the limbs: how much of each is missing, how far stretched, how many too many."""

    missing: Mapping[str, float] = field(default_factory=dict)
    """1: all of the limb."""
    stretch: Mapping[str, float] = field(default_factory=dict)
    """1: twice as long."""
    extra: Mapping[int, float] = field(default_factory=dict)
    """Lengths of limbs too many, by their place; 1: a whole one."""


@dataclass(slots=True)
class Figure:
    """Shapes in the order in which they are painted, and the tips of parts."""

    shapes: list[Shape] = field(default_factory=list)
    tips: dict[str, Tip] = field(default_factory=dict)

    def stroke(self, points: tuple[Point, ...], paint: str, radius: float) -> None:
        """Add a stroke with round ends."""
        self.shapes.append(Shape("stroke", points, paint, radius))

    def oval(self, x: float, y: float, rx: float, ry: float, paint: str) -> None:
        """Add a filled oval."""
        self.shapes.append(Shape("oval", ((x - rx, y - ry), (x + rx, y + ry)), paint))

    def polygon(self, points: tuple[Point, ...], paint: str) -> None:
        """Add a filled polygon."""
        self.shapes.append(Shape("polygon", points, paint))


def build(subset: Subset, pose: Pose, faults: Faults) -> Figure:
    """Return the figure of a subset in a pose."""
    return {"Whole-body": _body, "Hand": _hand, "Facial": _face}[subset](pose, faults)


def _polar(start: Point, angle: float, length: float) -> Point:
    """Return the point at an angle in degrees: 0 hangs down, 90 points right, 180 up."""
    turn = math.radians(angle)
    return start[0] + length * math.sin(turn), start[1] + length * math.cos(turn)


def _limb(
    figure: Figure, name: str, root: Point, angles: tuple[float, float], length: float, look: tuple[str, str, float], faults: Faults
) -> None:
    """Add a limb of two segments, its end in another colour, less what is missing of it."""
    left = 1 - faults.missing.get(name, 0.0)
    segment = length / 2 * (1 + faults.stretch.get(name, 0.0))
    middle = _polar(root, angles[0], segment * min(1.0, 2 * left))
    end = _polar(middle, angles[1], segment * max(0.0, 2 * left - 1))
    if left > 0.02:
        figure.stroke((root, middle, end), look[0], look[2])
    if left > 0.98:
        figure.oval(*end, look[2] * 1.25, look[2] * 1.25, look[1])
    away = _polar((0.0, 0.0), angles[1], 1.0)
    figure.tips[name] = Tip(*end, *away)


def _body(pose: Pose, faults: Faults) -> Figure:
    figure, get = Figure(), pose.get
    angles = {side: (get(f"{side} hip", 0.0) + 5, get(f"{side} hip", 0.0) + 5 - get(f"{side} knee", 0.0)) for side in ("left", "right")}
    drops = [0.155 * sum(math.cos(math.radians(a)) for a in pair) for pair in angles.values()]
    hip = (get("dx", 0.0), GROUND - 0.02 - max(drops) - max(0.0, get("hop", 0.0)) - get("lift", 0.0))
    lean = get("lean", 0.0)
    neck = _polar(hip, 180 - lean, 0.25)
    for side, sign in (("left", 1.0), ("right", -1.0)):
        root = (hip[0] + 0.05 * sign, hip[1])
        thigh, shin = (sign * a for a in angles[side])
        _limb(figure, f"{side} leg", root, (thigh, shin), 0.31, ("trousers", "shoes", 0.036), faults)
    across = _polar((0.0, 0.0), 90 - lean, 1.0)
    for place, length in faults.extra.items():
        side = 1 - 2 * (place % 2)
        root = (neck[0] * 0.6 + hip[0] * 0.4 + 0.07 * side, neck[1] * 0.6 + hip[1] * 0.4)
        _limb(figure, "extra", root, (side * 62.0, side * 48.0), 0.3 * length, ("sleeves", "skin", 0.03), Faults())
    low, high = 0.06, 0.1
    corners = [(hip, low), (hip, -low), (neck, -high), (neck, high)]
    figure.polygon(tuple((p[0] + w * across[0], p[1] + w * across[1]) for p, w in corners), "shirt")
    for side, sign in (("left", 1.0), ("right", -1.0)):
        root = (neck[0] + 0.1 * sign * across[0], neck[1] + 0.1 * sign * across[1] + 0.03)
        upper = sign * (get(f"{side} shoulder", 0.0) + 14) + lean
        fore = upper + sign * get(f"{side} elbow", 0.0)
        _limb(figure, f"{side} arm", root, (upper, fore), 0.29, ("sleeves", "skin", 0.03), faults)
    head = _polar(neck, 180 - lean - get("head", 0.0), 0.115)
    figure.tips["head"] = Tip(*head, 0.0, -1.0)
    figure.stroke((neck, head), "skin", 0.03)
    figure.oval(*head, 0.08, 0.09, "skin")
    crown = _polar(head, 180 - lean - get("head", 0.0), 0.045)
    figure.oval(*crown, 0.075, 0.055, "hair")
    return figure


def _hand(pose: Pose, faults: Faults) -> Figure:
    figure, get = Figure(), pose.get
    turn, wrist = get("turn", 0.0), (get("dx", 0.0), 0.86 + get("dy", 0.0) - get("lift", 0.0))
    palm = _polar(wrist, 180 - turn, 0.22)

    def placed(x: float, y: float) -> Point:
        a = math.radians(turn)
        return palm[0] + x * math.cos(a) - y * math.sin(a), palm[1] + x * math.sin(a) + y * math.cos(a)

    sleeve = 1.04 + get("dy", 0.0) - 1.35 * get("lift", 0.0)
    figure.stroke((wrist, (get("dx", 0.0), sleeve)), "sleeves", 0.085)
    for place, length in faults.extra.items():
        _finger(figure, "extra", placed(-0.13, 0.05 - 0.1 * place), turn - 42 - 14 * place, 0.22 * length, 0.0, Faults())
    for name, (x, y, angle, length) in FINGERS.items():
        swing = get(f"{name} swing", 0.0)
        _finger(figure, name, placed(x, y), turn + angle + swing, length, get(name, 0.0), faults)
    figure.stroke((wrist, palm), "skin", 0.085)
    figure.polygon(tuple(placed(x, y) for x, y in ((-0.13, -0.12), (0.12, -0.12), (0.14, 0.05), (0.08, 0.15), (-0.08, 0.15), (-0.13, 0.03))), "skin")
    figure.tips["hand"] = Tip(*palm, *_polar((0.0, 0.0), 180 - turn, 1.0))
    return figure


def _finger(figure: Figure, name: str, root: Point, angle: float, length: float, bend: float, faults: Faults) -> None:
    """Add a finger; bent, it looks shorter and shows its nail side."""
    left = 1 - faults.missing.get(name, 0.0)
    length *= (1 + faults.stretch.get(name, 0.0)) * (1 - 0.62 * min(1.0, max(0.0, bend))) * left
    end = _polar(root, 180 - angle, length)
    if left > 0.02:
        figure.stroke((root, end), "skin", 0.036)
        figure.oval(*_polar(root, 180 - angle, length + 0.005), 0.024, 0.024, "nails")
    figure.tips[name] = Tip(*end, *_polar((0.0, 0.0), 180 - angle, 1.0))


def _face(pose: Pose, faults: Faults) -> Figure:
    figure, get = Figure(), pose.get
    turn, x0, lift = get("turn", 0.0), get("dx", 0.0), get("lift", 0.0)
    centre = (x0 + 0.25 * math.sin(math.radians(turn)), 0.46 + get("dy", 0.0) - lift)

    def placed(x: float, y: float) -> Point:
        a = math.radians(turn)
        return centre[0] + x * math.cos(a) - y * math.sin(a), centre[1] + x * math.sin(a) + y * math.cos(a)

    figure.polygon(((x0 - 0.36, 1.02), (x0 - 0.26, 0.86), (x0 + 0.26, 0.86), (x0 + 0.36, 1.02)), "shirt")
    figure.stroke(((x0, 0.88), (x0, 0.8)), "skin", 0.1)
    figure.oval(*placed(0, -0.09), 0.285, 0.31, "hair")
    figure.oval(*placed(0, 0.02), 0.26, 0.33, "skin")
    gaze = get("gaze", 0.0)
    for place, size in faults.extra.items():
        _eye(figure, placed((0.0, -0.19)[place % 2] + gaze, (-0.2, 0.13)[place % 2]), 0.062 * size, 0.045 * size)
    for side, sign in (("left", 1.0), ("right", -1.0)):
        name = f"{side} eye"
        there, factor = 1 - faults.missing.get(name, 0.0), 1 + faults.stretch.get(name, 0.0)
        lid = 1 + get(f"{side} lid", 0.0)
        figure.tips[name] = Tip(*placed(0.115 * sign + gaze, -0.05), sign, 0.0)
        if there > 0.02:
            _eye(figure, placed(0.115 * sign + gaze, -0.05), 0.068 * there, max(0.008, 0.048 * lid * there * factor))
        brow = -0.145 - 0.075 * get(f"{side} brow", 0.0)
        figure.stroke((placed(0.05 * sign + gaze, brow + 0.012), placed(0.19 * sign + gaze, brow)), "hair", 0.016)
    if (there := 1 - faults.missing.get("nose", 0.0)) > 0.02:
        length = 0.1 * there * (1 + 1.2 * faults.stretch.get("nose", 0.0))
        figure.stroke((placed(gaze, 0.0), placed(gaze * 1.2, length)), "nose", 0.022 * there)
    if (there := 1 - faults.missing.get("mouth", 0.0)) > 0.02:
        _mouth(figure, placed, gaze, pose, there, 1 + faults.stretch.get("mouth", 0.0))
    figure.tips["mouth"] = Tip(*placed(gaze, 0.2), 0.8, 0.6)
    return figure


def _eye(figure: Figure, at: Point, rx: float, ry: float) -> None:
    figure.oval(*at, rx, ry, "eyes" if ry > 0.012 else "hair")
    if ry > 0.012:
        figure.oval(*at, min(0.028, rx * 0.6), min(0.034, ry), "pupils")


def _mouth(figure: Figure, placed: Callable[[float, float], Point], gaze: float, pose: Pose, size: float, stretch: float) -> None:
    half = 0.11 * size * stretch * (1 - 0.55 * pose.get("round", 0.0))
    gap = 0.012 + 0.075 * size * pose.get("open", 0.0)
    bow = 0.075 * size * pose.get("curve", 0.0)
    xs = [half * (k / 4 - 1) for k in range(9)]
    curve = [-bow * ((x / half) ** 2 - 0.5) for x in xs]
    opening = [gap * math.sqrt(max(0.0, 1 - (x / half) ** 2)) for x in xs]
    upper = [placed(gaze + x, 0.2 + c - o) for x, c, o in zip(xs, curve, opening, strict=True)]
    lower = [placed(gaze + x, 0.2 + c + o) for x, c, o in zip(xs, curve, opening, strict=True)]
    figure.polygon((*upper, *reversed(lower)), "mouth")
    figure.stroke(tuple(upper), "lips", 0.011)
    figure.stroke(tuple(lower), "lips", 0.011)
