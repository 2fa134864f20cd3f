"""VideoScore2: a Qwen2.5-VL 7B that was tuned to rate generated videos, by its label probabilities.

Published (He et al. 2025, arXiv 2509.22799): at 2 frames per second the model first writes its thoughts and
then three whole numbers from 1 to 5, each read as its digit's probability among 1 to 5 times the number. Here
each dimension is asked by itself, in our words and without thoughts before, and read as the expected value
over 1 to 5. So values are not those of the paper.
"""

from gaia_judge.baselines.askings import ask_judge
from gaia_judge.baselines.axes import pick_axis
from gaia_judge.frames import FrameSpec

VIDEOSCORE2 = ask_judge(
    "videoscore2",
    "videoscore2",
    name="videoscore2",
    about="VideoScore2's ratings from 1 to 5, without its thoughts",
    family="alignment",
    fidelity="adapted",
    # 2 per second as published; more than 16 would not fit the context.
    frames=FrameSpec(fps=2, count=16),
    takes="DIMENSION",
    arrange=pick_axis,
)
