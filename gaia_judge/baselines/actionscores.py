"""Action-Score: do the actions that a recogniser sees mean what the video should show?

Source: Liu et al., EvalCrafter, CVPR 2024, as in metrics/mmaction2/demo/action_score.py at 1275bda, whose
recogniser and pipeline are mmaction2's (configs/recognition/videomaev2 at 4d6c934).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gaia_judge.baselines.clips import Clip
from gaia_judge.baselines.clipscores import B32
from gaia_judge.baselines.crops import cut_three, normalise, shorten
from gaia_judge.baselines.encoders import cut_note, load_clip, remarks
from gaia_judge.baselines.kinetics import class_names, sought
from gaia_judge.baselines.metrics import EVERY, Metric, Setting
from gaia_judge.baselines.videomaes import FRAMES, SIDE, load_recogniser
from gaia_judge.baselines.weights import Weights, load_network, load_tensors
from gaia_judge.errors import GaiaJudgeError
from gaia_judge.scores import Score

CLIPS = 5
INTERVAL = 4
SPAN = (FRAMES - 1) * INTERVAL + 1
"""Frames from a clip's first to its last."""
TOP = 5

MMACTION = "https://download.openmmlab.com/mmaction/v1.0/recognition/videomaev2/"
DISTILLED = "vit-base-p16_videomaev2-vit-g-dist-k710-pre_16x4x1_kinetics-400"

V1 = Weights(
    name="videomae-b16-k400",
    repo="MCG-NJU/videomae-base-finetuned-kinetics",
    licence="CC-BY-NC-4.0",
    non_commercial=True,
)
"""Licence as in MCG-NJU/VideoMAE at 14ef8d8; the revision could not be verified."""

# The authors' hub pages OpenGVLab/VideoMAEv2-Base, -Large and -giant say CC-BY-NC-4.0; OpenGVLab/VideoMAE2,
# whose distill/ holds the network that these weights were tuned from, says Apache-2.0; the code is MIT; of
# mmaction2's file itself nothing is said.
UNSETTLED = "unclear: CC-BY-NC-4.0 on the authors' pages of these models, Apache-2.0 on another"

V2 = Weights(
    name="videomae-v2-b16-k400",
    url=f"{MMACTION}{DISTILLED}/{DISTILLED}_20230510-3e7f93b2.pth",
    sha256="3e7f93b2",
    licence=UNSETTLED,
    non_commercial=True,
)
"""Address as EvalCrafter and mmaction2 give it. The digest is that in the file's name, where mmaction2 puts
it; neither it nor whether the file holds only plain values was checked."""


