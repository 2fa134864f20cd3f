"""What tests of networks share: official lists of keys, random weights, and gradients."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import Tensor, nn

DATA = Path(__file__).parent / "data"


def official(name: str) -> dict[str, Tensor]:
    """Return tensors without content that have the names and shapes of an official checkpoint."""
    lines = [line.split() for line in (DATA / f"{name}.keys").read_text().splitlines() if line[:1] != "#"]
    return {
        key: torch.empty([int(size) for size in sizes[0].split("x")] if sizes else [], device="meta")
        for key, *sizes in lines
    }


def count(network: nn.Module) -> int:
    """Return how many numbers a network learns."""
    return sum(parameter.numel() for parameter in network.parameters())


def without_gradient(network: nn.Module, loss: Tensor) -> list[str]:
    """Return the parameters that a loss does not reach, or reaches with something that is no number."""
    network.zero_grad()
    loss.backward()
    return [
        name
        for name, parameter in network.named_parameters()
        if parameter.grad is None or not parameter.grad.isfinite().all() or not parameter.grad.abs().sum() > 0
    ]


def stirred(network: nn.Module, seed: int = 0) -> nn.Module:
    """Return a network whose every number is random, those of its normalisations included; in evaluation."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, tensor in network.state_dict().items():
            if tensor.is_floating_point() and not name.startswith("adj"):
                drawn = torch.randn(tensor.shape, generator=generator)
                if tensor.ndim > 1:
                    tensor.copy_(drawn * (2 / tensor[0].numel()) ** 0.5)
                else:
                    positive = name.endswith(("weight", "running_var"))
                    tensor.copy_(0.5 + drawn.abs() if positive else 0.2 * drawn)
    return network.eval()


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch compute in one thread: faster for many small steps where others use the cores too."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
