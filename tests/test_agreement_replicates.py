"""Replicates by counts, pinned to each statistic on the repeated rows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from gaia_judge.agreement import agree, fit_logistic, outlier_ratio, resample, rmse
from gaia_judge.agreement.concordances import accuracies, balances
from gaia_judge.agreement.refits import outliers_mapped, plcc_mapped, refit, rmse_mapped
from gaia_judge.agreement.replicates import (
    krcc_replicates,
    mean_replicates,
    plcc_replicates,
    rmse_replicates,
    srcc_replicates,
    sum_ranks,
)
from gaia_judge.agreement.strata import within, within_replicates

SIZE = 60
CLUSTERS = {
    "rows": [],
    "clusters": [np.arange(SIZE) * 7 % 13],
    "pigeonhole": [np.arange(SIZE) * 7 % 13, np.arange(SIZE) // 10],
}
LEVELS = {"no ties": None, "ties": 2}


def sides(levels, seed=0, size=SIZE):
    random = np.random.default_rng(seed)
    x = random.normal(size=size)
    y = 0.6 * x + random.normal(size=size)
    return (x, y) if levels is None else (np.round(x * levels), np.round(y * levels))


def repeat(resampling):
    """Return the rows of each replicate, as a plain bootstrap would draw them."""
    return [np.repeat(np.arange(resampling.size), one) for one in resampling.counts]


def brute_accuracy(x, y, rows, tie=0.0):
    """Return the share of pairs, without those of a row with itself, that both sides order alike."""
    i, j = np.triu_indices(len(rows), 1)
    i, j = rows[i], rows[j]
    i, j = i[i != j], j[i != j]
    steps = x[i] - x[j]
    return np.mean(np.where(np.abs(steps) <= tie, 0, np.sign(steps)) == np.sign(y[i] - y[j]))


@pytest.fixture(params=CLUSTERS)
def resampling(request):
    return resample(SIZE, CLUSTERS[request.param], draws=30, seed=3)


@pytest.fixture(params=LEVELS)
def pairs(request):
    return sides(LEVELS[request.param])


def test_rank_correlations(pairs, resampling):
    x, y = pairs
    sums, balance = sum_ranks(x, y, resampling), balances(x, y, resampling)
    expected = [
        (
            stats.spearmanr(x[rows], y[rows]).statistic,
            stats.kendalltau(x[rows], y[rows], variant="b").statistic,
            stats.kendalltau(x[rows], y[rows], variant="c").statistic,
        )
        for rows in repeat(resampling)
    ]
    found = srcc_replicates(sums), krcc_replicates(balance, sums), krcc_replicates(balance, sums, "c")
    assert np.stack(found, axis=1) == pytest.approx(np.array(expected), abs=1e-12)


def test_pearson_and_errors(pairs, resampling):
    x, y = pairs
    spread = np.random.default_rng(1).uniform(0, 1, SIZE)
    rows = repeat(resampling)
    beyond = (np.abs(x - y) > 2 * spread).astype(float)
    assert plcc_replicates(x, y, resampling) == pytest.approx(
        [stats.pearsonr(x[one], y[one]).statistic for one in rows], abs=1e-12
    )
    assert rmse_replicates(x, y, resampling) == pytest.approx(
        [rmse(x[one], y[one]) for one in rows], abs=1e-12
    )
    assert mean_replicates(beyond, resampling) == pytest.approx(
        [outlier_ratio(x[one], y[one], spread[one]) for one in rows], abs=1e-12
    )


@pytest.mark.parametrize("tie", [0.0, 0.5, 1.0])
def test_pairwise_accuracy(pairs, resampling, tie):
    x, y = pairs
    found = accuracies(x, y, resampling, tie)
    expected = [brute_accuracy(x, y, rows, tie) for rows in repeat(resampling)]
    assert found == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("kind", ["logistic4", "logistic5"])
def test_the_mapped_statistics_after_one_step_of_least_squares(resampling, kind):
    x = sides(None, seed=4)[0]
    y = 50 + 20 * np.tanh(2 * x) + 3 * np.random.default_rng(5).normal(size=SIZE)
    curve, reason = fit_logistic(x, y, kind)
    assert reason is None
    gradient, limits = curve.gradient(x), np.where(np.arange(SIZE) % 5, 3.0, np.nan)
    known = ~np.isnan(limits)
    expected = []
    for rows in repeat(resampling):
        step = np.linalg.lstsq(gradient[rows], (y - curve(x))[rows])[0]
        mapped = (curve(x) + gradient @ step)[rows]
        error = np.abs(mapped - y[rows])
        beyond = np.mean(error[known[rows]] > 3)
        expected.append((stats.pearsonr(mapped, y[rows]).statistic, np.sqrt(np.mean(error**2)), beyond))
    fit = refit(curve, x, y, resampling)
    found = plcc_mapped(fit, y), rmse_mapped(fit, y), outliers_mapped(fit, y, limits)
    assert np.stack(found, axis=1) == pytest.approx(np.array(expected), abs=1e-8)


@pytest.mark.parametrize("name", ["srcc", "plcc"])
def test_within_groups(pairs, resampling, name):
    x, y = pairs
    groups = np.arange(SIZE) % 4
    found = within_replicates(name, x, y, groups, resampling)
    expected = [within(name, x[rows], y[rows], groups[rows]) for rows in repeat(resampling)]
    assert found == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("size", [300, 700])
def test_many_rows_in_few_and_uneven_clusters(size):
    """Clusters that are longer than the slabs in which pairs are looked at, and that lie across them."""
    x, y = sides(3, size=size)
    labels = np.sort(np.random.default_rng(2).integers(0, 40, size) ** 2 // 100)
    for clusters in ([labels], [labels[::-1]], []):
        drawn = resample(size, clusters, draws=3, seed=1)
        sums = sum_ranks(x, y, drawn)
        expected = [stats.kendalltau(x[rows], y[rows]).statistic for rows in repeat(drawn)]
        assert krcc_replicates(balances(x, y, drawn), sums) == pytest.approx(expected, abs=1e-12)
        expected = [brute_accuracy(x, y, rows) for rows in repeat(drawn)]
        assert accuracies(x, y, drawn) == pytest.approx(expected, abs=1e-12)


def test_replicates_that_leave_a_side_constant_are_undefined():
    x, y = np.array([0.1, 0.1, 0.1, 0.7, 0.7]), np.array([1.0, 2.0, 4.0, 3.0, 5.0])
    drawn = resample(5, draws=200)
    flat = np.array([np.ptp(x[rows]) == 0 or np.ptp(y[rows]) == 0 for rows in repeat(drawn)])
    assert 0 < flat.sum() < 200
    sums = sum_ranks(x, y, drawn)
    for found in (
        srcc_replicates(sums),
        krcc_replicates(balances(x, y, drawn), sums),
        krcc_replicates(balances(x, y, drawn), sums, "c"),
        plcc_replicates(x, y, drawn),
        plcc_replicates(y * 1e-9 + 7, x, drawn),
    ):
        assert np.array_equal(np.isnan(found), flat)


def test_pearson_survives_an_outlier_that_swallows_the_others_digits():
    x, y = sides(None)
    x[0] = 1e9
    drawn = resample(SIZE, draws=50)
    expected = [stats.pearsonr(x[rows], y[rows]).statistic for rows in repeat(drawn)]
    assert sum(0 not in rows for rows in repeat(drawn)) > 5
    assert plcc_replicates(x, y, drawn) == pytest.approx(expected, abs=1e-9)


def test_no_replicate_correlates_by_more_than_one():
    """Rounding alone would put some of these above 1."""
    x, _ = sides(None)
    y = 3 * x + 0.1
    found = agree(x, y, resampling=resample(SIZE, draws=200), mapping="logistic5")
    for name in ("srcc", "krcc", "plcc", "plcc_mapped"):
        assert 1 - 1e-9 < found[name].low <= found[name].high <= 1


def test_rows_that_a_rater_lacks_are_left_out_of_each_replicate():
    x, y = sides(None)
    x[::7] = np.nan
    drawn = resample(SIZE, CLUSTERS["pigeonhole"], draws=200)
    kept = np.isfinite(x)
    found = agree(x, y, statistics=["srcc"], resampling=drawn)["srcc"]
    again = [
        stats.spearmanr(x[one], y[one]).statistic for one in (rows[kept[rows]] for rows in repeat(drawn))
    ]
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(again, [0.025, 0.975])), abs=1e-12)
    assert (found.n, found.missing) == (kept.sum(), (~kept).sum())


def test_whole_clusters_are_drawn_and_two_kinds_multiply():
    actions, makers = CLUSTERS["pigeonhole"]
    one, both = (resample(SIZE, clusters, draws=50, seed=5) for clusters in ([actions], [actions, makers]))
    for action in np.unique(actions):
        own = one.counts[:, actions == action]
        assert (own == own[:, :1]).all()
    by_action = np.stack([one.counts[:, actions == action][:, 0] for action in np.unique(actions)], axis=1)
    assert (by_action.sum(1) == 13).all()
    by_maker = both.counts // np.maximum(one.counts, 1)
    # Both resamplings draw the actions first, with one seed.
    assert np.array_equal(both.counts, one.counts * by_maker)
    assert all(len(set(row[makers == maker]) - {0}) <= 1 for row in by_maker for maker in range(6))
    assert one.units == 13
    assert both.units == 6


def test_rows_without_a_label_are_clusters_of_their_own():
    for lacking in (None, "", float("nan")):
        drawn = resample(6, [np.array(["a", "a", lacking, lacking, "b", "b"], object)], draws=100)
        counts = drawn.counts
        assert drawn.units == 4
        assert (counts[:, 0] == counts[:, 1]).all()
        assert (counts[:, 2] != counts[:, 3]).any()


def test_equal_seeds_draw_equal_replicates():
    assert np.array_equal(resample(50, seed=1).counts, resample(50, seed=1).counts)
    assert not np.array_equal(resample(50, seed=1).counts, resample(50, seed=2).counts)


WHOLE = st.lists(st.tuples(*[st.integers(-9, 9)] * 2), min_size=4, max_size=25)


@given(WHOLE)
@settings(max_examples=60, deadline=None)
def test_monotone_maps_leave_rank_correlations_and_signs_turn_them(rows):
    x, y = np.array(rows, float).T
    names = ["srcc", "krcc", "pairwise_accuracy"]
    drawn = resample(len(x), draws=40)
    found = agree(x, y, statistics=names, resampling=drawn)
    mapped = agree(np.exp(x / 3), y**3, statistics=names, resampling=drawn)
    for name, one in found.items():
        assert (mapped[name].value, mapped[name].low, mapped[name].high) == (one.value, one.low, one.high)
    turned = agree(-x, y, statistics=names, resampling=drawn)
    for name in ("srcc", "krcc"):
        if found[name].value is None:
            assert turned[name].value is None
        else:
            assert turned[name].value == pytest.approx(-found[name].value, abs=1e-12)
        if found[name].low is not None:
            assert turned[name].high == pytest.approx(-found[name].low, abs=1e-12)


@given(WHOLE, st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_the_order_of_rows_and_the_sides_do_not_matter(rows, random):
    shuffled = random.sample(rows, len(rows))
    names = ["srcc", "krcc", "plcc", "rmse", "pairwise_accuracy"]
    found = agree(*np.array(rows, float).T, statistics=names)
    values = [one.value for one in found.values()]
    again = [one.value for one in agree(*np.array(shuffled, float).T, statistics=names).values()]
    swapped = [one.value for one in agree(*np.array(rows, float).T[::-1], statistics=names).values()]
    for others in (again, swapped):
        assert [one is None for one in others] == [one is None for one in values]
        defined = [(one, other) for one, other in zip(values, others, strict=True) if one is not None]
        assert all(one == pytest.approx(other, abs=1e-12) for one, other in defined)
