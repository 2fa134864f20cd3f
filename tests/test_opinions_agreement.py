"""Agreement of raters against worked examples of the literature and plain references; curves and spreads."""

from itertools import pairwise, permutations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from gaia_judge.opinions import Asking, alpha, analyse, arrange, arrange_table, describe_raters, icc, settle
from gaia_judge.opinions.curves import sos, spread_levels
from tests.votings import simulate

N = float("nan")

KRIPPENDORFF = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, N, N, N],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, N, 3],
    [N, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, N],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, N],
]
"""Four observers on twelve units: Computing Krippendorff's Alpha-Reliability, 2011, section D."""

SHROUT_FLEISS = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
"""Four judges on six targets: Psychological Bulletin 86:420, 1979, table 2."""


def test_alpha_is_krippendorffs():
    found = alpha(arrange_table(np.transpose(KRIPPENDORFF)))
    assert round(found.value, 3) == 0.849
    assert found.kind == "alpha (interval)"
    assert found.videos == 11
    assert found.low < found.value < found.high


def test_icc_of_a_full_table_is_shrouts_and_fleisss():
    single, average = icc(arrange_table(SHROUT_FLEISS))
    assert (single.kind, average.kind) == ("ICC(2,1)", "ICC(2,k)")
    assert (round(single.value, 2), round(average.value, 2)) == (0.29, 0.62)


def test_icc_of_a_table_with_gaps_is_the_one_way_kind():
    lone = [*SHROUT_FLEISS, [N, N, 3, N]]  # a video with one vote, which does not count
    single, average = icc(arrange_table(lone))
    assert (single.kind, average.kind) == ("ICC(1,1)", "ICC(1,k)")
    assert (round(single.value, 2), round(average.value, 2)) == (0.17, 0.44)
    assert single.videos == 6


@pytest.mark.parametrize("missing", [0.0, 0.4])
def test_alpha_is_the_mean_over_pairs(missing):
    votes = simulate(1, videos=12, raters=6, missing=missing)[1][..., 0]
    rows = [row[np.isfinite(row)] for row in votes]
    rows = [row for row in rows if len(row) > 1]
    every = np.concatenate(rows)
    observed = sum(sum((x - y) ** 2 for x, y in permutations(row, 2)) / (len(row) - 1) for row in rows) / len(
        every
    )
    expected = np.mean([(x - y) ** 2 for x, y in permutations(every, 2)])
    assert alpha(arrange_table(votes), draws=0).value == pytest.approx(1 - observed / expected, abs=1e-12)


def test_unequal_numbers_of_votes_recover_the_true_correlation():
    votes = simulate(2, videos=3000, raters=12, missing=0.5)[1][..., 0]
    single, _ = icc(arrange_table(votes), draws=0)
    chance = np.random.default_rng(2)
    chance.normal(50, 12, 3000)
    noise = chance.uniform(6, 15, 12)
    bias = chance.normal(0, 7, 12)
    assert single.value == pytest.approx(144 / (144 + np.var(bias) + np.mean(noise**2)), abs=0.03)


@pytest.mark.parametrize(
    "votes", [[[3, 3], [3, 3]], [[0.1, 0.1, 0.1], [0.1, 0.1, 0.1]], [[1, N], [N, 2]], [[1]]]
)
def test_agreement_that_is_undefined_is_missing_with_a_reason(votes):
    for found in (alpha(arrange_table(votes)), *icc(arrange_table(votes))):
        assert found.value is found.low is found.high is None
        assert found.reason


def test_repeats_are_averaged_before_agreement():
    _, votes = simulate(3, repeats=1)
    once = np.nanmean(votes, axis=2)
    assert alpha(arrange_table(votes)) == alpha(arrange_table(once))
    assert icc(arrange_table(votes))[0].value == pytest.approx(icc(arrange_table(once))[0].value)


def test_scores_settle_with_observers_against_all_and_against_the_rest():
    _, votes = simulate(4, videos=80, raters=16, missing=0.3)
    points = settle(arrange_table(votes), draws=40)
    assert [points[0].observers, points[-1].observers] == [1, 15]
    assert all(one.all < more.all for one, more in pairwise(points))
    assert points[-1].all > 0.98
    beside = [point for point in points if point.rest is not None]
    assert beside[-1].observers == 8
    assert all(point.rest < point.all for point in beside)
    for point in points:
        assert point.all_low <= point.all <= point.all_high
    assert points == settle(arrange_table(votes), draws=40)


def test_the_curve_of_two_raters_is_their_correlation():
    votes = np.array([[1, 2], [3, 3], [2, 5], [5, 4], [4, 7.0]])
    (point,) = settle(arrange_table(votes), draws=3)
    assert point.rest == pytest.approx(stats.spearmanr(*votes.T).statistic)
    assert point.votes == 1
    assert settle(arrange_table(votes[:, :1])) == []


def test_spreads_are_of_bins_of_mos_and_sos_of_binary_votes_is_one():
    _, votes = simulate(5, videos=95)
    levels = spread_levels(arrange_table(votes))
    assert sum(level.videos for level in levels) == 95
    assert [level.mos for level in levels] == sorted(level.mos for level in levels)
    order = np.argsort(votes[..., 0].mean(axis=1))[:10]
    assert levels[0].spread == pytest.approx(votes[order, :, 0].std(axis=1, ddof=1).mean())
    chance = np.random.default_rng(0)
    ends = chance.random((200, 50)) < chance.random((200, 1))
    assert sos(arrange_table(1.0 + 4 * ends), 1, 5) == pytest.approx(50 / 49)  # variance has n - 1
    assert sos(arrange_table([[3, 3], [4, 4]]), 1, 5) == 0


def test_raters_are_described():
    frame = pd.DataFrame(
        {
            "video": list("aaabbcc"),
            "rater": list("xxyxyxy"),
            "score": [1, 3, 4, 5, 7, 9, 11],
            "time": [4, 6, 9, 2, 3, 4, N],
            "repeat": [1, 2, 1, 1, 1, 1, 1],
        }
    )
    votes = arrange(frame, "votes")[None]
    found = analyse(None, votes, Asking())
    x, y = describe_raters(votes, found.opinion)
    assert (x["votes"], y["votes"]) == (4, 3)
    assert x["repeat_spread"] == pytest.approx(np.sqrt(2))
    assert y["repeat_spread"] is None
    assert (x["seconds"], y["seconds"]) == (4, 6)
    assert x["bias"] == pytest.approx(np.mean([1 - 3, 3 - 3, 5 - 6, 9 - 10]))
    assert x["correlation"] == pytest.approx(np.corrcoef([2, 5, 9], [3, 6, 10])[0, 1])


def test_agreement_of_those_who_count_is_told_beside_that_of_all():
    _, votes = simulate(6, careless=3)
    found = analyse(None, arrange_table(votes), Asking("pearson", least=0.5))
    assert {one.rater for one in found.opinion.rejected} == {"17", "18", "19"}
    assert found.kept["alpha"].value > found.agreement["alpha"].value
    assert found.kept["icc"].kind == "ICC(2,1)"
    assert found.kept["icc"].value == pytest.approx(icc(arrange_table(votes[:, :17]))[0].value)
    assert found.observers[-1].observers == 16
    assert analyse(None, arrange_table(votes), Asking()).kept is None
