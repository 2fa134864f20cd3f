"""Plans in motion: where everything is at each frame."""

import math
from dataclasses import dataclass

import numpy as np

from gaia_judge.synthetic.plans import Plan
from gaia_judge.synthetic.poses import Pose, course
from gaia_judge.synthetic.rigs import Faults, Figure, Point, build

STRUCK = 0.6
"""How far a limb has swung when it meets the thing that it strikes."""

TOUCH = 0.04
"""From a tip to the middle of a thing that it touches."""

FLIGHTS = {"kicking": (0.2, 0.22), "hitting": (0.08, 0.2), "blowing": (0.28, 0.08)}
"""How far a thing flies that has been struck: aside and up."""

FLICKERS = 16
"""Stretches of a clip in which a figure that flickers is faint or not: half of the even and of the odd ones,
so that it shows in eight frames too."""


@dataclass(frozen=True, slots=True)
class Moment:
    """What one frame shows, in frame heights from the middle line and the top."""

    now: float
    """The time at which the clip stands, as a share of it; frozen clips stand still."""
    progress: float
    """How far the action that was asked for has come, 0 to 1."""
    pose: Pose
    figure: Figure
    prop: Point | None
    """Where the thing is, or None where there is none."""


class Scene:
    """A clip's fixed parts, and what is true of each frame."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        chance = np.random.default_rng(plan.seed)
        self.course, self.other = course(plan.action), course(plan.other)
        self.faults = limb_faults(plan)
        self.side = 1 if chance.random() < 0.5 else -1
        self.phase = chance.uniform(0, 2 * math.pi)
        halves = [chance.permutation(FLICKERS // 2) for _ in range(2)]
        self.faint = np.stack(halves, 1).ravel() % 2 == 0

    def moment(self, index: int) -> Moment:
        """Return what a frame shows."""
        plan = self.plan
        time = (index + 0.5) / plan.frames
        progress, turns, now = self._progress(time)
        pose = self._pose(progress, turns, now)
        figure = self._figure(pose, now)
        shown = progress * (1 - 0.95 * plan.severity("too small")) * (1 - plan.severity("wrong action"))
        return Moment(now, shown, pose, figure, self._prop(figure, shown, time))

    def _progress(self, time: float) -> tuple[float, float, float]:
        """Return progress and periods of the movement, and the time at which the clip stands."""
        plan = self.plan
        reach = plan.start + (plan.stop - plan.start) * (1 - 0.92 * plan.severity("frozen"))
        now = min(time, reach) if plan.severity("frozen") else time
        pace = now
        if short := plan.severity("cut short"):
            pace = now * (plan.start + (plan.stop - plan.start) * (1 - 0.95 * short))
        if loop := plan.severity("looping"):
            pace = now % (1 / (1 + 2 * loop))  # up to three rounds, each broken off the sooner
        share = min(1.0, max(0.0, (pace - plan.start) / (plan.stop - plan.start)))
        if self.course.sway and not self.course.end:
            return min(1.0, share * 3.0), plan.turns * pace, now
        if self.course.sway:
            return min(1.0, share * 2.0 if "dx" not in self.course.end else share), plan.turns * pace, now
        return share * share * (3 - 2 * share), 0.0, now

    def _pose(self, progress: float, turns: float, now: float) -> Pose:
        """Return the pose, with what another action, sliding and floating do to it."""
        plan = self.plan
        amplitude = 1 - 0.95 * plan.severity("too small")
        wrong = plan.severity("wrong action")
        pose = self.course.at(progress, turns, amplitude * (1 - wrong))
        if wrong:
            for name, value in self.other.at(progress, plan.turns * now, wrong).items():
                pose[name] = pose.get(name, 0.0) + value
        if sliding := plan.severity("sliding"):
            pose["dx"] = pose.get("dx", 0.0) + self.side * sliding * 0.2 * (2 * now - 1)
        if floating := plan.severity("floating"):
            pose["lift"] = 0.14 * floating * (1 + 0.15 * math.sin(7 * now + self.phase))
        return pose

    def _figure(self, pose: Pose, now: float) -> Figure:
        """Return the figure; what stretches goes on growing."""
        faults = self.faults
        if faults.stretch:
            grown = {name: value * min(1.0, 0.25 + now) for name, value in faults.stretch.items()}
            faults = Faults(faults.missing, grown, faults.extra)
        return build(self.plan.action.subset, pose, faults)

    def _prop(self, figure: Figure, progress: float, time: float) -> Point | None:
        """Return where the thing is, or None while it is not there."""
        plan, action = self.plan, self.plan.action
        if not action.prop or time < 0.75 * plan.severity("appearing"):
            return None
        through = plan.severity("passing through")
        if action.mode == "hold":
            here, there = self._reach(figure), self._reach(self._still(0.0))
            return here[0] + through * (there[0] - here[0]), here[1] + through * (there[1] - here[1])
        if action.mode == "touch" and action.subset == "Facial":
            x, y = self._reach(figure, -0.12 * through)
            return x + 0.3 * (1 - progress) * self.side, y + 0.16 * (1 - progress)
        if action.mode == "touch":
            return self._reach(self._still(1.0), -0.15 * through)
        met = self._still(1.0 if action.subset == "Facial" else STRUCK)
        x, y = self._reach(met)
        flown = max(0.0, progress - STRUCK) / (1 - STRUCK) * (1 - through)
        along, up = FLIGHTS[action.motion]
        return x + along * flown * (1 if met.tips[action.part].dx > 0 else -1), y - up * flown

    def _reach(self, figure: Figure, deeper: float = 0.0) -> Point:
        """Return where the thing is that a part touches, or misses by a gap."""
        action, gap = self.plan.action, self.plan.severity("no contact")
        tip = figure.tips[action.part]
        if action.subset == "Facial":
            return tip.beyond(TOUCH + 0.2 * gap + deeper)
        if action.part == "hand":
            return tip.aside(0.1 + 0.14 * gap if gap else 0.0)
        if action.subset == "Hand":
            return tip.beyond(TOUCH + 0.13 * gap + deeper)
        x, y = tip.beyond(TOUCH + deeper)
        there = tip.aside(0.2 * gap * (1 if action.part.startswith("left") else -1))
        low = 0 if action.part.endswith("arm") else 2 * (there[1] - tip.y)
        return x + there[0] - tip.x, y + there[1] - tip.y - low

    def _still(self, progress: float) -> Figure:
        """Return the sound figure at some progress: where things are waiting for it."""
        return build(self.plan.action.subset, self.course.at(progress, 0.0), Faults())


def limb_faults(plan: Plan) -> Faults:
    """Return what befalls which limb: more than one where it is grave."""

    def spread(severity: float, start: int) -> dict[str, float]:
        names = [plan.limbs[(start + k) % len(plan.limbs)] for k in (0, 1)]
        return {names[0]: min(1.0, 0.3 + 1.1 * severity)} | (
            {names[1]: 1.6 * severity - 0.8} if severity > 0.6 else {}
        )

    missing, stretch, extra = (plan.severity(name) for name in ("missing", "stretching", "extra"))
    return Faults(
        missing=spread(missing, 0) if missing else {},
        stretch=spread(stretch, 2) if stretch else {},
        extra={k: size for k, size in ((0, min(1.0, 0.35 + extra)), (1, 1.6 * extra - 0.6)) if size > 0.1}
        if extra
        else {},
    )
