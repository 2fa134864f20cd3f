import itertools
import math

import pytest
import torch
from torch import Tensor, nn

from gaia_judge.baselines.networks.i3d import I3d, Mixed, i3d_name, padded, pool
from gaia_judge.baselines.networks.keys import load_official
from tests.networks import count, official, stirred, without_gradient


@pytest.mark.parametrize(("classes", "parameters"), [(400, 12_697_264), (0, 12_287_264)])
def test_official_checkpoint_fits(classes: int, parameters: int) -> None:
    with torch.device("meta"):
        network = I3d(classes)
    load_official(network, official("i3d"), (lambda name: name) if classes else i3d_name)
    assert count(network) == parameters


@pytest.mark.parametrize(("edge", "places"), [(224, 7), (112, 4)])
def test_facts(edge: int, places: int) -> None:
    with torch.device("meta"):
        network, clips = I3d(), torch.empty(2, 3, 16, edge, edge)
        assert network.maps(clips).shape == (2, 1024, 2, places, places)
        assert network(clips).shape == (2, 1024)
        assert network.logits(network(clips)).shape == (2, 400)


@pytest.mark.parametrize("size", [1, 2, 3, 6, 7, 8])
@pytest.mark.parametrize("kernel", [1, 2, 3, 7])
@pytest.mark.parametrize("stride", [1, 2])
def test_padding_is_that_of_tensorflow(size: int, kernel: int, stride: int) -> None:
    values = torch.arange(1.0, size + 1).view(1, 1, 1, 1, size)
    found = padded(values, (1, 1, kernel), (1, 1, stride)).flatten().tolist()
    # The rule in TensorFlow's documentation of "SAME".
    around = max(kernel - stride if size % stride == 0 else kernel - size % stride, 0)
    before = around // 2
    assert found == [0.0] * before + values.flatten().tolist() + [0.0] * (around - before)
    assert (len(found) - kernel) // stride + 1 == math.ceil(size / stride)


def test_pool_place_by_place() -> None:
    maps = torch.rand(1, 2, 3, 5, 4)
    found = pool(maps, (3, 3, 3), (2, 2, 2))
    assert found.shape == (1, 2, 2, 3, 2)
    # Lengths 3 and 5 get one zero at either end, 4 one behind.
    for t, y, x in itertools.product(range(2), range(3), range(2)):
        window = maps[:, :, max(0, 2 * t - 1) : 2 * t + 2, max(0, 2 * y - 1) : 2 * y + 2, 2 * x : 2 * x + 3]
        assert torch.equal(found[:, :, t, y, x], window.amax((2, 3, 4)))


def convolved(unit: nn.Module, maps: Tensor, kernel: int) -> Tensor:
    """A unit of stride 1 by torch's own padding and formula of normalisation."""
    found = nn.functional.conv3d(maps, unit.conv3d.weight, padding=kernel // 2)
    norm = unit.batch3d
    shape = (1, -1, 1, 1, 1)
    less = found - norm.running_mean.view(shape)
    scaled = less / (norm.running_var.view(shape) + norm.eps).sqrt() * norm.weight.view(shape)
    return (scaled + norm.bias.view(shape)).clamp(min=0)


def test_branches() -> None:
    block, maps = stirred(Mixed(4, (1, 2, 3, 2, 5, 2))), torch.rand(2, 4, 3, 5, 5)
    first = convolved(block.branch_0, maps, 1)
    second = convolved(block.branch_1[1], convolved(block.branch_1[0], maps, 1), 3)
    third = convolved(block.branch_2[1], convolved(block.branch_2[0], maps, 1), 3)
    fourth = convolved(block.branch_3[1], nn.functional.max_pool3d(maps, 3, 1, 1), 1)
    expected = torch.cat([first, second, third, fourth], 1)
    assert expected.shape == (2, 1 + 3 + 5 + 2, 3, 5, 5)
    assert torch.allclose(block(maps), expected, atol=1e-5)


def test_features_are_the_mean_of_maps_and_epsilon_counts() -> None:
    network, clips = stirred(I3d(5, thin=16)), torch.rand(1, 3, 9, 32, 40)
    other = stirred(I3d(5, thin=16, epsilon=0.5))
    maps = network.maps(clips)
    assert maps.shape == (1, 64, 2, 1, 2)
    assert torch.allclose(network(clips), maps.flatten(2).mean(2), atol=1e-6)
    assert network.logits(network(clips)).shape == (1, 5)
    assert not torch.allclose(other(clips), network(clips), atol=1e-2)


def test_gradients_reach_everything() -> None:
    torch.manual_seed(0)
    network = I3d(5, thin=8)
    logits = network.logits(network(torch.randn(2, 3, 9, 40, 40)))
    assert not without_gradient(network, (logits * torch.randn(logits.shape)).sum())
