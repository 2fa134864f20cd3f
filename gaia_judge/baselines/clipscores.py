"""CLIPScore: how well the frames of a video fit its prompt, by four CLIP networks."""

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

import numpy as np

from gaia_judge.baselines.clips import Clip
from gaia_judge.baselines.encoders import cut_note, load_clip, remarks
from gaia_judge.baselines.metrics import Metric, Setting
from gaia_judge.baselines.weights import Weights
from gaia_judge.scores import Score

PREFIX = "A photo depicts "
FACTOR = 2.5


class ClipScores:
    """CLIPScore of a video: the mean over its frames of 2.5 max(cos(frame, "A photo depicts " + prompt), 0).

    Factor, prefix and clipping are those of Hessel et al. (EMNLP 2021), which is defined for one image. How
    GAIA chooses and pools frames is unpublished: eight uniform ones and their mean are inferred. Of a video
    with fewer frames, all are taken. A prompt that with its prefix exceeds 77 tokens is cut to them, as the
    original does; both are said in the note.
    """

    def __init__(self, metric: Metric, setting: Setting) -> None:
        self._metric = metric
        (weights,) = metric.weights
        self._encoder = load_clip(weights.checkpoint(setting.weights.get(weights.name)), setting.device)

    def measure(self, clips: Sequence[Clip]) -> list[tuple[Score, ...]]:
        """Return one score per clip, in [0, 2.5]; a clip without a prompt raises."""
        texts, totals = self._encoder.texts([PREFIX + clip.text for clip in clips])
        found = []
        for clip, text, total in zip(clips, texts, totals, strict=True):
            cosines = self._encoder.images(clip.frames.images) @ text
            value = FACTOR * float(np.maximum(cosines, 0).mean())
            note = remarks(clip, cut_note(total, self._encoder.limit))
            found.append(self._metric.scores(clip, value, note=note, cosine=float(cosines.mean())))
        return found

    def describe(self) -> dict[str, Any]:
        """Return versions and settings."""
        return {"torch": version("torch"), "transformers": version("transformers")}


def _clip(network: str, repo: str, revision: str, size_mb: float) -> Metric:
    # Revisions are those that many public repositories pin; the hub itself could not be asked.
    name = f"clip-{network}"
    weights = Weights(name=name, licence="MIT", repo=repo, revision=revision, size_mb=size_mb)
    return Metric(
        name=name,
        about=f"CLIPScore of frames and prompt ({repo})",
        family="alignment",
        fidelity="adapted",
        load=ClipScores,
        licence="MIT",
        citation="Hessel et al., CLIPScore, EMNLP 2021; Radford et al., CLIP, ICML 2021",
        dimensions=("alignment",),
        weights=(weights,),
        facts={"prefix": PREFIX, "factor": FACTOR, "pooling": "mean over frames"},
    )


B16 = _clip("b16", "openai/clip-vit-base-patch16", "57c216476eefef5ab752ec549e440a49ae4ae5f3", 599)
B32 = _clip("b32", "openai/clip-vit-base-patch32", "3d74acf9a28c67741b2f4f2ea7635f0aaf6f0268", 605)
B32_LAION = _clip(
    "b32-laion", "laion/CLIP-ViT-B-32-laion2B-s34B-b79K", "1a25a446712ba5ee05982a381eed697ef9b435cf", 605
)
L14 = _clip("l14", "openai/clip-vit-large-patch14", "32bd64288804d66eefd0ccbe215aa642df71cc41", 1710)
