"""Smoothness by warping: whether frames lie halfway between their neighbours, as smooth motion has it."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gaia_judge.baselines.clips import Clip
from gaia_judge.baselines.flows import RAFT_WEIGHTS
from gaia_judge.baselines.metrics import EVERY, Metric
from gaia_judge.baselines.motions import FlowMeter, stream_flows
from gaia_judge.errors import GaiaJudgeError
from gaia_judge.scores import Score


class Smoothness(FlowMeter):
    """How well every other frame is foretold by its neighbours: 1 if exactly, less with jitter and flicker.

    Stands in for the Motion Smoothness of VBench (Huang et al., CVPR 2024), whose AMT network may not be used
    commercially. As there, odd frames (counted from 0) are dropped, made anew from the even ones around them,
    and compared with the real ones: (255 - mean absolute difference) / 255, averaged over dropped frames.
    Here they are made by warping both neighbours halfway along their flow (``midpoint``), so values are not
    those of Motion Smoothness. An odd frame at the end, with no even one behind it, is not looked at.

    Videos of one or two frames have no score, for no frame stands between two others.
    """

    def describe(self) -> dict[str, Any]:
        """Return the versions and settings of the flow, and of OpenCV, which warps."""
        import cv2

        return {"opencv": cv2.__version__, **super().describe()}

    def _measure(self, clip: Clip) -> tuple[Score, ...]:
        images = clip.frames.images
        evens = range(0, len(images) - 2, 2)
        if not evens:
            raise GaiaJudgeError(
                f"A video of {len(images)} frame(s) has none between two others.", "Leave it out."
            )
        pairs = [pair for at in evens for pair in ((at, at + 2), (at + 2, at))]
        flows = stream_flows(clip, self._flow, pairs)
        misses = []
        # Flow comes as forward, backward, forward, ...: the same iterator twice takes them two by two.
        for at, forward, backward in zip(evens, flows, flows, strict=False):
            middle = midpoint(images[at], images[at + 2], forward, backward)
            misses.append(float(np.abs(middle - images[at + 1]).mean()))
        return self._metric.scores(clip, (255 - float(np.mean(misses))) / 255, compared=len(misses))


def midpoint(
    first: NDArray[np.uint8],
    second: NDArray[np.uint8],
    forward: NDArray[np.floating],
    backward: NDArray[np.floating],
) -> NDArray[np.float32]:
    """Return the frame halfway between two, by warping both along half their flow.

    Each pixel takes the mean of what the first frame has half the forward flow before it and of what the
    second has half the backward flow before it, by linear interpolation. Where one of them lies outside its
    frame, only the other counts; where both do, edges are repeated.

    Args:
        first: RGB, shape [H, W, 3].
        second: The same.
        forward: Flow from the first to the second, shape [H, W, 2].
        backward: Flow from the second to the first.
    """
    (before, has_before), (after, has_after) = _warped(first, forward / 2), _warped(second, backward / 2)
    share = np.where(has_before == has_after, 0.5, has_before).astype(np.float32)[..., None]
    return share * before + (1 - share) * after


def _warped(
    image: NDArray[np.uint8], flow: NDArray[np.floating]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return an image moved along a flow, and which pixels came from inside of it."""
    import cv2

    height, width = image.shape[:2]
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    x, y = columns - flow[..., 0].astype(np.float32), rows - flow[..., 1].astype(np.float32)
    inside = (x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)
    moved = cv2.remap(image.astype(np.float32), x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, np.float32), inside


RAFT = Metric(
    name="raft-smoothness",
    about="How well RAFT's flow foretells every other frame from its neighbours, 1 at best.",
    family="action",
    fidelity="substitute",
    load=Smoothness,
    licence=RAFT_WEIGHTS.licence,
    citation="Teed and Deng, RAFT, ECCV 2020; procedure of VBench, CVPR 2024",
    dimensions=("smoothness",),
    frames=EVERY,
    weights=(RAFT_WEIGHTS,),
    facts={"flow": "raft"},
)

DIS = replace(
    RAFT,
    name="dis-smoothness",
    about="How well OpenCV's DIS flow foretells every other frame from its neighbours, 1 at best.",
    licence="Apache-2.0",
    citation="Kroeger et al., DIS, ECCV 2016; procedure of VBench, CVPR 2024",
    weights=(),
    facts={"flow": "dis"},
)
