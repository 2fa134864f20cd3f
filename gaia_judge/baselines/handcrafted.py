"""TLVQM and VIDEVAL: hand-crafted features and a support vector machine."""

import numpy as np

from gaia_judge.baselines.features import Extract, Extractor, Features
from gaia_judge.baselines.fittings import trained
from gaia_judge.baselines.heaps import keep_freed
from gaia_judge.baselines.metrics import Setting
from gaia_judge.baselines.recipes import Recipe
from gaia_judge.baselines.regressions import REGRESSIONS, VECTOR
from gaia_judge.frames import Frames


def describe_tlvqm(frames: Frames) -> Features:
    """Return TLVQM's 75 features of a video, float64; see ``gaia_judge.baselines.tlvqm``.

    From then on this process keeps the memory that it frees; see ``heaps``.
    """
    from gaia_judge.baselines.tlvqm import tlvqm_features

    keep_freed()
    return {VECTOR: np.asarray(tlvqm_features(frames.images, frames.fps), np.float64)}


def describe_videval(frames: Frames) -> Features:
    """Return VIDEVAL's 60 features of a video, float64; see ``gaia_judge.baselines.videval``.

    From then on this process keeps the memory that it frees; see ``heaps``.
    """
    from gaia_judge.baselines.videval import videval_features

    keep_freed()
    return {VECTOR: np.asarray(videval_features(frames.images, frames.fps), np.float64)}


def name_tlvqm() -> tuple[str, ...]:
    """Return the names of TLVQM's features."""
    from gaia_judge.baselines.tlvqm import FEATURES

    return FEATURES


def name_videval() -> tuple[str, ...]:
    """Return the names of VIDEVAL's features."""
    from gaia_judge.baselines.videval import FEATURES

    return FEATURES


def load_tlvqm(extractor: Extractor, setting: Setting) -> Extract:
    """Return what describes videos by TLVQM, in decoding processes."""
    return describe_tlvqm


def load_videval(extractor: Extractor, setting: Setting) -> Extract:
    """Return what describes videos by VIDEVAL, in decoding processes."""
    return describe_videval


TLVQM = trained(
    "tlvqm",
    Recipe(
        extractor=Extractor(name="tlvqm", revision=1, load=load_tlvqm, inside=True, names=name_tlvqm),
        learner=REGRESSIONS["tlvqm"],
    ),
    about="75 hand-crafted features of two levels of complexity, and a support vector machine.",
    family="vqa",
    fidelity="adapted",
    licence="Apache-2.0",
    citation="Korhonen, Two-Level Approach for No-Reference Consumer Video Quality Assessment, TIP 2019",
)

VIDEVAL = trained(
    "videval",
    Recipe(
        extractor=Extractor(name="videval", revision=2, load=load_videval, inside=True, names=name_videval),
        learner=REGRESSIONS["videval"],
    ),
    about="60 hand-crafted features chosen among those of many metrics, and a support vector machine.",
    family="vqa",
    fidelity="adapted",
    licence="Apache-2.0",
    citation="Tu et al., UGC-VQA: Benchmarking Blind Video Quality Assessment for UGC, TIP 2021",
)
