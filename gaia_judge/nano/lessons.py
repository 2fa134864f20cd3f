"""What ``nano`` is shown in training: clips, conversations about them, and what is true of them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gaia_judge.frames.specs import middles
from gaia_judge.nano.models import FRAMES, PER_FRAME, SIDE
from gaia_judge.nano.texts import Scripts
from gaia_judge.synthetic.actions import ACTIONS, HELD_OUT, Action
from gaia_judge.synthetic.defects import DIMENSIONS, KINDS, Defect, Dimension, applicable, qualities
from gaia_judge.synthetic.drawings import Drawing
from gaia_judge.synthetic.plans import Plan, sample_defects, sample_plan
from gaia_judge.synthetic.scenes import Moment, Scene

TRAINED = tuple(action for action in ACTIONS if action not in HELD_OUT)
"""Actions that occur in training."""

DEFECTS = tuple(name for name, kind in KINDS.items() if not kind.held_out)
"""Defects that occur in training."""

POINTS = (
    *("left arm", "right arm", "left leg", "right leg", "head"),
    *("thumb", "index finger", "middle finger", "ring finger", "little finger", "hand"),
    *("left eye", "right eye", "mouth", "prop"),
)
"""What patches learn to point at."""

POSES: Mapping[str, float] = {
    **{
        f"{side} {joint}": 90.0
        for side in ("left", "right")
        for joint in ("shoulder", "elbow", "hip", "knee")
    },
    **{
        "lean": 28.0,
        "turn": 28.0,
        "dx": 0.15,
        "dy": 0.1,
        "hop": 0.1,
        "lift": 0.1,
        "gaze": 0.09,
    },
    **{f"{name}": 1.0 for name in ("thumb", "index finger", "middle finger", "little finger")},
    **{f"{name} swing": 22.0 for name in ("thumb", "index finger", "middle finger", "little finger")},
    **{f"{side} {part}": 1.0 for side in ("left", "right") for part in ("lid", "brow")},
    **{"open": 1.0, "round": 1.0, "curve": 1.0},
}
"""What frames tell of the pose, and the unit of each."""

SHUFFLED, RENAMED = 0.06, 0.1
"""Shares of clips whose frames are out of order, or whose prompt asks for another action."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """A batch of clips with conversations about them."""

    frames: NDArray[np.uint8]
    """[clips, frames, side, side, 3]."""
    ids: NDArray[np.int64]
    """[clips, tokens], padded on the left."""
    blanks: NDArray[np.int64]
    """Where answers stand, [clips, questions]."""
    asked: NDArray[np.int64]
    """Which dimension each question is about, [clips, questions]."""
    labels: tuple[int, ...]
    """Tokens of the scale's labels, from worst to best."""
    quality: NDArray[np.float32]
    """Latent quality, 0 to 1, [clips, dimensions]."""
    severities: NDArray[np.float32]
    """[clips, defects]."""
    points: NDArray[np.float32]
    """Shares of the frame, NaN where there is no such point, [clips, frames, points, 2]."""
    poses: NDArray[np.float32]
    """[clips, frames, poses + 1]; the last is the progress of the action that was asked for."""


