"""A tiny random LLaVA-1.5, which reads single pictures: it loads like the published one and means nothing."""

from pathlib import Path

from tests.checkpoints.texts import TEMPLATE, build_tokenizer


def build_llava(folder: Path, seed: int = 0) -> Path:
    """Write a checkpoint of LlavaForConditionalGeneration that reads 28 x 28 pixels; return the folder."""
    import torch
    import transformers as hf
    from safetensors.torch import save_file

    tokenizer = build_tokenizer("llava-onevision")
    image = tokenizer.convert_tokens_to_ids("<image>")
    processor = hf.LlavaProcessor(
        hf.CLIPImageProcessor(size={"shortest_edge": 28}, crop_size={"height": 28, "width": 28}),
        tokenizer,
        patch_size=14,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=TEMPLATE["llava-onevision"],
    )
    small = {"hidden_size": 64, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
    config = hf.LlavaConfig(
        text_config={
            "model_type": "llama",
            **small,
            "vocab_size": len(tokenizer),
            "max_position_embeddings": 4096,
        },
        vision_config={
            "model_type": "clip_vision_model",
            **small,
            "image_size": 28,
            "patch_size": 14,
            "projection_dim": 64,
        },
        image_token_index=image,
    )
    torch.manual_seed(seed)
    model = hf.LlavaForConditionalGeneration(config)
    with torch.no_grad():  # so that answers follow the picture
        for weight in model.parameters():
            weight.mul_(4 if weight.ndim > 1 else 1)
    config.update(
        {"random_weights": True, "dtype": "float32", "architectures": ["LlavaForConditionalGeneration"]}
    )
    config.save_pretrained(folder)
    ends = tokenizer.convert_tokens_to_ids(["<|im_end|>", "<|endoftext|>"])
    hf.GenerationConfig(eos_token_id=ends, pad_token_id=ends[1]).save_pretrained(folder)
    processor.save_pretrained(folder)
    weights = {published(name): weight.contiguous() for name, weight in model.state_dict().items()}
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def published(name: str) -> str:
    """Return a weight's name in llava-hf/llava-1.5-7b-hf, whose files are older than transformers 5."""
    for ours, theirs in [
        ("lm_head", "language_model.lm_head"),
        ("model.language_model.", "language_model.model."),
        ("model.vision_tower.", "vision_tower.vision_model."),
        ("model.multi_modal_projector.", "multi_modal_projector."),
    ]:
        if name.startswith(ours):
            return theirs + name.removeprefix(ours)
    raise AssertionError(name)
