"""Whole bodies, seen from the front; a body's left is the viewer's right."""

import math

from gaia_judge.synthetic.poses import Pose
from gaia_judge.synthetic.rigs.shapes import Faults, Figure, Point, Tip, polar

GROUND = 0.9
"""Height of the ground line, from the top."""


def build_body(pose: Pose, faults: Faults) -> Figure:
    """Return a body; the leg that reaches furthest down stands on the ground."""
    figure, get = Figure(), pose.get
    angles = {
        side: (get(f"{side} hip", 0.0) + 5, get(f"{side} hip", 0.0) + 5 - get(f"{side} knee", 0.0))
        for side in ("left", "right")
    }
    drops = [0.155 * sum(math.cos(math.radians(a)) for a in pair) for pair in angles.values()]
    hip = (get("dx", 0.0), GROUND - 0.02 - max(drops) - max(0.0, get("hop", 0.0)) - get("lift", 0.0))
    lean = get("lean", 0.0)
    neck = polar(hip, 180 - lean, 0.25)
    for side, sign in (("left", 1.0), ("right", -1.0)):
        root = (hip[0] + 0.05 * sign, hip[1])
        thigh, shin = (sign * a for a in angles[side])
        _limb(figure, f"{side} leg", root, (thigh, shin), 0.31, ("trousers", "shoes", 0.036), faults)
    across = polar((0.0, 0.0), 90 - lean, 1.0)
    for place, length in faults.extra.items():
        sign = 1 - 2 * (place % 2)
        root = (neck[0] * 0.6 + hip[0] * 0.4 + 0.07 * sign, neck[1] * 0.6 + hip[1] * 0.4)
        _limb(
            figure,
            "extra",
            root,
            (sign * 62.0, sign * 48.0),
            0.3 * length,
            ("sleeves", "skin", 0.03),
            Faults(),
        )
    low, high = 0.06, 0.1
    corners = [(hip, low), (hip, -low), (neck, -high), (neck, high)]
    figure.polygon(tuple((p[0] + w * across[0], p[1] + w * across[1]) for p, w in corners), "shirt")
    for side, sign in (("left", 1.0), ("right", -1.0)):
        root = (neck[0] + 0.1 * sign * across[0], neck[1] + 0.1 * sign * across[1] + 0.03)
        upper = sign * (get(f"{side} shoulder", 0.0) + 14) + lean
        fore = upper + sign * get(f"{side} elbow", 0.0)
        _limb(figure, f"{side} arm", root, (upper, fore), 0.29, ("sleeves", "skin", 0.03), faults)
    head = polar(neck, 180 - lean, 0.115)
    figure.tips["head"] = Tip(*head, 0.0, -1.0)
    figure.stroke((neck, head), "skin", 0.03)
    figure.oval(*head, 0.08, 0.09, "skin")
    crown = polar(head, 180 - lean, 0.045)
    figure.oval(*crown, 0.075, 0.055, "hair")
    return figure


def _limb(
    figure: Figure,
    name: str,
    root: Point,
    angles: tuple[float, float],
    length: float,
    look: tuple[str, str, float],
    faults: Faults,
) -> None:
    """Add a limb of two segments, its end in another colour, less what is missing of it."""
    left = 1 - faults.missing.get(name, 0.0)
    segment = length / 2 * (1 + faults.stretch.get(name, 0.0))
    middle = polar(root, angles[0], segment * min(1.0, 2 * left))
    end = polar(middle, angles[1], segment * max(0.0, 2 * left - 1))
    if left > 0.02:
        figure.stroke((root, middle, end), look[0], look[2])
    if left > 0.98:
        figure.oval(*end, look[2] * 1.25, look[2] * 1.25, look[1])
    away = polar((0.0, 0.0), angles[1], 1.0)
    figure.tips[name] = Tip(*end, *away)
