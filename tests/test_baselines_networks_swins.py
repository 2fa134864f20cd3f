import itertools
import math

import pytest
import torch
from torch import Tensor
from torchvision.models.video import swin3d_t
from torchvision.models.video.swin_transformer import ShiftedWindowAttention3d

from gaia_judge.baselines.networks.keys import load_official
from gaia_judge.baselines.networks.swins import GatedAttention, Swin3d, from_kinetics, gates, swin_name
from tests.networks import count, official, stirred, without_gradient


def tiny() -> Swin3d:
    return Swin3d(8, (2, 1), (2, 2), (2, 2, 2), (True, False))


def test_gates_by_hand() -> None:
    # Four rows in two fragments, in windows of two shifted by one: 1, 2 | 3, 0, of fragments 0, 1 | 1, 0.
    found = gates((1, 4, 2), (1, 2, 2), (0, 1, 0))
    # The tokens of a window have fragments (0, 0), (0, 1), (1, 0) and (1, 1), or those the other way round.
    expected = torch.tensor([[0, 1, 1, 2], [1, 0, 2, 1], [1, 2, 0, 1], [2, 1, 1, 0]])
    assert torch.equal(found, expected.expand(2, 4, 4))


def test_gates_within_one_fragment() -> None:
    assert not gates((4, 8, 8), (2, 2, 2), (0, 0, 0))[0].any()
    assert gates((4, 8, 8), (2, 2, 2), (0, 1, 1)).max() == 2


@pytest.mark.parametrize(
    ("size", "window", "shift"),
    [
        ((2, 56, 56), (2, 7, 7), (0, 0, 0)),
        ((4, 28, 28), (2, 7, 7), (1, 3, 3)),
        ((3, 10, 17), (2, 3, 5), (1, 1, 2)),
    ],
)
def test_gates_are_distances_of_interpolated_fragments(size, window, shift) -> None:
    padded = [math.ceil(length / step) * step for length, step in zip(size, window, strict=True)]
    ids = torch.stack(
        torch.meshgrid(*(torch.arange(float(step)) for step in (1, *window[1:])), indexing="ij")
    )
    spread = torch.nn.functional.interpolate(ids[None], size=padded)[0]
    shifted = torch.roll(spread, [-step for step in shift], (1, 2, 3))
    found = gates(size, window, shift)
    blocks = itertools.product(*(range(0, length, step) for length, step in zip(padded, window, strict=True)))
    for number, (t, y, x) in enumerate(blocks):
        tokens = shifted[:, t : t + window[0], y : y + window[1], x : x + window[2]].flatten(1)
        apart = (tokens[:, :, None] - tokens[:, None, :]).abs().sum(0)
        assert torch.equal(found[number].float(), apart)
    assert number == len(found) - 1


def attention(layer: GatedAttention, tokens: Tensor, shift: tuple[int, int, int]) -> Tensor:
    """Attention with a gated bias, token by token; windows of 2x2x2 on a map that they divide."""
    size, heads = tokens.shape[:3], layer.num_heads
    grid = list(itertools.product(*(range(length) for length in size)))
    here = {place: [(c - s) % n for c, s, n in zip(place, shift, size, strict=True)] for place in grid}
    # What wrapped round the edge must not mix with what did not.
    wrapped = {place: [c < s for c, s in zip(place, shift, strict=True)] for place in grid}
    fragment = {place: (place[1] * 2 // size[1], place[2] * 2 // size[2]) for place in grid}
    qkv = {place: layer.qkv(tokens[place]).view(3, heads, -1) for place in grid}
    found = torch.zeros_like(tokens)
    for one in grid:
        others = [p for p in grid if all(a // 2 == b // 2 for a, b in zip(here[p], here[one], strict=True))]
        assert len(others) == 8
        logits = []
        for other in others:
            d = [a - b + 1 for a, b in zip(here[one], here[other], strict=True)]
            row = d[0] * 9 + d[1] * 3 + d[2]
            apart = sum(abs(a - b) for a, b in zip(fragment[one], fragment[other], strict=True))
            bias = apart * layer.relative_position_bias_table[row]
            bias = bias + (1 - apart) * layer.fragment_position_bias_table[row]
            alike = (qkv[one][0] * qkv[other][1]).sum(-1) / math.sqrt(tokens.shape[-1] / heads)
            logits.append(alike + bias + (-100 if wrapped[one] != wrapped[other] else 0))
        weights = torch.softmax(torch.stack(logits), 0)
        values = torch.stack([qkv[other][2] for other in others])
        found[one] = layer.proj((weights[..., None] * values).sum(0).flatten())
    return found


@pytest.mark.parametrize("shift", [(0, 0, 0), (1, 1, 1), (0, 1, 0)])
def test_gated_attention_token_by_token(shift) -> None:
    layer = stirred(GatedAttention(ShiftedWindowAttention3d(4, [2, 2, 2], list(shift), 2), 4))
    tokens = torch.randn(2, 4, 4, 6, 4, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        found = layer(tokens)
        for one, clip in zip(found, tokens, strict=True):
            assert torch.allclose(one, attention(layer, clip, shift), atol=1e-5)


def test_equal_tables_make_plain_attention() -> None:
    plain = stirred(ShiftedWindowAttention3d(4, [2, 3, 3], [1, 1, 1], 2))
    layer = GatedAttention(plain, 4).eval()
    load_official(
        layer, from_kinetics({f"features.0.{n}": t for n, t in plain.state_dict().items()}), lambda n: n[11:]
    )
    tokens = torch.randn(2, 3, 5, 7, 4)
    assert torch.allclose(layer(tokens), plain(tokens), atol=1e-6)
    with torch.no_grad():
        layer.fragment_position_bias_table += torch.randn(layer.fragment_position_bias_table.shape)
    assert not torch.allclose(layer(tokens), plain(tokens), atol=1e-3)


def test_facts() -> None:
    with torch.device("meta"):
        network = Swin3d()
        assert network(torch.empty(1, 3, 32, 224, 224)).shape == (1, 768, 16, 7, 7)
    assert count(network) == 28_078_620
    assert sum("fragment" in name for name, _ in network.named_parameters()) == 2 + 2 + 6


def test_kinetics_weights_of_torchvision_fit() -> None:
    with torch.device("meta"):
        tensors, network = swin3d_t().state_dict(), Swin3d()
    load_official(network, from_kinetics(tensors))


def test_official_names_are_renamed_one_to_one() -> None:
    names = [name.removeprefix("fragments_backbone.") for name in official("fastvqa")]
    assert len({swin_name(name) for name in names}) == len(names)


def test_gradients_reach_everything() -> None:
    torch.manual_seed(0)
    network = tiny()
    # Fragments of 5 and 6 tokens are crossed by windows as they stand and by shifted ones.
    maps = network(torch.randn(2, 3, 8, 40, 48))
    assert maps.shape == (2, 16, 4, 5, 6)
    assert not without_gradient(network, (maps * torch.randn(maps.shape)).sum())


def test_clips_do_not_meet() -> None:
    network, clips = stirred(tiny()), torch.randn(3, 3, 6, 24, 40)
    alone = torch.cat([network(clip[None]) for clip in clips])
    assert torch.allclose(network(clips), alone, atol=1e-5)
