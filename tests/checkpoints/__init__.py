"""Small random checkpoints of real architectures: they run everywhere, and their answers mean nothing.

``python -m tests.checkpoints llava-onevision FOLDER`` writes about 2 MB that transformers and vLLM load like
the published model. Weights are random, but so arranged (``tests.checkpoints.weights``) that ratings spread
over the scale and follow the clip, the order of its frames and the ratings given before. ``config.json``
says ``"random_weights": true``.
"""

from pathlib import Path
from typing import Any

from gaia_judge.nano.models import published_name
from tests.checkpoints.clips import make_clip
from tests.checkpoints.texts import TEMPLATE, Kind, build_tokenizer
from tests.checkpoints.weights import random_model, sharpen

__all__ = ["Kind", "build", "make_clip"]

ARCHITECTURES: dict[Kind, str] = {
    "llava-onevision": "LlavaOnevisionForConditionalGeneration",
    "qwen2.5-vl": "Qwen2_5_VLForConditionalGeneration",
}

SEEDS: dict[Kind, int] = {"llava-onevision": 17, "qwen2.5-vl": 45}
"""Seeds under which ratings spread well over small sets of clips."""


def build(kind: Kind, folder: Path, seed: int | None = None) -> Path:
    """Write a checkpoint into ``folder`` and return the folder; the same seed gives the same bytes."""
    import torch
    from safetensors.torch import save_file
    from transformers import GenerationConfig

    processor = _processor(kind)
    config = _config(kind, processor.tokenizer)
    with torch.no_grad():
        model = random_model(config, processor, SEEDS[kind] if seed is None else seed)
        sharpen(model, processor)
    folder.mkdir(parents=True, exist_ok=True)
    processor.save_pretrained(folder)
    config.save_pretrained(folder)
    ends = processor.tokenizer.convert_tokens_to_ids(["<|im_end|>", "<|endoftext|>"])
    GenerationConfig(eos_token_id=ends, pad_token_id=ends[1]).save_pretrained(folder)
    weights = {published_name(name): value.contiguous() for name, value in model.state_dict().items()}
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def _processor(kind: Kind) -> Any:
    """Return the processor, with frames of 84 x 84 pixels, or as many at another shape (Qwen)."""
    import transformers as hf

    tokenizer = build_tokenizer(kind)
    if kind == "llava-onevision":
        size = {"height": 84, "width": 84}
        return hf.LlavaOnevisionProcessor(
            hf.LlavaOnevisionImageProcessor(size=size, image_grid_pinpoints=[[84, 84], [84, 168], [168, 84]]),
            tokenizer,
            hf.LlavaOnevisionVideoProcessor(size=size),
            num_image_tokens=36,
            vision_feature_select_strategy="full",
            chat_template=TEMPLATE[kind],
        )
    size = {"shortest_edge": 56 * 56, "longest_edge": 84 * 84}
    return hf.Qwen2_5_VLProcessor(
        hf.Qwen2VLImageProcessor(size=size),
        tokenizer,
        hf.Qwen2VLVideoProcessor(size=size, cap_pixels_per_frame=False),
        chat_template=TEMPLATE[kind],
    )


def _config(kind: Kind, tokenizer: Any) -> Any:
    """Return the configuration: 2 layers of width 64, heads of 32 (vLLM on a CPU takes no narrower)."""
    import transformers as hf

    ids = tokenizer.convert_tokens_to_ids
    small = {"hidden_size": 64, "intermediate_size": 128}
    text: dict[str, Any] = {
        **small,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 2,
    }
    text |= {"vocab_size": len(tokenizer), "max_position_embeddings": 32768, "tie_word_embeddings": False}
    text |= {"bos_token_id": None, "eos_token_id": ids("<|im_end|>"), "rope_theta": 1e4}
    config: Any
    if kind == "llava-onevision":
        vision = {"image_size": 84, "patch_size": 14, "vision_use_head": False, "num_hidden_layers": 2}
        config = hf.LlavaOnevisionConfig(
            text_config={"model_type": "qwen2", **text},
            vision_config={**small, **vision, "num_attention_heads": 2},
            image_token_index=ids("<image>"),
            video_token_index=ids("<video>"),
            image_grid_pinpoints=[[84, 84], [84, 168], [168, 84]],
        )
    else:
        vision = {"depth": 2, "num_heads": 2, "out_hidden_size": 64, "tokens_per_second": 3}
        config = hf.Qwen2_5_VLConfig(
            text_config={**text, "rope_scaling": {"type": "mrope", "mrope_section": [4, 6, 6]}},
            vision_config={**small, **vision, "fullatt_block_indexes": [1], "window_size": 56},
            **{f"{name}_token_id": ids(f"<|{name}_pad|>") for name in ("image", "video")},
            **{f"vision_{name}_token_id": ids(f"<|vision_{name}|>") for name in ("start", "end")},
        )
    config.update({"random_weights": True, "dtype": "float32", "architectures": [ARCHITECTURES[kind]]})
    return config
