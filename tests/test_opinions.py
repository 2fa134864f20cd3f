"""Each method against the class of the package sureal that implements it, full and with votes missing.

mean: ``MosModel``; zscore: ``ZscoringMosModel``; bt500: ``SubjrejMosModel``;
p910: ``SubjectMLEModelProjectionSolver2``; mle: ``MaximumLikelihoodEstimationModelContentOblivious``.
sureal has no class for the Pearson variant: it is pinned to loops here.
"""

import numpy as np
import pytest
from scipy import stats

from gaia_judge.opinions import METHODS, arrange_table
from gaia_judge.opinions.models import mle, p910
from gaia_judge.opinions.screenings import bt500, outliers, pearson
from tests.votings import ask_sureal, simulate

CLASSES = {
    "mean": "MosModel",
    "zscore": "ZscoringMosModel",
    "p910": "SubjectMLEModelProjectionSolver2",
    "mle": "MaximumLikelihoodEstimationModelContentOblivious",
}

TABLES = {
    "full": {},
    "missing": {"missing": 0.3},
    "careless": {"careless": 3, "missing": 0.3},
    "few": {"raters": 10, "videos": 25},
    "levels": {"levels": 5},
    "levels missing": {"levels": 5, "missing": 0.3},
}


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("method", CLASSES)
def test_scores_and_their_errors_are_sureals(method, table):
    _, votes = simulate(2, **TABLES[table])
    found, theirs = METHODS[method](arrange_table(votes)), ask_sureal(CLASSES[method], votes)
    mos, error = found.mos, found.error
    if method == "zscore":  # theirs are not brought to 0 to 100
        mos, error = mos * 6 / 100 - 3, error * 6 / 100
    assert not found.rejected
    assert not found.notes
    assert mos == pytest.approx(np.array(theirs["quality_scores"]), abs=1e-6)
    assert error == pytest.approx(np.array(theirs["quality_scores_std"]), abs=1e-6)
    assert found.n.tolist() == np.isfinite(votes[..., 0]).sum(axis=1).tolist()
    if found.bias is not None:
        assert found.bias == pytest.approx(np.array(theirs["observer_bias"]), abs=1e-6)
        assert found.inconsistency == pytest.approx(np.array(theirs["observer_inconsistency"]), abs=1e-6)


@pytest.mark.parametrize("method", ["p910", "mle"])
def test_the_models_take_a_raters_repeats_as_sureal_does(method):
    _, votes = simulate(4, repeats=2, missing=0.3)
    found, theirs = METHODS[method](arrange_table(votes)), ask_sureal(CLASSES[method], votes)
    assert np.isfinite(votes[..., 1:]).any()
    assert found.mos == pytest.approx(np.array(theirs["quality_scores"]), abs=1e-6)
    assert found.error == pytest.approx(np.array(theirs["quality_scores_std"]), abs=1e-6)
    assert found.n.tolist() == np.isfinite(votes).any(axis=2).sum(axis=1).tolist()


@pytest.mark.parametrize("method", ["mean", "zscore", "bt500", "pearson"])
def test_the_others_average_a_raters_repeats(method):
    _, votes = simulate(4, repeats=2, missing=0.3)
    with np.errstate(invalid="ignore"):
        once = np.nansum(votes, axis=2) / np.isfinite(votes).sum(axis=2)
    found, wanted = (METHODS[method](arrange_table(table)) for table in (votes, once))
    assert found.mos == pytest.approx(wanted.mos, abs=1e-12)
    assert found.low == pytest.approx(wanted.low, abs=1e-12)
    assert found.n.tolist() == wanted.n.tolist()


@pytest.mark.parametrize("missing", [0.0, 0.3])
@pytest.mark.parametrize("seed", range(6))
def test_bt500_is_sureals_where_both_reject_the_same_and_counts_the_same_outliers(seed, missing):
    _, votes = simulate(seed, careless=2, missing=missing)
    found, theirs = bt500(arrange_table(votes)), ask_sureal("SubjrejMosModel", votes)
    above, below = outliers(arrange_table(votes))
    far = np.array(theirs["observer_rejected_1st_stats"]) * len(votes)
    assert (above + below).tolist() == pytest.approx(far.tolist())
    balance = np.array(theirs["observer_rejected_2nd_stats"])[far > 0]
    assert np.abs(above - below)[far > 0] / (above + below)[far > 0] == pytest.approx(balance)
    rejected = np.flatnonzero(theirs["observer_rejected"]).astype(str).tolist()
    ours = [one.rater for one in found.rejected]
    assert ours == rejected or (missing and set(rejected) < set(ours))
    if ours == rejected:
        assert found.mos == pytest.approx(np.array(theirs["quality_scores"]), abs=1e-6)
        assert found.error == pytest.approx(np.array(theirs["quality_scores_std"]), abs=1e-6)


def test_bt500_and_sureal_do_reject_careless_raters_on_some_tables():
    tables = [simulate(seed, careless=2, missing=missing)[1] for seed in range(6) for missing in (0, 0.3)]
    assert sum(bool(bt500(arrange_table(table)).rejected) for table in tables) >= 3
    assert sum(any(ask_sureal("SubjrejMosModel", table)["observer_rejected"]) for table in tables) >= 3


