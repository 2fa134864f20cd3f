"""Effects by plain references: loops and scipy, on arrays with missing values."""

from itertools import combinations

import numpy as np
import pytest
from scipy.stats import rankdata, spearmanr

from gaia_judge.experiments.effects import flips, largest, loss, partial, shift, similarity

CHANCE = np.random.default_rng(0)
N = 60
BASE = CHANCE.uniform(0, 1, N)
CHANGED = np.clip(BASE - 0.1 + CHANCE.normal(0, 0.05, N), 0, 1)
PEOPLE = BASE + CHANCE.normal(0, 0.2, N)
ACTIONS = np.array([f"a{n % 12}" for n in range(N)])
HOLES = np.where(np.arange(N) % 10 == 0, np.nan, CHANGED)


def test_the_shift_is_the_mean_of_paired_differences_and_its_interval_that_of_drawn_actions():
    found = shift(BASE, HOLES, ACTIONS)
    kept = ~np.isnan(HOLES)
    assert found.n == kept.sum() == 54
    assert found.value == pytest.approx(np.mean(HOLES[kept] - BASE[kept]))
    by_action = {name: (HOLES - BASE)[kept & (name == ACTIONS)] for name in set(ACTIONS[kept])}
    chance, drawn = np.random.default_rng(5), []
    for _ in range(4000):
        names = chance.choice(sorted(by_action), len(by_action))
        drawn.append(np.concatenate([by_action[name] for name in names]).mean())
    assert (found.low, found.high) == pytest.approx(np.quantile(drawn, [0.025, 0.975]), abs=0.003)


def test_clusters_widen_the_interval_of_what_they_share():
    common = np.repeat(np.random.default_rng(1).normal(0, 0.1, 12), 5)
    actions = np.repeat(np.arange(12), 5)
    alone, whole = shift(np.zeros(N), common), shift(np.zeros(N), common, actions)
    assert whole.high - whole.low > 1.5 * (alone.high - alone.low)


def test_similarity_is_spearmans_over_pairs():
    found = similarity(BASE, HOLES, ACTIONS)
    kept = ~np.isnan(HOLES)
    assert found.value == pytest.approx(spearmanr(BASE[kept], HOLES[kept]).statistic)
    assert found.low < found.value < found.high
    assert similarity(BASE, np.ones(N)).value is None


def test_the_loss_is_the_difference_of_correlations_on_the_same_videos():
    noise = np.random.default_rng(2).uniform(0, 1, N)
    found = loss(BASE, np.where(np.isnan(HOLES), np.nan, noise), PEOPLE, ACTIONS)
    kept = ~np.isnan(HOLES)
    expected = spearmanr(BASE[kept], PEOPLE[kept]).statistic - spearmanr(noise[kept], PEOPLE[kept]).statistic
    assert found.value == pytest.approx(expected)
    assert 0 < found.low < found.value < found.high


def test_a_constant_has_lost_all_that_there_was():
    found = loss(BASE, np.full(N, 0.5), PEOPLE, ACTIONS)
    assert found.value == pytest.approx(spearmanr(BASE, PEOPLE).statistic)
    assert found.low > 0
    assert loss(np.ones(N), np.full(N, 0.5), PEOPLE).value is None


def test_the_largest_change_and_the_share_of_changes():
    changed = BASE.copy()
    changed[[3, 7, 9]] += [0.1, -0.25, 0.01]
    changed[4] = np.nan
    found, share = largest(BASE, changed)
    assert (found.value, found.n) == (pytest.approx(0.25), N - 1)
    assert share == pytest.approx(3 / (N - 1))
    assert largest([np.nan], [1.0]) == (found.__class__(None, n=0, reason="no video has both ratings"), None)


@pytest.mark.parametrize("owned", [True, False])
def test_flips_are_counted_over_pairs_with_ties_as_halves(owned):
    owners = [f"g{n % 7}" for n in range(N)] if owned else None
    base, changed = BASE.round(1), CHANGED.round(1)
    groups = (
        [np.array([name == own for own in owners]) for name in sorted(set(owners))]
        if owned
        else np.eye(N, dtype=bool)
    )
    before, after = ([side[group].mean() for group in groups] for side in (base, changed))
    total, count = 0.0, 0
    for i, j in combinations(range(len(groups)), 2):
        one, two = np.sign(before[i] - before[j]), np.sign(after[i] - after[j])
        total += 1.0 if one * two < 0 else 0.5 if one != two else 0.0
        count += 1
    assert flips(base, changed, owners) == pytest.approx(total / count)


def test_one_generator_or_video_has_no_pairs():
    assert flips([1.0], [2.0]) is None
    assert flips([1.0, 2.0, 3.0], [3.0, 2.0, 1.0], ["", "", ""]) == 1.0  # unknown generators: videos


def test_the_partial_correlation_is_that_of_the_residuals_of_ranks():
    lengths = np.round(20 * PEOPLE + CHANCE.normal(0, 3, N))
    x, y, z = (rankdata(side) for side in (BASE, lengths, PEOPLE))
    left, right = (side - np.polyval(np.polyfit(z, side, 1), z) for side in (x, y))
    found = partial(BASE, lengths, PEOPLE, ACTIONS)
    assert found.value == pytest.approx(np.corrcoef(left, right)[0, 1])
    assert found.low < found.value < found.high
    names, drawn = np.array(sorted(set(ACTIONS))), []
    chance = np.random.default_rng(6)
    for _ in range(500):
        rows = np.concatenate([np.flatnonzero(name == ACTIONS) for name in chance.choice(names, len(names))])
        u, v, w = (rankdata(side[rows]) for side in (BASE, lengths, PEOPLE))
        r, s, t = (np.corrcoef(*two)[0, 1] for two in ((u, v), (u, w), (v, w)))
        drawn.append((r - s * t) / np.sqrt((1 - s**2) * (1 - t**2)))
    assert (found.low, found.high) == pytest.approx(np.quantile(drawn, [0.025, 0.975]), abs=0.05)
    assert partial(PEOPLE, lengths, PEOPLE, ACTIONS).value is None
    plain = partial(BASE, lengths)
    assert plain.value == pytest.approx(spearmanr(BASE, lengths).statistic)
    assert partial(BASE, np.ones(N)).value is None
