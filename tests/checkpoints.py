"""Small random checkpoints of real architectures: they run everywhere, and their answers mean nothing.

``python -m tests.checkpoints llava-onevision FOLDER`` writes about 2 MB that transformers and vLLM load like
the published model. Weights are random, but the output rows of rating words, digits, yes and no lie
along the directions in which the last hidden state varies between clips and between frame orders, so that
ratings spread over the scale and a wrong frame or order changes them. ``config.json`` says
``"random_weights": true``.
"""

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from gaia_judge.assets import shipped
from gaia_judge.prompts import load_prompt_set
from gaia_judge.videos import Video

if TYPE_CHECKING:
    import torch

Kind = Literal["llava-onevision", "qwen2.5-vl"]

ARCHITECTURES: dict[Kind, str] = {
    "llava-onevision": "LlavaOnevisionForConditionalGeneration",
    "qwen2.5-vl": "Qwen2_5_VLForConditionalGeneration",
}

SPECIAL: dict[Kind, tuple[str, ...]] = {
    "llava-onevision": ("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<image>", "<video>"),
    "qwen2.5-vl": (
        *("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>"),
        *("<|vision_pad|>", "<|image_pad|>", "<|video_pad|>"),
    ),
}

# Both as the published models write a conversation. LLaVA's shows only parts: a plain string vanishes.
TEMPLATE: dict[Kind, str] = {
    "llava-onevision": (
        "{% for message in messages %}{{ '<|im_start|>' + message['role'] + ' ' }}"
        "{% for part in message['content'] if part['type'] == 'image' %}{{ '<image>' }}{% endfor %}"
        "{% for part in message['content'] if part['type'] == 'video' %}{{ '<video>' }}{% endfor %}"
        "{% for part in message['content'] if part['type'] == 'text' %}{{ '\\n' + part['text'] }}{% endfor %}"
        "{{ '<|im_end|>' }}{% endfor %}"
        "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
    ),
    "qwen2.5-vl": (
        "{% for message in messages %}{% if loop.first and message['role'] != 'system' %}"
        "{{ '<|im_start|>system\\nYou are a helpful assistant.<|im_end|>\\n' }}{% endif %}"
        "{{ '<|im_start|>' + message['role'] + '\\n' }}"
        "{% if message['content'] is string %}{{ message['content'] }}{% else %}"
        "{% for part in message['content'] %}"
        "{% if part['type'] == 'image' %}{{ '<|vision_start|><|image_pad|><|vision_end|>' }}"
        "{% elif part['type'] == 'video' %}{{ '<|vision_start|><|video_pad|><|vision_end|>' }}"
        "{% else %}{{ part['text'] }}{% endif %}{% endfor %}{% endif %}"
        "{{ '<|im_end|>\\n' }}{% endfor %}"
        "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
    ),
}

LEVELS: dict[str, float] = {
    **{"Bad": -1.0, "Poor": -0.5, "Fair": 0.0, "Good": 0.5, "Excellent": 1.0, "No": -1.0, "Yes": 1.0},
    **{str(digit): digit / 4.5 - 1 for digit in range(10)},
}
"""Where a token leans, from worst to best."""

GAIN: dict[Kind, float] = {"llava-onevision": 2.0, "qwen2.5-vl": 1.5}
"""How sharply ratings follow the clip: spread over the scale, but not pinned to its ends."""

LIFT = 10.0
"""How far rating tokens stand above all others."""


def make_clip(seed: int, frames: int = 8, height: int = 96, width: int = 96) -> NDArray[np.uint8]:
    """Return a clip of a blob that moves over a striped ground: RGB, shape [frames, height, width, 3]."""
    rng = np.random.default_rng(seed)
    time, y, x = np.ix_(np.linspace(0, 1, frames), np.linspace(-1, 1, height), np.linspace(-1, 1, width))
    (y0, x0), (y1, x1), tilt = rng.uniform(-1, 1, (3, 2))
    blob = np.exp(-4 * ((x - x0 - (x1 - x0) * time) ** 2 + (y - y0 - (y1 - y0) * time) ** 2))
    stripes = np.sin(rng.uniform(2, 9) * (tilt[0] * x + tilt[1] * y) + 3 * time)
    ground, light, paint = rng.uniform(0, 255, (3, 3))
    ground = ground + np.expand_dims(0.3 + 0.3 * stripes, -1) * (light - ground)
    return (ground + np.expand_dims(blob, -1) * (paint - ground)).astype(np.uint8)


def build(kind: Kind, folder: Path, seed: int = 0) -> Path:
    """Write a checkpoint into ``folder`` and return the folder; the same seed gives the same bytes."""
    import torch
    from safetensors.torch import save_file
    from transformers import GenerationConfig

    processor = _processor(kind)
    config = _config(kind, processor.tokenizer)
    with torch.no_grad():
        model = _model(config, seed)
        _sharpen(model, processor, GAIN[kind])
    folder.mkdir(parents=True, exist_ok=True)
    processor.save_pretrained(folder)
    config.save_pretrained(folder)
    ends = processor.tokenizer.convert_tokens_to_ids(["<|im_end|>", "<|endoftext|>"])
    GenerationConfig(eos_token_id=ends, pad_token_id=ends[1]).save_pretrained(folder)
    weights = _published_names(kind, model.state_dict())
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def _published_names(kind: Kind, state: dict[str, "torch.Tensor"]) -> dict[str, "torch.Tensor"]:
    """Name SigLIP's weights as the hub does: with ``vision_model``, which transformers 5 dropped."""
    old, new = "model.vision_tower.", "model.vision_tower.vision_model."
    renamed = kind == "llava-onevision"
    return {name.replace(old, new) if renamed else name: value.contiguous() for name, value in state.items()}


