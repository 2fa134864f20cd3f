"""Krasula's analysis against the Mann-Whitney statistic, and on raters of known skill."""

import numpy as np
import pytest
from scipy.stats import mannwhitneyu, norm

from gaia_judge.agreement import discriminations
from gaia_judge.agreement.discriminations import discriminate
from gaia_judge.agreement.resamplings import resample


@pytest.fixture
def people():
    chance = np.random.default_rng(0)
    return chance.normal(50, 15, 60), chance.uniform(8, 25, 60), np.full(60, 20)


def pairs_of(people, scores):
    means, spreads, counts = people
    first, second = np.triu_indices(len(means), 1)
    z = np.abs(means[first] - means[second]) / np.sqrt(
        (spreads**2 / counts)[first] + (spreads**2 / counts)[second]
    )
    return means[first] - means[second], scores[first] - scores[second], z > norm.ppf(0.975)


def test_areas_are_mann_whitney_statistics(people):
    scores = np.round(people[0] / 10 + np.random.default_rng(1).normal(0, 1, 60))  # with ties
    gap, own, differs = pairs_of(people, scores)
    found = discriminate(scores, *people)
    yes, no = np.abs(own)[differs], np.abs(own)[~differs]
    assert found.different == pytest.approx(mannwhitneyu(yes, no).statistic / len(yes) / len(no), abs=1e-12)
    ahead = (own * np.sign(gap))[differs]
    expected = mannwhitneyu(ahead, -ahead).statistic / len(ahead) ** 2
    assert found.better == pytest.approx(expected, abs=1e-12)
    assert found.correct == pytest.approx(np.mean((ahead > 0) + 0.5 * (ahead == 0)), abs=1e-12)
    assert (found.pairs, found.distinct) == (60 * 59 // 2, int(differs.sum()))


def test_people_themselves_tell_all_and_chance_tells_nothing(people):
    assert discriminate(people[0], *people).better == 1
    assert discriminate(-people[0], *people).better == 0
    chance = discriminate(np.random.default_rng(5).normal(size=60), *people)
    assert chance.better_low < 0.5 < chance.better_high
    assert chance.different_low < 0.5 < chance.different_high


def test_intervals_hold_the_value(people):
    scores = people[0] + np.random.default_rng(1).normal(0, 15, 60)
    found = discriminate(scores, *people)
    assert found.different_low < found.different < found.different_high
    assert found.better_low < found.better < found.better_high
    assert found.better_low > 0.5


def test_intervals_are_about_those_of_the_bootstrap(people):
    scores = people[0] + np.random.default_rng(1).normal(0, 15, 60)
    found = discriminate(scores, *people)
    gap, own, differs = pairs_of(people, scores)
    first, second = np.triu_indices(60, 1)
    again = []
    for counts in resample(60, draws=400).counts.astype(int):
        times = counts[first] * counts[second]
        size, ahead = (np.repeat(one, times) for one in (np.abs(own), own * np.sign(gap)))
        told = np.repeat(differs, times)
        again.append(
            [
                mannwhitneyu(size[told], size[~told]).statistic / told.sum() / (~told).sum(),
                mannwhitneyu(ahead[told], -ahead[told]).statistic / told.sum() ** 2,
            ]
        )
    low, high = np.quantile(again, [0.025, 0.975], axis=0)
    assert (found.different_low, found.better_low) == pytest.approx(low, abs=0.03)
    assert (found.different_high, found.better_high) == pytest.approx(high, abs=0.03)


def test_without_a_mistake_there_is_no_interval(people):
    found = discriminate(people[0], *people)
    assert (found.better, found.better_low, found.better_high) == (1, None, None)
    assert found.reason == "without a mistake there is no interval"
    assert found.different_low < found.different < found.different_high


def test_intervals_hold_the_truth_about_as_often_as_they_say():
    """Few repetitions; benchmarks/people.py has many."""

    def judge(seed, videos):
        chance = np.random.default_rng([seed, videos])
        truth = chance.normal(50, 15, videos)
        means, spreads = truth + chance.normal(0, 5, videos), np.full(videos, 20.0)
        scores = truth + chance.normal(0, 15, videos)
        return discriminate(scores, means, spreads, np.full(videos, 16))

    whole = [judge(seed, 1000) for seed in range(5)]
    found = [judge(seed, 60) for seed in range(150)]
    for name in ("different", "better"):
        truth = np.mean([getattr(one, name) for one in whole])
        held = [getattr(one, f"{name}_low") < truth < getattr(one, f"{name}_high") for one in found]
        assert 0.88 <= np.mean(held) <= 0.99


def test_many_videos_are_judged_by_pairs_drawn_by_chance(monkeypatch, people):
    scores = people[0] + np.random.default_rng(1).normal(0, 15, 60)
    whole = discriminate(scores, *people)
    monkeypatch.setattr(discriminations, "PAIRS", 1500)
    some = discriminate(scores, *people)
    assert some.pairs == 1500 < whole.pairs
    assert (some.sampled, whole.sampled) == (True, False)
    assert some == discriminate(scores, *people)
    assert some.better == pytest.approx(whole.better, abs=0.05)


def test_where_people_tell_nothing_or_everything_apart_it_is_undefined(people):
    means, _, counts = people
    assert "known" in discriminate(means, means, None, None).reason
    assert "no pairs" in discriminate(means, means, np.full(60, 1e4), counts).reason
    assert "all pairs" in discriminate(means, np.arange(60), np.full(60, 1e-6), counts).reason
    assert "no pairs" in discriminate(np.full(60, np.nan), *people).reason
