"""Action recognisers of the VideoMAE family, hosted by transformers whoever wrote their weights.

UMT (Li et al., Unmasked Teacher, ICCV 2023) and VideoMAE V2 (Wang et al., CVPR 2023) are plain vision
transformers over tubes of pixels, as VideoMAE is: only names, positions and the epsilon of their layer norms
differ from what transformers expects.
"""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gaia_judge.errors import GaiaJudgeError

if TYPE_CHECKING:
    from torch import Tensor

FRAMES = 16
"""Frames that the networks look at."""
SIDE = 224
"""Pixels of their square input."""
EPSILON = 1e-6
HEAD = 64
"""Width of an attention head in all sizes of the family."""
TAUGHT = 8
"""Frames of UMT's pre-training, whose positions are stretched to 16."""

MMACTION = {
    "backbone.": "",
    "patch_embed.projection.": "patch_embed.proj.",
    "mlp.layers.0.0.": "mlp.fc1.",
    "mlp.layers.1.": "mlp.fc2.",
    "cls_head.fc_cls.": "head.",
}
"""Parts of names in mmaction2's files to those of the authors' files."""

AUTHORS = {
    "patch_embed.proj.": "videomae.embeddings.patch_embeddings.projection.",
    "norm1.": "layernorm_before.",
    "norm2.": "layernorm_after.",
    "attn.proj.": "attention.output.dense.",
    "attn.q_bias": "attention.attention.query.bias",
    "attn.v_bias": "attention.attention.value.bias",
    "mlp.fc1.": "intermediate.dense.",
    "mlp.fc2.": "output.dense.",
    "head.": "classifier.",
}
"""Parts of names in the authors' files to those of transformers."""

BLOCK = re.compile(r"^blocks\.(\d+)\.")
WRAPS = ("state_dict", "model", "module")
"""Names under which training scripts keep the tensors in their files."""


def rename(tensors: "Mapping[str, Tensor]") -> "dict[str, Tensor]":
    """Return tensors of UMT, VideoMAE V2 or mmaction2's copy of it under the names of transformers.

    The joint projection ``qkv`` becomes three; keys have no bias in either. ``pos_embed`` is left out, for
    transformers does not count positions among a network's tensors.
    """
    renamed: dict[str, Tensor] = {}
    for name, tensor in _plain(tensors).items():
        name = BLOCK.sub(r"videomae.encoder.layer.\1.", _replace(name, AUTHORS))
        if name.endswith("attn.qkv.weight"):
            stem = name.removesuffix("attn.qkv.weight") + "attention.attention."
            parts = tensor.chunk(3)
            renamed |= {
                f"{stem}{part}.weight": one
                for part, one in zip(("query", "key", "value"), parts, strict=True)
            }
        elif name != "pos_embed":
            renamed[name] = tensor
    return renamed


def load_recogniser(found: Mapping[str, Any], device: str = "cpu") -> Any:
    """Return the network of these tensors, ready to recognise; its size is read off them.

    Args:
        found: What a weight file of UMT, VideoMAE V2 or mmaction2's copy of it holds.
        device: Where torch computes.

    Returns:
        A ``VideoMAEForVideoClassification`` that turns pixels, shape [N, 16, 3, 224, 224], into logits.

    Raises:
        GaiaJudgeError: The tensors are not those of such a network.
    """
    import torch
    from transformers import VideoMAEForVideoClassification

    tensors = {name: one.float() for name, one in unwrap(found).items() if isinstance(one, torch.Tensor)}
    try:
        config = read_config(tensors)
        # transformers works positions out one by one, which takes seconds: of one step only, for ours follow.
        config.num_frames = config.tubelet_size
        with torch.device("meta"):
            model = VideoMAEForVideoClassification(config)
        config.num_frames = FRAMES
        model.load_state_dict(rename(tensors), strict=True, assign=True)
        model.videomae.embeddings.position_embeddings = find_positions(tensors, config)
    except (KeyError, RuntimeError, ValueError) as error:
        reason = " ".join(str(error).split())[:300]
        raise GaiaJudgeError(
            f"The weights are not those of UMT or VideoMAE V2: {reason}", "Download them again."
        ) from error
    model.fc_norm.eps = EPSILON  # transformers builds this one norm with torch's default
    return model.to(device).eval()


