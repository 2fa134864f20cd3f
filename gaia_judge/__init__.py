"""gaia-judge: Video-LLM judges for the actions of text-to-video models.

The documented Python API is the few names below; everything else may change between releases.

    from gaia_judge import load_judge, read_videos

    with load_judge("llava") as judge:
        scores = judge.rate(read_videos("videos/")).to_pandas()
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gaia_judge.errors import GaiaJudgeError
    from gaia_judge.judges import Judge, load_judge
    from gaia_judge.scores import Score, ScoreTable
    from gaia_judge.videos import Video, read_videos

__all__ = ["GaiaJudgeError", "Judge", "Score", "ScoreTable", "Video", "load_judge", "read_videos"]

HOMES = {
    "GaiaJudgeError": "errors",
    "Judge": "judges",
    "Score": "scores",
    "ScoreTable": "scores",
    "Video": "videos",
    "load_judge": "judges",
    "read_videos": "videos",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that the command line starts quickly."""
    if name not in HOMES:
        raise AttributeError(f"module 'gaia_judge' has no attribute {name!r}")
    return getattr(import_module(f"gaia_judge.{HOMES[name]}"), name)