def plain_bt500(votes: np.ndarray) -> list[str]:
    """Return who is rejected by the rule as it is written, over the votes that each rater has cast."""
    above, below = np.zeros(votes.shape[1]), np.zeros(votes.shape[1])
    for row in votes:
        given = row[np.isfinite(row)]
        middle, spread = given.mean(), given.std()
        if not spread:
            continue
        kurtosis = np.mean((given - middle) ** 4) / spread**4
        limit = (2 if 2 <= kurtosis <= 4 else np.sqrt(20)) * spread
        above += np.nan_to_num(row, nan=-np.inf) >= middle + limit
        below += np.nan_to_num(row, nan=np.inf) <= middle - limit
    cast = np.isfinite(votes).sum(axis=0)
    return [
        str(at)
        for at in range(votes.shape[1])
        if above[at] + below[at] > 0.05 * cast[at]
        and abs(above[at] - below[at]) / (above[at] + below[at]) < 0.3
    ]


@pytest.mark.parametrize("missing", [0.0, 0.3, 0.6])
@pytest.mark.parametrize("seed", range(4))
def test_bt500_is_the_rule_as_written_over_the_votes_cast(seed, missing):
    _, votes = simulate(seed, careless=3, missing=missing)
    wanted = plain_bt500(votes[..., 0])
    found = bt500(arrange_table(votes))
    assert [one.rater for one in found.rejected] == wanted
    kept = np.delete(votes[..., 0], [int(rater) for rater in wanted], axis=1)
    assert found.mos == pytest.approx(np.nanmean(kept, axis=1), abs=1e-10)


@pytest.mark.parametrize(("videos", "rejected"), [(39, ["8"]), (40, [])])
def test_one_vote_in_twenty_may_lie_far_out_and_no_more(videos, rejected):
    votes = np.tile([-1.0, -1, -1, 0, 0, 1, 1, 1, 0], (videos, 1))
    votes[0, 8], votes[1, 8] = 3.2, -3.2  # 2.2 standard deviations, with a kurtosis of 3
    assert [one.rater for one in bt500(arrange_table(votes)).rejected] == rejected


def test_a_rater_who_has_seen_little_can_be_rejected_which_sureal_cannot():
    votes = np.full((400, 15), np.nan)
    votes[:, :14] = 50 + 10 * stats.norm.ppf((np.arange(14) + 0.5) / 14)
    votes[:100, 14] = 50
    votes[:8, 14] += 26 * np.array([1, -1] * 4)  # 8% of the rater's votes, of all videos 2%
    assert [one.rater for one in bt500(arrange_table(votes)).rejected] == ["14"]
    assert "4 of 100 votes far above" in bt500(arrange_table(votes)).rejected[0].why
    assert not any(ask_sureal("SubjrejMosModel", votes)["observer_rejected"])


def test_where_all_agree_nobody_is_an_outlier_though_sureal_counts_all():
    votes = np.repeat(np.arange(1.0, 6.0)[:, None], 4, axis=1)
    above, below = outliers(arrange_table(votes))
    assert above.tolist() == below.tolist() == [0] * 4
    assert ask_sureal("SubjrejMosModel", votes)["observer_rejected_1st_stats"] == [2.0] * 4
    assert bt500(arrange_table(votes)).mos.tolist() == [1, 2, 3, 4, 5]


def plain_pearson(votes: np.ndarray, least: float) -> list[str]:
    left = list(range(votes.shape[1]))
    gone = []
    while True:
        means = np.nanmean(votes[:, left], axis=1)
        found = {}
        for at in left:
            seen = np.isfinite(votes[:, at])
            found[at] = np.corrcoef(votes[seen, at], means[seen])[0, 1]
        worst = min(found, key=found.__getitem__)
        if found[worst] >= least:
            return gone
        left.remove(worst)
        gone.append(str(worst))


@pytest.mark.parametrize("missing", [0.0, 0.3])
@pytest.mark.parametrize("seed", range(4))
def test_pearson_leaves_out_the_worst_again_and_again(seed, missing):
    _, votes = simulate(seed, careless=4, missing=missing)
    wanted = plain_pearson(votes[..., 0], 0.6)
    found = pearson(arrange_table(votes), 0.6)
    assert {"16", "17", "18", "19"} <= set(wanted)
    assert [one.rater for one in found.rejected] == wanted
    kept = np.delete(votes[..., 0], [int(rater) for rater in wanted], axis=1)
    assert found.mos == pytest.approx(np.nanmean(kept, axis=1), abs=1e-10)
    assert "< 0.6" in found.rejected[0].why


def test_pearson_rejects_nobody_where_half_would_go():
    _, votes = simulate(0, raters=8)
    found = pearson(arrange_table(votes), 0.99)
    assert not found.rejected
    assert "Half of the raters" in found.notes[0]
    assert found.mos == pytest.approx(votes[..., 0].mean(axis=1))


@pytest.mark.parametrize("model", [p910, mle])
def test_models_agree_with_each_other_on_a_large_sparse_table(model):
    _, votes = simulate(9, videos=300, raters=60, missing=0.8)
    found = model(arrange_table(votes))
    assert found.mos == pytest.approx(p910(arrange_table(votes)).mos, abs=1e-5)
    assert np.isfinite(found.facts["rounds"])
