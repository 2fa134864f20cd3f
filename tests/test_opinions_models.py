"""The models where they are hard put (few raters, few votes, islands), and with careless raters."""

import warnings

import numpy as np
import pytest
from scipy import stats

from gaia_judge.opinions import METHODS, arrange_table
from gaia_judge.opinions.means import mean, zscore
from gaia_judge.opinions.models import _inconsistencies, mle, p910
from gaia_judge.opinions.screenings import bt500, pearson
from tests.votings import ask_sureal, simulate

NAN = float("nan")
SEEDS = range(12)


def error(method, seed: int, **how) -> float:
    """Return the root mean squared error of centred scores, after the best slope, which z-scores lack."""
    truth, votes = simulate(seed, videos=100, **how)
    found = method(arrange_table(votes)).mos
    truth, found = truth - truth.mean(), found - found.mean()
    return float(np.sqrt(np.mean((truth - found * (truth @ found) / (found @ found)) ** 2)))


@pytest.mark.parametrize("missing", [0.0, 0.3])
@pytest.mark.parametrize("method", ["p910", "mle"])
def test_models_recover_quality_better_than_the_mean_where_some_are_careless(method, missing):
    how = {"raters": 24, "careless": 4, "missing": missing}
    gains = [error(mean, seed, **how) - error(METHODS[method], seed, **how) for seed in SEEDS]
    assert stats.ttest_1samp(gains, 0, alternative="greater").pvalue < 1e-4
    assert min(gains) > 0


def test_screening_by_correlation_helps_where_the_threshold_suits_the_votes():
    how = {"raters": 24, "careless": 4, "missing": 0.3}
    gains = [error(mean, seed, **how) - error(lambda v: pearson(v, 0.5), seed, **how) for seed in SEEDS]
    assert stats.ttest_1samp(gains, 0, alternative="greater").pvalue < 1e-4


def test_bias_leaves_an_unbalanced_table_only_by_the_models():
    truth, votes = simulate(1, videos=80, raters=12)
    votes[:40, :6], votes[40:, 6:9] = NAN, NAN  # who sees what goes with who is lenient
    votes[:, :6] += 20
    wrong = {
        method: np.corrcoef(truth, METHODS[method](arrange_table(votes)).mos)[0, 1]
        for method in ("mean", "p910", "mle")
    }
    assert wrong["mean"] < 0.9 < wrong["p910"]
    assert wrong["mle"] == pytest.approx(wrong["p910"], abs=1e-6)


@pytest.mark.parametrize(("raters", "missing"), [(5, 0), (20, 0.35)])
def test_p910s_interval_holds_the_truth_as_often_as_it_says(raters, missing):
    held = []
    for seed in range(20):
        truth, votes = simulate(seed, raters=raters, missing=missing)
        found = p910(arrange_table(votes))
        shift = found.mos.mean() - truth.mean()
        held.append(np.mean((found.low <= truth + shift) & (truth + shift <= found.high)))
    assert 0.92 < np.mean(held) < 0.98


def test_p910s_interval_is_students_over_a_videos_residuals():
    _, votes = simulate(3, raters=9, missing=0.2)
    found = p910(arrange_table(votes))
    for at, residuals in enumerate(votes[..., 0] - found.mos[:, None] - found.bias):
        own = residuals[np.isfinite(residuals)]
        half = stats.t.ppf(0.975, len(own) - 1) * own.std(ddof=1) / np.sqrt(len(own))
        assert found.high[at] - found.mos[at] == pytest.approx(half)
        assert found.mos[at] - found.low[at] == pytest.approx(half)


def test_mles_interval_is_normal_by_fishers_information():
    _, votes = simulate(3, raters=9, missing=0.2)
    found = mle(arrange_table(votes))
    information = (np.isfinite(votes[..., 0]) / found.inconsistency**2).sum(axis=1)
    half = stats.norm.ppf(0.975) / np.sqrt(information)
    np.testing.assert_allclose(found.high - found.mos, half, rtol=1e-6)
    np.testing.assert_allclose(found.mos - found.low, half, rtol=1e-6)


@pytest.mark.parametrize("model", [p910, mle])
@pytest.mark.parametrize(("count", "told"), [(2, True), (3, False)])
def test_three_votes_tell_a_raters_inconsistency_and_two_do_not(model, count, told):
    _, votes = simulate(2, raters=10)
    more = np.concatenate([votes, np.full((60, 1, 1), NAN)], axis=1)
    more[:count, -1] = votes[:count].mean(axis=1) + np.array([[-15], [20], [5]])[:count]
    assert any("told of 10:" in note for note in model(arrange_table(more)).notes) is told


@pytest.mark.parametrize(("small", "pooled"), [(0.069, True), (0.073, False)])
def test_a_tenth_of_all_raters_inconsistency_is_the_least(small, pooled):
    votes = arrange_table(np.zeros((10, 2)))
    residuals = np.where(votes.rater == 0, 1.0, small) * (-1.0) ** votes.video
    spread, given = _inconsistencies(votes, residuals, np.array([False, False]))
    every = np.sqrt((1 + small**2) / 2)  # of which a tenth is 0.0707 or 0.0709
    assert given.tolist() == [False, pooled]
    assert spread.tolist() == pytest.approx([1.0, every if pooled else small])