def _tokenizer(kind: Kind) -> Any:
    """Return a byte-level BPE fitted to the shipped prompts, in which a digit is one token."""
    import json

    from tokenizers import Tokenizer, models, pre_tokenizers, trainers
    from transformers import Qwen2Tokenizer

    files = sorted((shipped() / "prompts").rglob("*.*"))
    corpus = [file.read_text(encoding="utf-8") for file in files]
    corpus += [" ".join([word, word.lower()] * 20) for word in LEVELS if len(word) > 1]
    trainer = trainers.BpeTrainer(
        vocab_size=1500, initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()), show_progress=False
    )
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.train_from_iterator((re.sub(r"\d", " ", text) for text in corpus), trainer)
    learned = json.loads(bpe.to_str())["model"]
    return Qwen2Tokenizer(
        vocab=learned["vocab"],
        merges=[tuple(merge) for merge in learned["merges"]],
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        extra_special_tokens=list(SPECIAL[kind]),
    )


def _processor(kind: Kind) -> Any:
    """Return the processor, with frames of 84 x 84 pixels, or as many at another shape (Qwen)."""
    import transformers as hf

    tokenizer = _tokenizer(kind)
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
    text = {**small, "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 2}
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
        vision = {"depth": 2, "num_heads": 2, "out_hidden_size": 64, "tokens_per_second": 2}
        config = hf.Qwen2_5_VLConfig(
            text_config={**text, "rope_scaling": {"type": "mrope", "mrope_section": [4, 6, 6]}},
            vision_config={**small, **vision, "fullatt_block_indexes": [1], "window_size": 56},
            **{f"{name}_token_id": ids(f"<|{name}_pad|>") for name in ("image", "video")},
            **{f"vision_{name}_token_id": ids(f"<|vision_{name}|>") for name in ("start", "end")},
        )
    config.update({"random_weights": True, "dtype": "float32", "architectures": [ARCHITECTURES[kind]]})
    return config


def _model(config: Any, seed: int) -> Any:
    """Return the model with random weights.

    Large biases of queries and keys make attention depend on distance, and so on the order of frames.
    """
    import torch
    import transformers as hf

    model = getattr(hf, config.architectures[0])(config).eval()
    chance = torch.Generator().manual_seed(seed)
    for name, weight in sorted(model.state_dict().items()):
        if "norm" not in name:
            loud = 2.5 if "o_proj" in name or "down_proj" in name else 1.0
            place = 2.0 if "language_model" in name and ("q_proj" in name or "k_proj" in name) else 0.1
            wide = 0.3 if "embed_tokens" in name else loud * weight[0].numel() ** -0.5
            scale = place if weight.ndim < 2 else wide
            weight.copy_(scale * torch.randn(weight.shape, generator=chance))
    return model


def _sharpen(model: Any, processor: Any, gain: float) -> None:
    """Lay the rows of rating tokens along what the last hidden state tells of the clip and of frame order."""
    import torch

    states = torch.stack([_states(model, processor, seed) for seed in range(1, 9)])  # clip, order, turn, 64
    mean = states.mean((0, 1, 2))
    level = states - states.mean((0, 1), keepdim=True)
    clip = _first_direction(level.mean(1))
    clip /= (level @ clip).std()
    turned = level[:, 0] - level[:, 1]
    order = _first_direction(turned - (turned @ clip)[..., None] * clip / clip.square().sum())
    order /= (turned @ order).std()
    lean = clip + 2 * order
    base = LIFT * mean / mean.square().sum()
    basis = torch.linalg.qr(states.mean((0, 1)).T).Q  # so that no turn stands at one end of the scale
    lean -= basis @ (basis.T @ lean)
    lean /= (level @ lean).std()
    for text, height in LEVELS.items():
        for spelling in {text, f" {text}", text.lower()}:
            tokens = processor.tokenizer.encode(spelling)
            if len(tokens) == 1:
                quiet = 0.0 if spelling == text else 2.0
                model.lm_head.weight[tokens[0]] = (1 - quiet / LIFT) * base + gain * height * lean


def _first_direction(states: "torch.Tensor") -> "torch.Tensor":
    """Return the unit vector along which states vary most, [64] from [..., 64]."""
    import torch

    flat = states.flatten(0, -2)
    return torch.linalg.svd(flat - flat.mean(0), full_matrices=False).Vh[0]


def _states(model: Any, processor: Any, seed: int) -> "torch.Tensor":
    """Return last hidden states [frame order 2, turn 3, 64] of a clip under the shipped questions."""
    import torch

    prompt = load_prompt_set("syllogism")
    video = Video(id="clip", path=Path("clip.mp4"), action=f"action {seed}")
    asked = [prompt.question(one, video, first=n == 0)[n == 0 :] for n, one in enumerate(prompt.dimensions)]
    found = []
    for step in (1, -1):
        for turns in (1, 2, 3):
            messages: list[dict[str, Any]] = []
            for place, question in enumerate(asked[:turns]):
                messages.append({"role": "user", "content": [{"type": "text", "text": question}]})
                said = {
                    "role": "assistant",
                    "content": [{"type": "text", "text": ("Good", "Fair", "")[place]}],
                }
                messages += [said] if place < turns - 1 else []
            messages[0]["content"].insert(0, {"type": "video"})
            inputs = processor(
                text=[processor.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)],
                videos=[make_clip(seed)[::step].copy()],
                video_metadata=[{"total_num_frames": 8, "fps": 8.0, "frames_indices": list(range(8))}],
                do_sample_frames=False,
                return_tensors="pt",
            )
            found.append(model.model(**inputs).last_hidden_state[0, -1])
    return torch.stack(found).view(2, 3, -1)


if __name__ == "__main__":
    print(build(sys.argv[1], Path(sys.argv[2])))  # type: ignore[arg-type]
