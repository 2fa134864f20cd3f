"""Krasula's analysis against the Mann-Whitney statistic, and on raters of known skill."""

import numpy as np
import pytest
from scipy.stats import mannwhitneyu

from gaia_judge.agreement import discriminations
from gaia_judge.agreement.discriminations import discriminate


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
    return means[first] - means[second], scores[first] - scores[second], z > 1.959964


def test_areas_are_mann_whitney_statistics(people):
    scores = np.round(people[0] / 10 + np.random.default_rng(1).normal(0, 1, 60))  # with ties
    gap, own, differs = pairs_of(people, scores)
    found = discriminate(scores, *people, draws=0)
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


def test_many_videos_are_judged_by_pairs_drawn_by_chance(monkeypatch, people):
    scores = people[0] + np.random.default_rng(1).normal(0, 15, 60)
    whole = discriminate(scores, *people, draws=0)
    monkeypatch.setattr(discriminations, "PAIRS", 1500)
    some = discriminate(scores, *people, draws=0)
    assert some.pairs == 1500 < whole.pairs
    assert some == discriminate(scores, *people, draws=0)
    assert some.better == pytest.approx(whole.better, abs=0.05)


def test_where_people_tell_nothing_or_everything_apart_it_is_undefined(people):
    means, _, counts = people
    assert "known" in discriminate(means, means, None, None).reason
    assert "no pairs" in discriminate(means, means, np.full(60, 1e4), counts).reason
    assert "all pairs" in discriminate(means, np.arange(60), np.full(60, 1e-6), counts).reason
    assert "no pairs" in discriminate(np.full(60, np.nan), *people).reason
