"""Logistic mappings, pinned to scipy's curve fitting."""

import numpy as np
import pytest
from scipy import stats
from scipy.optimize import curve_fit

from gaia_judge.agreement import Logistic, agree, fit_logistic, resample

KINDS = ["logistic4", "logistic5"]
PUBLISHED = {
    "logistic4": lambda x, a, b, c, d: b + (a - b) / (1 + np.exp(-(x - c) / np.abs(d))),
    "logistic5": lambda x, a, b, c, d, e: a * (0.5 - 1 / (1 + np.exp(b * (x - c)))) + d * x + e,
}
TRUE = {"logistic4": (90.0, 20.0, 3.0, 0.4), "logistic5": (40.0, 2.5, 3.0, 5.0, 40.0)}


def scores(kind, seed=0, size=400, noise=3.0):
    random = np.random.default_rng(seed)
    x = random.uniform(1, 5, size)
    return x, PUBLISHED[kind](x, *TRUE[kind]) + random.normal(0, noise, size)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", KINDS)
def test_the_fit_is_that_of_curve_fit(kind, seed):
    x, y = scores(kind, seed)
    curve, reason = fit_logistic(x, y, kind)
    theirs, _ = curve_fit(PUBLISHED[kind], x, y, p0=TRUE[kind], maxfev=50_000)
    assert reason is None
    assert curve.parameters == pytest.approx(theirs, rel=2e-3)
    squares = [float(np.sum((mapped - y) ** 2)) for mapped in (curve(x), PUBLISHED[kind](x, *theirs))]
    assert squares[0] == pytest.approx(squares[1], rel=1e-8)


