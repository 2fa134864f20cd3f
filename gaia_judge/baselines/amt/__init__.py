"""Motion Smoothness of VBench: how well each odd frame is foretold from the even ones beside it.

The formula is that of Huang et al., "VBench", CVPR 2024; the network is AMT-S (Li et al., CVPR 2023), whose
weights may not be used commercially. ``raft-smoothness`` and ``dis-smoothness`` are free of such terms.
"""

from collections.abc import Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gaia_judge.baselines.clips import Clip
from gaia_judge.baselines.metrics import EVERY, Metric, Setting
from gaia_judge.baselines.weights import Weights, load_tensors
from gaia_judge.errors import GaiaJudgeError
from gaia_judge.scores import Score

if TYPE_CHECKING:
    from torch import Tensor

    from gaia_judge.baselines.amt.networks import Interpolator

STEP = 2**19
"""Pixels that are interpolated at once, at least one frame."""


class Smoothness:
    """Keeps every second frame, interpolates the middles and compares them with the frames dropped.

    The score is 1 - mean |difference| / 255 over all pixels, channels and pairs. As in VBench, interpolated
    frames are cut down to whole levels, and the frames given are padded to multiples of 16 by their border.
    They are never scaled; VBench scales those that its graphics card has no room for. Of an even number of
    frames the last is compared with nothing. One or two frames leave nothing between, and below 113 pixels a
    side the network is undefined: such clips are missing.
    """

    def __init__(self, metric: Metric, setting: Setting) -> None:
        (weights,) = metric.weights
        self.metric = metric
        self.device = setting.device
        path = weights.bring(setting.weights.get(weights.name))
        self.network = load_interpolator(load_tensors(path), str(path)).to(self.device)

    def measure(self, clips: Sequence[Clip]) -> list[tuple[Score, ...]]:
        """Return the smoothness of each clip, from 0 to 1.

        Raises:
            GaiaJudgeError: A clip has too few or too small frames, or its correlations do not fit in memory.
        """
        for clip in clips:
            check(clip.frames.images, self.device)
        return [self._score(clip) for clip in clips]

    def describe(self) -> dict[str, Any]:
        """Return what determines the scores."""
        return {"torch": version("torch"), "scale": 1.0}

    def _score(self, clip: Clip) -> tuple[Score, ...]:
        import torch

        kept, dropped = clip.frames.images[::2], clip.frames.images[1::2]
        pairs = len(kept) - 1
        step = max(1, STEP // (kept.shape[1] * kept.shape[2]))
        apart = 0
        for start in range(0, pairs, step):
            end = min(start + step, pairs)
            with torch.inference_mode():
                tensors = [self._tensor(kept[start + late : end + late]) for late in (0, 1)]
                guesses = midpoints(self.network, *tensors)
            apart += int(np.abs(guesses.cpu().numpy().astype(np.int64) - dropped[start:end]).sum())
        mean = apart / (pairs * kept[0].size)
        return self.metric.scores(clip, (255 - mean) / 255, compared=pairs)

    def _tensor(self, images: NDArray[np.uint8]) -> "Tensor":
        import torch

        return torch.from_numpy(np.ascontiguousarray(images)).to(self.device).permute(0, 3, 1, 2) / 255


def midpoints(network: "Interpolator", first: "Tensor", second: "Tensor") -> "Tensor":
    """Return the frames in the middle, uint8 of shape [N, H, W, 3].

    Args:
        network: Interpolates.
        first: Values in [0, 1], shape [N, 3, H, W].
        second: Of the same shape.
    """
    import torch
    from torch.nn import functional

    from gaia_judge.baselines.amt.networks import MULTIPLE

    height, width = first.shape[-2:]
    down, right = -height % MULTIPLE, -width % MULTIPLE
    border = (right // 2, right - right // 2, down // 2, down - down // 2)
    padded = (functional.pad(one, border, mode="replicate") for one in (first, second))
    found = network(*padded)[..., border[2] : border[2] + height, border[0] : border[0] + width]
    levels: Tensor = (found * 255).to(torch.uint8).permute(0, 2, 3, 1)
    return levels


def check(images: NDArray[np.uint8], device: str) -> None:
    """Refuse frames that have no smoothness.

    Args:
        images: Frames, shape [T, H, W, 3].
        device: Where the network computes.

    Raises:
        GaiaJudgeError: They are fewer than three, too small, or larger than the memory allows.
    """
    import psutil

    from gaia_judge.baselines.amt.networks import LEAST, MULTIPLE

    total, height, width = images.shape[:3]
    if total < 3:
        what = f"A video of {total} frame{'s' if total > 1 else ''} has no odd one between two even ones."
        raise GaiaJudgeError(what, "Leave it out.")
    if min(height, width) <= LEAST - MULTIPLE:
        what = f"AMT-S needs {LEAST - MULTIPLE + 1} pixels a side; these frames have {width}x{height}."
        raise GaiaJudgeError(what, "Use dis-smoothness.")
    places = -(-height // MULTIPLE) * -(-width // MULTIPLE) * 4
    # Floats for every pair of places, in both directions; the coarser scales add a third.
    needed = places**2 * 4 * 2 * 4 / 3
    if device == "cpu" and needed > psutil.virtual_memory().available:
        what = f"AMT-S correlates frames of {width}x{height} in {needed / 2**30:.1f} GiB, which are not free."
        raise GaiaJudgeError(what, "Scale the video down, or use raft-smoothness.")


def load_interpolator(tensors: dict[str, Any], source: str) -> "Interpolator":
    """Return the network with its weights, ready to interpolate.

    Args:
        tensors: Parameters by name, or a checkpoint that holds them as its ``state_dict``.
        source: How errors name them.

    Raises:
        GaiaJudgeError: They are not those of AMT-S.
    """
    from gaia_judge.baselines.amt.networks import Interpolator

    network = Interpolator().eval()
    try:
        network.load_state_dict(tensors.get("state_dict", tensors))
    except RuntimeError as error:
        reason = " ".join(str(error).split())[:300]
        raise GaiaJudgeError(f"{source} is not AMT-S: {reason}.", "Bring amt-s.pth.") from error
    return network


AMT = Metric(
    name="motion-smoothness",
    about="How well AMT-S foretells every other frame from its neighbours (VBench), 1 at best.",
    family="action",
    # Parameters and values agree with the authors' network at commit 70f988f, scores with those of VBench at
    # commit 45e79ec, both with random weights: the authors' own could not be had.
    fidelity="official-weights",
    load=Smoothness,
    licence="CC BY-NC 4.0",
    citation="Huang et al., VBench, CVPR 2024; Li et al., AMT, CVPR 2023",
    dimensions=("smoothness",),
    frames=EVERY,
    weights=(
        # Revision, digest and size could not be verified.
        Weights(
            name="amt-s",
            licence="CC BY-NC 4.0",
            repo="lalala125/AMT",
            file="amt-s.pth",
            non_commercial=True,
        ),
    ),
)
