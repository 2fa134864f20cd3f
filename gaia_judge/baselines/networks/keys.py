"""Keys: official checkpoints brought under the names that networks have here."""

from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor, nn

from gaia_judge.errors import GaiaJudgeError

CONTAINERS = ("state_dict", "model_state", "model")
"""Keys under which training code keeps weights beside other things."""


def load_official(
    network: nn.Module, tensors: Mapping[str, Any], rename: Callable[[str], str | None] = lambda name: name
) -> None:
    """Load an official checkpoint into a network: each tensor needs a place, each place a tensor.

    Counters of batches may be missing: torch before 0.4.1 wrote none, and nothing reads them.

    Args:
        network: Where they go.
        tensors: The checkpoint, or what it holds under one of ``CONTAINERS``; a common ``module.`` is cut.
        rename: Returns the name here of an official one, or None for what is deliberately left out.

    Raises:
        GaiaJudgeError: Names or shapes differ.
    """
    found = {new: tensor for name, tensor in unwrapped(tensors).items() if (new := rename(name)) is not None}
    wanted = network.state_dict()
    counters = {name for name in wanted if name.endswith("num_batches_tracked")}
    wrong = [f"{name} is missing" for name in sorted(wanted.keys() - found.keys() - counters)]
    wrong += [f"{name} is unknown" for name in sorted(found.keys() - wanted.keys())]
    wrong += [
        f"{name} is {tuple(found[name].shape)}, not {tuple(wanted[name].shape)}"
        for name in sorted(wanted.keys() & found.keys())
        if found[name].shape != wanted[name].shape
    ]
    if wrong:
        what = f"These weights are not of {type(network).__name__}: {'; '.join(wrong[:3])}"
        raise GaiaJudgeError(
            what + (f" and {len(wrong) - 3} more." if len(wrong) > 3 else "."), "Check the file."
        )
    network.load_state_dict(found, strict=False)


def unwrapped(tensors: Mapping[str, Any]) -> dict[str, Tensor]:
    """Return the tensors of a checkpoint alone, without what training code wraps them in."""
    for container in CONTAINERS:
        if isinstance(inside := tensors.get(container), Mapping):
            return unwrapped(inside)
    prefix = "module." if tensors and all(name.startswith("module.") for name in tensors) else ""
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items()}