class ActionScores:
    """The sum over the five most probable classes of p cos(class name, action), by CLIP-B/32's text tower.

    Probabilities are means of softmaxes over five clips of 16 frames, four apart, spread evenly over the
    video, and three square crops of each. A video of fewer than 61 frames is wrapped round, and its row says
    so.
    """

    def __init__(self, metric: Metric, setting: Setting) -> None:
        self._metric = metric
        self._device = setting.device
        self._model, self._names = LOADERS[metric.facts["recogniser"]](setting)
        (weights,) = B32.weights
        self._clip = load_clip(weights.checkpoint(setting.weights.get(weights.name)), setting.device)

    def measure(self, clips: Sequence[Clip]) -> list[tuple[Score, ...]]:
        """Return one score per clip, in [-1, 1]."""
        return [self._score(clip) for clip in clips]

    def describe(self) -> Mapping[str, Any]:
        """Return versions."""
        return {name: version(name) for name in ("torch", "transformers", "opencv-python-headless")}

    def probabilities(self, frames: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Return the probability of each class, shape [400], of a whole video, shape [T, H, W, 3]."""
        import torch

        rows, counts = np.unique(pick_clips(len(frames)), axis=0, return_counts=True)
        chosen, places = np.unique(rows, return_inverse=True)
        squares = cut_three(shorten(frames[chosen], SIDE, rounded=True))
        found = []
        for square in squares:
            pixels = normalise(square[places.reshape(rows.shape)], self._device)
            with torch.inference_mode():
                found.append(self._model(pixels).logits.cpu().double().softmax(-1).numpy())
        mean: NDArray[np.float64] = np.average(np.mean(found, axis=0), axis=0, weights=counts)
        return mean

    def _score(self, clip: Clip) -> tuple[Score, ...]:
        action, note = sought(clip)
        found = self.probabilities(clip.frames.images)
        best = np.argsort(-found, kind="stable")[:TOP]
        names = [self._names[one] for one in best]
        vectors, totals = self._clip.texts([action, *names])
        value = float(found[best] @ (vectors[1:] @ vectors[0]))
        total = clip.frames.total
        short = f"short: {total} frames wrapped round to {SPAN}" if total < SPAN else ""
        told = remarks(clip, note, cut_note(totals[0], self._clip.limit), short)
        labels = {name: round(float(found[one]), 4) for name, one in zip(names, best, strict=True)}
        return self._metric.scores(clip, value, note=told, labels=labels)


def pick_clips(total: int) -> NDArray[np.int64]:
    """Return which frames each clip has, shape [5, 16], counted round where there are too few.

    Clips start at even distances, the last one where it just fits; halves go to the even number.

    >>> pick_clips(63)[:, 0].tolist(), pick_clips(8)[0, :4].tolist()
    ([0, 0, 1, 2, 2], [0, 4, 0, 4])
    """
    starts = np.round(np.arange(CLIPS) * (max(total - SPAN, 0) / (CLIPS - 1))).astype(np.int64)
    return (starts[:, None] + np.arange(FRAMES) * INTERVAL) % total


def load_v1(setting: Setting) -> tuple[Any, tuple[str, ...]]:
    """Return VideoMAE as transformers ships it, and its classes.

    Raises:
        GaiaJudgeError: The checkpoint lacks weights, or does not know 400 classes by name.
    """
    import torch
    from transformers import VideoMAEForVideoClassification

    source = V1.checkpoint(setting.weights.get(V1.name))
    model = load_network(VideoMAEForVideoClassification, source, dtype=torch.float32)
    names = tuple(model.config.id2label[number] for number in range(model.num_labels))
    if len(names) != len(class_names()) or names[0].startswith("LABEL_"):
        raise GaiaJudgeError(f"{V1.name} does not name Kinetics-400's classes.", f"Bring {V1.source}.")
    return model.to(setting.device).eval(), names


def load_v2(setting: Setting) -> tuple[Any, tuple[str, ...]]:
    """Return VideoMAE V2 from mmaction2's file, and its classes.

    Raises:
        GaiaJudgeError: The file holds no such network.
    """
    tensors = load_tensors(V2.bring(setting.weights.get(V2.name)))
    model = load_recogniser(tensors, setting.device)
    if model.num_labels != len(class_names()):
        what = f"{V2.name} knows {model.num_labels} classes, not Kinetics-400's."
        raise GaiaJudgeError(what, f"Bring {V2.source}.")
    return model, class_names()


LOADERS = {"videomae": load_v1, "videomae-v2": load_v2}

ACTIONSCORE = Metric(
    name="action-score-v1",
    about="whether what VideoMAE-B/16 sees means the action (EvalCrafter, with VideoMAE for VideoMAE V2)",
    family="action",
    fidelity="adapted",
    load=ActionScores,
    licence=V1.licence,
    citation="Liu et al., EvalCrafter, CVPR 2024; Tong et al., VideoMAE, NeurIPS 2022",
    dimensions=("action",),
    frames=EVERY,
    weights=(V1, *B32.weights),
    facts={"recogniser": "videomae", "clips": CLIPS, "interval": INTERVAL, "crops": 3, "top": TOP},
)
ACTIONSCORE_V2 = replace(
    ACTIONSCORE,
    name="action-score",
    about="whether what VideoMAE-V2-B/16 sees means the action (EvalCrafter)",
    fidelity="official-weights",
    licence=V2.licence,
    citation="Liu et al., EvalCrafter, CVPR 2024; Wang et al., VideoMAE V2, CVPR 2023",
    weights=(V2, *B32.weights),
    facts={**ACTIONSCORE.facts, "recogniser": "videomae-v2"},
)
