"""USDL: a score as a distribution over levels."""

import torch
from torch import Tensor, nn


class Usdl(nn.Module):
    """The head of USDL (Tang et al., CVPR 2020): from the mean feature of clips to chances of levels.

    Official size: 1024-256-128-101, 308,325 parameters. Names are those of upstream's ``evaluator``
    (``usdl_name`` cuts that prefix); train it with ``distribution_loss``.

    Compared with upstream (nzl-thu/MUSDL at 205868a), random weights: max difference of logarithms 5e-7.

    Args:
        features: Of a clip, 1024 of I3D.
        hidden: Sizes of the layers between.
        levels: From 0 to the highest score.
    """

    def __init__(self, features: int = 1024, hidden: tuple[int, int] = (256, 128), levels: int = 101) -> None:
        super().__init__()
        self.layer1 = nn.Linear(features, hidden[0])
        self.layer2 = nn.Linear(hidden[0], hidden[1])
        self.layer3 = nn.Linear(hidden[1], levels)

    def forward(self, features: Tensor) -> Tensor:
        """Return logarithms of probabilities, shape [B, levels], from features of clips, shape [B, K, F]."""
        hidden = torch.relu(self.layer2(torch.relu(self.layer1(features.mean(1)))))
        return torch.log_softmax(self.layer3(hidden), dim=-1)


def score_distributions(
    scores: Tensor, highest: float = 100.0, levels: int = 101, sigma: float = 5.0
) -> Tensor:
    """Return the target distribution of each score, shape [B, levels], from scores, shape [B].

    A normal density around the score, on the scale of levels, taken at the levels and made to sum to 1;
    published with 5 levels as its deviation.
    """
    middle = scores[:, None] * ((levels - 1) / highest)
    distances = (torch.arange(levels, device=scores.device) - middle) / sigma
    return torch.softmax(-(distances**2) / 2, dim=-1)


def most_likely(log_probabilities: Tensor, highest: float = 100.0) -> Tensor:
    """Return the score of the likeliest level, as published, shape [B], from shape [B, levels]."""
    return log_probabilities.argmax(-1) * (highest / (log_probabilities.shape[-1] - 1))


def expected(log_probabilities: Tensor, highest: float = 100.0) -> Tensor:
    """Return the expected score, shape [B], in which ties are rare, from shape [B, levels]."""
    levels = torch.linspace(0, highest, log_probabilities.shape[-1], device=log_probabilities.device)
    return log_probabilities.exp() @ levels


def usdl_name(name: str) -> str:
    """Return the name here of a parameter of upstream's evaluator."""
    return name.removeprefix("evaluator.")
