"""CoRe: by how much a video differs from an exemplar, found in a tree of intervals."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional


class RegressionTree(nn.Module):
    """The group-aware regression tree of CoRe (Yu et al., ICCV 2021).

    Each node of the tree has own features and turns left or right; each leaf also says where within it.
    Official size: 2049 features in, 256 hidden, depth 5 (16 leaves); 2,510,382 parameters. Names are
    upstream's.

    Compared with upstream (yuxumin/CoRe at f7881a9), random weights: no difference.

    Args:
        features: Of a pair: exemplar, target, and the exemplar's label.
        hidden: Of each node.
        depth: Levels of nodes, the root's among them.
    """

    def __init__(self, features: int = 2049, hidden: int = 256, depth: int = 5) -> None:
        super().__init__()
        nodes = [2**level for level in range(depth - 1)]
        self.first_layer = nn.Sequential(nn.Linear(features, hidden), nn.ReLU())
        self.feature_layers = nn.ModuleList(
            nn.Sequential(nn.Conv1d(n * hidden, 2 * n * hidden, 1, groups=n), nn.ReLU()) for n in nodes
        )
        self.clf_layers = nn.ModuleList(nn.Conv1d(n * hidden, 2 * n, 1, groups=n) for n in nodes)
        leaves = 2 ** (depth - 1)
        self.reg_layer = nn.Conv1d(leaves * hidden, leaves, 1, groups=leaves)

    def forward(self, pairs: Tensor) -> tuple[Tensor, Tensor]:
        """Return logarithms of the probability of each leaf and the place in it, both of shape [B, leaves].

        Args:
            pairs: As ``paired`` makes them, shape [B, F].
        """
        found = self.first_layer(pairs)[..., None]
        chance = found.new_zeros(len(pairs), 1)
        for turn, deeper in zip(self.clf_layers, self.feature_layers, strict=True):
            split = turn(found).view(len(pairs), -1, 2).log_softmax(-1)
            chance = (chance[..., None] + split).flatten(1)
            found = deeper(found)
        return chance, self.reg_layer(found)[..., 0]


@dataclass(frozen=True, slots=True)
class Leaves:
    """The intervals of differences that the leaves stand for, from the most negative to the most positive."""

    edges: Tensor
    """Ascending, shape [leaves + 1], mirrored about 0."""

    @classmethod
    def fit(cls, differences: Sequence[float], count: int = 16, highest: float = 100.0) -> "Leaves":
        """Return leaves that hold about as many training pairs each.

        The edges above 0 are quantiles of the absolute differences (the k-th of n in order, k rounded down),
        from 0 to ``highest``; those below mirror them.

        Args:
            differences: Between the scores of all training pairs.
            count: Of leaves, even.
            highest: The largest difference there can be.

        >>> Leaves.fit([1, -2, 3, 5, 8], count=4, highest=10).edges.tolist()
        [-10.0, -3.0, 0.0, 3.0, 10.0]
        """
        ordered, half = sorted(abs(one) for one in differences), count // 2
        inner = [float(ordered[k * (len(ordered) - 1) // half]) for k in range(1, half)]
        above = [*inner, float(highest)]
        edges = [*(-edge for edge in reversed(above)), 0.0, *above]
        return cls(torch.tensor(edges, dtype=torch.float64))

    def locate(self, differences: Tensor) -> tuple[Tensor, Tensor]:
        """Return in which leaf each difference lies, and where in it from 0 to 1, both of shape [B].

        A difference on an edge belongs to the interval farther from 0, one beyond the last edges to the last
        leaf (upstream, to none). Leaves without width are never hit.
        """
        edges = self.edges.to(differences)
        half = len(edges) // 2
        step = torch.searchsorted(edges[half:], differences.abs().contiguous(), right=True) - 1
        step = step.clamp(max=half - 1)
        leaf = torch.where(differences >= 0, half + step, half - 1 - step)
        left, right = edges[leaf], edges[leaf + 1]
        return leaf, (differences - left) / torch.where(right > left, right - left, 1)

    def read(self, chances: Tensor, positions: Tensor) -> Tensor:
        """Return the difference that a tree says, shape [B]: the place within the likeliest leaf."""
        edges = self.edges.to(positions)
        leaf = chances.argmax(1)
        left, right = edges[leaf], edges[leaf + 1]
        place = positions.gather(1, leaf[:, None])[:, 0]
        return left + torch.where(right > left, right - left, 1) * place

    def loss(self, chances: Tensor, positions: Tensor, differences: Tensor) -> Tensor:
        """Return how far a tree is from the truth.

        The negative logarithm of the right leaf's probability, plus the squared error of the place in it:
        averaged within each leaf, summed over leaves, as published.
        """
        leaf, place = self.locate(differences)
        error = (positions.gather(1, leaf[:, None])[:, 0] - place) ** 2
        size = torch.bincount(leaf, minlength=positions.shape[1])
        return functional.nll_loss(chances, leaf) + (error / size[leaf]).sum()


def paired(exemplar: Tensor, target: Tensor, label: Tensor, theta: float = 100.0) -> Tensor:
    """Return what a tree reads of pairs, shape [B, 2 F + 1].

    Args:
        exemplar: Features of the exemplars, shape [B, F].
        target: Those of the videos to be scored, shape [B, F].
        label: Scores of the exemplars, shape [B].
        theta: The range of scores.
    """
    return torch.cat([exemplar, target, label[:, None] / theta], dim=1)


def core_loss(
    tree: nn.Module,
    leaves: Leaves,
    features: tuple[Tensor, Tensor],
    scores: tuple[Tensor, Tensor],
    theta: float = 100.0,
) -> Tensor:
    """Return the loss of pairs of videos, each of the two once the exemplar of the other.

    Args:
        tree: ``RegressionTree``.
        leaves: Its intervals.
        features: Of the first and of the second videos, each of shape [B, F].
        scores: Theirs, each of shape [B].
        theta: The range of scores.
    """
    loss = features[0].new_zeros(())
    for one, other in ((0, 1), (1, 0)):
        chances, positions = tree(paired(features[one], features[other], scores[one], theta))
        loss = loss + leaves.loss(chances, positions, scores[other] - scores[one])
    return loss
