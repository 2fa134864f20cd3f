import itertools
import math

import numpy as np
import pytest
import torch
from scipy import stats

from gaia_judge.baselines.networks.keys import load_official
from gaia_judge.baselines.networks.trees import Leaves, RegressionTree, core_loss, paired
from tests.networks import count, official, one_thread, stirred, without_gradient


def test_official_checkpoint_fits() -> None:
    with torch.device("meta"):
        network = RegressionTree()
        assert [found.shape for found in network(torch.empty(3, 2049))] == [(3, 16), (3, 16)]
    load_official(network, official("core"))
    assert count(network) == 2_510_382


def test_tree_node_by_node() -> None:
    tree, width = stirred(RegressionTree(5, 3, depth=4)), 3
    pairs = torch.randn(2, 5)
    chances, positions = tree(pairs)
    for row in range(2):
        root = tree.first_layer(pairs[row])
        for leaf, turns in enumerate(itertools.product((0, 1), repeat=3)):
            features, node, chance = root, 0, 0.0
            for level, turn in enumerate(turns):
                split, deeper = tree.clf_layers[level], tree.feature_layers[level][0]
                rows = slice(2 * node, 2 * node + 2)
                logits = split.weight[rows, :, 0] @ features + split.bias[rows]
                chance += torch.log_softmax(logits, 0)[turn].item()
                node = 2 * node + turn
                rows = slice(node * width, node * width + width)
                features = (deeper.weight[rows, :, 0] @ features + deeper.bias[rows]).clamp(min=0)
            place = tree.reg_layer.weight[leaf, :, 0] @ features + tree.reg_layer.bias[leaf]
            assert chances[row, leaf].item() == pytest.approx(chance, abs=1e-5)
            assert positions[row, leaf].item() == pytest.approx(place.item(), abs=1e-5)
    assert chances.exp().sum(1).tolist() == pytest.approx([1, 1])


def test_leaves_hold_about_as_many_pairs_each() -> None:
    scores = np.random.default_rng(0).uniform(0, 100, 80)
    differences = [a - b for a, b in itertools.permutations(scores, 2)]
    leaves = Leaves.fit(differences)
    assert leaves.edges.tolist() == [-edge for edge in reversed(leaves.edges.tolist())]
    assert leaves.edges[[0, 8, 16]].tolist() == [-100, 0, 100]
    hit = torch.bincount(leaves.locate(torch.tensor(differences))[0], minlength=16)
    assert hit.min() > 0.9 * len(differences) / 16
    assert hit.max() < 1.1 * len(differences) / 16


@pytest.mark.parametrize(
    ("difference", "leaf", "place"),
    [
        (0.0, 2, 0),
        (2.0, 2, 2 / 3),
        (3.0, 3, 0),
        (4.0, 3, 1 / 7),
        (10.0, 3, 1),
        (12.0, 3, 9 / 7),
        (-1e-9, 1, 1),
        (-1.0, 1, 2 / 3),
        (-3.0, 0, 1),
        (-10.0, 0, 0),
    ],
)
def test_where_a_difference_lies(difference: float, leaf: int, place: float) -> None:
    leaves = Leaves(torch.tensor([-10.0, -3, 0, 3, 10]))
    found, position = leaves.locate(torch.tensor([difference], dtype=torch.float64))
    assert (found.item(), position.item()) == (leaf, pytest.approx(place, abs=1e-8))
    chances = torch.full((1, 4), -5.0, dtype=torch.float64)
    chances[0, leaf] = 0
    assert leaves.read(chances, position.expand(1, 4)).item() == pytest.approx(difference, abs=1e-12)


def test_leaves_without_width_are_never_hit() -> None:
    leaves = Leaves.fit([0, 0, 0, 0, 0, 2, 4, 4, 4], count=8, highest=10)
    assert leaves.edges.tolist() == [-10, -4, 0, 0, 0, 0, 0, 4, 10]
    found, position = leaves.locate(torch.tensor([0.0, -0.0, 1.0, -1.0, 4.0]))
    assert found.tolist() == [6, 6, 6, 1, 7]
    assert position.tolist() == [0, 0, 0.25, 0.75, 0]
    assert (
        leaves.read(torch.eye(8)[3:4], torch.full((1, 8), 0.5)).item() == 0.5
    )  # as upstream: edge plus place


