"""Plans become pixels."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from gaia_judge.synthetic.plans import Plan
from gaia_judge.synthetic.poses import Pose, course
from gaia_judge.synthetic.rigs import GROUND, Faults, Figure, Point, Tip, build

@dataclass(frozen=True, slots=True)
class Moment:
    """What one frame shows: the pose, where tips and thing are (as shares of the frame), and the progress."""

    pose: Pose
    points: Mapping[str, Point]
    progress: float


STRUCK = 0.6
"""How far a limb has swung when it meets the thing that it strikes."""


def draw(plan: Plan, indices: Sequence[int], height: int) -> NDArray[np.uint8]:
    """Return frames of a clip, drawn ``height`` pixels high without smoothing: RGB, shape [frames, height, width, 3].

    Draw twice as high as wanted and halve the result for smooth edges.
    """
    scene = Scene(plan, height)
    return np.stack([scene.frame(index) for index in indices])


class Scene:
    """A clip's fixed parts, its frames, and what is true of each."""

    def __init__(self, plan: Plan, height: int) -> None:
        self.plan, self.height = plan, height
        self.width = round(height * plan.width / plan.height)
        self.chance = np.random.default_rng(plan.seed)
        self.course, self.other = course(plan.action), course(plan.other)
        self.faults = _limb_faults(plan)
        self.side = 1 if self.chance.random() < 0.5 else -1
        self.phase = self.chance.uniform(0, 2 * math.pi)
        self.flicker = self.chance.random(64)
        self.background = _background(plan, self.width, height)
        self.unit = plan.style.scale * height
        self.origin = (self.width / 2 + plan.style.offset * height, GROUND * height * (1 - plan.style.scale))

    def moment(self, index: int) -> Moment:
        """Return what a frame shows, for those who learn from it."""
        time = (index + 0.5) / self.plan.frames
        progress, turns, now = self.progress(time)
        pose = self.pose(progress, turns, now)
        figure = self.figure(pose, now)
        points = {name: self.pixel((tip.x, tip.y)) for name, tip in figure.tips.items()}
        if (at := self.prop(figure, progress, turns, time)) is not None:
            points["prop"] = self.pixel(at)
        shares = {name: (x / self.width, y / self.height) for name, (x, y) in points.items()}
        amplitude = (1 - 0.95 * self.plan.severity("too small")) * (1 - self.plan.severity("wrong action"))
        return Moment(pose, shares, progress * amplitude)

    def frame(self, index: int) -> NDArray[np.uint8]:
        """Return a frame: RGB, shape [height, width, 3]."""
        plan = self.plan
        time = (index + 0.5) / plan.frames
        progress, turns, now = self.progress(time)
        figure = self.figure(self.pose(progress, turns, now), now)
        image = self.background.copy()
        pen = ImageDraw.Draw(image)
        self.shadow(pen, progress, now)
        prop = self.prop(figure, progress, turns, time)
        if self.plan.action.mode == "touch" and plan.action.subset != "Facial":
            self.paint_prop(pen, prop)
        self.paint_figure(image, figure, now)
        if self.plan.action.mode and not (plan.action.mode == "touch" and plan.action.subset != "Facial"):
            self.paint_prop(ImageDraw.Draw(image), prop)
        return np.asarray(image)

    def progress(self, time: float) -> tuple[float, float, float]:
        """Return progress and periods of the movement, and the time at which the clip stands."""
        plan = self.plan
        reach = plan.start + (plan.stop - plan.start) * (1 - 0.92 * plan.severity("frozen"))
        now = min(time, reach) if plan.severity("frozen") else time
        pace = now
        if short := plan.severity("cut short"):
            pace = now * (plan.start + (plan.stop - plan.start) * (1 - 0.95 * short))
        if loop := plan.severity("looping"):
            rounds = 2 if loop < 0.5 else 3
            pace = (now * rounds % 1.0) * (plan.start + (plan.stop - plan.start) * (1 - 0.5 * loop))
        share = min(1.0, max(0.0, (pace - plan.start) / (plan.stop - plan.start)))
        if self.course.sway and not self.course.end:
            return min(1.0, share * 3.0), plan.turns * pace, now
        if self.course.sway:
            return min(1.0, share * 2.0 if "dx" not in self.course.end else share), plan.turns * pace, now
        return share * share * (3 - 2 * share), 0.0, now

    def pose(self, progress: float, turns: float, now: float) -> Pose:
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

    def figure(self, pose: Pose, now: float) -> Figure:
        faults = self.faults
        if faults.stretch:
            grown = {name: value * min(1.0, 0.25 + now) for name, value in faults.stretch.items()}
            faults = Faults(faults.missing, grown, faults.extra)
        return build(self.plan.action.subset, pose, faults)

    def prop(self, figure: Figure, progress: float, turns: float, time: float) -> Point | None:
        """Return where the thing is, or None while it is not there."""
        plan, action = self.plan, self.plan.action
        if not action.prop or time < 0.75 * plan.severity("appearing"):
            return None
        through = plan.severity("passing through")
        gap = 0.05 + 0.2 * plan.severity("no contact") - 0.01
        if action.mode == "hold":
            held, rest = self.tip(figure), self.tip(self.still(0.0))
            here, there = held.beyond(gap), rest.beyond(gap)
            return here[0] + through * (there[0] - here[0]), here[1] + through * (there[1] - here[1])
        if action.mode == "touch" and action.subset == "Facial":
            mouth = self.tip(figure)
            x, y = mouth.beyond(gap - 0.12 * through)
            return x + 0.3 * (1 - progress) * self.side, y + 0.16 * (1 - progress)
        if action.mode == "touch":
            return self.tip(self.still(1.0)).beyond(gap - 0.15 * through)
        met = self.tip(self.still(STRUCK if action.subset != "Facial" else 1.0))
        x, y = met.beyond(gap)
        flown = max(0.0, progress - STRUCK) / (1 - STRUCK) * (1 - through)
        return x + 0.3 * flown * (1 if met.dx > 0 else -1), y - 0.12 * flown

    def still(self, progress: float) -> Figure:
        """Return the sound figure at some progress: where things are waiting for it."""
        return build(self.plan.action.subset, self.course.at(progress, 0.0), Faults())

    def tip(self, figure: Figure) -> Tip:
        """Return the tip that meets the thing."""
        return figure.tips[self.plan.action.part]

    def pixel(self, point: Point) -> Point:
        return self.origin[0] + point[0] * self.unit, self.origin[1] + point[1] * self.unit

    def shadow(self, pen: ImageDraw.ImageDraw, progress: float, now: float) -> None:
        if self.plan.action.subset != "Whole-body":
            return
        pose = self.pose(progress, 0.0, now)
        x, y = self.pixel((pose.get("dx", 0.0), GROUND))
        dark = tuple(int(0.6 * part) for part in self.plan.style.paints["floor"])
        pen.ellipse((x - 0.15 * self.unit, y - 0.018 * self.unit, x + 0.15 * self.unit, y + 0.022 * self.unit), fill=dark)

    def paint_prop(self, pen: ImageDraw.ImageDraw, at: Point | None) -> None:
        if at is None:
            return
        x, y = self.pixel(at)
        r, paint = 0.058 * self.unit, self.plan.style.paints["prop"]
        edge = tuple(int(0.5 * part) for part in paint)
        if self.plan.action.prop == "ball":
            pen.ellipse((x - r, y - r, x + r, y + r), fill=paint, outline=edge, width=max(1, int(r / 6)))
        elif self.plan.action.prop == "box":
            pen.rectangle((x - r, y - r, x + r, y + r), fill=paint, outline=edge, width=max(1, int(r / 6)))
        else:
            pen.rectangle((x - 2.2 * r, y - 0.4 * r, x + 2.2 * r, y + 0.4 * r), fill=paint, outline=edge, width=max(1, int(r / 8)))

    def paint_figure(self, image: Image.Image, figure: Figure, now: float) -> None:
        """Paint the figure, through a layer of its own where it melts, flickers or blurs."""
        plan = self.plan
        melting, flicker, blur = (plan.severity(name) for name in ("melting", "flicker", "blur"))
        if not (melting or flicker or blur):
            self.paint_shapes(ImageDraw.Draw(image), figure)
            return
        layer = Image.new("RGBA", image.size, (*plan.style.paints["shirt"], 0))
        self.paint_shapes(ImageDraw.Draw(layer), figure)
        if melting:
            layer = self.melted(layer, melting * min(1.0, 0.35 + now))
        if blur:
            layer = _blurred(layer, 0.004 * self.height + 0.035 * blur * self.height)
        if flicker:
            shown = 1 - flicker * (self.flicker[int(now * 16) % 64] > 0.5)
            layer.putalpha(layer.getchannel("A").point(lambda a: int(a * shown)))
        image.paste(layer, (0, 0), layer)

    def paint_shapes(self, pen: ImageDraw.ImageDraw, figure: Figure) -> None:
        paints = self.plan.style.paints
        for shape in figure.shapes:
            points = [self.pixel(point) for point in shape.points]
            paint = paints[shape.paint]
            if shape.kind == "oval":
                pen.ellipse((*points[0], *points[1]), fill=paint)
            elif shape.kind == "polygon":
                pen.polygon(points, fill=paint)
            else:
                r = shape.radius * self.unit
                pen.line(points, fill=paint, width=max(1, round(2 * r)))
                for x, y in points:
                    pen.ellipse((x - r, y - r, x + r, y + r), fill=paint)

    def melted(self, layer: Image.Image, amount: float) -> Image.Image:
        """Shift columns down and rows aside, in waves."""
        pixels = np.asarray(layer)
        high, wide = pixels.shape[:2]
        x, y = np.arange(wide) / high, np.arange(high) / high
        sag = amount * 0.16 * (0.45 + 0.55 * np.sin(11 * x + self.phase))
        sway = amount * 0.075 * np.sin(17 * y + 2 * self.phase)
        rows = np.clip(np.arange(high)[:, None] - (np.maximum(sag, 0) * high)[None, :], 0, high - 1).astype(np.intp)
        columns = np.clip(np.arange(wide)[None, :] + (sway * high)[:, None], 0, wide - 1).astype(np.intp)
        return Image.fromarray(pixels[rows, columns])


