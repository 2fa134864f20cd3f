"""Shapes and tips that make up a figure, in frame heights from the middle line and the top."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

Point = tuple[float, float]


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

    def aside(self, distance: float) -> Point:
        """Return the point so far to the side: below an arm stretched to the right, right of one raised."""
        return self.x - distance * self.dy, self.y + distance * self.dx


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


def polar(start: Point, angle: float, length: float) -> Point:
    """Return the point at an angle in degrees: 0 hangs down, 90 points right, 180 up."""
    turn = math.radians(angle)
    return start[0] + length * math.sin(turn), start[1] + length * math.cos(turn)
