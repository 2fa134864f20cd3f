"""The published loss of each recipe, against its formula in plain numbers, on scores that are given."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from scipy import stats
from sklearn.isotonic import IsotonicRegression

from gaia_judge.baselines import actionnets, bvqas, cores, dovers, fastvqas, simplevqas, tsas, usdls, vsfas

TARGETS = [0.1, 0.35, 0.8, 0.55, 0.15]
"""What people gave, from 0 to 1."""

FIRST = [0.3, 0.2, 0.5, 0.9, 0.4]
SECOND = [0.75, 0.1, 0.6, 0.35, 0.05]
"""What networks gave."""


def tensor(values):
    return torch.tensor(values, dtype=torch.float64)


def given(*answers):
    """A network that gives these whatever it is asked, as one tensor or as several."""
    tensors = tuple(tensor(one) for one in answers)
    return lambda *inputs: tensors if len(tensors) > 1 else tensors[0]


def lost(recipe, module, inputs=None):
    anything = dict.fromkeys(("features", "lengths", "space", "motion", "clips", "images"))
    return recipe.network().loss(module, inputs or anything, tensor(TARGETS)).item()


def wrongs(found, known, within=math.inf):
    """By how much each ordered pair contradicts people, and which pairs count."""
    pairs = [
        (p - q, s - t) for p, s in zip(found, known, strict=True) for q, t in zip(found, known, strict=True)
    ]
    wrong = [max(0.0, -apart * float(np.sign(people))) for apart, people in pairs]
    return wrong, [one for one, (_, people) in zip(wrong, pairs, strict=True) if 0 < abs(people) < within]


def by_ranks(found, known):
    """Correlation's share, and the share of ranks, which counts 0.3 times."""
    plcc = stats.pearsonr(found, known)[0]
    wrong, _ = wrongs(found, known)
    ranks = sum(wrong) / (len(found) * (len(found) - 1)) / (1 + max(wrong))
    return (1 - plcc) / 4 + (1 - plcc**2) / 8, ranks


def soft_ranks(values):
    order = np.argsort(values)[::-1]
    places = np.arange(len(values), 0, -1)
    fitted = IsotonicRegression(increasing=False).fit_transform(places * -1, np.array(values)[order] - places)
    found = np.empty(len(values))
    found[order] = np.array(values)[order] - fitted
    return found


def test_vsfa_is_the_mean_absolute_error():
    expected = np.mean([abs(a - b) for a, b in zip(FIRST, TARGETS, strict=True)])
    assert lost(vsfas, given(FIRST)) == pytest.approx(expected)


def test_bvqa_ranks_relative_scores_softly_and_correlates_mapped_ones():
    ranks = np.argsort(np.argsort(TARGETS)) + 1.0  # people's labels lie farther apart than 1 of 100
    assert min(np.diff(sorted(TARGETS))) * 100 > 1
    softly = 1 - stats.pearsonr(soft_ranks(FIRST), ranks)[0]
    assert softly > 0.01
    mapped = (1 - stats.pearsonr(SECOND, TARGETS)[0]) / 2
    assert lost(bvqas, given(FIRST, SECOND)) == pytest.approx(softly + mapped, rel=1e-6)
    assert abs(stats.pearsonr(soft_ranks(FIRST), soft_ranks(TARGETS))[0] - (1 - softly)) > 0.01


def test_simplevqa_adds_the_hinge_on_pairs_to_the_absolute_error():
    _, near = wrongs(FIRST, TARGETS, within=1.0)
    assert sum(near) > 0.1
    expected = np.mean(np.abs(np.subtract(FIRST, TARGETS))) + sum(near) / len(near)
    assert lost(simplevqas, given(FIRST)) == pytest.approx(expected)


def test_fast_vqa_adds_a_share_of_ranks_to_correlation():
    head = torch.nn.Module()
    head.forward = lambda maps: maps.flatten(1).mean(1)
    maps = tensor(FIRST)[:, None, None, None, None].expand(5, 4, 3, 7, 7)
    line, ranks = by_ranks(FIRST, TARGETS)
    assert ranks > 0.05
    assert lost(fastvqas, head, {"maps": maps}) == pytest.approx(line + 0.3 * ranks)


