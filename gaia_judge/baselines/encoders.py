"""Encoders: networks that turn images and texts into vectors, loaded once however many metrics want them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar
from weakref import WeakValueDictionary

import numpy as np
from numpy.typing import NDArray

from gaia_judge.baselines.clips import Clip
from gaia_judge.baselines.weights import load_network, load_part

Encoder = TypeVar("Encoder")

IMAGES = 32
"""Images that go through a network at once, so that long videos do not fill its memory."""

_loaded: WeakValueDictionary[Any, Any] = WeakValueDictionary()


class ClipEncoder:
    """CLIP's two towers (Radford et al., ICML 2021), as transformers loads them, in fp32.

    Images go through the checkpoint's own image processor. Texts longer than the text tower are cut to it, as
    the original tokenizer does with ``truncate=True``: the end token is kept as the last one.

    Args:
        checkpoint: Arguments of ``from_pretrained``, as ``Weights.checkpoint`` returns them.
        device: Where torch computes.

    Raises:
        GaiaJudgeError: The checkpoint lacks any of it.
    """

    def __init__(self, checkpoint: Mapping[str, Any], device: str = "cpu") -> None:
        import torch
        from transformers import AutoTokenizer, CLIPImageProcessor, CLIPModel

        self._device = device
        model = load_network(CLIPModel, checkpoint, dtype=torch.float32)
        self._model = model.to(device).eval()
        self._process = load_part(CLIPImageProcessor, checkpoint)
        self._tokenizer = load_part(AutoTokenizer, checkpoint)
        self.limit: int = self._model.config.text_config.max_position_embeddings
        """Tokens that a text may have, the first and the last included; 77 in CLIP."""

    def images(self, frames: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return unit vectors, shape [N, D], of RGB images, shape [N, H, W, 3]."""
        import torch

        with torch.inference_mode():
            parts = [
                self._model.get_image_features(pixel_values=pixels(self._process, part, self._device))
                for part in portions(frames)
            ]
            return units(torch.cat([part.pooler_output for part in parts]))

    def texts(self, texts: Sequence[str]) -> tuple[NDArray[np.float32], list[int]]:
        """Return unit vectors, shape [N, D], and how many tokens each text has before being cut."""
        import torch

        tokens, totals = tokenize(self._tokenizer, texts, self.limit)
        with torch.inference_mode():
            found = self._model.get_text_features(**tokens.to(self._device))
            return units(found.pooler_output), totals


def load_clip(checkpoint: Mapping[str, Any], device: str = "cpu") -> ClipEncoder:
    """Return a ``ClipEncoder``, the same one to all who use the same weights at the same time."""
    return shared(ClipEncoder, checkpoint, device)


def shared(
    make: Callable[[Mapping[str, Any], str], Encoder], checkpoint: Mapping[str, Any], device: str
) -> Encoder:
    """Return what ``make`` loads, once for all who use it at the same time."""
    key = (make, tuple(sorted(checkpoint.items())), device)
    found: Encoder | None = _loaded.get(key)
    if found is None:
        found = _loaded[key] = make(checkpoint, device)
    return found


def tokenize(tokenizer: Any, texts: Sequence[str], limit: int) -> tuple[Any, list[int]]:
    """Return texts as padded tensors of at most ``limit`` tokens, and how many tokens each has uncut."""
    totals = [len(ids) for ids in tokenizer(list(texts), verbose=False)["input_ids"]]
    tokens = tokenizer(list(texts), padding=True, truncation=True, max_length=limit, return_tensors="pt")
    return tokens, totals


def cut_note(total: int, limit: int) -> str | None:
    """Return what a row says of a prompt that was cut, or None if it was not.

    >>> cut_note(103, limit=77)
    'prompt cut: 77 of its 103 tokens were read'
    >>> cut_note(77, limit=77)
    """
    return f"prompt cut: {limit} of its {total} tokens were read" if total > limit else None


def remarks(clip: Clip, *others: str | None) -> str | None:
    """Return what a row must say: that the clip has fewer frames than asked, and what else there is."""
    return "; ".join(filter(None, (clip.frames.note, *others))) or None


def portions(frames: NDArray[np.uint8], size: int = IMAGES) -> list[NDArray[np.uint8]]:
    """Return frames in stretches of at most ``size``.

    >>> [len(part) for part in portions(np.zeros((5, 1, 1, 3), np.uint8), size=2)]
    [2, 2, 1]
    """
    return [frames[start : start + size] for start in range(0, len(frames), size)]


def pixels(process: Any, frames: NDArray[np.uint8], device: str) -> Any:
    """Return what an image processor makes of RGB images, shape [N, 3, S, S], on the device."""
    import torch

    images = list(torch.from_numpy(np.ascontiguousarray(frames)).permute(0, 3, 1, 2))
    found = process(images, return_tensors="pt", device=device, input_data_format="channels_first")
    return found["pixel_values"]


def units(vectors: Any) -> NDArray[np.float32]:
    """Return the rows of a tensor, each divided by its length."""
    found: NDArray[np.float32] = (vectors / vectors.norm(dim=-1, keepdim=True)).float().cpu().numpy()
    return found
