"""Muon in single precision: torch's own works in bfloat16, which processors without it emulate slowly."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from torch import Tensor

QUINTIC = (3.4445, -4.775, 2.0315)
"""Coefficients of the iteration that drives singular values towards 1 (Jordan et al., Muon, 2024)."""


class Muon(torch.optim.Optimizer):
    """Steps along the orthogonal factor of the momentum of each matrix.

    Steps are scaled to the size that Adam's have, so one learning rate serves matrices of all shapes
    (Liu et al., Muon is scalable for LLM training, 2025).
    """

    def __init__(
        self, matrices: Iterable["Tensor"], lr: float, momentum: float = 0.95, decay: float = 0.01
    ) -> None:
        super().__init__(matrices, {"lr": lr, "momentum": momentum, "decay": decay})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """Take one step; matrices of one shape go through the iteration together."""
        for group in self.param_groups:
            shapes: dict[tuple[int, ...], list[Tensor]] = {}
            for matrix in group["params"]:
                if matrix.grad is not None:
                    shapes.setdefault(tuple(matrix.shape), []).append(matrix)
            for shape, matrices in shapes.items():
                ways = torch.stack([self._way(one, one.grad, group["momentum"]) for one in matrices])
                size = 0.2 * max(shape) ** 0.5 * group["lr"]
                for matrix, way in zip(matrices, orthogonal(ways), strict=True):
                    matrix.mul_(1 - group["lr"] * group["decay"]).sub_(way, alpha=size)

    def _way(self, matrix: "Tensor", gradient: Any, momentum: float) -> "Tensor":
        kept: Tensor = self.state[matrix].setdefault("momentum", torch.zeros_like(matrix))
        kept.lerp_(gradient, 1 - momentum)
        way: Tensor = gradient.lerp(kept, momentum)
        return way


def orthogonal(batch: "Tensor", rounds: int = 5) -> "Tensor":
    """Return matrices [count, rows, columns] with their singular values driven close to 1."""
    tall = batch.shape[-2] > batch.shape[-1]
    x: Tensor = batch.mT if tall else batch
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    a, b, c = QUINTIC
    for _ in range(rounds):
        square = x @ x.mT
        x = a * x + (b * square + c * square @ square) @ x
    return x.mT if tall else x
