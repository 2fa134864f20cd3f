"""What ``agree`` returns, beside the numbers: names, counts and reasons."""

import numpy as np
import pytest

from gaia_judge.agreement import Agreement, agree, krcc, outlier_ratio, pairwise_accuracy, resample
from gaia_judge.errors import GaiaJudgeError

ALL = ["srcc", "krcc", "plcc", "rmse", "outlier_ratio", "pairwise_accuracy"]


def pairs(size=30):
    random = np.random.default_rng(0)
    x = random.normal(size=size)
    return x, x + random.normal(size=size)


def test_statistics_come_as_asked_for_with_intervals_only_from_replicates():
    x, y = pairs()
    found = agree(x, y, statistics=ALL, spread=np.full(30, 0.5))
    assert set(found) == set(ALL)
    for name, one in found.items():
        assert one.name == name
        assert (one.low, one.high, one.draws, one.reason) == (None, None, 0, None)
    drawn = agree(x, y, statistics=ALL, spread=np.full(30, 0.5), resampling=resample(30, draws=100))
    for name, one in drawn.items():
        assert one.value == found[name].value
        assert one.low < one.value < one.high
        assert (one.draws, one.undefined) == (100, 0)


@pytest.mark.parametrize(
    ("x", "y", "reason"),
    [
        ([1, 2], [1, 2], "2 videos have both scores; a correlation needs 3"),
        ([], [], "0 videos have both scores; a correlation needs 3"),
        ([0.1] * 3, [1, 2, 3], "the rater gave every video the same score, 0.1"),
        ([1, 2, 3, 9], [50, 50, 50, None], "people gave every video the same score, 50"),
        ([1, 2, float("inf")], [1, 2, 3], "2 videos have both scores; a correlation needs 3"),
    ],
)
@pytest.mark.parametrize("kendall", ["b", "c"])
def test_undefined_correlations_have_a_reason(x, y, reason, kendall):
    y = np.array(y, float)
    found = agree(x, y, resampling=resample(len(x), draws=20), kendall=kendall)
    for name in ("srcc", "krcc", "plcc"):
        assert found[name].value is found[name].low is found[name].high is None
        assert found[name].reason == reason
    if len(x):
        assert found["rmse"].value is not None
        assert found["rmse"].reason is None
    else:
        assert found["rmse"] == Agreement(
            "rmse", None, None, None, 0, 0, "0 videos have both scores; rmse needs 1"
        )


def test_one_cluster_has_values_but_no_interval_and_says_why():
    x, y = pairs()
    found = agree(x, y, resampling=resample(30, [["only"] * 30], draws=20))
    for one in found.values():
        assert one.value is not None
        assert (one.low, one.high, one.draws) == (None, None, 0)
        assert one.reason == "an interval needs two rows or clusters that have both scores"


def test_clusters_count_by_the_rows_that_have_scores():
    x, y = pairs()
    x[15:] = np.nan
    found = agree(x, y, resampling=resample(30, [np.arange(30) // 15], draws=20))["srcc"]
    assert found.reason == "an interval needs two rows or clusters that have both scores"


def test_too_many_undefined_replicates_leave_no_interval_and_are_counted():
    x = [0.0, 0.0, 0.0, 1.0]
    found = agree(x, [1, 2, 4, 3], statistics=["srcc"], resampling=resample(4, draws=1000))["srcc"]
    assert found.value is not None
    assert (found.low, found.high) == (None, None)
    # All four drawn from the first three, or the last alone.
    assert found.undefined / 1000 == pytest.approx(0.75**4 + 0.25**4, abs=0.05)
    assert found.reason == f"undefined in {found.undefined} of 1000 bootstrap replicates"


def test_a_few_undefined_replicates_are_counted_beside_the_interval():
    x = [0.0] * 6 + [1.0, 2.0, 3.0]
    found = agree(x, range(9), statistics=["plcc"], resampling=resample(9, draws=2000))["plcc"]
    assert found.low < found.value < found.high
    assert 0 < found.undefined < 100
    assert found.reason is None


def test_tau_c_is_for_sides_with_different_numbers_of_levels():
    """Of the six pairs, four are in order and two are tied on x: 2 * 4 / (16 * 1/2)."""
    x, y = [1, 1, 2, 2], [1, 2, 3, 4]
    assert krcc(x, y, "c") == pytest.approx(1.0, abs=1e-12)
    assert krcc(x, y, "b") == pytest.approx(4 / np.sqrt(4 * 6), abs=1e-12)
    assert agree(x, y, kendall="c")["krcc"].value == krcc(x, y, "c")


def test_pairwise_accuracy_by_hand():
    """Pairs of (1,1), (2,2), (2,3), (3,3): tied on x alone, on y alone, four in order."""
    x, y = [1, 2, 2, 3], [1, 2, 3, 3]
    assert pairwise_accuracy(x, y) == pytest.approx(4 / 6, abs=1e-15)
    assert pairwise_accuracy(x, x) == 1
    assert pairwise_accuracy([1, 1.2, 5], [3, 3, 4], tie=0.5) == 1
    assert pairwise_accuracy([1, 1.2, 5], [3, 3, 4]) == pytest.approx(2 / 3, abs=1e-15)
    assert pairwise_accuracy([1], [1]) is None


def test_outliers_are_errors_beyond_twice_the_spread():
    x, y, spread = [1, 2, 3, 4, 5], [1, 4, 3, 8, 0], [0, 1, 1, 1, np.nan]
    assert outlier_ratio(x, y, spread) == 0.25
    found = agree(x, y, statistics=["outlier_ratio"], spread=spread)["outlier_ratio"]
    assert (found.value, found.n, found.missing) == (0.25, 4, 1)
    unknown = agree(x, y, statistics=["outlier_ratio"])["outlier_ratio"]
    assert (unknown.value, unknown.n) == (None, 0)
    assert unknown.reason == "the spread of people's votes is not known"


def test_an_unknown_statistic_is_refused_with_a_near_name():
    with pytest.raises(GaiaJudgeError, match=r"no statistic 'srocc'. Did you mean srcc"):
        agree([1, 2, 3], [1, 2, 3], statistics=["srocc"])
