"""Q-Align: listed, and told why it does not run here.

OneAlign (Wu et al., ICML 2024, arXiv 2312.17090) is an mPLUG-Owl2 whose code comes with its weights and wants
transformers 4.36. Neither transformers 5.19 nor vLLM 0.32 has the architecture, and code that comes with
weights is not run. There are no scores of anything else under this name.
"""

from typing import NoReturn

from gaia_judge.baselines.metrics import Metric, Setting
from gaia_judge.engines import Problem
from gaia_judge.errors import EngineError
from gaia_judge.frames import FrameSpec

ARCHITECTURE = "MPLUGOwl2LlamaForCausalLM"

WHAT = (
    f"q-align: q-future/one-align is a {ARCHITECTURE}, which neither transformers nor vLLM has; its own"
    " code, written for transformers 4.36, comes with the weights and is not run."
)

CURE = (
    "score the videos with the authors' code (github.com/Q-Future/Q-Align) in an environment of its own,"
    " write a CSV with the columns video, dimension, value: gaia-judge compare q-align=FILE.csv"
)


def _obstacles(metric: Metric, setting: Setting) -> list[Problem]:
    return [Problem(WHAT, CURE)]


def _load(metric: Metric, setting: Setting) -> NoReturn:
    raise EngineError(WHAT, CURE)


QALIGN = Metric(
    name="q-align",
    about="OneAlign's quality of videos; does not run here",
    family="vqa",
    fidelity="adapted",
    load=_load,
    obstacles=_obstacles,
    # The repository's, at commit 14dfdff; the hub's page says MIT.
    licence="S-Lab License 1.0",
    citation="Wu et al., Q-Align: Teaching LMMs for Visual Scoring via Discrete Text-Defined Levels, 2024",
    dimensions=("quality",),
    frames=FrameSpec(fps=1, count=16),
)
