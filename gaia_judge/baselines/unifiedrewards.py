"""UnifiedReward 2.0: a Qwen2.5-VL 7B that was tuned to reward generated images and videos.

Published (Wang et al. 2025, arXiv 2503.05236; script point_score_APS_video_generation of the authors'
repository at commit ff6f520): 16 frames as images and the caption, answered by three numbers from 1 to 5 with
fractions. Here each axis is asked by itself, in our words, of the same frames as a video, and read as the
expected value over the whole numbers 1 to 5: the fraction that the model would go on to write is lost.
"""

from gaia_judge.baselines.askings import ask_judge
from gaia_judge.baselines.axes import pick_axis

UNIFIEDREWARD = ask_judge(
    "unifiedreward",
    "unifiedreward",
    name="unifiedreward",
    about="UnifiedReward 2.0's ratings from 1 to 5",
    family="alignment",
    fidelity="adapted",
    takes="DIMENSION",
    arrange=pick_axis,
)
