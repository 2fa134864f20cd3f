"""Agreement, pinned to scipy."""

import numpy as np
import pytest
from scipy import stats

from gaia_judge.agreement import STATISTICS, Agreement, advantage, interval, krcc, plcc, rmse, srcc, within

NAN = float("nan")
GROUPS = np.repeat(["a", "b", "c", "d"], 10)


def ratings(seed=0, size=40, levels=None):
    random = np.random.default_rng(seed)
    x = random.normal(size=size)
    y = 0.6 * x + random.normal(size=size)
    return (x, y) if levels is None else (np.round(x * levels), np.round(y * levels))


@pytest.mark.parametrize("levels", [None, 2], ids=["no ties", "ties"])
@pytest.mark.parametrize("seed", range(5))
def test_the_statistics_are_those_of_scipy(seed, levels):
    x, y = ratings(seed, levels=levels)
    assert srcc(x, y) == pytest.approx(stats.spearmanr(x, y).statistic, abs=1e-12)
    assert plcc(x, y) == pytest.approx(stats.pearsonr(x, y).statistic, abs=1e-12)
    assert krcc(x, y) == pytest.approx(stats.kendalltau(x, y).statistic, abs=1e-12)


def test_the_statistics_of_four_pairs_by_hand():
    """Of the six pairs of pairs, five are in order."""
    x, y = [1, 2, 3, 4], [1, 3, 2, 4]
    assert srcc(x, y) == pytest.approx(0.8, abs=1e-12)
    assert krcc(x, y) == pytest.approx(4 / 6, abs=1e-12)
    assert rmse(x, y) == pytest.approx(0.5**0.5, abs=1e-12)
    assert plcc(x, [10 - 3 * one for one in x]) == pytest.approx(-1, abs=1e-12)


@pytest.mark.parametrize("name", STATISTICS)
def test_missing_pairs_are_left_out_and_counted(name):
    x, y = ratings()
    whole = interval(name, x, y, draws=50)
    holed = interval(name, [NAN, *x, 3.0], [1.0, *y, NAN], draws=50)
    assert (whole.n, whole.missing) == (40, 0)
    assert holed == Agreement(name, whole.value, whole.low, whole.high, 40, 2, None, 50, 0)
    assert STATISTICS[name]([NAN, *x], [1.0, *y]) == whole.value


@pytest.mark.parametrize("name", ["srcc", "plcc", "krcc"])
@pytest.mark.parametrize("values", [[], [3.0], [0.1, 0.1, 0.1], [0.1, NAN, 0.1]], ids=str)
def test_a_constant_side_has_no_correlation(name, values):
    other = list(range(len(values)))
    assert STATISTICS[name](values, other) is None
    assert STATISTICS[name](other, values) is None
    result = interval(name, values, other, draws=20)
    assert (result.value, result.low, result.high) == (None, None, None)


def test_no_pairs_have_no_error():
    assert rmse([NAN], [1.0]) is None


@pytest.mark.parametrize("name", STATISTICS)
def test_the_interval_is_that_of_scipy(name):
    """Both draw the same samples from the same generator."""
    x, y = ratings(3, size=25)
    theirs = stats.bootstrap(
        (x, y),
        STATISTICS[name],
        paired=True,
        vectorized=False,
        n_resamples=400,
        method="percentile",
        rng=np.random.default_rng(7),
    ).confidence_interval
    ours = interval(name, x, y, draws=400, seed=7)
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


def test_the_interval_depends_on_the_seed_alone():
    x, y = ratings()
    assert interval("srcc", x, y, draws=100) == interval("srcc", x, y, draws=100)
    assert interval("srcc", x, y, draws=100) != interval("srcc", x, y, draws=100, seed=1)


def test_clusters_are_drawn_whole():
    """Where all pairs of a cluster are the same pair, clusters are what there is to draw."""
    x, y = ratings(1, size=12)
    names = np.array([f"generator {n}" for n in range(12)])
    repeated = interval("plcc", x.repeat(5), y.repeat(5), clusters=names.repeat(5), draws=400)
    single = interval("plcc", x[names.argsort()], y[names.argsort()], draws=400)
    assert (repeated.low, repeated.high) == pytest.approx((single.low, single.high), abs=1e-12)
    assert repeated.n == 60
    naive = interval("plcc", x.repeat(5), y.repeat(5), draws=400)
    assert repeated.high - repeated.low > 1.5 * (naive.high - naive.low)