def test_loss_leaf_by_leaf() -> None:
    leaves = Leaves(torch.tensor([-10.0, -3, 0, 3, 10], dtype=torch.float64))
    chances = torch.randn(6, 4, dtype=torch.float64).log_softmax(1)
    positions = torch.randn(6, 4, dtype=torch.float64)
    differences = torch.tensor([1.0, 2.0, -5.0, 4.0, 8.0, 0.5], dtype=torch.float64)
    inside = {0: [2], 2: [0, 1, 5], 3: [3, 4]}
    expected = -sum(chances[row, leaf].item() for leaf, rows in inside.items() for row in rows) / 6
    for leaf, rows in inside.items():
        left, right = leaves.edges[leaf].item(), leaves.edges[leaf + 1].item()
        places = [(differences[row].item() - left) / (right - left) for row in rows]
        errors = [(positions[row, leaf].item() - place) ** 2 for row, place in zip(rows, places, strict=True)]
        expected += sum(errors) / len(errors)
    assert leaves.loss(chances, positions, differences).item() == pytest.approx(expected)


def test_pairs() -> None:
    found = paired(torch.ones(1, 2), torch.zeros(1, 2), torch.tensor([25.0]))
    assert found.tolist() == [[1, 1, 0, 0, 0.25]]


def test_both_directions_count() -> None:
    tree, leaves = stirred(RegressionTree(9, 6, 3)), Leaves(torch.tensor([-100.0, -30, 0, 30, 100]))
    features, scores = (torch.randn(5, 4), torch.randn(5, 4)), (torch.rand(5) * 100, torch.rand(5) * 100)
    one = leaves.loss(*tree(paired(features[0], features[1], scores[0])), scores[1] - scores[0])
    other = leaves.loss(*tree(paired(features[1], features[0], scores[1])), scores[0] - scores[1])
    found = core_loss(tree, leaves, features, scores)
    assert found.item() == pytest.approx((one + other).item())
    swapped = core_loss(tree, leaves, features[::-1], scores[::-1])
    assert swapped.item() == pytest.approx(found.item())


def test_gradients_reach_everything() -> None:
    torch.manual_seed(0)
    tree, leaves = RegressionTree(9, 8, 3), Leaves(torch.tensor([-100.0, -30, 0, 30, 100]))
    features, scores = torch.randn(2, 40, 4), torch.rand(2, 40) * 100
    assert not without_gradient(
        tree, core_loss(tree, leaves, (features[0], features[1]), (scores[0], scores[1]))
    )


@one_thread()
def test_a_tree_learns_differences() -> None:
    torch.manual_seed(0)
    features = torch.randn(60, 3)
    scores = 50 + 15 * features[:, 0]
    pairs = torch.tensor(list(itertools.permutations(range(40), 2)))
    leaves = Leaves.fit((scores[pairs[:, 0]] - scores[pairs[:, 1]]).tolist(), count=4)
    tree = RegressionTree(7, 16, 3)
    optimizer = torch.optim.Adam(tree.parameters(), lr=1e-2)
    for step in range(60):
        first, second = pairs[
            torch.randperm(len(pairs), generator=torch.Generator().manual_seed(step))[:64]
        ].T
        optimizer.zero_grad()
        core_loss(
            tree, leaves, (features[first], features[second]), (scores[first], scores[second])
        ).backward()
        optimizer.step()
    with torch.no_grad():
        exemplars, targets = torch.arange(10).repeat(20), torch.arange(40, 60).repeat_interleave(10)
        found = leaves.read(*tree(paired(features[exemplars], features[targets], scores[exemplars])))
        voted = (scores[exemplars] + found).view(20, 10).mean(1)
    assert stats.spearmanr(voted, scores[40:])[0] > 0.9
    assert math.isfinite(voted.sum())
