"""Faces with neck and shoulders."""

import math
from collections.abc import Callable

from gaia_judge.synthetic.poses import Pose
from gaia_judge.synthetic.rigs.shapes import Faults, Figure, Point, Tip


def build_face(pose: Pose, faults: Faults) -> Figure:
    """Return a face."""
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
        _eye(
            figure,
            placed((0.0, -0.19)[place % 2] + gaze, (-0.2, 0.13)[place % 2]),
            0.062 * size,
            0.045 * size,
        )
    for side, sign in (("left", 1.0), ("right", -1.0)):
        name = f"{side} eye"
        there, factor = 1 - faults.missing.get(name, 0.0), 1 + faults.stretch.get(name, 0.0)
        lid = 1 + get(f"{side} lid", 0.0)
        figure.tips[name] = Tip(*placed(0.115 * sign + gaze, -0.05), sign, 0.0)
        if there > 0.02:
            _eye(
                figure,
                placed(0.115 * sign + gaze, -0.05),
                0.068 * there,
                max(0.008, 0.048 * lid * there * factor),
            )
        brow = -0.145 - 0.075 * get(f"{side} brow", 0.0)
        figure.stroke(
            (placed(0.05 * sign + gaze, brow + 0.012), placed(0.19 * sign + gaze, brow)), "hair", 0.016
        )
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


def _mouth(
    figure: Figure,
    placed: Callable[[float, float], Point],
    gaze: float,
    pose: Pose,
    size: float,
    stretch: float,
) -> None:
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
