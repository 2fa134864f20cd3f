"""LLaVAScore, whose definition GAIA does not publish: two readings of it, by LLaVA-1.5 7B.

LLaVA-1.5 (Liu et al., CVPR 2024) reads single images, so both ask about each of eight uniform frames by
itself and take the mean; of a shorter clip all frames, as the note then says. The model is GAIA's; question,
frames and pooling are ours.
"""

from collections.abc import Sequence
from dataclasses import replace
from importlib.metadata import version
from typing import Any

import numpy as np

from gaia_judge.baselines.askings import JudgeMeasurer, Rows, ask_judge, mean_of
from gaia_judge.baselines.clips import Clip
from gaia_judge.baselines.clipscores import B32
from gaia_judge.baselines.encoders import cut_note, load_clip, remarks
from gaia_judge.baselines.metrics import EIGHT, Metric, Setting
from gaia_judge.engines import VIDEO_MARK, Message, Reply, Request, Text, ask
from gaia_judge.frames import Frames
from gaia_judge.judges import FOREIGN
from gaia_judge.scores import missing

QUESTION = f"{VIDEO_MARK}\nSay in one sentence what this picture shows."
MOST_TOKENS = 60
"""Of a caption: about as many as CLIP reads."""


class YesOfFrames(JudgeMeasurer):
    """P(Yes) to whether a picture shows what the video was to show: the mean over the video's frames."""

    def measure(self, clips: Sequence[Clip]) -> list[Rows]:
        """Return one score per clip, in [0, 1]; missing where the answer to any frame is."""
        for clip in clips:
            _ = clip.text  # raises before anything is asked
        pictures = [(clip.video, one) for clip in clips for one in pictures_of(clip.frames)]
        ratings = iter(self.rate(pictures))
        found = []
        for clip in clips:
            parts = {f"frame {at}": next(ratings)[0] for at in clip.frames.indices}
            found.append(mean_of(self.metric, clip, parts))
        return found


class CaptionSimilarity(JudgeMeasurer):
    """How near captions of a video's frames are to its prompt: the mean cosine of CLIP's text vectors.

    The model says in one sentence what each frame shows, greedily, without being told the prompt. A prompt of
    more than 77 tokens is cut to them, as CLIP's own tokenizer does, and so is a caption; the note says so.
    """

    def __init__(self, metric: Metric, setting: Setting) -> None:
        super().__init__(metric, setting)
        weights = next(one for one in metric.weights if one.name == B32.weights[0].name)
        self._encoder = load_clip(weights.checkpoint(setting.weights.get(weights.name)), setting.device)

    def measure(self, clips: Sequence[Clip]) -> list[Rows]:
        """Return one score per clip, in [-1, 1]; missing where any frame has no caption."""
        texts = [clip.text for clip in clips]
        requests = [
            Request((Message("user", QUESTION),), one, Text(MOST_TOKENS))
            for clip in clips
            for one in pictures_of(clip.frames)
        ]
        replies = iter(ask(self.judge.engine, requests))
        return [
            self._score(clip, text, [next(replies) for _ in clip.frames.indices])
            for clip, text in zip(clips, texts, strict=True)
        ]

    def describe(self) -> dict[str, Any]:
        """Return the judge, the question and what makes vectors of texts."""
        told = super().describe()
        asked = {"question": QUESTION.replace(VIDEO_MARK, "").strip(), "max_tokens": MOST_TOKENS}
        return {"judge": told["judge"], "engine": told["engine"], **asked, "torch": version("torch")}

    def _score(self, clip: Clip, prompt: str, replies: Sequence[Reply]) -> Rows:
        for at, reply in zip(clip.frames.indices, replies, strict=True):
            if reply.error is not None:
                why = f"frame {at}: {reply.error}"
                return tuple(missing(self.metric.dimensions, clip.video.id, self.metric.name, why))
        captions = [reply.text or "" for reply in replies]
        (target, *vectors), (total, *totals) = self._encoder.texts([prompt, *captions])
        cosines = [float(vector @ target) for vector in vectors]
        cut = sum(count > self._encoder.limit for count in totals)
        note = remarks(
            clip, cut_note(total, self._encoder.limit), f"{cut} captions cut for CLIP" if cut else None
        )
        note = note if self.judge.card.covers(clip.frames) else FOREIGN
        value = float(np.mean(cosines))
        return self.metric.scores(clip, value, note=note, captions=captions, cosines=cosines)


def pictures_of(frames: Frames) -> list[Frames]:
    """Return each frame by itself."""
    return [
        replace(
            frames,
            images=frames.images[at : at + 1],
            seconds=frames.seconds[at : at + 1],
            indices=frames.indices[at : at + 1],
        )
        for at in range(len(frames.images))
    ]


YES = ask_judge(
    "llava-1.5",
    "llavascore",
    name="llavascore",
    about="LLaVA-1.5's P(Yes) to whether a frame shows the prompt, mean over frames",
    family="alignment",
    fidelity="adapted",
    load=YesOfFrames,
    frames=EIGHT,
)

CAPTION = replace(
    YES,
    name="llavascore-caption",
    about="Similarity of LLaVA-1.5's captions of frames to the prompt, mean over frames",
    load=CaptionSimilarity,
    weights=(*YES.weights, *B32.weights),
)
