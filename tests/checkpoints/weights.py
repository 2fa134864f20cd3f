"""Random weights under which ratings follow the clip, its frames' order and the ratings given before."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from gaia_judge.prompts import load_prompt_set
from gaia_judge.videos import Video
from tests.checkpoints.clips import make_clip
from tests.checkpoints.texts import rating_tokens

if TYPE_CHECKING:
    import torch

LIFT = 10.0
"""How far rating tokens stand above all others."""

GAIN = 3.5
"""How sharply ratings follow the clip."""

EFFECTS = {1: 1.0, 2: 2.0, 3: 2.0}
"""How much the clip, the order of its frames and the latest rating count, by axis of the last states."""


def random_model(config: Any, processor: Any, seed: int) -> Any:
    """Return the model with random weights, but one head of its last layer watches video, the other ratings.

    Three of the 64 channels have a meaning: 0 holds the level of a rating token, 1 marks video, 2 marks
    a rating word. Other text stays in the upper half of the channels, so that what the heads read does not
    drown in a long prompt. The video's head also reads a position that turns with time: frames weigh
    unequally, and so their order counts.
    """
    import torch
    import transformers as hf

    model = getattr(hf, config.architectures[0])(config).eval()
    chance = torch.Generator().manual_seed(seed)
    for name, weight in sorted(model.state_dict().items()):
        if "norm" not in name:
            weight.copy_(_scale(name, weight) * torch.randn(weight.shape, generator=chance))
    _embed_video(model, processor)
    _embed_ratings(model.model.language_model.embed_tokens.weight, processor.tokenizer)
    slow, turning = {14: 2.0, 15: 2.0}, 3 if config.model_type == "qwen2_5_vl" else 5
    last = model.model.language_model.layers[1].self_attn
    _watch(last, head=0, channel=1, strengths=slow | {turning: 6.0})
    _watch(last, head=1, channel=2, strengths=slow)
    for layer in model.model.language_model.layers:
        layer.self_attn.v_proj.weight[:, 32:] *= 0.1
    last.v_proj.weight[32:, 1:32] *= 0.1
    last.v_proj.weight[32:, 0] *= 5
    return model


def _scale(name: str, weight: "torch.Tensor") -> float:
    """Return a weight's standard deviation: attention is sharp in the vision tower, blurred elsewhere."""
    if weight.ndim < 2:
        return 0.1
    if "embed_tokens" in name or "position_embed" in name:
        return 1.0
    query = any(part in name for part in ("q_proj", "k_proj", "qkv"))
    gain = 2.5 if "o_proj" in name else 1.0 if not query else 1.5 if "vis" in name else 0.6
    return float(gain * weight[0].numel() ** -0.5)


def _embed_video(model: Any, processor: Any) -> None:
    """Standardise each channel of the video's tokens over some clips, and mark them."""
    import torch

    inner = model.model
    layer = inner.visual.merger.mlp[2] if hasattr(inner, "visual") else inner.multi_modal_projector.linear_2
    seen: list[torch.Tensor] = []
    hook = layer.register_forward_hook(lambda module, inputs, output: seen.append(output.flatten(0, -2)))
    _states(model, processor, seed=0)
    hook.remove()
    scale, middle = torch.cat(seen).std(0), torch.cat(seen).mean(0)
    layer.weight /= scale[:, None]
    layer.bias.sub_(middle).div_(scale)
    layer.weight[:3] = 0
    layer.bias[:3] = torch.tensor([0.0, 10.0, 0.0])
    if hasattr(inner, "image_newline"):
        inner.image_newline[:3] = 0


def _embed_ratings(embeddings: "torch.Tensor", tokenizer: Any) -> None:
    """Keep text out of the lower half of the channels, but for the level and mark of rating tokens."""
    embeddings[:, :32] = 0
    for token, level, plain in rating_tokens(tokenizer):
        embeddings[token, 0] = 8 * level
        embeddings[token, 2] = 8 if plain else 0


