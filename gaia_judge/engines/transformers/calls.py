"""How transformers is called: device, number format, sampling, prompts that go on into a label."""

from collections.abc import Mapping, Sequence
from typing import Any

from gaia_judge.engines import Draws, Form, Text
from gaia_judge.engines.conversations import Conversations
from gaia_judge.engines.tokens import Path
from gaia_judge.errors import EngineError

BATCH = 8
"""Requests answered in one forward pass, unless ``batch_size`` says otherwise."""


def generation(ask: Draws | Text | Form, conversations: Conversations) -> dict[str, Any]:
    """Return how ``generate`` samples, and how long it may go on.

    What a checkpoint's own generation_config sets, such as Qwen's repetition penalty, is undone.
    """
    plain = {"repetition_penalty": 1.0, "no_repeat_ngram_size": 0}
    if isinstance(ask, Text):
        return {**plain, "do_sample": False, "max_new_tokens": ask.max_tokens}
    hot = {"do_sample": True, "temperature": ask.temperature, "top_k": 0, "top_p": 1.0}
    sampling = hot if ask.temperature > 0 else {"do_sample": False}
    count = {"num_return_sequences": ask.count} if isinstance(ask, Draws) and ask.count > 1 else {}
    return {**plain, **sampling, **count, "max_new_tokens": conversations.longest(ask)}


def extended(inputs: Any, nodes: Sequence[Path]) -> Any:
    """Append the first tokens of a label to each row; all nodes have one length."""
    import torch

    if not nodes[0]:
        return inputs
    more = torch.tensor(nodes)
    shape = inputs["input_ids"].shape
    for name, value in list(inputs.items()):
        if name == "input_ids":
            inputs[name] = torch.cat([value, more], 1)
        elif getattr(value, "shape", None) == shape:  # masks and token types, one per token
            fill = torch.ones_like(more) if name == "attention_mask" else torch.zeros_like(more)
            inputs[name] = torch.cat([value, fill.to(value.dtype)], 1)
    return inputs


def pick_device() -> str:
    """Return the fastest device: CUDA, an Apple GPU, or the CPU."""
    import torch

    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def pick_dtype(wanted: str, device: str) -> Any:
    """Return the number format; ``auto`` is bfloat16 on CUDA and float32 elsewhere."""
    import torch

    if wanted == "auto":
        wanted = "bfloat16" if device == "cuda" else "float32"
    return getattr(torch, wanted)


def pick_batch_size(arguments: Mapping[str, Any]) -> int:
    """Return how many requests share a forward pass at most: 8 unless ``batch_size`` says otherwise.

    Raises:
        EngineError: It is no such number, or there is another argument.
    """
    size = arguments.get("batch_size", BATCH)
    if set(arguments) <= {"batch_size"} and isinstance(size, int) and size >= 1:
        return size
    given = ", ".join(f"{name}={value}" for name, value in arguments.items())
    raise EngineError(
        f"transformers cannot use the engine arguments {given}.", "It takes one: batch_size, 1 or more."
    )
