"""Plans of clips: everything that decides a clip's pixels, and what is true of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gaia_judge.synthetic.actions import ACTIONS, Action
from gaia_judge.synthetic.defects import DIMENSIONS, KINDS, Defect, Dimension, applicable, qualities
from gaia_judge.synthetic.poses import sides
from gaia_judge.synthetic.rigs import LIMBS

SIZES = ((256, 256), (320, 320), (384, 384), (320, 256), (384, 256), (448, 256), (512, 320), (576, 320))
"""Widths and heights of clips, in pixels."""

TIMINGS = ((8, 4.0), (16, 8.0), (16, 8.0), (24, 8.0), (32, 10.0), (48, 16.0), (50, 24.0))
"""Frames, and frames per second."""

Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Style:
    """What has no bearing on quality: colours, background, and where the actor stands."""

    paints: Mapping[str, Colour]
    background: str
    grain: int
    """Seed of the background's pattern."""
    scale: float
    offset: float
    """Of the actor from the middle, in frame heights."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A clip before it is drawn."""

    action: Action
    """What the prompt asked for."""
    defects: tuple[Defect, ...]
    other: Action
    """What is done instead, where the defect is a wrong action."""
    style: Style
    start: float
    """When the movement starts, as a share of the clip."""
    stop: float
    """When it has come to its end."""
    turns: float
    """Periods of a movement that repeats."""
    limbs: tuple[str, ...]
    """Limbs in the order in which defects befall them."""
    width: int = 256
    height: int = 256
    frames: int = 16
    fps: float = 8.0
    seed: int = 0

    @property
    def truth(self) -> Mapping[Dimension, float]:
        """Latent quality per dimension, 0 to 1."""
        return qualities(self.defects)

    def severity(self, name: str) -> float:
        """Return the severity of a defect, 0 if there is none."""
        return max((defect.severity for defect in self.defects if defect.name == name), default=0.0)


def sample_defects(
    chance: np.random.Generator,
    action: Action,
    skills: Mapping[Dimension, float],
    allowed: Iterable[str] = tuple(KINDS),
) -> tuple[Defect, ...]:
    """Return the defects of one clip by a generator of such skills (0 to 1): at most two per dimension."""
    found: list[Defect] = []
    for dimension in DIMENSIONS:
        names = applicable(dimension, action, allowed)
        lack = 1 - skills[dimension]
        count = int(chance.random() < 0.35 + 0.6 * lack) + int(chance.random() < 0.35 * lack)
        for index in chance.choice(len(names), min(count, len(names)), replace=False) if names else ():
            severity = chance.beta(0.8 + 1.6 * lack, 0.8 + 1.6 * (1 - lack))
            found.append(Defect(names[index], round(0.12 + 0.88 * float(severity), 3)))
    return tuple(found)


def sample_plan(
    chance: np.random.Generator,
    action: Action,
    defects: Sequence[Defect] = (),
    size: tuple[int, int] | None = None,
    timing: tuple[int, float] | None = None,
) -> Plan:
    """Return a clip's plan: all that the arguments leave open is drawn by chance."""
    rivals = [other for other in ACTIONS if other.subset == action.subset and other.part != action.part]
    limbs = LIMBS[action.subset]
    limb = action.part.split()[-1].removesuffix("s")
    acting = {action.part, *(f"{side} {limb}" for side in sides(action.part))}
    width, height = size or SIZES[chance.integers(len(SIZES))]
    frames, fps = timing or TIMINGS[chance.integers(len(TIMINGS))]
    return Plan(
        action=action,
        defects=tuple(defects),
        other=rivals[chance.integers(len(rivals))],
        style=sample_style(chance, width / height),
        start=chance.uniform(0.0, 0.15),
        stop=chance.uniform(0.6, 0.85),
        turns=chance.uniform(1.8, 2.6),
        # Whether an action is done must not hang on a limb that is not there.
        limbs=tuple(sorted((limbs[i] for i in chance.permutation(len(limbs))), key=acting.__contains__)),
        width=width,
        height=height,
        frames=frames,
        fps=fps,
        seed=int(chance.integers(2**31)),
    )


def sample_style(chance: np.random.Generator, aspect: float) -> Style:
    """Return colours, a background and a place; skin, clothes and things stand off from what is behind."""
    tone = chance.uniform(0.35, 1.0)
    skin = np.array([250, 205, 170]) * tone + np.array([20, 5, 0])
    walls = chance.uniform(60, 235, (8, 3))
    wall = next((row for row in walls if np.abs(row - skin).sum() > 130), walls[0])
    paints = {
        "wall": wall,
        "floor": np.clip(wall + chance.choice([-1, 1]) * chance.uniform(25, 60, 3), 10, 245),
    }
    paints["wall 2"] = np.clip(wall + chance.uniform(-28, 28, 3), 0, 255)
    for name in ("shirt", "trousers", "prop"):
        paints[name] = _apart(
            chance, [paints[other] for other in ("wall", "shirt", "prop") if other in paints]
        )
    paints["sleeves"] = np.clip(paints["shirt"] * 0.72 + 20, 0, 255)
    paints["skin"] = skin
    paints["nails"] = np.clip(paints["skin"] * 0.75 + np.array([55, 20, 30]), 0, 255)
    paints["nose"] = paints["skin"] * 0.78
    paints["hair"] = chance.choice(
        [[25, 20, 18], [90, 55, 25], [190, 150, 80], [110, 110, 115]]
    ) * chance.uniform(0.8, 1.1)
    paints["shoes"] = chance.uniform(10, 60, 3)
    fixed = {"eyes": (245, 245, 245), "pupils": (25, 25, 35), "mouth": (95, 20, 30), "lips": (170, 60, 70)}
    return Style(
        paints={name: _colour(value) for name, value in (paints | fixed).items()},
        background=("plain", "gradient", "stripes", "blocks")[chance.integers(4)],
        grain=int(chance.integers(2**31)),
        scale=chance.uniform(0.86, 0.98),
        offset=chance.uniform(-1, 1) * (0.03 + 0.12 * max(0.0, aspect - 1)),
    )


def _apart(chance: np.random.Generator, others: Sequence[np.ndarray]) -> np.ndarray:
    """Return the colour among a few that is furthest from others."""
    tries = chance.uniform(15, 245, (6, 3))
    distances = [min((float(np.abs(row - other).sum()) for other in others), default=0.0) for row in tries]
    return np.asarray(tries[int(np.argmax(distances))])


def _colour(value: Sequence[float] | np.ndarray) -> Colour:
    red, green, blue = (int(min(255, max(0, part))) for part in value)
    return red, green, blue
