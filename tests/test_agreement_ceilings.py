"""Noise ceilings against published examples and simulations of known reliability."""

import numpy as np
import pytest

from gaia_judge.agreement.ceilings import ceiling, share, split_half

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
