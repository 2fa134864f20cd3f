import math

import pytest
import torch

from gaia_judge.baselines.networks.poolings import (
    hysteresis,
    mean_and_deviation,
    mean_over,
    temporal_pooling,
)


def remembered(qualities: list[float], tau: int, beta: float) -> list[float]:
    """The pooling of VSFA's paper as it is written there, frame by frame."""
    found = []
    for now in range(len(qualities)):
        past = min(qualities[max(0, now - tau + 1) : now + 1])
        future = qualities[now : now + tau]
        weights = [math.exp(-quality) for quality in future]
        mean = sum(w * q for w, q in zip(weights, future, strict=True)) / sum(weights)
        found.append(beta * mean + (1 - beta) * past)
    return found


@pytest.mark.parametrize(("tau", "beta"), [(12, 0.5), (3, 0.25), (1, 0.5), (50, 0.9)])
@pytest.mark.parametrize("count", [1, 2, 11, 12, 13, 40])
def test_hysteresis_is_the_published_one(tau: int, beta: float, count: int) -> None:
    qualities = torch.randn(count, generator=torch.Generator().manual_seed(count), dtype=torch.float64)
    found = hysteresis(qualities[None], tau=tau, beta=beta)[0]
    assert found.tolist() == pytest.approx(remembered(qualities.tolist(), tau, beta), rel=1e-12)


def test_hysteresis_by_hand() -> None:
    found = hysteresis(torch.tensor([[0.0, math.log(2)]], dtype=torch.float64), tau=2, beta=0.5)[0]
    # Weights 1 and 1/2: mean ln 2 / 3, minimum 0; then ln 2 alone, minimum 0.
    assert found.tolist() == pytest.approx([math.log(2) / 6, math.log(2) / 2], rel=1e-12)


def test_padding_changes_nothing() -> None:
    generator = torch.Generator().manual_seed(1)
    qualities = torch.randn(3, 30, generator=generator, dtype=torch.float64)
    lengths = [30, 5, 17]
    alone = [temporal_pooling(qualities[i : i + 1, :n]).item() for i, n in enumerate(lengths)]
    qualities[1, 5:], qualities[2, 17:] = -1e3, 1e6
    assert temporal_pooling(qualities, torch.tensor(lengths)).tolist() == pytest.approx(alone, rel=1e-12)


def test_large_qualities_do_not_vanish() -> None:
    scores = torch.tensor([[210.0, 200.0]])  # exp(-200) is nothing in single precision
    assert temporal_pooling(scores).item() == pytest.approx(sum(remembered([210, 200], 12, 0.5)) / 2)


def test_pooling_has_finite_gradients() -> None:
    qualities = torch.randn(2, 20, generator=torch.Generator().manual_seed(2), requires_grad=True)
    temporal_pooling(qualities, torch.tensor([20, 4])).sum().backward()
    gradient = qualities.grad
    assert gradient is not None
    assert gradient.isfinite().all()
    assert gradient[1, 4:].eq(0).all()
    assert gradient[1, :4].sum().item() == pytest.approx(1, abs=0.5)


def test_pooling_gradient_is_the_numeric_one() -> None:
    qualities = torch.randn(2, 15, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda q: temporal_pooling(q, tau=4), qualities.requires_grad_())


def test_mean_over_the_real_frames() -> None:
    values = torch.tensor([[1.0, 3.0, math.nan], [1.0, 2.0, 6.0]])
    assert mean_over(values, torch.tensor([2, 3])).tolist() == [2.0, 3.0]
    assert mean_over(values[1:]).tolist() == [3.0]


def test_mean_and_deviation() -> None:
    mean, deviation = mean_and_deviation(torch.tensor([[[[1.0, 2.0], [3.0, 6.0]]]]))
    assert mean.tolist() == [[3.0]]
    assert deviation.item() == pytest.approx(math.sqrt((4 + 1 + 0 + 9) / 3))


def test_one_place_has_no_deviation() -> None:
    mean, deviation = mean_and_deviation(torch.tensor([[[[7.0]]]]))
    assert (mean.item(), deviation.item()) == (7.0, 0.0)
