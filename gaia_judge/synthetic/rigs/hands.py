"""Hands, palm to the front."""

import math

from gaia_judge.synthetic.poses import Pose
from gaia_judge.synthetic.rigs.shapes import Faults, Figure, Point, Tip, polar

FINGERS = {
    "thumb": (0.135, 0.06, 58.0, 0.17),
    "index finger": (0.09, -0.12, 13.0, 0.27),
    "middle finger": (0.03, -0.14, 3.0, 0.29),
    "ring finger": (-0.035, -0.135, -6.0, 0.27),
    "little finger": (-0.095, -0.11, -17.0, 0.22),
}
"""Root (right of and below the palm's centre), angle from upright, and length."""


def build_hand(pose: Pose, faults: Faults) -> Figure:
    """Return a hand that comes from below."""
    figure, get = Figure(), pose.get
    turn, wrist = get("turn", 0.0), (get("dx", 0.0), 0.86 + get("dy", 0.0) - get("lift", 0.0))
    palm = polar(wrist, 180 - turn, 0.22)

    def placed(x: float, y: float) -> Point:
        a = math.radians(turn)
        return palm[0] + x * math.cos(a) - y * math.sin(a), palm[1] + x * math.sin(a) + y * math.cos(a)

    sleeve = 1.1 - 1.5 * get("lift", 0.0)
    figure.stroke((wrist, (get("dx", 0.0), sleeve)), "sleeves", 0.085)
    for place, length in faults.extra.items():
        _finger(
            figure,
            "extra",
            placed(-0.13, 0.05 - 0.1 * place),
            turn - 42 - 14 * place,
            0.22 * length,
            0.0,
            Faults(),
        )
    for name, (x, y, angle, length) in FINGERS.items():
        swing = get(f"{name} swing", 0.0)
        _finger(figure, name, placed(x, y), turn + angle + swing, length, get(name, 0.0), faults)
    figure.stroke((wrist, palm), "skin", 0.085)
    figure.polygon(
        tuple(
            placed(x, y)
            for x, y in (
                (-0.13, -0.12),
                (0.12, -0.12),
                (0.14, 0.05),
                (0.08, 0.15),
                (-0.08, 0.15),
                (-0.13, 0.03),
            )
        ),
        "skin",
    )
    figure.tips["hand"] = Tip(*palm, *polar((0.0, 0.0), 180 - turn, 1.0))
    return figure


def _finger(
    figure: Figure, name: str, root: Point, angle: float, length: float, bend: float, faults: Faults
) -> None:
    """Add a finger; bent, it looks shorter and shows its nail side."""
    left = 1 - faults.missing.get(name, 0.0)
    length *= (1 + faults.stretch.get(name, 0.0)) * (1 - 0.62 * min(1.0, max(0.0, bend))) * left
    end = polar(root, 180 - angle, length)
    if left > 0.02:
        figure.stroke((root, end), "skin", 0.036)
        figure.oval(*polar(root, 180 - angle, length + 0.005), 0.024, 0.024, "nails")
    figure.tips[name] = Tip(*end, *polar((0.0, 0.0), 180 - angle, 1.0))
