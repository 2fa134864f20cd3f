"""Contact sheets: what a judge sees, for people to look at."""

import math
from typing import TYPE_CHECKING

from gaia_judge.frames.specs import Frames

if TYPE_CHECKING:
    from PIL.Image import Image

LABEL = 16
"""Height of the line under each frame, in pixels."""


def contact_sheet(frames: Frames) -> "Image":
    """Return all frames at full size in reading order, each above its index and time.

    Args:
        frames: What is shown; pixels are copied unchanged.
    """
    from PIL import Image, ImageDraw

    count, height, width, _ = frames.images.shape
    columns = min(4, count)
    rows = math.ceil(count / columns)
    sheet = Image.new("RGB", (columns * width, rows * (height + LABEL)), "white")
    draw = ImageDraw.Draw(sheet)
    for place, (image, index, second) in enumerate(
        zip(frames.images, frames.indices, frames.seconds, strict=True)
    ):
        left, top = place % columns * width, place // columns * (height + LABEL)
        sheet.paste(Image.fromarray(image), (left, top))
        draw.text((left + 3, top + height + 2), f"#{index}  {second:.2f} s", fill="black")
    return sheet
