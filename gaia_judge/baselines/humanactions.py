"""Human Action: does an action recogniser see the action that the video should show?

Source: Huang et al., VBench, CVPR 2024, as in vbench/human_action.py at 45e79ec: UMT-L/16 looks at 16 frames,
each the middle of its equal stretch (a shorter video repeats its last frame, and the row says so), shorter
side 256, middle 224 x 224. It knows the 400 whole-body actions and none of GAIA's hand and facial ones.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gaia_judge.baselines.clips import Clip
from gaia_judge.baselines.clipscores import B32
from gaia_judge.baselines.encoders import cut_note, load_clip, remarks
from gaia_judge.baselines.kinetics import class_names, find_class, sought
from gaia_judge.baselines.metrics import EVERY, Metric, Setting
from gaia_judge.baselines.recognisers import SHORTER, UMT, load_umt
from gaia_judge.baselines.videomaes import FRAMES
from gaia_judge.scores import Score

Probabilities = NDArray[np.float32]
"""Of each class in alphabetical order, shape [400]."""

KEPT = 0.85
"""Probability from which on a label counts as seen."""
TOP = 5
SHARPNESS = 100.0
"""What trained CLIPs multiply cosines by before their softmax."""


class ActionMeter(ABC):
    """Has UMT look at clips; what it sees becomes scores one clip at a time."""

    def __init__(self, metric: Metric, setting: Setting) -> None:
        self._metric = metric
        self._recogniser = load_umt(setting)

    def measure(self, clips: Sequence[Clip]) -> list[tuple[Score, ...]]:
        """Return the score of each clip, in [0, 1]."""
        found = self._recogniser.probabilities(clips)
        return [self._score(clip, row) for clip, row in zip(clips, found, strict=True)]

    def describe(self) -> Mapping[str, Any]:
        """Return versions."""
        return versions()

    @abstractmethod
    def _score(self, clip: Clip, found: Probabilities) -> tuple[Score, ...]: ...


class BinaryActions(ActionMeter):
    """1 if the action is among the five most probable classes with 0.85 or more, else 0.

    The trace has the labels that were kept. As in VBench, probabilities are rounded to four digits first. A
    keyword that is no class cannot be seen, which gives 0 there and here; the row says so.
    """

    def _score(self, clip: Clip, found: Probabilities) -> tuple[Score, ...]:
        action, note = sought(clip)
        labels = keep_labels(found)
        place = find_class(action)
        seen = place is not None and class_names()[place] in labels
        stranger = "not a Kinetics-400 class, so that it cannot be seen" if place is None else ""
        told = remarks(clip, note, stranger, short_note(clip.frames.total))
        return self._metric.scores(clip, float(seen), note=told, kept=labels)


class GradedActions(ActionMeter):
    """The probability of the class that the action names.

    Where it names none, the mean over all classes, weighted by how near their names are to the keyword: a
    softmax over 100 times the cosines of CLIP-B/32's text vectors, as CLIP itself would choose among them.
    This form is ours, not VBench's; where the mean stands in, the row says so.
    """

    def __init__(self, metric: Metric, setting: Setting) -> None:
        super().__init__(metric, setting)
        (weights,) = B32.weights
        self._clip = load_clip(weights.checkpoint(setting.weights.get(weights.name)), setting.device)

    def _score(self, clip: Clip, found: Probabilities) -> tuple[Score, ...]:
        action, note = sought(clip)
        short = short_note(clip.frames.total)
        if (place := find_class(action)) is not None:
            return self._metric.scores(clip, float(found[place]), note=remarks(clip, note, short))
        weights, cut = self._nearness(action)
        near = {class_names()[one]: round(float(weights[one]), 4) for one in np.argsort(-weights)[:3]}
        stranger = f"not a Kinetics-400 class: mean over similar names, most of all {next(iter(near))}"
        return self._metric.scores(
            clip, float(weights @ found), note=remarks(clip, note, stranger, cut, short), near=near
        )

    def _nearness(self, action: str) -> tuple[NDArray[np.float64], str | None]:
        """Return how much each class counts for a keyword, summing to 1, and a note if it was cut."""
        (vector,), (total,) = self._clip.texts([action])
        logits = SHARPNESS * (self._classes @ vector.astype(np.float64))
        weights = np.exp(logits - logits.max())
        return weights / weights.sum(), cut_note(total, self._clip.limit)

    @cached_property
    def _classes(self) -> NDArray[np.float64]:
        return self._clip.texts(class_names())[0].astype(np.float64)


def keep_labels(found: Probabilities) -> dict[str, float]:
    """Return those of the five most probable classes that count as seen, the most probable first."""
    best = np.argsort(-found, kind="stable")[:TOP]
    rounded = {class_names()[one]: round(float(found[one]), 4) for one in best}
    return {name: value for name, value in rounded.items() if value >= KEPT}


def short_note(total: int) -> str:
    """Return what a row says of a video of fewer than 16 frames."""
    return f"short: {total} of {FRAMES} frames, the last one repeated" if total < FRAMES else ""


def versions() -> dict[str, str]:
    """Return the versions that determine the scores."""
    return {name: version(name) for name in ("torch", "transformers", "opencv-python-headless")}


BINARY = Metric(
    name="human-action",
    about="whether UMT-L/16 sees the action (VBench)",
    family="action",
    fidelity="official-weights",
    load=BinaryActions,
    licence="MIT",
    citation="Huang et al., VBench, CVPR 2024; Li et al., Unmasked Teacher, ICCV 2023",
    dimensions=("action",),
    frames=EVERY,
    weights=(UMT,),
    facts={"kept": KEPT, "top": TOP, "shorter_side": SHORTER},
)
GRADED = replace(
    BINARY,
    name="human-action-graded",
    about="how probable UMT-L/16 finds the action",
    fidelity="adapted",
    load=GradedActions,
    weights=(UMT, *B32.weights),
    facts={"sharpness": SHARPNESS, "shorter_side": SHORTER},
)