def unwrap(found: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the tensors of a weight file by name, wherever it keeps them.

    >>> unwrap({"epoch": 3, "model": {"head.bias": "a tensor"}})
    {'head.bias': 'a tensor'}
    """
    inner = next((found[wrap] for wrap in WRAPS if isinstance(found.get(wrap), Mapping)), None)
    return found if inner is None else unwrap(inner)


def read_config(tensors: "Mapping[str, Tensor]") -> Any:
    """Return the ``VideoMAEConfig`` of the network that has these tensors.

    Raises:
        KeyError: One that tells the size is missing.
    """
    from transformers import VideoMAEConfig

    plain = _plain(tensors)
    width, _, tubelet, patch, _ = plain["patch_embed.proj.weight"].shape
    return VideoMAEConfig(
        image_size=SIDE,
        patch_size=patch,
        num_frames=FRAMES,
        tubelet_size=tubelet,
        hidden_size=width,
        num_hidden_layers=len({found[1] for name in plain if (found := BLOCK.match(name))}),
        num_attention_heads=max(1, width // HEAD),
        intermediate_size=plain["blocks.0.mlp.fc1.bias"].shape[0],
        layer_norm_eps=EPSILON,
        num_labels=plain["head.bias"].shape[0],
    )


def find_positions(tensors: "Mapping[str, Tensor]", config: Any) -> "Tensor":
    """Return a file's positions, shape [1, tokens, width], or those of ``make_positions`` if it has none.

    Raises:
        ValueError: Its positions are not as many as the network has tokens.
    """
    tokens = config.num_frames // config.tubelet_size * (config.image_size // config.patch_size) ** 2
    found = _plain(tensors).get("pos_embed")
    if found is None:
        return make_positions(config)
    if found.shape != (1, tokens, config.hidden_size):
        raise ValueError(f"positions of shape {tuple(found.shape)} for {tokens} tokens")
    return found


def make_positions(config: Any) -> "Tensor":
    """Return the fixed positions of a network whose file has none, shape [1, tokens, width].

    Sines and cosines over the running number of the token. Where a token is one frame deep, as in UMT, they
    are those of 8 frames, stretched linearly in time to all frames.
    """
    import torch

    patches = (config.image_size // config.patch_size) ** 2
    depth = config.num_frames // config.tubelet_size
    if config.tubelet_size > 1:
        return make_waves(depth * patches, config.hidden_size)[None]
    taught = make_waves(TAUGHT * patches, config.hidden_size).reshape(TAUGHT, -1)
    stretched = torch.nn.functional.interpolate(taught.T[None], size=depth, mode="linear")
    return stretched[0].T.reshape(1, depth * patches, config.hidden_size)


def make_waves(count: int, width: int) -> "Tensor":
    """Return sines (even columns) and cosines (odd ones) of positions, shape [count, width].

    Source: Vaswani et al., Attention is all you need, 2017, section 3.5.
    """
    import torch

    columns = torch.arange(width, dtype=torch.float64)
    angles = torch.arange(count, dtype=torch.float64)[:, None] / 10000 ** ((columns - columns % 2) / width)
    return torch.where(columns % 2 == 0, angles.sin(), angles.cos()).float()


def _plain(tensors: "Mapping[str, Tensor]") -> "dict[str, Tensor]":
    """Return tensors under the authors' names."""
    return {_replace(name, MMACTION): tensor for name, tensor in tensors.items()}


def _replace(name: str, parts: Mapping[str, str]) -> str:
    for old, new in parts.items():
        # A part begins where a name or one of its components does: fc_norm1 is no norm1.
        name = re.sub(rf"(^|\.){re.escape(old)}", rf"\g<1>{new}", name)
    return name
