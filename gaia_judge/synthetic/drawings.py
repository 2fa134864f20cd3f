"""Plans become pixels."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from gaia_judge.synthetic.plans import Plan
from gaia_judge.synthetic.rigs import GROUND, Figure, Point
from gaia_judge.synthetic.scenes import FLICKERS, Moment, Scene


def draw(plan: Plan, indices: Sequence[int], height: int) -> NDArray[np.uint8]:
    """Return frames of a clip: RGB, shape [frames, height, width, 3], without smoothing.

    Draw twice as high as wanted and halve the result for smooth edges.
    """
    drawing, scene = Drawing(plan, height), Scene(plan)
    return np.stack([drawing.frame(scene, scene.moment(index)) for index in indices])


class Drawing:
    """A clip at one size: its background, and the moments of its scene painted onto it."""

    def __init__(self, plan: Plan, height: int) -> None:
        self.plan, self.height = plan, height
        self.width = round(height * plan.width / plan.height)
        self.background = _background(plan, self.width, height)
        self.unit = plan.style.scale * height
        self.origin = (self.width / 2 + plan.style.offset * height, GROUND * height * (1 - plan.style.scale))

    def pixel(self, point: Point) -> Point:
        """Return where a point of the scene is in the frame, in pixels."""
        return self.origin[0] + point[0] * self.unit, self.origin[1] + point[1] * self.unit

    def frame(self, scene: Scene, moment: Moment) -> NDArray[np.uint8]:
        """Return a frame: RGB, shape [height, width, 3]."""
        image = self.background.copy()
        behind = self.plan.action.mode == "touch" and self.plan.action.subset != "Facial"
        if self.plan.action.subset == "Whole-body":
            self._shadow(ImageDraw.Draw(image), moment.pose.get("dx", 0.0))
        if moment.prop and behind:
            self._prop(ImageDraw.Draw(image), moment.prop)
        self._actor(image, scene, moment)
        if moment.prop and not behind:
            self._prop(ImageDraw.Draw(image), moment.prop)
        return np.asarray(image)

    def _shadow(self, pen: ImageDraw.ImageDraw, x: float) -> None:
        x, y = self.pixel((x, GROUND))
        dark = tuple(int(0.6 * part) for part in self.plan.style.paints["floor"])
        wide, up, down = 0.15 * self.unit, 0.018 * self.unit, 0.022 * self.unit
        pen.ellipse((x - wide, y - up, x + wide, y + down), fill=dark)

    def _prop(self, pen: ImageDraw.ImageDraw, at: Point) -> None:
        (x, y), r = self.pixel(at), 0.058 * self.unit
        paint = self.plan.style.paints["prop"]
        edge = tuple(int(0.5 * part) for part in paint)
        wide, high = (2.2 * r, 0.4 * r) if self.plan.action.prop == "stick" else (r, r)
        outline = pen.ellipse if self.plan.action.prop == "ball" else pen.rectangle
        outline((x - wide, y - high, x + wide, y + high), fill=paint, outline=edge, width=max(1, int(r / 6)))

    def _actor(self, image: Image.Image, scene: Scene, moment: Moment) -> None:
        """Paint the figure, through a layer of its own where it melts, flickers or blurs."""
        plan, now = self.plan, moment.now
        melting, flicker, blur = (plan.severity(name) for name in ("melting", "flicker", "blur"))
        if not (melting or flicker or blur):
            self._shapes(ImageDraw.Draw(image), moment.figure)
            return
        layer = Image.new("RGBA", image.size, (*plan.style.paints["shirt"], 0))
        self._shapes(ImageDraw.Draw(layer), moment.figure)
        if melting:
            layer = _melted(layer, melting * min(1.0, 0.35 + now), scene.phase)
        if blur:
            radius = (0.004 + 0.035 * blur) * self.height
            layer = layer.convert("RGBa").filter(ImageFilter.BoxBlur(radius)).convert("RGBA")
        if flicker:
            shown = 1 - flicker * scene.faint[int(now * FLICKERS)]
            layer.putalpha(layer.getchannel("A").point(lambda a: int(a * shown)))
        image.paste(layer, (0, 0), layer)

    def _shapes(self, pen: ImageDraw.ImageDraw, figure: Figure) -> None:
        for shape in figure.shapes:
            points = [self.pixel(point) for point in shape.points]
            paint = self.plan.style.paints[shape.paint]
            if shape.kind == "oval":
                pen.ellipse((*points[0], *points[1]), fill=paint)
            elif shape.kind == "polygon":
                pen.polygon(points, fill=paint)
            else:
                r = shape.radius * self.unit
                pen.line(points, fill=paint, width=max(1, round(2 * r)))
                for x, y in points:
                    pen.ellipse((x - r, y - r, x + r, y + r), fill=paint)


def _melted(layer: Image.Image, amount: float, phase: float) -> Image.Image:
    """Shift columns down and rows aside, in waves."""
    pixels = np.asarray(layer)
    high, wide = pixels.shape[:2]
    x, y = np.arange(wide) / high, np.arange(high) / high
    sag = amount * 0.16 * (0.45 + 0.55 * np.sin(11 * x + phase))
    sway = amount * 0.075 * np.sin(17 * y + 2 * phase)
    rows = np.clip(np.arange(high)[:, None] - (np.maximum(sag, 0) * high)[None, :], 0, high - 1).astype(
        np.intp
    )
    columns = np.clip(np.arange(wide)[None, :] + (sway * high)[:, None], 0, wide - 1).astype(np.intp)
    return Image.fromarray(pixels[rows, columns])


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
