"""BLIPScore: how well the frames of a video fit its prompt, by the two heads of BLIP."""

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

from gaia_judge.baselines.clips import Clip
from gaia_judge.baselines.encoders import cut_note, pixels, portions, remarks, shared, tokenize
from gaia_judge.baselines.metrics import Metric, Setting
from gaia_judge.baselines.weights import Weights, load_network, load_part
from gaia_judge.scores import Score

LIMIT = 35
"""Tokens that a prompt may have, the first and the last included, as in BLIP's own matching code."""


class BlipMatcher:
    """BLIP's image-text retrieval network (Li et al., ICML 2022), as transformers loads it, in fp32.

    Args:
        checkpoint: Arguments of ``from_pretrained``.
        device: Where torch computes.

    Raises:
        GaiaJudgeError: The checkpoint lacks any of it.
    """

    def __init__(self, checkpoint: Mapping[str, Any], device: str = "cpu") -> None:
        import torch
        from transformers import AutoTokenizer, BlipForImageTextRetrieval, BlipImageProcessor

        self._device = device
        model = load_network(BlipForImageTextRetrieval, checkpoint, dtype=torch.float32)
        self._model = model.to(device).eval()
        self._process = load_part(BlipImageProcessor, checkpoint)
        self._tokenizer = load_part(AutoTokenizer, checkpoint)

    def images(self, clip: Clip) -> Any:
        """Return the image tower's last states, shape [T, patches + 1, D], computed once for both heads."""
        return clip.once((self, clip.frames.digest), lambda: self._encode(clip))

    def tokens(self, text: str) -> tuple[Any, int]:
        """Return a text as tensors of one row, and how many tokens it has before it is cut to ``LIMIT``."""
        found, (total,) = tokenize(self._tokenizer, [text], LIMIT)
        return found.to(self._device), total

    def cosines(self, images: Any, tokens: Any) -> Any:
        """Return the cosine of each image and the text, each tower on its own, shape [T]."""
        import torch
        from torch.nn.functional import cosine_similarity

        with torch.inference_mode():
            words = self._model.text_encoder(**_words(tokens)).last_hidden_state[:, 0]
            return cosine_similarity(
                self._model.vision_proj(images[:, 0]), self._model.text_proj(words), dim=-1
            )

    def matches(self, images: Any, tokens: Any) -> Any:
        """Return the probability that each image and the text belong together, shape [T]."""
        import torch

        words = {name: rows.expand(len(images), -1) for name, rows in _words(tokens).items()}
        with torch.inference_mode():
            # The whole model's own forward makes its image mask on the CPU, wherever the images are.
            states = self._model.text_encoder(**words, encoder_hidden_states=images).last_hidden_state
            return self._model.itm_head(states[:, 0]).softmax(dim=-1)[:, 1]

    def _encode(self, clip: Clip) -> Any:
        import torch

        with torch.inference_mode():
            parts = [
                self._model.vision_model(pixels(self._process, part, self._device)).last_hidden_state
                for part in portions(clip.frames.images)
            ]
            return torch.cat(parts)


class BlipScores:
    """BLIPScore of a video: the mean over its frames of what a head of BLIP says of frame and prompt.

    ITC is the cosine of the projected class tokens, in [-1, 1]; ITM is the softmax probability of a match, in
    [0, 1] (Li et al., BLIP, ICML 2022; the text begins with its class token, as in their matching code).
    Images are resized to 384 x 384, whatever their shape. Which head GAIA used and how it pooled frames is
    unpublished: both are offered, and eight uniform frames and their mean are inferred. Of a video with
    fewer frames, all are taken. A prompt beyond 35 tokens is cut to them, as the authors do; both are said
    in the note.
    """

    def __init__(self, metric: Metric, setting: Setting) -> None:
        self._metric = metric
        checkpoint = BLIP.checkpoint(setting.weights.get(BLIP.name))
        self._matcher = shared(BlipMatcher, checkpoint, setting.device)
        self._head = {"itc": self._matcher.cosines, "itm": self._matcher.matches}[metric.facts["head"]]

    def measure(self, clips: Sequence[Clip]) -> list[tuple[Score, ...]]:
        """Return one score per clip; a clip without a prompt raises."""
        return [self._score(clip) for clip in clips]

    def describe(self) -> dict[str, Any]:
        """Return versions and settings."""
        return {"torch": version("torch"), "transformers": version("transformers")}

    def _score(self, clip: Clip) -> tuple[Score, ...]:
        tokens, total = self._matcher.tokens(clip.text)
        value = float(self._head(self._matcher.images(clip), tokens).mean())
        return self._metric.scores(clip, value, note=remarks(clip, cut_note(total, LIMIT)))


def _words(tokens: Any) -> dict[str, Any]:
    return {name: tokens[name] for name in ("input_ids", "attention_mask")}


BLIP = Weights(
    name="blip-itm",
    licence="BSD-3-Clause",
    repo="Salesforce/blip-itm-base-coco",
    # As a stored page of the hub shows it; the hub itself could not be asked.
    revision="7eaa90c11850c0b17fc38c6a11e7d88bd6ac231f",
    size_mb=895,
)


def _blip(head: str, about: str) -> Metric:
    return Metric(
        name=f"blip-{head}",
        about=about,
        family="alignment",
        fidelity="adapted",
        load=BlipScores,
        licence=BLIP.licence,
        citation="Li et al., BLIP, ICML 2022",
        dimensions=("alignment",),
        weights=(BLIP,),
        facts={"head": head, "tokens": LIMIT, "pooling": "mean over frames"},
    )


ITC = _blip("itc", "BLIPScore of frames and prompt: cosine of the two towers")
ITM = _blip("itm", "BLIPScore of frames and prompt: probability of a match")
