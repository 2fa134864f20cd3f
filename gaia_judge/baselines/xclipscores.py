"""X-CLIP: how well a video as a whole fits its prompt, by an encoder made for videos."""

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from gaia_judge.baselines.clips import Clip
from gaia_judge.baselines.encoders import cut_note, pixels, remarks, tokenize
from gaia_judge.baselines.metrics import EIGHT, Metric, Setting
from gaia_judge.baselines.weights import Weights, load_network, load_part
from gaia_judge.errors import GaiaJudgeError
from gaia_judge.frames import middles
from gaia_judge.scores import Score


class XclipScores:
    """The cosine of a video and its prompt in X-CLIP (Ni et al., ECCV 2022), in [-1, 1].

    The video's vector comes from frames that exchange messages; the prompt's is shifted by what the video
    shows. The weights were tuned on the classes of Kinetics-400, whose names came without a template, so
    the prompt gets none. The network needs eight frames: of a video with fewer, each of eight moments gets
    the frame at its middle, so that frames are repeated evenly. A prompt beyond 77 tokens is cut to them,
    as the authors' tokenizer does; both are said in the note.
    """

    def __init__(self, metric: Metric, setting: Setting) -> None:
        import torch
        from transformers import AutoTokenizer, VideoMAEImageProcessor, XCLIPModel

        self._metric, self._device = metric, setting.device
        checkpoint = WEIGHTS.checkpoint(setting.weights.get(WEIGHTS.name))
        model = load_network(XCLIPModel, checkpoint, dtype=torch.float32)
        self._model = model.to(setting.device).eval()
        self._process = load_part(VideoMAEImageProcessor, checkpoint)
        self._tokenizer = load_part(AutoTokenizer, checkpoint)
        self._limit = model.config.text_config.max_position_embeddings
        if (frames := model.config.vision_config.num_frames) != EIGHT.count:
            where = checkpoint["pretrained_model_name_or_path"]
            raise GaiaJudgeError(f"The X-CLIP in {where} wants {frames} frames.", "Give one of 8 frames.")

    def measure(self, clips: Sequence[Clip]) -> list[tuple[Score, ...]]:
        """Return one score per clip; a clip without a prompt raises."""
        return [self._score(clip) for clip in clips]

    def describe(self) -> dict[str, Any]:
        """Return versions and settings."""
        return {"torch": version("torch"), "transformers": version("transformers")}

    def _score(self, clip: Clip) -> tuple[Score, ...]:
        tokens, (total,) = tokenize(self._tokenizer, [clip.text], self._limit)
        images = clip.frames.images
        note = f"repeated to {EIGHT.count}" if len(images) < EIGHT.count else None
        value = self._cosine(images[middles(len(images), EIGHT.count)], tokens.to(self._device))
        return self._metric.scores(clip, value, note=remarks(clip, note, cut_note(total, self._limit)))

    def _cosine(self, images: Any, tokens: Any) -> float:
        import torch

        with torch.inference_mode():
            found = self._model(**tokens, pixel_values=pixels(self._process, images, self._device))
        return float(found.video_embeds[0] @ found.text_embeds[0, 0])


WEIGHTS = Weights(
    name="xclip",
    licence="MIT",
    repo="microsoft/xclip-base-patch32",
    # As a stored page of the hub shows it; the hub itself could not be asked.
    revision="a2e27a78a2b5d802e894b8a1ef14f3a8ce490963",
    size_mb=786,
)

XCLIP = Metric(
    name="xclip",
    about="Cosine of video and prompt in X-CLIP-B/32, tuned on Kinetics-400",
    family="alignment",
    fidelity="library-equivalent",
    load=XclipScores,
    licence=WEIGHTS.licence,
    citation="Ni et al., Expanding Language-Image Pretrained Models for General Video Recognition, ECCV 2022",
    dimensions=("alignment",),
    frames=EIGHT,
    weights=(WEIGHTS,),
)
