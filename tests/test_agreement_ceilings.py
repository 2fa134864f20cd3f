"""Noise ceilings against published examples and simulations of known reliability."""

import numpy as np
import pytest
import scipy.stats

from gaia_judge.agreement.ceilings import ceiling, ceiling_of_votes, share, split_half
from gaia_judge.agreement.resamplings import resample

SHROUT = np.array(
    [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], float
)
"""Shrout and Fleiss (1979), table 2: six targets rated by four judges; ICC(1,1) is .17, ICC(1,4) is .44."""


def told(votes):
    return np.nanmean(votes, 1), np.nanstd(votes, 1, ddof=1), np.isfinite(votes).sum(1)


def noisy(reliability, videos=4000, raters=12, seed=0):
    """Return votes whose means have a known reliability."""
    chance = np.random.default_rng(seed)
    truth = chance.normal(0, 1, (videos, 1))
    spread = np.sqrt(raters * (1 - reliability) / reliability)
    return truth + chance.normal(0, spread, (videos, raters))


def test_shrout_and_fleiss_published_example():
    found = ceiling(*told(SHROUT))
    assert found.reliability == pytest.approx(0.44, abs=0.005)
    one = found.reliability / (4 - 3 * found.reliability)
    assert one == pytest.approx(0.17, abs=0.005)
    assert found.value == pytest.approx(np.sqrt(found.reliability), abs=1e-12)


def test_shrout_and_fleiss_published_consistency():
    found = ceiling_of_votes(SHROUT)
    assert found.method == "ICC(3,k)"
    assert found.reliability == pytest.approx(0.91, abs=0.005)
    one = found.reliability / (4 - 3 * found.reliability)
    assert one == pytest.approx(0.71, abs=0.005)
    assert ceiling_of_votes(SHROUT + np.array([0, 30, -8, 100])).reliability == pytest.approx(
        found.reliability, abs=1e-10
    )


def test_consistency_of_complete_votes_is_cronbachs_alpha():
    votes = noisy(0.7, videos=30, raters=5)
    alpha = 5 / 4 * (1 - votes.var(0, ddof=1).sum() / votes.sum(1).var(ddof=1))
    assert ceiling_of_votes(votes).reliability == pytest.approx(alpha, abs=1e-10)


def test_votes_that_are_not_complete_are_taken_one_way():
    votes = noisy(0.7, videos=40, raters=6)
    votes[np.random.default_rng(1).random(votes.shape) < 0.3] = np.nan
    votes[0] = np.nan
    votes[0, 0] = 5
    kept = np.isfinite(votes).sum(1) >= 2
    assert 0 < kept.sum() < 40
    assert ceiling_of_votes(votes) == ceiling(*told(votes[kept]))


def test_the_ceiling_of_complete_votes_is_what_the_truth_reaches_though_people_are_lenient_or_strict():
    chance = np.random.default_rng(3)
    truth = chance.normal(0, 1, 20000)
    votes = truth[:, None] + np.linspace(-2, 2, 6) + chance.normal(0, 2, (20000, 6))
    reached = np.corrcoef(truth, votes.mean(1))[0, 1]
    assert ceiling_of_votes(votes).value == pytest.approx(reached, abs=0.01)
    assert ceiling(*told(votes)).value < reached - 0.05


@pytest.mark.parametrize(
    "measure", [ceiling_of_votes, lambda votes, **options: ceiling(*told(votes), **options)]
)
def test_the_interval_is_of_the_same_measure_on_repeated_videos(measure):
    votes = noisy(0.9, videos=25, raters=4)
    again = [
        measure(np.repeat(votes, one, axis=0)).reliability for one in resample(25, draws=40, seed=5).counts
    ]
    error = np.std(np.log(1 - np.array(again)), ddof=1)
    found = measure(votes, draws=40, seed=5)
    ends = 1 - (1 - found.reliability) * np.exp(scipy.stats.t.ppf([0.975, 0.025], 24) * error)
    assert (found.low, found.high) == pytest.approx(tuple(np.sqrt(ends)), abs=1e-9)