class Lessons:
    """Batches by number: the same seed and number give the same batch.

    Args:
        tokenizer: nano's.
        seed: Of everything that is drawn.
        held_out: Draw clips for examination, of the natural mixture and without tricks.
    """

    def __init__(self, tokenizer: Any, seed: int, *, held_out: bool = False) -> None:
        self.scripts, self.seed, self.held_out = Scripts(tokenizer), seed, held_out
        self.pad = tokenizer.pad_token_id
        self.video = tokenizer.convert_tokens_to_ids("<video>")

    def lesson(self, number: int, size: int, ease: float = 0.0, name: str = "syllogism") -> Lesson:
        """Return batch ``number``.

        Args:
            number: Which batch.
            size: Clips.
            ease: Share of clips with one plain defect before a plain background.
            name: The prompt set.
        """
        chance = np.random.default_rng([self.seed, number])
        one = DIMENSIONS[chance.integers(3)] if name != "syllogism" else None
        cases = [self._case(chance, ease, name, one) for _ in range(size)]
        width = max(len(case["ids"]) for case in cases)
        for case in cases:
            shift = width - len(case["ids"])
            case["ids"] = np.array([self.pad] * shift + case["ids"])
            case["blanks"] = np.array(case["blanks"]) + shift
        stacked: dict[str, Any] = {key: np.stack([case[key] for case in cases]) for key in cases[0]}
        return Lesson(labels=tuple(self.scripts.labels(name)), **stacked)

    def _case(self, chance: np.random.Generator, ease: float, name: str, one: str | None) -> dict[str, Any]:
        action = TRAINED[chance.integers(len(TRAINED))]
        plan = sample_plan(chance, action, self._defects(chance, action, ease))
        if chance.random() < ease:
            plan = replace(plan, style=replace(plan.style, background="plain"))
        named, order, defects = action, np.arange(FRAMES), list(plan.defects)
        trick = 1.0 if self.held_out else chance.random()
        if trick < SHUFFLED and not action.motion.endswith(
            ("waving", "swinging", "nodding", "shaking", "jumping", "walking")
        ):
            order = chance.permutation(FRAMES)
            defects.append(Defect("looping", 1.0))
        elif trick > 1 - RENAMED and not self.held_out:
            named = _rival(chance, action)
            defects.append(Defect("wrong action", 1.0))
        shown = _show(plan, order)
        script = self.scripts.write(name, named, one)
        ids, blanks = self._expanded(script.ids, script.blanks)
        truth = qualities(defects)
        return {
            "frames": shown[0],
            "ids": self._rated(chance, ids, blanks, name, [truth[dimension] for dimension in DIMENSIONS]),
            "blanks": blanks,
            "asked": np.array([DIMENSIONS.index(dimension) for dimension in script.dimensions]),
            "quality": np.array([truth[dimension] for dimension in DIMENSIONS], np.float32),
            "severities": np.array([_severity(defects, kind) for kind in KINDS], np.float32),
            "points": shown[1],
            "poses": shown[2] * np.where(np.arange(len(POSES) + 1) == len(POSES), named == action, 1),
        }

    def _defects(self, chance: np.random.Generator, action: Action, ease: float) -> tuple[Defect, ...]:
        if chance.random() < ease:
            dimension = DIMENSIONS[chance.integers(3)]
            names = applicable(dimension, action, DEFECTS)
            keep = chance.random() < 0.75 and names
            return (Defect(names[chance.integers(len(names))], chance.uniform(0.4, 1.0)),) if keep else ()
        common = chance.uniform(0.0, 1.0)
        skills: dict[Dimension, float] = {
            d: 0.4 * common + 0.6 * chance.uniform(0.0, 1.0) for d in DIMENSIONS
        }
        return sample_defects(chance, action, skills, DEFECTS)

    def _expanded(self, ids: tuple[int, ...], blanks: tuple[int, ...]) -> tuple[list[int], list[int]]:
        """Repeat the video's token for each token that the decoder sees of it."""
        at, more = ids.index(self.video), FRAMES * PER_FRAME
        return [*ids[:at], *[self.video] * (more + 1), *ids[at + 1 :]], [place + more for place in blanks]

    def _rated(
        self, chance: np.random.Generator, ids: list[int], blanks: list[int], name: str, truth: list[float]
    ) -> list[int]:
        """Fill in earlier ratings: true ones half of the time, so that they are heeded but not trusted."""
        tokens = self.scripts.labels(name)
        for place, quality in zip(blanks, truth, strict=False):
            level = round(quality * (len(tokens) - 1) + chance.normal(0, 0.7))
            if chance.random() < 0.5:
                level = int(chance.integers(len(tokens)))
            ids[place] = tokens[min(len(tokens) - 1, max(0, level))]
        return ids


def _rival(chance: np.random.Generator, action: Action) -> Action:
    """Return another action of the same subset that moves another part or in another way."""
    rivals = [
        o
        for o in TRAINED
        if o.subset == action.subset and (o.motion, o.part, o.way) != (action.motion, action.part, action.way)
    ]
    return rivals[chance.integers(len(rivals))]


def _severity(defects: list[Defect], name: str) -> float:
    return max((one.severity for one in defects if one.name == name), default=0.0)


def _show(
    plan: Plan, order: NDArray[np.int64]
) -> tuple[NDArray[np.uint8], NDArray[np.float32], NDArray[np.float32]]:
    """Return a clip's frames as the processor makes them, points, and poses with progress."""
    scene, drawing = Scene(plan), Drawing(plan, 2 * SIDE)
    moments = [scene.moment(int(index)) for index in middles(plan.frames, FRAMES)[order]]
    frames = [_squared(drawing.frame(scene, moment)) for moment in moments]
    points = np.array([_points(drawing, moment) for moment in moments], np.float32)
    return np.stack(frames), points, np.array([_pose(moment) for moment in moments], np.float32)


def _squared(frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.asarray(Image.fromarray(frame).resize((SIDE, SIDE), Image.Resampling.BICUBIC))


def _points(drawing: Drawing, moment: Moment) -> list[tuple[float, float]]:
    """Return points as shares of the frame."""
    known = {name: (tip.x, tip.y) for name, tip in moment.figure.tips.items()}
    if moment.prop:
        known["prop"] = moment.prop
    pixels = {name: drawing.pixel(point) for name, point in known.items()}
    shares = {name: (x / drawing.width, y / drawing.height) for name, (x, y) in pixels.items()}
    return [shares.get(name, (np.nan, np.nan)) for name in POINTS]


def _pose(moment: Moment) -> list[float]:
    return [*(moment.pose.get(name, 0.0) / unit for name, unit in POSES.items()), moment.progress]
