"""Networks of the real sizes with random weights, for speed without downloads; scores would mean nothing."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import transformers as hf
from safetensors.torch import save_file
from tokenizers.pre_tokenizers import ByteLevel

from gaia_judge.baselines.kinetics import class_names

SUFFIX = ".safetensors"
KEYS = Path(__file__).parents[1] / "tests" / "data"
"""Names and shapes of upstream's parameters."""
TEXTS = {"hidden_size": 768, "intermediate_size": 3072, "num_attention_heads": 12}
LARGE = {
    "hidden_size": 1024,
    "intermediate_size": 4096,
    "num_hidden_layers": 24,
    "num_attention_heads": 16,
}


def build(name: str, folder: Path) -> Path:
    """Return the path that ``--weights NAME=PATH`` would name, written if it is not there."""
    path = folder / name
    made = (one for one in (path, path.with_suffix(SUFFIX)) if one.exists())
    return next(made, None) or BUILDERS[name](path)


def clip(path: Path, patch: int, *, large: bool = False) -> Path:
    """CLIP ViT-B or, if large, ViT-L; it spells its texts, which makes them longer."""
    words = letters()
    size = {"projection_dim": 768 if large else 512}
    texts = {**(TEXTS if large else {}), **ends(words), **size}
    vision = {"patch_size": patch, **(LARGE if large else {}), **size}
    config = hf.CLIPConfig(text_config=texts, vision_config=vision, **size)
    return save(path, hf.CLIPModel(config), hf.CLIPImageProcessor(), words)


def xclip(path: Path) -> Path:
    """X-CLIP-B/32 of 8 frames."""
    words = letters()
    config = hf.XCLIPConfig(text_config=ends(words))
    side = {"height": 224, "width": 224}
    process = hf.VideoMAEImageProcessor(size={"shortest_edge": 224}, crop_size=side)
    return save(path, hf.XCLIPModel(config), process, words)


def blip(path: Path) -> Path:
    """BLIP base at 384 pixels."""
    marks = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
    pieces = [f"{mark}{chr(code)}" for code in range(97, 123) for mark in ("", "##")]
    words = hf.BertTokenizer(vocab={piece: at for at, piece in enumerate([*marks, *pieces])})
    text = {"num_attention_heads": 12, "pad_token_id": 0, "bos_token_id": 2, "sep_token_id": 3}
    config = hf.BlipConfig(text_config=text, image_text_hidden_size=256)
    process = hf.BlipImageProcessor(size={"height": 384, "width": 384})
    return save(path, hf.BlipForImageTextRetrieval(config), process, words)


def dino(path: Path) -> Path:
    """ViT-B/16."""
    return save(path, hf.ViTModel(hf.ViTConfig(), add_pooling_layer=False), hf.ViTImageProcessor())


def videomae(path: Path) -> Path:
    """VideoMAE-B/16 that knows Kinetics-400's classes."""
    config = hf.VideoMAEConfig(id2label=dict(enumerate(class_names())))
    return save(path, hf.VideoMAEForVideoClassification(config))


def raft(path: Path) -> Path:
    """RAFT-large."""
    from torchvision.models.optical_flow import raft_large

    return write(path, raft_large(weights=None).state_dict())


def listed(path: Path, keys: str) -> Path:
    """Write tensors of the names and shapes in a list, scaled as layers are when training begins."""
    lines = (line.split() for line in (KEYS / keys).read_text(encoding="utf-8").splitlines())
    shapes = {name: [int(side) for side in shape.split("x")] for name, shape in lines}
    drawn = {name: torch.randn(shape) / math.prod(shape[1:]) ** 0.5 for name, shape in shapes.items()}
    return write(path, drawn)


BUILDERS: dict[str, Callable[[Path], Path]] = {
    "clip-b16": lambda path: clip(path, 16),
    "clip-b32": lambda path: clip(path, 32),
    "clip-b32-laion": lambda path: clip(path, 32),
    "clip-l14": lambda path: clip(path, 14, large=True),
    "blip-itm": blip,
    "xclip": xclip,
    "dino-vitb16": dino,
    "videomae-b16-k400": videomae,
    "raft": raft,
    "amt-s": lambda path: listed(path, "amt-s.keys"),
    "umt-l16-k400": lambda path: listed(path, "umt-l16.keys"),
    "videomae-v2-b16-k400": lambda path: listed(path, "videomae-v2-b16.keys"),
}
"""How to write each, by the name of its ``Weights``."""


def letters() -> Any:
    """Return a tokenizer for CLIP that knows letters alone."""
    signs = sorted(ByteLevel.alphabet())
    tokens = [*signs, *(f"{sign}</w>" for sign in signs), "<|startoftext|>", "<|endoftext|>"]
    vocabulary = {token: at for at, token in enumerate(tokens)}
    return hf.CLIPTokenizer(vocab=vocabulary, merges=[], model_max_length=77)


def ends(words: Any) -> dict[str, int]:
    return {f"{end}_token_id": getattr(words, f"{end}_token_id") for end in ("bos", "eos", "pad")}


def save(path: Path, *parts: Any) -> Path:
    """Write a checkpoint that says what it is."""
    for part in parts:
        part.save_pretrained(path)
    config = json.loads((path / "config.json").read_text(encoding="utf-8"))
    (path / "config.json").write_text(json.dumps(config | {"random_weights": True}), encoding="utf-8")
    return path


def write(path: Path, tensors: dict[str, torch.Tensor]) -> Path:
    """Write a file that says what it is."""
    path = path.with_suffix(SUFFIX)
    save_file(tensors, path, metadata={"random_weights": "true"})
    return path
