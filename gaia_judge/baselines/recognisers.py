"""UMT, the action recogniser of VBench's Human Action, and the frames that it looks at.

Source: Li et al., Unmasked Teacher, ICCV 2023; used as in VBench's vbench/human_action.py at 45e79ec.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gaia_judge.baselines.clips import Clip
from gaia_judge.baselines.crops import cut_centre, normalise, shorten
from gaia_judge.baselines.encoders import shared
from gaia_judge.baselines.kinetics import class_names, umt_numbers
from gaia_judge.baselines.metrics import Setting
from gaia_judge.baselines.videomaes import FRAMES, SIDE, load_recogniser
from gaia_judge.baselines.weights import Weights, load_tensors
from gaia_judge.errors import GaiaJudgeError

SHORTER = 256
"""Pixels of the shorter side before the middle is cut out."""

UMT = Weights(
    name="umt-l16-k400",
    repo="OpenGVLab/VBench_Used_Models",
    file="l16_ptk710_ftk710_ftk400_f16_res224.pth",
    licence="MIT",
)
"""Repository and file as VBench names them, licence as unmasked_teacher's; revision, digest and size could
not be verified, nor that the file holds nothing but tensors."""


class Recogniser:
    """UMT and its probabilities of Kinetics-400's classes.

    Args:
        source: Its weight file, as ``path``.
        device: Where torch computes.

    Raises:
        GaiaJudgeError: The file holds no such network.
    """

    def __init__(self, source: Mapping[str, Any], device: str) -> None:
        self._key = ("umt", str(source["path"]), device)
        self._device = device
        self._model = load_recogniser(load_tensors(source["path"]), device)
        if self._model.num_labels != len(class_names()):
            what = f"{source['path']} knows {self._model.num_labels} classes, not Kinetics-400's."
            raise GaiaJudgeError(what, f"Bring {UMT.source}.")

    def probabilities(self, clips: Sequence[Clip]) -> list[NDArray[np.float32]]:
        """Return the probability of each class, in alphabetical order, shape [400] per clip.

        They need not sum to 1, for each is a sigmoid of its own.
        """
        keys = [(*self._key, clip.frames.digest) for clip in clips]
        fresh = [at for at, clip in enumerate(clips) if keys[at] not in clip.found]
        made = dict(zip(fresh, self._recognise([clips[at] for at in fresh]), strict=True))
        return [clip.once(keys[at], partial(made.__getitem__, at)) for at, clip in enumerate(clips)]

    def _recognise(self, clips: Sequence[Clip]) -> NDArray[np.float32]:
        import torch

        if not clips:
            return np.empty((0, len(class_names())), np.float32)
        pixels = torch.stack([normalise(take_sixteen(clip.frames.images), self._device) for clip in clips])
        with torch.inference_mode():
            logits = self._model(pixels).logits
        found: NDArray[np.float32] = logits.sigmoid().cpu().numpy()[:, umt_numbers()]
        return found


def load_umt(setting: Setting) -> Recogniser:
    """Return the recogniser, the same one to all metrics that use it at the same time."""
    return shared(Recogniser, {"path": UMT.bring(setting.weights.get(UMT.name))}, setting.device)


def pick_sixteen(total: int) -> NDArray[np.int64]:
    """Return the middle frame of each of 16 equal stretches; below 16 frames, all and the last repeated.

    Stretches are of whole frames and their middles rounded down, as in VBench, so that one may lie before
    that of ``FrameSpec``.

    >>> pick_sixteen(32).tolist() == list(range(0, 32, 2)), pick_sixteen(2)[:4].tolist()
    (True, [0, 1, 1, 1])
    """
    count = min(FRAMES, total)
    edges = np.linspace(0, total, count + 1).astype(np.int64)
    return np.pad((edges[:-1] + edges[1:] - 1) // 2, (0, FRAMES - count), mode="edge")


def take_sixteen(frames: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the pixels that UMT looks at, shape [16, 224, 224, 3]."""
    chosen, places = np.unique(pick_sixteen(len(frames)), return_inverse=True)
    return cut_centre(shorten(frames[chosen], SHORTER, rounded=False), SIDE)[places]