def test_the_interval_holds_the_truth_about_as_often_as_it_says():
    """Few repetitions; benchmarks/people.py has many."""
    found = [ceiling_of_votes(noisy(0.8, videos=80, raters=6, seed=seed), draws=200) for seed in range(150)]
    assert 0.88 <= np.mean([one.low <= np.sqrt(0.8) <= one.high for one in found]) <= 0.99


def test_votes_without_noise_have_a_ceiling_of_1_and_no_interval():
    found = ceiling_of_votes(np.arange(12.0)[:, None] + np.zeros(4))
    assert (found.value, found.low, found.high) == (1, None, None)
    assert "noise" in found.reason


def test_it_is_the_analysis_of_variance_of_balanced_votes():
    votes = noisy(0.7, videos=30, raters=5)
    between = 5 * votes.mean(1).var(ddof=1)
    within = votes.var(1, ddof=1).mean()
    assert ceiling(*told(votes)).reliability == pytest.approx((between - within) / between, abs=1e-10)


@pytest.mark.parametrize("reliability", [0.5, 0.8, 0.95])
def test_it_finds_a_known_reliability_also_where_votes_are_missing(reliability):
    votes = noisy(reliability)
    found = ceiling(*told(votes))
    assert found.reliability == pytest.approx(reliability, abs=0.02)
    assert found.low < np.sqrt(reliability) < found.high
    chance = np.random.default_rng(1)
    votes[chance.random(votes.shape) < 0.4] = np.nan
    votes = votes[np.isfinite(votes).sum(1) >= 2]
    # Fewer votes, less reliable means: k is the harmonic mean of the numbers of votes.
    harmonic = 1 / np.mean(1 / np.isfinite(votes).sum(1))
    noise = 12 * (1 - reliability) / reliability
    assert ceiling(*told(votes)).reliability == pytest.approx(1 / (1 + noise / harmonic), abs=0.02)


def test_the_ceiling_is_what_the_truth_itself_reaches():
    chance = np.random.default_rng(3)
    truth = chance.normal(0, 1, 20000)
    votes = truth[:, None] + chance.normal(0, 2, (20000, 6))
    found = ceiling(*told(votes))
    assert found.value == pytest.approx(np.corrcoef(truth, votes.mean(1))[0, 1], abs=0.01)


def test_halves_agree_with_the_intraclass_correlation():
    votes = noisy(0.8, videos=2000)
    assert split_half(votes, splits=20) == pytest.approx(ceiling(*told(votes)).reliability, abs=0.02)
    assert split_half(votes, splits=5, seed=1) == split_half(votes, splits=5, seed=1)


@pytest.mark.parametrize("raters", [3, 5])
def test_halves_leave_out_an_odd_vote_and_are_stepped_up_for_it(raters):
    assert split_half(noisy(0.8, raters=raters), splits=10) == pytest.approx(0.8, abs=0.02)


def test_halves_of_two_votes_are_spearman_and_browns_formula():
    votes = np.random.default_rng(0).normal(size=(50, 2)) + np.arange(50)[:, None] / 20
    r = np.corrcoef(votes.T)[0, 1]
    found = {split_half(votes, splits=1, seed=seed) for seed in range(3)}
    # Swapping the two votes of some videos changes the correlation a little, never the formula.
    assert all(one == pytest.approx(2 * r / (1 + r), abs=0.1) for one in found)


def test_what_is_not_known_has_no_ceiling():
    assert ceiling([1, 2, 3], None, None).reason == "neither votes nor their spread and number are known"
    assert ceiling([1, 2, 3], [1, 1, np.nan], [2, 2, 2]).reason == "fewer than 3 videos have two votes"
    same = ceiling([1, 1.1, 1], [5, 5, 5], [4, 4, 4])
    assert (same.value, same.reliability) == (None, None)
    assert "no less within" in same.reason
    assert share(0.5, same) is None
    assert share(None, ceiling(*told(SHROUT))) is None
    assert split_half(np.array([[1.0, np.nan]] * 5)) is None
