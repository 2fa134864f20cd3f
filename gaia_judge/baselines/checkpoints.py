"""Checkpoints of trainings: safetensors files that hold numbers only, written whole or not at all."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gaia_judge.scores.files import replacing

if TYPE_CHECKING:
    from torch import Tensor
    from torch.optim import Optimizer

Parts = Mapping[str, Mapping[str, "Tensor"]]
"""Tensors by name, of each part of a training."""


def write_parts(file: Path, parts: Parts, told: Mapping[str, Any]) -> None:
    """Write tensors, and JSON values beside them.

    Raises:
        GaiaJudgeError: The disk is full, or the folder cannot be written.
    """
    from safetensors.torch import save

    # Cloned, because weights that are shared between parts may not be written twice.
    flat = {
        f"{part}|{name}": tensor.detach().clone().contiguous()
        for part, tensors in parts.items()
        for name, tensor in tensors.items()
    }
    with replacing(file) as stream:
        stream.write(save(flat, {"told": json.dumps(told)}))


def read_parts(file: Path) -> tuple[dict[str, dict[str, "Tensor"]], dict[str, Any]]:
    """Return what ``write_parts`` wrote, or nothing if the file is damaged."""
    from safetensors import SafetensorError, safe_open

    parts: dict[str, dict[str, Tensor]] = {}
    try:
        with safe_open(file, "pt") as opened:
            for key in opened.keys():  # noqa: SIM118 - it is no mapping
                part, _, name = key.partition("|")
                parts.setdefault(part, {})[name] = opened.get_tensor(key)
            return parts, dict(json.loads((opened.metadata() or {})["told"]))
    except (OSError, SafetensorError, KeyError, ValueError):
        return {}, {}


def flat_state(optimiser: "Optimizer") -> dict[str, "Tensor"]:
    """Return an optimiser's moments and counters as tensors under ``WEIGHT.NAME``."""
    import torch

    return {
        f"{weight}.{name}": torch.as_tensor(value)
        for weight, moments in optimiser.state_dict()["state"].items()
        for name, value in moments.items()
        if value is not None
    }


def refill(optimiser: "Optimizer", tensors: Mapping[str, "Tensor"]) -> None:
    """Give an optimiser back what ``flat_state`` returned."""
    state: dict[int, dict[str, Any]] = {}
    for key, tensor in tensors.items():
        weight, _, name = key.partition(".")
        state.setdefault(int(weight), {})[name] = tensor
    optimiser.load_state_dict({**optimiser.state_dict(), "state": state})