def test_dover_adds_up_its_branches_losses_and_not_their_scores():
    head = torch.nn.Module()
    head.forward = lambda maps: maps.flatten(1).mean(1)
    module = {"technical": head, "aesthetic": head}
    inputs = {
        name: tensor(scores)[:, None, None, None, None].expand(5, clips, 3, 7, 7)
        for name, scores, clips in (("technical", FIRST, 3), ("aesthetic", SECOND, 1))
    }
    (line, ranks), (other, more) = by_ranks(FIRST, TARGETS), by_ranks(SECOND, TARGETS)
    expected = line + other + 0.3 * (ranks + more)
    assert lost(dovers, module, inputs) == pytest.approx(expected)
    together = by_ranks(np.add(FIRST, SECOND), TARGETS)
    assert abs(together[0] + 0.3 * together[1] - expected) > 0.05


def test_action_net_is_the_mean_squared_error():
    assert lost(actionnets, given(FIRST)) == pytest.approx(np.mean(np.square(np.subtract(FIRST, TARGETS))))


@pytest.mark.parametrize("likeliest", [True, False])
def test_usdl_is_the_divergence_from_normal_distributions_five_levels_wide(likeliest):
    chances = np.random.default_rng(0).dirichlet(np.ones(101), size=5)
    total = 0.0
    for row, score in zip(chances, TARGETS, strict=True):
        density = [math.exp(-((level - 100 * score) ** 2) / (2 * 5.0**2)) for level in range(101)]
        for predicted, wanted in zip(row, density, strict=True):
            share = wanted / sum(density)
            total += share * math.log(share / predicted) if share > 0 else 0.0
    network = usdls.network(likeliest=likeliest)
    found = network.loss(given(np.log(chances).tolist()), {"clips": None}, tensor(TARGETS))
    assert found.item() == pytest.approx(total / 5 / 101, rel=1e-6)


def test_tsa_is_the_squared_error_of_differences_in_both_directions():
    more, less = [10.0, -20.0, 30.0, 5.0, 1.0], [-8.0, 33.0, -4.0, 12.0, 0.0]
    seen = []

    def compare(query, exemplar):
        seen.extend((query[:, 0].tolist(), exemplar[:, 0].tolist()))
        return tensor(more), tensor(less)

    maps = torch.arange(5.0)[:, None]
    found = lost(tsas, SimpleNamespace(tsa=compare), {"maps": maps})
    assert seen == [[0, 1, 2, 3, 4], [4, 0, 1, 2, 3]]
    apart = [100 * (TARGETS[at] - TARGETS[at - 1]) for at in range(5)]
    ahead = np.mean([(a - b) ** 2 for a, b in zip(more, apart, strict=True)])
    back = np.mean([(a + b) ** 2 for a, b in zip(less, apart, strict=True)])
    assert ahead > 1 < back
    assert found == pytest.approx(ahead + back, rel=1e-6)


EDGES = [-100.0, -20.0, 0.0, 20.0, 100.0]


def test_core_finds_leaves_and_places_in_both_directions():
    noise = np.random.default_rng(1)
    answers = [(np.log(noise.dirichlet(np.ones(4), size=5)), noise.uniform(0, 1, (5, 4))) for _ in range(2)]
    asked = []

    def tree(pairs):
        asked.append(pairs.numpy())
        return tuple(torch.from_numpy(one) for one in answers[len(asked) - 1])

    clips = torch.from_numpy(noise.normal(size=(5, 10, 3)))
    videos = clips.numpy().mean(1)
    found = lost(cores, SimpleNamespace(tree=tree, edges=tensor(EDGES)), {"clips": clips})
    expected = 0.0
    for (chances, places), step in zip(answers, (0, 1), strict=True):
        squares = {}
        for at in range(5):
            # Once each video is the exemplar of the one before it in the batch, once the other way round.
            exemplar, target = (at, at - 1) if step == 0 else (at - 1, at)
            apart = 100 * (TARGETS[target] - TARGETS[exemplar])
            leaf = max(number for number in range(4) if EDGES[number] <= apart)
            place = (apart - EDGES[leaf]) / (EDGES[leaf + 1] - EDGES[leaf])
            expected -= chances[at, leaf] / 5
            squares.setdefault(leaf, []).append((places[at, leaf] - place) ** 2)
            row = np.concatenate([videos[exemplar], videos[target], [TARGETS[exemplar]]])
            assert asked[step][at] == pytest.approx(row)
        expected += sum(np.mean(one) for one in squares.values())
    assert found == pytest.approx(expected, rel=1e-6)
