"""A contact sheet of defects: what each looks like as it gets worse."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gaia_judge.errors import GaiaJudgeError
from gaia_judge.synthetic.actions import ACTIONS, Action
from gaia_judge.synthetic.defects import KINDS, Defect, Kind
from gaia_judge.synthetic.drawings import draw
from gaia_judge.synthetic.encoders import halve
from gaia_judge.synthetic.generators import chance_of
from gaia_judge.synthetic.plans import Plan, sample_plan

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

SEVERITIES = (0.0, 0.3, 0.6, 1.0)
"""Columns of the sheet; 0 is the sound clip."""

MOMENTS = (0.1, 0.35, 0.6, 0.95)
"""Frames shown of each clip, as shares of its length."""

EXAMPLES: Mapping[str, str] = {
    "missing": "leaning the body to the right",
    "extra": "smiling with the mouth",
    "stretching": "bending the left arm",
    "melting": "opening the mouth",
    "flicker": "kicking a ball with the left leg",
    "blur": "raising both eyebrows",
    "cut short": "tilting the hand to the right",
    "frozen": "raising the left arm",
    "too small": "leaning the body to the left",
    "wrong action": "lowering the body",
    "looping": "bending the right leg",
    "no contact": "touching a stick with the middle finger",
    "passing through": "kicking a box with the right leg",
    "floating": "waving the right arm",
    "sliding": "bending the right arm",
    "appearing": "raising a stick with the right arm",
}
"""An action in which each defect shows well."""

SEED = 4
"""Of colours and chances on which most shows."""

TITLE, CAPTION, SEAM = 34, 18, 2
"""Heights of the lines above a row and above a column, and width of what parts frames, in pixels."""


def write_sheet(path: Path, height: int = 128) -> None:
    """Write the sheet as PNG.

    Raises:
        GaiaJudgeError: The file cannot be written.
    """
    try:
        defect_sheet(height).save(path, format="PNG")
    except OSError as error:
        raise GaiaJudgeError(f"{path} cannot be written: {error}.", "Choose another place.") from error


def defect_sheet(height: int = 128) -> "Image":
    """Return a row per defect, all of one clip: sound at the left, then worse and worse.

    Args:
        height: Of each frame, in pixels.
    """
    from PIL import Image, ImageDraw

    left, top = corner(len(KINDS), len(SEVERITIES), height)
    sheet = Image.new("RGB", (left, top), "white")
    pen = ImageDraw.Draw(sheet)
    for row, (name, kind) in enumerate(KINDS.items()):
        _title(pen, corner(row, 0, height), name, kind)
        for column, plan in enumerate(_row(name, height)):
            left, top = corner(row, column, height)
            caption = f"severity {SEVERITIES[column]:g}" if column else "sound"
            told = f"{caption}, {kind.dimension} {plan.truth[kind.dimension]:.2f}"
            pen.text((left, top - 14), told, fill="black")
            sheet.paste(_strip(plan, height), (left, top))
    return sheet


def corner(row: int, column: int, height: int) -> tuple[int, int]:
    """Return left and top of a strip; beyond the last row and column, width and height of the sheet.

    >>> corner(0, 0, height=128), corner(1, 1, height=128)
    ((16, 42), (552, 222))
    """
    gap = height // 8
    left = gap + column * (len(MOMENTS) * (height + SEAM) + gap)
    return left, gap // 2 + TITLE + row * (height + TITLE + CAPTION)


def _title(pen: "ImageDraw", at: tuple[int, int], name: str, kind: Kind) -> None:
    """Write what a row shows above its first strip."""
    held_out = " (kept from the training of nano)" if kind.held_out else ""
    pen.text(
        (at[0], at[1] - TITLE),
        f"{kind.dimension.upper()}  {name}: {kind.about}{held_out}. Action: {EXAMPLES[name]}",
        fill="#884400",
    )


def _row(name: str, height: int) -> Iterator[Plan]:
    """Yield the plans of one clip as a defect gets worse: nothing else changes, and the wall is plain."""
    action = example(name)
    for severity in SEVERITIES:
        defects = [Defect(name, severity)] if severity else []
        plan = sample_plan(chance_of(SEED, name), action, defects, (height, height), (24, 8.0))
        yield replace(plan, style=replace(plan.style, background="plain"))


def example(name: str) -> Action:
    """Return the action that shows a defect."""
    return next(action for action in ACTIONS if action.name == EXAMPLES[name])


def _strip(plan: Plan, height: int) -> "Image":
    """Return the frames at ``MOMENTS`` side by side, parted so that one sees where the actor stands."""
    from PIL import Image

    frames = halve(draw(plan, [int(moment * plan.frames) for moment in MOMENTS], 2 * height))
    parted = np.pad(frames, ((0, 0), (0, 0), (0, SEAM), (0, 0)), constant_values=255)
    return Image.fromarray(np.concatenate(list(parted), axis=1))
