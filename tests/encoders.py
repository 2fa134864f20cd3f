"""Tiny encoders with random weights, as checkpoints that transformers loads: CLIP, X-CLIP, BLIP and ViT."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers.pre_tokenizers import ByteLevel
from transformers import (
    BertTokenizer,
    BlipConfig,
    BlipForImageTextRetrieval,
    BlipImageProcessor,
    CLIPConfig,
    CLIPImageProcessor,
    CLIPModel,
    CLIPTokenizer,
    VideoMAEImageProcessor,
    ViTConfig,
    ViTImageProcessor,
    ViTModel,
    XCLIPConfig,
    XCLIPModel,
)

from gaia_judge.baselines import Clip
from gaia_judge.frames import Frames, FrameSpec, subset
from gaia_judge.videos import Video

WORDS = [
    "a",
    "person",
    "walks",
    "runs",
    "jumps",
    "dances",
    "in",
    "the",
    "park",
    "slowly",
    "red",
    "blue",
    "dog",
]
SMALL = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4}
SIDE = 32
"""Pixels that the networks see, each way."""


def noise(seed: int, frames: int, height: int = SIDE, width: int = SIDE) -> NDArray[np.uint8]:
    """Return random pixels."""
    return np.random.default_rng(seed).integers(0, 256, (frames, height, width, 3), dtype=np.uint8)


def clip_of(images: NDArray[np.uint8], prompt: str = "", spec: FrameSpec | None = None) -> Clip:
    """Return a clip of given frames, eight per second, as a metric gets it that asked for eight of them."""
    times = np.arange(len(images)) / 8
    frames = Frames(
        images=images,
        seconds=times,
        indices=np.arange(len(images)),
        total=len(images),
        duration=len(images) / 8,
        decoder="none",
    )
    video = Video(id="clip", path=Path("clip.mp4"), prompt=prompt)
    return Clip(video, subset(frames, spec or FrameSpec(count=8)))


def clip_words() -> CLIPTokenizer:
    """Return a tokenizer that knows every byte, whole words of none."""
    letters = sorted(ByteLevel.alphabet())
    tokens = [*letters, *(f"{letter}</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    return CLIPTokenizer(
        vocab={token: number for number, token in enumerate(tokens)}, merges=[], model_max_length=77
    )


def bert_words() -> BertTokenizer:
    """Return a tokenizer that knows ``WORDS`` and single letters."""
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]
    pieces += [f"{mark}{chr(code)}" for code in range(97, 123) for mark in ("", "##")]
    pieces = list(dict.fromkeys(pieces))
    return BertTokenizer(vocab={piece: number for number, piece in enumerate(pieces)}, model_max_length=512)


def write_clip_checkpoint(folder: Path, seed: int = 0) -> Path:
    """Write a tiny CLIP: 32-pixel images in patches of 8, 77 tokens, 16 dimensions in common."""
    words = clip_words()
    vision = {**SMALL, "image_size": SIDE, "patch_size": 8}
    config = CLIPConfig(text_config=_texts(words), vision_config=vision, projection_dim=16)
    process = CLIPImageProcessor(size={"shortest_edge": SIDE}, crop_size={"height": SIDE, "width": SIDE})
    return _save(folder, seed, lambda: CLIPModel(config), process, words)


def write_xclip_checkpoint(folder: Path, seed: int = 0, frames: int = 8) -> Path:
    """Write a tiny X-CLIP that wants so many frames."""
    words = clip_words()
    mit = {f"mit_{name}": value for name, value in {**SMALL, "hidden_size": 16}.items()}
    vision = {**SMALL, **mit, "image_size": SIDE, "patch_size": 8, "num_frames": frames}
    config = XCLIPConfig(
        text_config=_texts(words), vision_config=vision, projection_dim=16, prompt_num_attention_heads=2
    )
    process = VideoMAEImageProcessor(size={"shortest_edge": SIDE}, crop_size={"height": SIDE, "width": SIDE})
    return _save(folder, seed, lambda: XCLIPModel(config), process, words)


def write_blip_checkpoint(folder: Path, seed: int = 0) -> Path:
    """Write a tiny BLIP for matching: 32-pixel images in patches of 8, texts of up to 512 tokens."""
    words = bert_words()
    marks = {"pad": words.pad_token_id, "bos": words.cls_token_id, "sep": words.sep_token_id}
    text = {f"{name}_token_id": number for name, number in marks.items()}
    text |= {**SMALL, "vocab_size": len(words), "encoder_hidden_size": 32}
    vision = {**SMALL, "image_size": SIDE, "patch_size": 8}
    config = BlipConfig(text_config=text, vision_config=vision, image_text_hidden_size=16)
    process = BlipImageProcessor(size={"height": SIDE, "width": SIDE})
    return _save(folder, seed, lambda: BlipForImageTextRetrieval(config), process, words)


def write_vit_checkpoint(folder: Path, seed: int = 0) -> Path:
    """Write a tiny ViT without a pooler: 64-pixel images in patches of 16, for other sizes stretched."""
    config = ViTConfig(**SMALL, image_size=64, patch_size=16)
    return _save(folder, seed, lambda: ViTModel(config, add_pooling_layer=False), ViTImageProcessor())


def _texts(words: CLIPTokenizer) -> dict[str, Any]:
    ends = {f"{end}_token_id": getattr(words, f"{end}_token_id") for end in ("bos", "eos", "pad")}
    return {**SMALL, "vocab_size": len(words), **ends}


def _save(folder: Path, seed: int, make: Any, *parts: Any) -> Path:
    torch.manual_seed(seed)
    model = make()
    for weight in model.parameters():
        # As transformers initializes them, all inputs would look nearly alike.
        torch.nn.init.normal_(weight, std=0.2) if weight.ndim > 1 else None
    for part in (model, *parts):
        part.save_pretrained(folder)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    (folder / "config.json").write_text(json.dumps(config | {"random_weights": True}), encoding="utf-8")
    return folder
