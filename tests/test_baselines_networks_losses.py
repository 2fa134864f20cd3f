import math

import numpy as np
import pytest
import torch
from scipy import stats
from sklearn.isotonic import IsotonicRegression
from torch import Tensor

from gaia_judge.baselines.networks.losses import (
    correlation_loss,
    distribution_loss,
    near_rank_loss,
    plcc_loss,
    rank_loss,
    soft_ranks,
    srcc_loss,
)

LOSSES = [correlation_loss, near_rank_loss, plcc_loss, rank_loss, srcc_loss]


def drawn(count: int = 9, seed: int = 0) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    first, second = torch.randn(2, count, generator=generator, dtype=torch.float64)
    return first, second


@pytest.mark.parametrize("seed", range(3))
def test_plcc_losses_are_functions_of_plcc(seed: int) -> None:
    predictions, scores = drawn(seed=seed)
    plcc = stats.pearsonr(predictions, scores)[0]
    assert correlation_loss(predictions, scores).item() == pytest.approx((1 - plcc) / 2)
    assert plcc_loss(predictions, scores).item() == pytest.approx((1 - plcc) / 4 + (1 - plcc**2) / 8)
    assert plcc_loss(5 * predictions + 3, scores).item() == pytest.approx(
        plcc_loss(predictions, scores).item()
    )


@pytest.mark.parametrize("seed", range(3))
def test_rank_losses_pair_by_pair(seed: int) -> None:
    predictions, scores = (values.tolist() for values in drawn(seed=seed))
    wrong, near = [], []
    for p, s in zip(predictions, scores, strict=True):
        for q, t in zip(predictions, scores, strict=True):
            error = max(0.0, q - p if s > t else p - q) if s != t else 0.0
            wrong.append(error)
            if 0 < abs(s - t) < 0.6:
                near.append(error)
    assert 0 < len(near) < len(wrong) - 9
    expected = sum(wrong) / (9 * 8) / (1 + max(wrong))
    pair = torch.tensor(predictions, dtype=torch.float64), torch.tensor(scores, dtype=torch.float64)
    assert rank_loss(*pair).item() == pytest.approx(expected)
    assert near_rank_loss(*pair, within=0.6).item() == pytest.approx(sum(near) / len(near))


def test_rank_losses_by_hand() -> None:
    predictions, scores = torch.tensor([1.0, 2.0, 4.0]), torch.tensor([0.5, 0.0, 9.0])
    # One pair is wrong, by 1, counted both ways.
    assert rank_loss(predictions, scores).item() == pytest.approx(2 / 6 / 2)
    assert near_rank_loss(predictions, scores).item() == pytest.approx(1)


def test_right_order_costs_nothing() -> None:
    predictions, scores = torch.tensor([1.0, 2.0, 4.0]), torch.tensor([0.5, 0.75, 9.0])
    assert rank_loss(predictions, scores).item() == near_rank_loss(predictions, scores).item() == 0
    assert srcc_loss(predictions, torch.tensor([1.0, 2.0, 3.0])).item() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("strength", [0.05, 0.3, 1.0, 10.0])
def test_soft_ranks_are_a_projection(seed: int, strength: float) -> None:
    values = np.random.default_rng(seed).normal(size=12)
    order = np.argsort(-values)
    targets = values[order] / strength - np.arange(12, 0, -1)
    fitted = IsotonicRegression(increasing=False).fit_transform(np.arange(12), targets)
    expected = np.empty(12)
    expected[order] = values[order] / strength - fitted
    found = soft_ranks(torch.from_numpy(values), strength)
    np.testing.assert_allclose(found, expected, atol=1e-12)
    assert found.sum().item() == pytest.approx(12 * 13 / 2)


def test_soft_ranks_become_ranks() -> None:
    values = torch.tensor([0.3, -1.2, 0.31, 5.0, 0.0])
    ranks = torch.from_numpy(stats.rankdata(values))
    assert not torch.allclose(soft_ranks(values).double(), ranks, atol=0.1)
    assert torch.allclose(soft_ranks(values, 0.009).double(), ranks, atol=1e-3)


def test_srcc_loss_becomes_that_of_spearman() -> None:
    predictions, scores = drawn()
    assert srcc_loss(predictions, scores, 1e-6).item() == pytest.approx(
        1 - stats.spearmanr(predictions, scores)[0]
    )


def test_distribution_loss() -> None:
    target = torch.tensor([[0.5, 0.5, 0.0], [0.2, 0.3, 0.5]], dtype=torch.float64)
    predicted = torch.tensor([[0.25, 0.5, 0.25], [0.2, 0.3, 0.5]], dtype=torch.float64)
    found = distribution_loss(predicted.log(), target)
    assert found.item() == pytest.approx(0.5 * math.log(2) / 6)


@pytest.mark.parametrize("loss", LOSSES)
def test_gradients_are_the_numeric_ones(loss) -> None:
    predictions, scores = drawn(6, seed=4)
    predictions = (predictions * 0.8).requires_grad_()
    assert torch.autograd.gradcheck(lambda values: loss(values, scores), predictions)
    gradient = torch.autograd.grad(loss(predictions, scores), predictions)[0]
    assert gradient.abs().sum() > 0


@pytest.mark.parametrize("loss", LOSSES)
def test_a_step_downhill_brings_predictions_closer(loss) -> None:
    _, scores = drawn(20, seed=5)
    predictions = drawn(20, seed=6)[0].requires_grad_()
    before = stats.spearmanr(predictions.detach(), scores)[0]
    optimizer = torch.optim.Adam([predictions], lr=0.05)
    for _ in range(200):
        optimizer.zero_grad()
        loss(predictions, scores).backward()
        optimizer.step()
    assert stats.spearmanr(predictions.detach(), scores)[0] > max(0.6, before + 0.2)


@pytest.mark.parametrize("loss", LOSSES)
def test_a_batch_of_equal_predictions_is_no_trap(loss) -> None:
    predictions = torch.zeros(5, requires_grad=True)
    loss(predictions, torch.arange(5.0)).backward()
    assert predictions.grad is not None
    assert predictions.grad.isfinite().all()
