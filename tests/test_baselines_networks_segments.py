import math

import pytest
import torch

from gaia_judge.baselines.networks.keys import load_official
from gaia_judge.baselines.networks.segments import Attending, Tsa
from tests.networks import count, official, stirred, without_gradient


def tiny(transits: int = 0) -> Tsa:
    return Tsa(3, 32, (4, 6, 9), steps=2, layers=2, heads=2, transits=transits)


def test_official_checkpoints_fit() -> None:
    with torch.device("meta"):
        network, clips = Tsa(), torch.empty(2, 9, 1024)
        assert network.psnet(clips).shape == (2, 96, 64)
        assert network.transitions(clips).shape == (2, 96, 2)
        assert [found.shape for found in network(clips, clips)] == [(2,), (2,)]
        maps = torch.empty(2, 9, 1024, 16)
        assert [found.shape for found in network(maps, maps)] == [(2,), (2,)]
    for part, parameters in (("psnet", 128_846), ("decoder", 149_760), ("regressor", 33_153)):
        load_official(getattr(network, part), official(f"tsa_{part}"))
        assert count(getattr(network, part)) == parameters
    assert count(network) == 311_759


def test_steps_by_hand() -> None:
    network = Tsa(segments=3, steps=5)
    moments = torch.arange(96.0).repeat(1, 64, 1)
    steps = network._steps(moments)
    assert steps.shape == (1, 3, 5, 64)
    assert steps[0, :, :, 7].tolist() == [
        [0, 7.75, 15.5, 23.25, 31],
        [32, 39.75, 47.5, 55.25, 63],
        [64, 71.75, 79.5, 87.25, 95],
    ]


def test_attention_step_by_step() -> None:
    layer, steps, memory = stirred(Attending(4, 2)), torch.randn(1, 3, 4), torch.randn(1, 5, 4)
    attn = layer.attn
    others = [layer.norm_v(one) for one in memory[0]]
    for one, found in zip(steps[0], layer(steps, memory)[0], strict=True):
        query = attn["q_map"].weight @ layer.norm_q(one)
        seen = []
        for head in (slice(0, 2), slice(2, 4)):
            keys = [(attn["k_map"].weight @ other)[head] for other in others]
            values = [(attn["v_map"].weight @ other)[head] for other in others]
            weights = [math.exp((query[head] @ key).item() / math.sqrt(2)) for key in keys]
            seen.append(sum(w * v for w, v in zip(weights, values, strict=True)) / sum(weights))
        between = one + attn["proj"](torch.cat(seen))
        hidden = torch.nn.functional.gelu(layer.mlp["fc1"](layer.norm2(between)))
        assert torch.allclose(found, between + layer.mlp["fc2"](hidden), atol=1e-5)


def test_halving_by_the_formula() -> None:
    network, clips = stirred(tiny()), torch.randn(2, 3, 32)
    found = network.psnet.inc["conv"].conv(clips)
    for number in (1, 2):
        found = torch.maximum(found[..., ::2], found[..., 1::2])
        found = getattr(network.psnet, f"down{number}")["mpconv"][1].conv(found)
    assert found.shape == (2, 9, 8)
    assert torch.equal(network.psnet(clips), found)


def test_segments_see_only_their_own() -> None:
    network = stirred(tiny())
    first, second = torch.randn(1, 3, 2, 8), torch.randn(1, 3, 2, 8)
    parts = [network._difference(first[:, [k]], second[:, [k]]) for k in range(3)]
    whole = network._difference(first, second)
    assert whole.item() == pytest.approx(sum(part.item() for part in parts) / 3, rel=1e-5)


def test_directions_swap_with_the_videos() -> None:
    network = stirred(tiny())
    first, second = torch.randn(2, 3, 32), torch.randn(2, 3, 32)
    there, back = network(first, second)
    assert not torch.allclose(there, back)
    swapped = network(second, first)
    assert torch.allclose(swapped[0], back)
    assert torch.allclose(swapped[1], there)


def test_maps_of_one_place_are_features() -> None:
    network = stirred(tiny())
    first, second = torch.randn(2, 3, 32), torch.randn(2, 3, 32)
    for found, expected in zip(
        network(first[..., None], second[..., None]), network(first, second), strict=True
    ):
        assert torch.allclose(found, expected, atol=1e-6)


def test_places_are_a_set() -> None:
    network = stirred(tiny())
    first, second = torch.randn(2, 3, 32, 4), torch.randn(2, 3, 32, 4)
    found = network(first, second)[0]
    assert torch.allclose(network(first, second[..., [2, 0, 3, 1]])[0], found, atol=1e-5)
    other = second.clone()
    other[..., 0], other[..., 1] = (
        (second[..., 0] + second[..., 1]) / 2,
        (second[..., 0] + second[..., 1]) / 2,
    )
    assert not torch.allclose(network(first, other)[0], found, atol=1e-4)  # though the means are the same


def test_gradients_reach_everything() -> None:
    torch.manual_seed(0)
    first, second = torch.randn(6, 3, 32), torch.randn(6, 3, 32)
    network = tiny()
    there, back = network(first, second)
    assert not without_gradient(network, (there - 1).square().mean() + (back + 1).square().mean())
    network = tiny(transits=2)
    there, _ = network(first, second)
    chances = network.transitions(first)
    assert chances.shape == (6, 9, 2)
    assert ((chances > 0) & (chances < 1)).all()
    assert not without_gradient(network, there.sum() + chances.sum())
