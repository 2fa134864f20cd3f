"""InternVL score: stands in for InternLMScore, whose model no library here runs.

GAIA's InternLMScore asks InternLM-XComposer2-VL (``internlm/internlm-xcomposer2-vl-7b``), which needs remote
code of early 2024: neither transformers 5.19 nor vLLM 0.32 has its architecture. Its figures stand among the
published rows of ``gaia-judge compare --reference gaia`` and nowhere else. How GAIA asks it is unpublished;
this puts the question of VQAScore to a current model of the same laboratory.
"""

from gaia_judge.baselines.askings import ask_judge
from gaia_judge.baselines.vqascores import ONE

INTERNVL = ask_judge(
    "internvl3.5",
    ONE,
    name="internvl-score",
    about="InternVL3.5's P(Yes) to whether the video shows its prompt; stands in for InternLMScore",
    family="alignment",
    fidelity="substitute",
)