def test_one_cluster_and_two_pairs_have_no_interval():
    x, y = ratings()
    assert interval("srcc", x, y, clusters=["only"] * 40).low is None
    few = "2 videos have both scores; a correlation needs 3"
    assert interval("srcc", [1, 2], [3, 5], draws=200) == Agreement("srcc", None, None, None, 2, 0, few)


def own_srcc(x, y):
    return [stats.spearmanr(x[part], y[part]).statistic for part in np.split(np.arange(40), 4)]


def test_within_groups_of_one_size_srcc_is_the_mean_of_the_groups_own():
    x, y = ratings(5)
    assert within("srcc", x, y, GROUPS) == pytest.approx(np.mean(own_srcc(x, y)), abs=1e-12)


def test_within_groups_plcc_is_that_of_regression_on_the_groups():
    """A partial correlation: both sides after a least-squares fit of one level per group."""
    x, y = ratings(6)
    levels = (GROUPS[:, None] == np.unique(GROUPS)).astype(float)
    rests = [side - levels @ np.linalg.lstsq(levels, side)[0] for side in (x, y)]
    assert within("plcc", x, y, GROUPS) == pytest.approx(stats.pearsonr(*rests).statistic, abs=1e-12)


@pytest.mark.parametrize("name", ["srcc", "plcc"])
def test_what_only_groups_differ_in_is_no_agreement_within_them(name):
    x, y = ratings(7)
    shift = np.repeat([0.0, 100.0, 200.0, 300.0], 10)
    assert STATISTICS[name](x + shift, y + shift) > 0.9
    assert within(name, x + shift, y + shift, GROUPS) == pytest.approx(within(name, x, y, GROUPS), abs=1e-9)


@pytest.mark.parametrize("name", ["srcc", "plcc"])
def test_constant_and_single_groups_add_nothing(name):
    """Thrice 0.1 has another mean than 0.1 in floating point."""
    x, y = ratings(8)
    more = [*x, 0.1, 0.1, 0.1, 5.0], [*y, 7.0, 7.0, 7.0, 9.0], [*GROUPS, "e", "e", "e", "f"]
    assert within(name, *more) == pytest.approx(within(name, x, y, GROUPS), abs=1e-12)
    assert within(name, [0.1] * 3 + [0.7] * 3, range(6), list("aaabbb")) is None


def test_the_interval_within_drawn_groups_counts_each_drawing_as_a_group():
    """If a group drawn twice were one group of doubled size, its ranks would weigh more."""
    x, y = ratings(9)
    result = interval("srcc", x, y, groups=GROUPS, clusters=GROUPS, draws=500)
    own = np.array(own_srcc(x, y))
    drawn = np.random.default_rng(0).integers(0, 4, (500, 4))
    assert result.value == pytest.approx(own.mean(), abs=1e-12)
    ends = np.quantile(own[drawn].mean(axis=1), [0.025, 0.975])
    assert (result.low, result.high) == pytest.approx(tuple(ends), abs=1e-12)


def test_the_interval_within_groups_over_clusters_across_them_holds_the_value():
    x, y = ratings(10)
    actions = np.tile(np.arange(10), 4)
    result = interval("plcc", x, y, groups=GROUPS, clusters=actions, draws=300)
    assert result.low < within("plcc", x, y, GROUPS) < result.high


def test_the_advantage_is_the_difference_of_two_correlations_on_the_same_pairs():
    x, y = ratings()
    other = np.random.default_rng(9).normal(size=40)
    other[3] = NAN
    found = advantage(x, other, y, draws=500)
    kept = np.isfinite(other)
    expected = stats.spearmanr(x[kept], y[kept]).statistic - stats.spearmanr(other[kept], y[kept]).statistic
    assert found.value == pytest.approx(expected, abs=1e-12)
    assert found.low < found.value < found.high
    assert (found.n, found.missing) == (39, 1)
    same = advantage(x, x, y, clusters=GROUPS, draws=200)
    assert (same.value, same.low, same.high) == (0, 0, 0)
    assert advantage(x, np.ones(40), y).value is None
