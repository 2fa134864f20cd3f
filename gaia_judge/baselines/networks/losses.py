"""Losses of the trained metrics. L1 and squared error are torch's own."""

import torch
from torch import Tensor
from torch.nn import functional

EPSILON = 1e-8


def plcc_loss(predictions: Tensor, scores: Tensor) -> Tensor:
    """Return how far standardised predictions are from standardised scores, 0 to 1 whatever the signs.

    With both standardised (deviation of a population) and r their correlation, it is the mean of
    |p - s|^2 / 4 and |r p - s|^2 / 4, that is (1 - r) / 4 + (1 - r^2) / 8. Source: code of FAST-VQA (Wu et
    al., ECCV 2022); DOVER and its kin use the same.

    Args:
        predictions: Of the videos of a batch, shape [B].
        scores: What people gave, shape [B].
    """
    predicted, given = standardised(predictions), standardised(scores)
    correlation = (predicted * given).mean()
    direct = functional.mse_loss(predicted, given)
    return (direct + functional.mse_loss(correlation * predicted, given)) / 8


def standardised(values: Tensor) -> Tensor:
    """Return values less their mean, by their deviation (that of a population)."""
    deviation, mean = torch.std_mean(values, correction=0)
    return (values - mean) / (deviation + EPSILON)


def correlation_loss(predictions: Tensor, scores: Tensor) -> Tensor:
    """Return (1 - PLCC) / 2, 0 to 1, of vectors of shape [B]. Source: BVQA (Li et al., TCSVT 2022)."""
    cosine = torch.cosine_similarity(predictions - predictions.mean(), scores - scores.mean(), dim=0)
    return (1 - cosine) / 2


def rank_loss(predictions: Tensor, scores: Tensor) -> Tensor:
    """Return how badly pairs are ordered, from 0 (no pair wrongly) to below 1.

    Each ordered pair adds by how much the predictions contradict the scores; the sum is divided by
    B (B - 1) and by 1 + the worst pair. Source: code of FAST-VQA, where it weighs 0.3.
    """
    wrong = torch.relu(differences(predictions) * -torch.sign(differences(scores)))
    count = len(predictions)
    return wrong.sum() / (count * (count - 1)) / (1 + wrong.max())


def near_rank_loss(predictions: Tensor, scores: Tensor, within: float = 1.0) -> Tensor:
    """Return the mean contradiction over pairs of scores that differ by less than ``within``, and differ.

    Source: SimpleVQA (Sun et al., ACM Multimedia 2022), for whom it stands beside L1 with weight 1. The
    published training script hands scores and predictions over the other way round, so that this term has no
    gradient there and L1 alone is learned; here it has one.
    """
    apart = differences(scores)
    near = (apart != 0) & (apart.abs() < within)
    wrong = torch.relu(differences(predictions) * -torch.sign(apart))
    return (wrong * near).sum() / (near.sum() + EPSILON)


def differences(values: Tensor) -> Tensor:
    """Return value i less value j, shape [B, B]."""
    return values[:, None] - values[None, :]


def soft_ranks(values: Tensor, strength: float = 1.0) -> Tensor:
    """Return differentiable ranks, 1 for the smallest, of a vector, shape [N].

    They are the point of the permutahedron of 1..N that is nearest to ``values`` / ``strength``: equal to the
    ranks once the values lie ``strength`` apart, closer to each other where the values are close. That point
    is found by isotonic regression (pooling adjacent violators), and its gradient is exact. Source: Blondel
    et al., "Fast Differentiable Sorting and Ranking", ICML 2020, with their quadratic regularisation.

    >>> soft_ranks(torch.tensor([0.3, -2.0, 5.0])).tolist()
    [2.0, 1.0, 3.0]
    >>> soft_ranks(torch.tensor([0.5, 0.0])).tolist()
    [1.75, 1.25]
    """
    ordered, order = (values / strength).sort(descending=True)
    excess = ordered - torch.arange(len(values), 0, -1, device=values.device)
    sizes = torch.tensor(_pools(excess.tolist()), device=values.device)
    pool = torch.repeat_interleave(torch.arange(len(sizes), device=values.device), sizes)
    means = excess.new_zeros(len(sizes)).index_add(0, pool, excess) / sizes
    return (ordered - means[pool])[order.argsort()]


def _pools(values: list[float]) -> list[int]:
    """Return the sizes of the stretches over which the nearest never-rising sequence is constant."""
    totals: list[float] = []
    sizes: list[int] = []
    for value in values:
        total, size = value, 1
        while sizes and totals[-1] / sizes[-1] <= total / size:
            total, size = total + totals.pop(), size + sizes.pop()
        totals.append(total)
        sizes.append(size)
    return sizes


def srcc_loss(predictions: Tensor, scores: Tensor, strength: float = 1.0) -> Tensor:
    """Return 1 - SRCC of soft ranks, from 0 to 2, of two vectors of shape [B]. Source: code of BVQA.

    Both are ranked softly, as published, so labels should lie ``strength`` apart on their scale.
    """
    ranks = [soft_ranks(values, strength) for values in (predictions, scores)]
    first, second = (rank - rank.mean() for rank in ranks)
    return 1 - torch.cosine_similarity(first, second, dim=0)


def distribution_loss(log_probabilities: Tensor, targets: Tensor) -> Tensor:
    """Return the Kullback-Leibler divergence of predicted from target distributions, per level.

    The mean is over videos and levels alike, as published, so it is 101 times smaller than the divergence.
    Source: USDL (Tang et al., CVPR 2020).

    Args:
        log_probabilities: Predicted, shape [B, L].
        targets: Probabilities, shape [B, L].
    """
    return functional.kl_div(log_probabilities, targets, reduction="none").mean()
