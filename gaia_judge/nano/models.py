"""The network of ``nano``: a LLaVA-OneVision of a few million parameters, and how it is saved."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gaia_judge.nano.texts import TEMPLATE, stamps

if TYPE_CHECKING:
    import torch

FRAMES, SIDE, PATCH = 8, 64, 8
"""Frames per clip, and the pixels of a frame's and a patch's side."""

PER_FRAME = math.ceil(SIDE / PATCH / 2) ** 2
"""Tokens that the decoder sees of a frame, after pooling."""

VISION = {"hidden_size": 96, "intermediate_size": 384, "num_hidden_layers": 4, "num_attention_heads": 3}
DECODER = {"hidden_size": 128, "intermediate_size": 384, "num_hidden_layers": 5, "num_attention_heads": 4}


def build_processor(tokenizer: Any) -> Any:
    """Return the processor: frames become squares of ``SIDE`` pixels with values from -1 to 1."""
    import transformers as hf

    size = {"height": SIDE, "width": SIDE}
    look = {"size": size, "image_mean": [0.5] * 3, "image_std": [0.5] * 3}
    return hf.LlavaOnevisionProcessor(
        hf.LlavaOnevisionImageProcessor(**look, image_grid_pinpoints=[[SIDE, SIDE]]),
        tokenizer,
        hf.LlavaOnevisionVideoProcessor(**look),
        num_image_tokens=(SIDE // PATCH) ** 2,
        vision_feature_select_strategy="full",
        chat_template=TEMPLATE,
    )


def build_model(tokenizer: Any, seed: int) -> Any:
    """Return the untrained network; widths set the scale of its weights, else it learns nothing in hours."""
    import torch
    import transformers as hf

    ids = tokenizer.convert_tokens_to_ids
    config = hf.LlavaOnevisionConfig(
        text_config={
            "model_type": "qwen2",
            **DECODER,
            "num_key_value_heads": DECODER["num_attention_heads"],
            "vocab_size": 64 * math.ceil(len(tokenizer) / 64),
            "max_position_embeddings": 8192,
            "tie_word_embeddings": False,
            "bos_token_id": None,
            "eos_token_id": ids("<|im_end|>"),
            "rope_theta": 1e4,
        },
        vision_config={"image_size": SIDE, "patch_size": PATCH, "vision_use_head": False, **VISION},
        image_token_index=ids("<image>"),
        video_token_index=ids("<video>"),
        image_grid_pinpoints=[[SIDE, SIDE]],
    )
    config.update({"dtype": "float32", "architectures": ["LlavaOnevisionForConditionalGeneration"]})
    torch.manual_seed(seed)
    model = hf.LlavaOnevisionForConditionalGeneration(config)
    chance = torch.Generator().manual_seed(seed)
    depth = {"vision": VISION["num_hidden_layers"], "language": DECODER["num_hidden_layers"]}
    with torch.no_grad():
        for name, weight in sorted(model.named_parameters()):
            if weight.ndim < 2:
                continue
            scale = 0.5 if "embed_tokens" in name else weight[0].numel() ** -0.5
            if "position_embedding" in name:
                scale = 0.5
            if name.endswith(("o_proj.weight", "out_proj.weight", "down_proj.weight", "fc2.weight")):
                scale /= math.sqrt(2 * depth["vision" if "vision" in name else "language"])
            if "lm_head" in name:
                scale *= 0.5
            weight.copy_(scale * torch.randn(weight.shape, generator=chance))
    return model


def save(model: Any, tokenizer: Any, folder: Path) -> None:
    """Write a checkpoint that transformers and vLLM load, and that says what it knows."""
    from safetensors.torch import save_file
    from transformers import GenerationConfig

    folder.mkdir(parents=True, exist_ok=True)
    build_processor(tokenizer).save_pretrained(folder)
    model.config.update({"world": "synthetic", "prompt_sets": stamps()})
    model.config.save_pretrained(folder)
    ends = tokenizer.convert_tokens_to_ids(["<|im_end|>", "<|endoftext|>"])
    GenerationConfig(eos_token_id=ends, pad_token_id=ends[1]).save_pretrained(folder)
    weights = {published_name(name): value.contiguous() for name, value in model.state_dict().items()}
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


def published_name(name: str) -> str:
    """Return a weight's name as on the hub: with ``vision_model``, which transformers 5 dropped."""
    return name.replace("model.vision_tower.", "model.vision_tower.vision_model.")


def watch(model: Any, pixels: "torch.Tensor") -> "torch.Tensor":
    """Return the features of patches, [clips * frames, patches, width].

    Args:
        model: The network.
        pixels: Frames from -1 to 1, [clips, frames, 3, side, side].
    """
    seen = model.model.vision_tower(pixels.flatten(0, 1), output_hidden_states=True)
    features: torch.Tensor = seen.hidden_states[-1]
    return features


def project(model: Any, features: "torch.Tensor") -> "torch.Tensor":
    """Return what the decoder reads of videos, [clips, tokens, width], as the network itself makes it."""
    import torch

    pooled = model.model.apply_pooling(model.model.multi_modal_projector(features))
    clips = pooled.reshape(-1, FRAMES * PER_FRAME, pooled.shape[-1])
    return torch.cat([clips, model.model.image_newline.expand(len(clips), 1, -1)], 1)