def _watch(attention: Any, head: int, channel: int, strengths: dict[int, float]) -> None:
    """Let a head of 32 channels attend to tokens marked in ``channel``, whatever the token that asks.

    ``strengths`` are by rotary frequency: 14 and 15 hardly turn over a prompt, lower ones do.
    """
    for frequency, strength in strengths.items():
        attention.q_proj.bias[32 * head + frequency] = strength
        attention.k_proj.weight[32 * head + frequency, channel] = strength


def sharpen(model: Any, processor: Any) -> None:
    """Lay the rows of rating tokens along what the last state tells of clip, frame order and latest rating.

    The first direction decides between worst and best, the second between the ends and the middle. Both are
    chosen for much of these effects against little difference between questions (a discriminant analysis), so
    that no question pins ratings to one end. The mean state lifts rating tokens over all others.
    """
    import torch

    states = torch.stack([_states(model, processor, seed) for seed in range(24)]).double()
    mean = states.mean((0, 1, 2, 3))
    lift = mean / mean.square().sum()
    states -= (states @ mean)[..., None] * lift
    talks = states.mean((1, 2, 3))
    whiten = torch.linalg.inv(torch.linalg.cholesky(talks.T.cov() + 0.005 * torch.eye(64)))
    signal = torch.zeros(64, 64, dtype=torch.double)
    for axis, weight in EFFECTS.items():
        effect = (states - states.mean(axis, keepdim=True)).flatten(0, 3) @ whiten.T
        signal += weight * effect.T.cov() / effect.var(0).sum()
    bend, lean = (whiten.T @ torch.linalg.eigh(signal).eigenvectors[:, -2:]).T
    within = (states - talks[:, None, None, None]).flatten(0, 3)
    # Eigenvectors have no sign of their own: libraries would differ.
    bend, lean = (way / (within @ way).std() * way.sum().sign() for way in (bend, lean))
    bend, lean = (way - (way @ mean) * lift for way in (bend, lean))
    for token, level, plain in rating_tokens(processor.tokenizer):
        row = (LIFT if plain else LIFT - 2) * lift + GAIN * level * lean + (level**2 - 0.5) * bend
        model.lm_head.weight[token] = row.float()


def _states(model: Any, processor: Any, seed: int) -> "torch.Tensor":
    """Return last states at a shipped question: [clip 2, frame order 2, latest rating 2, channel 64]."""
    answers = [([], [latest], ["Fair", latest])[seed % 3] for latest in ("Bad", "Good")]
    texts = [_conversation(processor, f"action {seed}", given) for given in answers]
    clips = [make_clip(100 + 2 * seed + n)[::step].copy() for n in (0, 1) for step in (1, -1) for _ in texts]
    inputs = processor(
        text=texts * 4,
        videos=clips,
        video_metadata=[{"total_num_frames": 8, "fps": 8.0, "frames_indices": list(range(8))}] * len(clips),
        do_sample_frames=False,
        return_tensors="pt",
    )
    states: torch.Tensor = model.model(**inputs).last_hidden_state[:, -1]
    return states.view(2, 2, 2, -1)


def _conversation(processor: Any, action: str, answers: list[str]) -> str:
    """Return the prompt of the question after these answers."""
    prompt, video = load_prompt_set("syllogism"), Video(id="clip", path=Path("clip.mp4"), action=action)
    messages: list[dict[str, Any]] = []
    for place, answer in enumerate([*answers, ""]):
        question = prompt.question(prompt.dimensions[place], video, first=place == 0)[place == 0 :]
        shown = [{"type": "video"}] if place == 0 else []
        messages.append({"role": "user", "content": [*shown, {"type": "text", "text": question}]})
        messages.append({"role": "assistant", "content": [{"type": "text", "text": answer}]})
    return str(processor.apply_chat_template(messages[:-1], tokenize=False, add_generation_prompt=True))
