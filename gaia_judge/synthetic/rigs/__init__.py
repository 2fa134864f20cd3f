"""What a pose looks like: bodies, hands and faces as shapes."""

from gaia_judge.synthetic.actions import Subset
from gaia_judge.synthetic.poses import Pose
from gaia_judge.synthetic.rigs.bodies import GROUND, build_body
from gaia_judge.synthetic.rigs.faces import build_face
from gaia_judge.synthetic.rigs.hands import build_hand
from gaia_judge.synthetic.rigs.shapes import Faults, Figure, Point, Shape, Tip

__all__ = ["GROUND", "LIMBS", "Faults", "Figure", "Point", "Shape", "Tip", "build"]

LIMBS: dict[Subset, tuple[str, ...]] = {
    "Whole-body": ("left arm", "right arm", "left leg", "right leg"),
    "Hand": ("thumb", "index finger", "middle finger", "ring finger", "little finger"),
    "Facial": ("left eye", "right eye", "mouth", "nose"),
}
"""What can be missing or stretched."""


def build(subset: Subset, pose: Pose, faults: Faults) -> Figure:
    """Return the figure of a subset in a pose."""
    return {"Whole-body": build_body, "Hand": build_hand, "Facial": build_face}[subset](pose, faults)
