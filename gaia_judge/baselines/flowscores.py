"""Flow-Score: how much a video moves, in pixels per frame."""

from dataclasses import replace

import numpy as np

from gaia_judge.baselines.clips import Clip
from gaia_judge.baselines.flows import RAFT_WEIGHTS
from gaia_judge.baselines.metrics import EVERY, Metric
from gaia_judge.baselines.motions import FlowMeter, motions, padding_note, steps
from gaia_judge.scores import Score


class FlowScore(FlowMeter):
    """Mean over all successive frames of the mean length of their flow, at the video's own size.

    From EvalCrafter (Liu et al., CVPR 2024), as in metrics/RAFT/optical_flow_scores.py at commit 1275bda, but
    for one thing: where sides are no multiples of 8, EvalCrafter averages over RAFT's padding too and we do
    not; the row says so. Values are pixels per frame, so they grow with the size of a video and shrink with
    its frame rate. A video of one frame has no score; two frames are enough.
    """

    def _measure(self, clip: Clip) -> tuple[Score, ...]:
        found = motions(clip, self._flow, steps(len(clip.frames.images)))
        value = float(np.mean([motion.mean for motion in found]))
        return self._metric.scores(clip, value, note=padding_note(clip, self._flow), pairs=len(found))


RAFT = Metric(
    name="flow-score",
    about="Mean length of RAFT's flow between successive frames, in pixels.",
    family="action",
    fidelity="adapted",
    load=FlowScore,
    licence=RAFT_WEIGHTS.licence,
    citation="Liu et al., EvalCrafter, CVPR 2024; Teed and Deng, RAFT, ECCV 2020",
    dimensions=("motion",),
    frames=EVERY,
    weights=(RAFT_WEIGHTS,),
    facts={"flow": "raft"},
)

DIS = replace(
    RAFT,
    name="dis-flow-score",
    about="Flow-Score with OpenCV's DIS flow, which needs no weights.",
    fidelity="substitute",
    licence="Apache-2.0",
    citation="Kroeger et al., DIS, ECCV 2016; formula of EvalCrafter, CVPR 2024",
    weights=(),
    facts={"flow": "dis"},
)