@pytest.mark.parametrize("kind", KINDS)
def test_the_function_is_the_published_one_and_exact_data_give_it_back(kind):
    x, y = scores(kind, noise=0.0)
    assert Logistic(kind, TRUE[kind])(x) == pytest.approx(y, abs=1e-10)
    curve, _ = fit_logistic(x, y, kind)
    assert curve.parameters == pytest.approx(TRUE[kind], rel=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_the_gradient_is_that_of_differences(kind):
    x, _ = scores(kind)
    found = Logistic(kind, TRUE[kind]).gradient(x)
    for place, value in enumerate(TRUE[kind]):
        ends = [
            Logistic(kind, (*TRUE[kind][:place], value + step, *TRUE[kind][place + 1 :]))(x)
            for step in (-1e-5, 1e-5)
        ]
        assert found[:, place] == pytest.approx((ends[1] - ends[0]) / 2e-5, abs=1e-5)


@pytest.mark.parametrize("scale", [1e-7, 1e-3, 1e4, -1.0, -1e-4])
@pytest.mark.parametrize("kind", KINDS)
def test_the_unit_and_the_direction_of_scores_do_not_matter(kind, scale):
    x, y = scores(kind, 5)
    usual, _ = fit_logistic(x, y, kind)
    other, reason = fit_logistic(x * scale + 3 * scale, y * 2 - 7, kind)
    assert reason is None
    assert other(x * scale + 3 * scale) == pytest.approx(usual(x) * 2 - 7, abs=1e-2)
    found = agree(x * scale, y, mapping=kind)["plcc_mapped"].value
    assert found == pytest.approx(agree(x, y, mapping=kind)["plcc_mapped"].value, abs=1e-7)


@pytest.mark.parametrize("kind", KINDS)
def test_extreme_scores_do_not_overflow(kind):
    x = np.array([0.0, *np.linspace(1, 5, 40), 1e6])
    y = np.array([0.0, *np.linspace(10, 90, 40), 100.0])
    with np.errstate(all="raise", under="ignore"):
        curve, reason = fit_logistic(x, y, kind)
        assert reason is None
        assert np.isfinite(curve(x)).all()
        assert np.isfinite(curve(np.array([-1e12, 1e12]))).all()


@pytest.mark.parametrize("kind", KINDS)
def test_the_mapped_statistics_are_those_of_the_fitted_function(kind):
    x, y = scores(kind)
    x[:3] = np.nan
    curve, _ = fit_logistic(x, y, kind)
    spread = np.where(np.arange(400) % 4, 2.0, np.nan)
    names = ["plcc", "rmse", "outlier_ratio"]
    drawn = resample(400, draws=300)
    found = agree(x, y, statistics=names, mapping=kind, spread=spread, resampling=drawn)
    errors = (curve(x) - y)[3:]
    assert list(found) == [*names, "plcc_mapped", "rmse_mapped", "outlier_ratio_mapped"]
    assert found["plcc_mapped"].value == pytest.approx(
        stats.pearsonr(curve(x[3:]), y[3:]).statistic, abs=1e-12
    )
    assert found["rmse_mapped"].value == pytest.approx(np.sqrt(np.mean(errors**2)), abs=1e-12)
    known = ~np.isnan(spread[3:])
    assert found["outlier_ratio_mapped"].value == pytest.approx(np.mean(np.abs(errors[known]) > 4), abs=1e-12)
    assert (found["outlier_ratio_mapped"].n, found["outlier_ratio_mapped"].missing) == (
        known.sum(),
        400 - known.sum(),
    )
    for one in found.values():
        assert one.low <= one.value <= one.high
        assert one.draws == 300


@pytest.mark.parametrize("kind", KINDS)
def test_one_step_stands_for_a_whole_fit_of_each_replicate(kind):
    """The ends of the interval are those of full fits, to a small part of its width."""
    x, y = scores(kind, 8, noise=6.0)
    drawn = resample(400, [np.arange(400) // 4], draws=150)
    found = agree(x, y, statistics=[], mapping=kind, resampling=drawn)["plcc_mapped"]
    rows = [np.repeat(np.arange(400), one) for one in drawn.counts]
    fits = [(fit_logistic(x[one], y[one], kind)[0], one) for one in rows]
    full = [stats.pearsonr(curve(x[one]), y[one]).statistic for curve, one in fits if curve is not None]
    # The five parameters of a few replicates run off towards a cubic polynomial.
    assert len(full) > 142
    ends = np.quantile(full, [0.025, 0.975])
    assert (found.low, found.high) == pytest.approx(tuple(ends), abs=0.05 * np.ptp(ends))


@pytest.mark.parametrize(
    ("x", "reason"),
    [
        (np.arange(4.0), "4 videos have both scores; logistic4 needs 5"),
        (np.full(9, 3.0), "the rater gave every video the same score, 3"),
    ],
)
def test_what_cannot_be_fitted_has_a_reason(x, reason):
    y = np.arange(len(x)) ** 2.0
    assert fit_logistic(x, y, "logistic4") == (None, reason)
    found = agree(x, y, mapping="logistic4", resampling=resample(len(x), draws=20))
    for name in ("plcc_mapped", "rmse_mapped"):
        assert (found[name].value, found[name].low, found[name].reason) == (None, None, reason)
    assert found["rmse"].value is not None


def test_a_fit_that_does_not_converge_has_a_reason(monkeypatch):
    monkeypatch.setattr("gaia_judge.agreement.projections.EVALUATIONS", 3)
    x, y = scores("logistic5")
    curve, reason = fit_logistic(x, y, "logistic5")
    assert curve is None
    assert reason == "the search for logistic5 did not converge on 400 videos"


def saturating(seed=0, size=7344):
    """Expected scores, from 1 to 5, of a judge that is sure at both ends; and MOS from 0 to 100."""
    random = np.random.default_rng(seed)
    quality = random.normal(size=size)
    y = np.clip(50 + 15 * quality + random.normal(0, 7, size), 0, 100)
    logits = (quality * 0.7 + random.normal(0, 0.7, size))[:, None] * np.arange(-2, 3)
    weights = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    return weights @ np.arange(1, 6), y


def squares(curve, x, y):
    return float(np.sum((curve(x) - y) ** 2))


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("kind", KINDS)
def test_a_judge_that_saturates_is_mapped(kind, sign):
    x, y = saturating()
    curve, reason = fit_logistic(sign * x, y, kind)
    assert reason is None
    line = np.polyval(np.polyfit(x, y, 1), x)
    assert squares(curve, sign * x, y) < np.sum((line - y) ** 2)
    # The curve of five parameters runs towards a cubic here, that of four towards an exponential.
    start = {"logistic4": (100, 0, 3, 1), "logistic5": (20, 2, 3, 10, 20)}[kind]
    theirs, _ = curve_fit(PUBLISHED[kind], x, y, p0=start, maxfev=2000 if kind == "logistic4" else 200_000)
    assert squares(curve, sign * x, y) <= np.sum((PUBLISHED[kind](x, *theirs) - y) ** 2) * (1 + 2e-5)


@pytest.mark.parametrize("size", [50, 300])
@pytest.mark.parametrize("kind", KINDS)
def test_small_samples_are_mapped_at_least_as_well_as_by_a_grid(kind, size):
    """Slope and middle on a grid within the bounds, all else by numpy's linear least squares."""
    for seed in range(20):
        x, y = saturating(seed, size)
        curve, reason = fit_logistic(x, y, kind)
        assert reason is None
        for slope in (0.5, 1.0, 2.0, 5.0, 10.0):
            for middle in np.linspace(1.2, 4.8, 7):
                share = 1 / (1 + np.exp(-slope * (x - middle)))
                columns = [share, np.ones(size)] if kind == "logistic4" else [share, np.ones(size), x]
                basis = np.stack(columns, axis=1)
                best = basis @ np.linalg.lstsq(basis, y, rcond=None)[0]
                assert squares(curve, x, y) <= np.sum((best - y) ** 2) * (1 + 1e-3)


@pytest.mark.parametrize(
    "shape", [lambda x: 10 * x, lambda x: -2 * (x - 3) ** 3, lambda x: 40.0 * (x > 3), np.exp]
)
@pytest.mark.parametrize("kind", KINDS)
def test_parameters_in_flat_valleys_leave_intervals_sound(kind, shape):
    random = np.random.default_rng(1)
    x = random.uniform(1, 5, 300)
    y = shape(x) + random.normal(0, 5, 300)
    found = agree(x, y, statistics=["plcc"], mapping=kind, resampling=resample(300, draws=200))
    mapped = found["plcc_mapped"]
    assert mapped.undefined == 0
    assert mapped.low < mapped.value < mapped.high
    assert mapped.high - mapped.low < 2 * (found["plcc"].high - found["plcc"].low)
    assert mapped.value >= abs(found["plcc"].value) - 1e-6
