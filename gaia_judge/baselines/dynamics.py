"""Dynamic Degree: whether, or how fast, the fastest parts of a video move."""

from dataclasses import replace

import numpy as np

from gaia_judge.baselines.clips import Clip
from gaia_judge.baselines.flows import RAFT_WEIGHTS
from gaia_judge.baselines.metrics import EVERY, Metric
from gaia_judge.baselines.motions import FlowMeter, motions, padding_note, steps
from gaia_judge.scores import Score

RATE = 8
"""Frames per second that are looked at, about."""

FAST = 6.0
"""Pixels that the fastest twentieth must exceed, per 256 pixels of the shorter side."""


class DynamicDegree(FlowMeter):
    """Whether enough pairs of frames show fast motion (1 or 0), or how fast they are on average.

    From VBench (Huang et al., CVPR 2024), as in vbench/dynamic_degree.py at commit 45e79ec. Of n frames that
    are left, about 8 per second, ``needed(n)`` pairs must move fast: the longest 5 % of their flow have a
    mean length above 6 pixels per 256 of the shorter side. (At commit 11abda9, in 2024, VBench raised that
    threshold below 8 frames per second; at 45e79ec it does not.)

    The continuous value, which VBench does not have, is the mean of that length over all pairs, per 256
    pixels of the shorter side: above 6, a pair counts as fast.

    Two things differ from VBench. With two frames left its count rounds to 0, so that anything is dynamic;
    we need one fast pair and say so in the row. Where sides are no multiples of 8 it averages over RAFT's
    padding too; we do not, and the row says so. A video of one frame has no score, nor has one so short that
    only its first frame is left. Frames per second are those of the video from its first frame to its end.
    """

    def _measure(self, clip: Clip) -> tuple[Score, ...]:
        images, step = clip.frames.images, interval(clip.frames.fps)
        pairs = steps(len(images), step)
        unit = min(images.shape[1:3]) / 256
        tops = np.array([motion.top for motion in motions(clip, self._flow, pairs)])
        fast, least = int((tops > FAST * unit).sum()), needed(len(pairs) + 1)
        value = float(tops.mean() / unit) if self._metric.facts["continuous"] else float(fast >= least)
        notes = [padding_note(clip, self._flow)]
        if len(pairs) == 1 and not self._metric.facts["continuous"]:
            notes.append("two frames: one fast pair is needed, where VBench calls anything dynamic")
        note = "; ".join(filter(None, notes)) or None
        return self._metric.scores(clip, value, note=note, pairs=len(pairs), fast=fast, step=step)


def interval(fps: float) -> int:
    """Return which share of frames is looked at: one in so many; halves are rounded to even.

    Args:
        fps: Frames per second; 0 if unknown, which takes all.

    >>> [interval(fps) for fps in (0, 4, 8, 11.9, 12, 20, 23.976, 30)]
    [1, 1, 1, 1, 2, 2, 3, 4]
    """
    # A rate is a quotient of floats: without rounding, 20 and 20.000000000000004 would differ.
    return max(1, round(round(fps, 3) / RATE))


def needed(frames: int) -> int:
    """Return how many pairs must be fast: a quarter of the frames, halves rounded to even, at least one.

    >>> [needed(frames) for frames in (2, 3, 6, 8, 10, 14, 16, 18)]
    [1, 1, 2, 2, 2, 4, 4, 4]
    """
    return max(1, round(4 * frames / 16))


RAFT = Metric(
    name="dynamic-degree",
    about="Whether the fastest 5 % of RAFT's flow exceed 6 pixels (at side 256) often enough: 1 or 0.",
    family="action",
    fidelity="adapted",
    load=DynamicDegree,
    licence=RAFT_WEIGHTS.licence,
    citation="Huang et al., VBench, CVPR 2024; Teed and Deng, RAFT, ECCV 2020",
    dimensions=("dynamics",),
    frames=EVERY,
    weights=(RAFT_WEIGHTS,),
    facts={"flow": "raft", "continuous": False},
)

RAFT_CONTINUOUS = replace(
    RAFT,
    name="dynamic-degree-continuous",
    about="Mean length of the fastest 5 % of RAFT's flow, in pixels at side 256.",
    fidelity="adapted",
    facts={"flow": "raft", "continuous": True},
)

DIS = replace(
    RAFT,
    name="dis-dynamic-degree",
    about="Dynamic Degree with OpenCV's DIS flow, which needs no weights: 1 or 0.",
    fidelity="substitute",
    licence="Apache-2.0",
    citation="Kroeger et al., DIS, ECCV 2016; formula of VBench, CVPR 2024",
    weights=(),
    facts={"flow": "dis", "continuous": False},
)
