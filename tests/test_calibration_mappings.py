"""Each mapping against an independent computation."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter
from scipy import interpolate, optimize

from gaia_judge.calibration.mappings import LEAST, NAMES, Map, Unfit, fit_map
from gaia_judge.calibration.ridges import PENALTIES, fit_ridge, solve
from gaia_judge.protocols import deal

ONES = [name for name in NAMES if name != "ridge"]


def labels(seed=0, size=60, ties=True):
    random = np.random.default_rng(seed)
    x = random.uniform(1, 5, size)
    if ties:
        x = np.round(x, 1)
    y = 20 + 60 / (1 + np.exp(-2 * (x - 3))) + random.normal(0, 8, size)
    return x, y, np.repeat([f"action {n}" for n in range(size // 5)], 5)


def fit(name, x, y, units=None):
    units = np.array([str(n) for n in range(len(x))]) if units is None else units
    return fit_map(name, np.asarray(x, float)[:, None], np.asarray(y, float), units)


def test_the_line_is_numpys():
    x, y, _ = labels()
    found = fit("linear", x, y)
    assert (found.slope, found.intercept) == pytest.approx(tuple(np.polyfit(x, y, 1)), rel=1e-11)


def slow_isotonic(x, y):
    """Isotonic regression by its max-min formula: the greatest lower of the least upper means."""
    levels = np.unique(x)
    means = [y[x == level].mean() for level in levels]
    counts = [np.sum(x == level) for level in levels]
    n = len(levels)

    def mean(first, last):
        return np.average(means[first : last + 1], weights=counts[first : last + 1])

    return levels, [max(min(mean(a, b) for b in range(i, n)) for a in range(i + 1)) for i in range(n)]


@pytest.mark.parametrize("sign", [1, -1])
def test_isotonic_is_the_max_min_formula(sign):
    x, y, _ = labels(3)
    levels, expected = slow_isotonic(x, y)
    found = fit("isotonic", x, sign * y)
    assert found.predict(levels[:, None]) == pytest.approx(sign * np.array(expected), abs=1e-10)
    assert len(found.knots) < len(levels)
    beyond = found.predict(np.array([[-9.0], [99.0]]))
    assert beyond == pytest.approx(sign * np.array([expected[0], expected[-1]]), abs=1e-10)


def test_isotonic_is_least_squares_among_all_monotone_levels():
    x, y = np.arange(4.0), np.array([1.0, 4.0, 2.0, 3.0])
    grid = itertools.combinations_with_replacement(np.linspace(1, 4, 31), 4)
    best = min(sum((np.array(levels) - y) ** 2) for levels in grid)
    assert sum((fit("isotonic", x, y).predict(x[:, None]) - y) ** 2) == pytest.approx(best, abs=1e-9)


def test_the_cubic_runs_through_the_means_of_equal_bins_as_scipy_joins_them():
    x = np.arange(40.0)
    y = x**1.5 + np.tile([1.0, -1.0], 20)
    found = fit("cubic", x, y)
    bins = x.reshape(8, 5).mean(1), y.reshape(8, 5).mean(1)
    assert (found.knots, found.values) == (pytest.approx(bins[0]), pytest.approx(bins[1]))
    inside = np.linspace(2, 37, 99)
    joined = interpolate.pchip_interpolate(*bins, inside)
    assert found.predict(inside[:, None]) == pytest.approx(joined, abs=1e-10)
    ends = interpolate.pchip_interpolate(*bins, [2.0, 37.0], der=1)
    beyond = found.predict(np.array([[0.0], [40.0]]))
    assert beyond == pytest.approx([bins[1][0] - 2 * ends[0], bins[1][-1] + 3 * ends[1]], abs=1e-10)


@given(st.integers(0, 50), st.sampled_from(["isotonic", "cubic"]), st.sampled_from([1, -1]))
def test_monotone_curves_are_monotone_whatever_the_labels(seed, name, sign):
    random = np.random.default_rng(seed)
    x, y = random.integers(0, 12, 40).astype(float), random.normal(size=40) * 10
    where = np.linspace(-3, 15, 400)
    steps = np.diff(fit(name, x, sign * y).predict(where[:, None]))
    assert steps.min() >= -1e-9 or steps.max() <= 1e-9


def test_ridge_is_the_closed_form():
    random = np.random.default_rng(2)
    features, y = random.dirichlet(np.ones(5), 50), random.normal(50, 10, 50)
    weights, intercepts = solve(features, y, (0.03, 2.0))
    centred = features - features.mean(0)
    for at, penalty in enumerate((0.03, 2.0)):
        normal = centred.T @ centred + 50 * penalty * np.eye(5)
        expected = np.linalg.solve(normal, centred.T @ (y - y.mean()))
        assert weights[:, at] == pytest.approx(expected, abs=1e-10)
        assert intercepts[at] == pytest.approx(y.mean() - features.mean(0) @ expected, abs=1e-10)


def test_the_penalty_of_ridge_is_that_of_least_error_on_held_out_groups():
    random = np.random.default_rng(4)
    units = np.repeat([f"a{n}" for n in range(15)], 4)
    features = random.dirichlet(np.ones(5), 60)
    y = 100 * features[:, 0] + np.repeat(random.normal(0, 20, 15), 4) + random.normal(0, 5, 60)
    folds = deal(units, 5, 0)

    def error(penalty):
        total = 0.0
        for fold in range(5):
            held = folds == fold
            weights, intercepts = solve(features[~held], y[~held], (penalty,))
            total += np.sum((features[held] @ weights[:, 0] + intercepts[0] - y[held]) ** 2)
        return total

    found = fit_ridge(features, y, units)
    assert found.penalty == min(PENALTIES, key=error)
    assert PENALTIES[0] < found.penalty < PENALTIES[-1]


@pytest.mark.parametrize("name", ONES)
def test_what_is_missing_stays_missing_and_changes_no_fit(name):
    x, y, units = labels()
    holes = np.append(x, [np.nan, 2.0]), np.append(y, [3.0, np.nan]), np.append(units, ["more", "more"])
    assert fit(name, *holes) == fit(name, x, y, units)
    assert np.isnan(fit(name, x, y).predict(np.array([[np.nan], [2.0]]))).tolist() == [True, False]


@pytest.mark.parametrize("name", NAMES)
def test_numbers_survive_json_exactly(name):
    x, y, units = labels()
    found = fit(name, x, y, units)
    again = TypeAdapter(Map).validate_json(found.model_dump_json())
    assert again == found
    assert again.predict(x[:, None]).tolist() == found.predict(x[:, None]).tolist()


@pytest.mark.parametrize("name", NAMES)
def test_labels_that_determine_nothing_are_refused_with_the_reason(name):
    x, y, units = labels()
    with pytest.raises(Unfit, match="labels are too few"):
        fit(name, x[: LEAST[name] - 1], y[: LEAST[name] - 1])
    with pytest.raises(Unfit, match="all scores are equal"):
        fit(name, np.ones(60), y, units)


@pytest.mark.parametrize("name", ONES)
def test_mappings_find_the_curve(name):
    """The labels lie around a logistic curve with deviations of 8."""
    x, y, _ = labels(5, 600)
    error = np.sqrt(np.mean((fit(name, x, y).predict(x[:, None]) - y) ** 2))
    assert error < (9.0 if name == "linear" else 8.3)


STARTS = {"logistic4": [80, 20, 3, 0.5], "logistic5": [60, 2, 3, 0, 50]}


@pytest.mark.parametrize(("name", "start"), STARTS.items())
def test_logistic_fits_are_scipys(name, start):
    # So many that squares have one valley: of 60 labels a steep curve with a line has less than scipy's.
    x, y, _ = labels(2, 600)
    four = lambda x, a, b, c, d: b + (a - b) / (1 + np.exp(-(x - c) / abs(d)))  # noqa: E731
    five = lambda x, a, b, c, d, e: a * (0.5 - 1 / (1 + np.exp(b * (x - c)))) + d * x + e  # noqa: E731
    curve = four if name == "logistic4" else five
    numbers, _ = optimize.curve_fit(curve, x, y, start, maxfev=50000, ftol=1e-15, xtol=1e-15, gtol=1e-15)
    found = fit(name, x, y).predict(x[:, None])
    assert found == pytest.approx(curve(x, *numbers), abs=0.01)
    assert np.sum((found - y) ** 2) <= np.sum((curve(x, *numbers) - y) ** 2) * (1 + 1e-7)
