import math

import pytest
import torch

from gaia_judge.baselines.networks.actionnets import ActionNet, Context, adjacency
from gaia_judge.baselines.networks.keys import load_official
from tests.networks import count, official, stirred, without_gradient


def test_official_checkpoint_fits() -> None:
    with torch.device("meta"):
        network = ActionNet()
        assert network(torch.empty(2, 26, 1024), torch.empty(2, 80, 2048)).shape == (2,)
    load_official(network, official("actionnet"))
    assert count(network) == 3_542_787


@pytest.mark.parametrize("size", [1, 3, 26])
def test_adjacency_number_by_number(size: int) -> None:
    near = [[math.exp(-abs(i - j)) for j in range(size)] for i in range(size)]
    for i, row in enumerate(adjacency(size).tolist()):
        for j, value in enumerate(row):
            assert value == pytest.approx(near[i][j] / math.sqrt(sum(near[i]) * sum(near[j])), rel=1e-5)


def test_graph_layers_and_attention_time_by_time() -> None:
    stream, features = stirred(Context(6, 4)), torch.randn(1, 3, 6)
    own = [stream.embedding(one) for one in features[0]]
    near = adjacency(3)
    context = own
    for layer in (stream.gcn1, stream.gcn2):
        around = [sum(near[i, j] * context[j] for j in range(3)) for i in range(3)]
        context = [(layer.weight @ one + layer.bias).clamp(min=0) for one in around]
    both = [torch.cat(pair) for pair in zip(own, context, strict=True)]
    weights = [math.exp(stream.att(one).item()) for one in both]
    expected = sum(w * one for w, one in zip(weights, both, strict=True)) / sum(weights)
    assert torch.allclose(stream(features, near)[0], expected, atol=1e-6)


def test_short_videos_are_padded_with_zeros() -> None:
    network = stirred(ActionNet(5, 7, (6, 8), 4))
    clips, images = torch.randn(2, 3, 6), torch.randn(2, 4, 8)
    full = torch.cat([clips, torch.zeros(2, 2, 6)], 1), torch.cat([images, torch.zeros(2, 3, 8)], 1)
    found = network(clips, images)
    assert torch.equal(found, network(*full))
    assert ((found > 0) & (found < 1)).all()


def test_adjacency_is_not_learned() -> None:
    network = ActionNet(5, 7, (6, 8), 4)
    assert not [name for name, _ in network.named_parameters() if "adj" in name]
    assert {"adj1", "adj2"} < set(network.state_dict())


def test_gradients_reach_everything() -> None:
    torch.manual_seed(0)
    network = ActionNet(5, 7, (6, 8), 16)
    assert not without_gradient(network, network(torch.randn(8, 5, 6), torch.randn(8, 7, 8)).sum())