def _limb_faults(plan: Plan) -> Faults:
    """Return what befalls which limb: more than one where it is grave."""

    def spread(severity: float, start: int) -> dict[str, float]:
        names = [plan.limbs[(start + k) % len(plan.limbs)] for k in (0, 1)]
        return {names[0]: min(1.0, 0.3 + 1.1 * severity)} | ({names[1]: 1.6 * severity - 0.8} if severity > 0.6 else {})

    missing, stretch, extra = (plan.severity(name) for name in ("missing", "stretching", "extra"))
    return Faults(
        missing=spread(missing, 0) if missing else {},
        stretch=spread(stretch, 2) if stretch else {},
        extra={k: size for k, size in ((0, min(1.0, 0.35 + extra)), (1, 1.6 * extra - 0.6)) if size > 0.1} if extra else {},
    )


def _background(plan: Plan, width: int, height: int) -> Image.Image:
    style, chance = plan.style, np.random.default_rng(plan.style.grain)
    image = Image.new("RGB", (width, height), style.paints["wall"])
    pen = ImageDraw.Draw(image)
    if style.background == "gradient":
        ramp = np.linspace(0, 1, height)[:, None, None]
        rows = (1 - ramp) * np.array(style.paints["wall"]) + ramp * np.array(style.paints["wall 2"])
        image = Image.fromarray(np.broadcast_to(rows, (height, width, 3)).astype(np.uint8))
        pen = ImageDraw.Draw(image)
    elif style.background == "stripes":
        step = max(6, int(height * chance.uniform(0.1, 0.25)))
        for left in range(int(chance.integers(step)), width, 2 * step):
            pen.rectangle((left, 0, left + step, height), fill=style.paints["wall 2"])
    elif style.background == "blocks":
        for _ in range(7):
            x, y = chance.uniform(0, width), chance.uniform(0, height)
            w, h = chance.uniform(0.08, 0.3, 2) * height
            pen.rectangle((x, y, x + w, y + h), fill=style.paints["wall 2"])
    if plan.action.subset == "Whole-body":
        y = (GROUND - 0.035 * style.scale) * height
        pen.rectangle((0, y, width, height), fill=style.paints["floor"])
    return image


def _blurred(layer: Image.Image, radius: float) -> Image.Image:
    """Blur colours weighted by opacity, so that edges take no colour from nowhere."""
    return layer.filter(ImageFilter.BoxBlur(radius))
