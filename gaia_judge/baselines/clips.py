"""Clips: a video with its frames, as metrics get them."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from gaia_judge.errors import GaiaJudgeError
from gaia_judge.frames import Frames
from gaia_judge.videos import Video

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Clip:
    """A video and the frames that a metric asked for."""

    video: Video
    frames: Frames
    found: dict[Hashable, Any] = field(default_factory=dict)
    """What any metric has computed of this video, for others that need the same, such as optical flow."""

    @property
    def text(self) -> str:
        """The video's prompt, or its action where the prompt is unknown.

        Raises:
            GaiaJudgeError: Neither is known.
        """
        if text := self.video.prompt or self.video.action:
            return text
        raise GaiaJudgeError(
            f"{self.video.path} has no prompt and no action.", "Give them in a manifest or in prompts.csv."
        )

    def once(self, key: Hashable, compute: Callable[[], Value]) -> Value:
        """Return what is kept under a key, computing it first if nothing is.

        Args:
            key: Must name all that the result depends on, frames included.
            compute: Called at most once per video.
        """
        if key not in self.found:
            self.found[key] = compute()
        value: Value = self.found[key]
        return value
