import math

import pytest
import torch
from scipy import stats

from gaia_judge.baselines.networks.distributions import (
    Usdl,
    expected,
    most_likely,
    score_distributions,
    usdl_name,
)
from gaia_judge.baselines.networks.keys import load_official
from gaia_judge.baselines.networks.losses import distribution_loss
from tests.networks import count, official, stirred, without_gradient


def test_official_checkpoint_fits() -> None:
    with torch.device("meta"):
        network = Usdl()
        assert network(torch.empty(4, 10, 1024)).shape == (4, 101)
    load_official(network, official("usdl"), usdl_name)
    assert count(network) == 308_325


@pytest.mark.parametrize(("score", "highest"), [(0, 100), (37.4, 100), (100, 100), (3.1, 5)])
def test_targets_are_normal_densities(score: float, highest: float) -> None:
    density = stats.norm.pdf(range(101), loc=score * 100 / highest, scale=5)
    found = score_distributions(torch.tensor([score], dtype=torch.float64), highest)[0]
    assert found.tolist() == pytest.approx(density / density.sum(), abs=1e-12)


def test_scores_come_back_from_their_targets() -> None:
    scores = torch.tensor([20.0, 55.0, 80.0])
    targets = score_distributions(scores).log()
    assert most_likely(targets).tolist() == scores.tolist()
    assert expected(targets).tolist() == pytest.approx(scores.tolist(), abs=1e-3)


def test_scores_by_hand() -> None:
    chances = torch.tensor([[0.5, 0.3, 0.2]]).log()
    assert most_likely(chances, highest=10).tolist() == [0]
    assert expected(chances, highest=10).item() == pytest.approx(0.3 * 5 + 0.2 * 10)


def test_head_by_the_formula() -> None:
    head, clips = stirred(Usdl(4, (3, 3), 5)), torch.randn(2, 6, 4)
    for video, found in zip(clips, head(clips), strict=True):
        values = sum(video) / 6
        for layer in (head.layer1, head.layer2):
            values = (layer.weight @ values + layer.bias).clamp(min=0)
        logits = (head.layer3.weight @ values + head.layer3.bias).tolist()
        total = sum(math.exp(logit) for logit in logits)
        assert found.exp().tolist() == pytest.approx([math.exp(logit) / total for logit in logits], abs=1e-5)


def test_gradients_reach_everything() -> None:
    torch.manual_seed(0)
    head = Usdl(8, (16, 16), 11)
    targets = score_distributions(torch.tensor([10.0, 60.0]), levels=11, sigma=1)
    assert not without_gradient(head, distribution_loss(head(torch.randn(2, 3, 8)), targets))
