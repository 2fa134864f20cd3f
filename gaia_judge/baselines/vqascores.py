"""VQAScore: whether a video shows what was asked for, in the judgement of any judge."""

from dataclasses import replace

from gaia_judge.baselines.askings import ask_judge
from gaia_judge.baselines.metrics import Metric
from gaia_judge.cards import load_card

ONE, THREE = "vqascore-one", "vqascore"
"""Prompt sets: the question of the paper, and one question for each of people's dimensions."""

DEFAULT = "llava"


def arrange(metric: Metric, judge: str) -> Metric:
    """Return VQAScore by a judge: a name, a card's file, or a checkpoint's folder.

    A judge that was trained on certain prompt sets and not on the paper's question is asked three, one for
    each of people's dimensions.

    Raises:
        GaiaJudgeError: There is no such judge, or it was trained on other prompt sets than these two.
    """
    trained = {stamp.partition("@")[0] for stamp in load_card(judge).prompt_sets}
    prompt = ONE if not trained or ONE in trained else THREE
    about = "P(Yes) on each of people's dimensions" if prompt == THREE else "P(Yes) to one question"
    return replace(
        ask_judge(judge, prompt, name=metric.name, about="", family=metric.family, fidelity=metric.fidelity),
        about=f"VQAScore by {judge}: {about}",
        citation=metric.citation,
    )


VQASCORE = ask_judge(
    DEFAULT,
    ONE,
    name="vqascore",
    about=f"P(Yes) to whether the video shows its prompt, by any judge ({DEFAULT} unless named)",
    family="alignment",
    # Defined for images, CLIP-FlanT5 and P(Yes) among all tokens; this is of videos, other models and
    # P(Yes) among Yes and No, which times (1 - off_scale_mass) is that among all tokens.
    fidelity="adapted",
    citation="Lin et al., Evaluating Text-to-Visual Generation with Image-to-Text Generation, ECCV 2024",
    takes="JUDGE",
    arrange=arrange,
)
