"""What the checkpoints read and write: special tokens, chat templates, and a small byte-level BPE."""

import json
import re
from typing import Any, Literal

from gaia_judge.assets import shipped

Kind = Literal["llava-onevision", "qwen2.5-vl"]

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


CORPUS = ("independent", "scales", "syllogism", "syllogism-form", "syllogism-reasoned", "vqascore")
"""Folders of shipped prompts that the tokenizer is fitted to: those under which the seeds were chosen."""


def build_tokenizer(kind: Kind) -> Any:
    """Return a byte-level BPE fitted to shipped prompts, in which a digit is one token."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers
    from transformers import Qwen2Tokenizer

    files = sorted(file for name in CORPUS for file in (shipped() / "prompts" / name).rglob("*.*"))
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


def rating_tokens(tokenizer: Any) -> list[tuple[int, float, bool]]:
    """Return (token, level, plain or not) for each spelling of a rating that is one token."""
    found: dict[int, tuple[float, bool]] = {}
    for text, level in LEVELS.items():
        for spelling in (text, f" {text}", text.lower()):
            tokens = tokenizer.encode(spelling)
            if len(tokens) == 1:
                found.setdefault(tokens[0], (level, spelling == text))
    return [(token, level, plain) for token, (level, plain) in found.items()]