@pytest.mark.parametrize("model", [p910, mle])
@pytest.mark.parametrize("seed", range(5))
def test_three_raters_cannot_make_one_of_them_the_truth(model, seed):
    _, votes = simulate(seed, raters=3)
    found = model(arrange_table(votes))
    assert found.inconsistency.min() > 0.1 * found.inconsistency.max()
    assert "Inconsistency could not be told" in found.notes[0]
    away = [np.std(votes[:, at, 0] - found.mos) for at in range(3)]
    assert min(away) > 1
    theirs = np.array(ask_sureal("SubjectMLEModelProjectionSolver2", votes)["quality_scores"])
    assert min(np.std(votes[:, at, 0] - theirs) for at in range(3)) < 0.01  # sureal lets one rater decide


def test_a_rater_whose_inconsistency_vanishes_spoils_sureals_scores_and_not_these():
    kinds = {"p910": [], "mean": [], "sureal": []}
    for seed in range(12):
        truth, votes = simulate(seed, videos=40, raters=8)
        theirs = ask_sureal("SubjectMLEModelProjectionSolver2", votes)
        if min(theirs["observer_inconsistency"]) > 0.01:
            continue
        scores = {name: METHODS[name](arrange_table(votes)).mos for name in ("p910", "mean")}
        for name, found in {**scores, "sureal": np.array(theirs["quality_scores"])}.items():
            kinds[name].append(np.std(found - truth))
    assert len(kinds["sureal"]) >= 3
    assert np.mean(kinds["p910"]) < np.mean(kinds["mean"]) < np.mean(kinds["sureal"]) / 1.3


@pytest.mark.parametrize("model", [p910, mle])
def test_a_rater_with_one_vote_does_not_decide_their_video(model):
    _, votes = simulate(2, raters=10)
    before = model(arrange_table(votes)).mos
    more = np.concatenate([votes, np.full((60, 1, 1), NAN)], axis=1)
    more[0, -1] = votes[0].mean()
    found = model(arrange_table(more))
    assert found.inconsistency[-1] > 5
    assert "told of 10:" in found.notes[0]
    shift = found.mos[1:] - before[1:]
    assert np.ptp(shift) < 0.1


@pytest.mark.parametrize("model", [p910, mle])
def test_islands_are_told_and_each_is_centred_on_its_raters(model):
    _, left = simulate(5, videos=30, raters=12)
    _, right = simulate(6, videos=30, raters=12)
    votes = np.full((60, 24, 1), NAN)
    votes[:30, :12], votes[30:, 12:] = left, right
    found = model(arrange_table(votes))
    assert found.facts["groups"] == 2
    assert "2 groups without a common vote" in found.notes[-1]
    assert found.mos[:30] == pytest.approx(model(arrange_table(left)).mos, abs=1e-6)
    assert [found.bias[:12].mean(), found.bias[12:].mean()] == pytest.approx([0, 0], abs=1e-9)


@pytest.mark.parametrize("model", [p910, mle])
def test_raters_who_differ_by_bias_alone_are_brought_together(model):
    found = model(arrange_table(np.array([[1, 3, 5], [2, 4, 6], [5, 7, 9]])))
    assert found.mos == pytest.approx([3, 4, 7])
    assert found.bias == pytest.approx([-2, 0, 2])


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "votes",
    [
        [[50.0]],
        [[1, 2, 3]],
        [[1], [2], [3]],
        [[1, NAN], [NAN, 2]],
        [[3, 3, 3], [3, 3, 3]],
        [[1, 2], [2, 1]],
        [[1, 5, NAN], [2, 5, 3], [4, 5, NAN], [3, 5, 1]],
    ],
)
def test_small_and_flat_tables_give_scores_or_say_who_was_left_out(method, votes):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = METHODS[method](arrange_table(votes))
    assert len(found.mos) == len(votes)
    told = np.isfinite(found.mos)
    assert told.all() or found.rejected
    assert (found.n[told] > 0).all()
    assert np.isnan(found.low[found.n < 2]).all()
    ordered = np.isfinite(found.low)
    assert (found.low[ordered] <= found.mos[ordered]).all()


def test_constant_raters_have_no_z_score_and_are_named():
    found = zscore(arrange_table([[1, 0.1, 7], [2, 0.1, NAN], [4, 0.1, NAN]]))
    assert [(one.rater, one.why) for one in found.rejected] == [
        ("1", "all votes are equal"),
        ("2", "a single vote has no z-score"),
    ]
    z = (np.array([1, 2, 4]) - 7 / 3) / np.std([1, 2, 4], ddof=1)
    assert found.mos == pytest.approx(100 * (z + 3) / 6)


def test_the_means_interval_is_students():
    _, votes = simulate(0, missing=0.5)
    found = mean(arrange_table(votes))
    for at in range(5):
        own = votes[at][np.isfinite(votes[at])]
        low, high = stats.t.interval(0.95, len(own) - 1, own.mean(), stats.sem(own))
        assert (found.low[at], found.high[at]) == pytest.approx((low, high))


def test_if_the_rule_hits_all_raters_it_hits_none():
    # Two of four to either side on each video; kurtosis 1, so none is out; then one each in turn.
    votes = np.full((20, 5), 50.0)
    for at in range(20):
        votes[at, at % 5] += 30 if (at // 5) % 2 else -30
    found = bt500(arrange_table(votes))
    assert not found.rejected
    assert found.notes == ["The rule would reject all raters; none was."]
    assert found.mos == pytest.approx(votes.mean(axis=1))
