"""Cross-fitting and conformal bands: nothing leaks, quantiles are right, new groups are covered."""

import numpy as np
import pytest

from gaia_judge.calibration.bands import Band, Part, fit_band, least_groups
from gaia_judge.calibration.crossfits import OUTSIDE, Fits, Sample, assign, cross_fit
from gaia_judge.calibration.curves import Line
from gaia_judge.calibration.mappings import Unfit
from gaia_judge.errors import GaiaJudgeError


def sample(groups=20, size=6, seed=0, width=4):
    """Clips of one action share an offset."""
    random = np.random.default_rng(seed)
    units = np.repeat([f"action {n:03}" for n in range(groups)], size)
    quality = random.normal(0, 1, groups * size)
    features = quality[:, None] + random.normal(0, 0.5, (groups * size, width))
    offsets = np.repeat(random.normal(0, 6, groups), size)
    mos = 20 + 60 / (1 + np.exp(-1.5 * quality)) + offsets + random.normal(0, 4, groups * size)
    return Sample(features, mos, units)


def fits(of, name="linear", folds=5, seed=0):
    return Fits(name, of, assign(of, folds, seed), seed)


NAMES = ["linear", "isotonic", "cubic", "ridge"]


@pytest.mark.parametrize("name", [*NAMES, "logistic4", "logistic5"])
def test_scrambled_labels_of_a_fold_change_none_of_its_values(name):
    """The leakage test: a fold's values, penalties and intervals come from other folds alone."""
    whole = sample(groups=60, size=8)
    honest = fits(whole, name)
    assert np.isfinite(cross_fit(honest).values).all()
    for fold in range(2):
        held = honest.folds == fold
        mos = whole.mos.copy()
        mos[held] = np.random.default_rng(fold).permutation(mos[held]) * 3 - 100
        other = fits(Sample(whole.features, mos, whole.units), name)
        assert cross_fit(other).values[held].tolist() == cross_fit(honest).values[held].tolist()
        assert cross_fit(other).values[~held].tolist() != cross_fit(honest).values[~held].tolist()
        assert fit_band(other, fold) == fit_band(honest, fold)


def test_out_of_fold_values_are_those_of_a_loop():
    whole = sample()
    folds = assign(whole, 5, 0)
    found = cross_fit(fits(whole)).values
    for fold in range(5):
        line = np.polyfit(whole.features[folds != fold, 0], whole.mos[folds != fold], 1)
        assert found[folds == fold] == pytest.approx(np.polyval(line, whole.features[folds == fold, 0]))


def test_groups_without_a_label_are_mapped_by_all_labels_and_hold_no_fold():
    whole = sample()
    whole.mos[:18] = np.nan
    made = fits(whole)
    assert (made.folds[:18] == OUTSIDE).all()
    assert sorted(np.unique(made.folds[18:])) == [0, 1, 2, 3, 4]
    assert cross_fit(made).values[:18].tolist() == made.without().predict(whole.features[:18]).tolist()


def test_too_few_labelled_groups_are_counted():
    with pytest.raises(GaiaJudgeError, match="There are 4 labelled actions, too few to divide: needed are 5"):
        assign(sample(groups=4), 5, 0, "action")


def test_a_fold_that_cannot_be_fitted_has_no_values_and_the_reason():
    whole = sample(groups=5, size=2)
    whole.mos[4:] = np.nan
    made = fits(whole, folds=2)
    found = cross_fit(made)
    assert np.isnan(found.values[:4]).all()
    assert found.reasons[0] == "2 labels are too few for linear, which needs 3"


def slow_bounds(parts, groups, features, level):
    """The definition of the hierarchical jackknife+: a weighted quantile over all errors at once."""
    ends = []
    for row in features:
        lows, highs, weights = [], [], []
        for part in parts:
            value = part.map.predict(row[None])[0]
            for residual, size in zip(part.residuals, part.sizes, strict=True):
                lows.append(value - residual)
                highs.append(value + residual)
                weights.append(1 / size / (groups + 1))
        weights, pair = np.array(weights), []
        for values in (-np.array(lows), np.array(highs)):
            order = np.argsort(values)
            sums = np.cumsum(weights[order])
            pair.append(values[order][np.argmax(sums >= level - 1e-9)])
        ends.append((-pair[0], pair[1]))
    return np.array(ends).T


@pytest.mark.parametrize("level", [0.5, 0.8, 0.9])
def test_bounds_are_the_weighted_quantiles_of_the_definition(level):
    whole = sample(groups=23, size=3, seed=4)
    drop = np.random.default_rng(0).random(69) < 0.2
    whole.mos[drop] = np.nan
    band = fit_band(fits(whole, "isotonic"))
    assert band.groups == len(np.unique(whole.units[~drop]))
    found = band.bounds(whole.features[:20], level)
    assert np.array(found) == pytest.approx(slow_bounds(band.parts, band.groups, whole.features[:20], level))


def test_clips_of_their_own_give_the_plain_jackknife_plus():
    """Barber et al., 2021: the k-th smallest of n values plus errors, k = ceil((1 - a)(n + 1))."""
    whole = sample(groups=19, size=1)
    made = fits(whole, folds=19)
    low, high = fit_band(made).bounds(whole.features[:1], 0.9)
    maps = [made.without(fold) for fold in made.folds]
    values = np.array([one.predict(whole.features[:1])[0] for one in maps])
    errors = np.abs(
        whole.mos - [one.predict(row[None])[0] for one, row in zip(maps, whole.features, strict=True)]
    )
    assert high[0] == pytest.approx(np.sort(values + errors)[18 - 1], abs=1e-9)
    assert low[0] == pytest.approx(np.sort(values - errors)[2 - 1], abs=1e-9)


def test_too_few_groups_for_a_bounded_interval_are_refused_with_the_number_needed():
    assert [least_groups(level) for level in (0.5, 0.8, 0.9, 0.95, 0.99)] == [1, 4, 9, 19, 99]
    band = fit_band(fits(sample(groups=8)))
    with pytest.raises(Unfit, match="8 groups with labels are too few: intervals of 90% need 9"):
        band.bounds(np.zeros((1, 4)), 0.9)
    low, high = fit_band(fits(sample(groups=9))).bounds(np.zeros((1, 4)), 0.9)
    assert low[0] < high[0]
    with pytest.raises(Unfit, match="three folds"):
        fit_band(fits(sample(), folds=2), 0)


def test_missing_features_have_no_interval():
    part = Part(map=Line(slope=1, intercept=0), residuals=(1.0, 2.0), sizes=(2, 2))
    low, high = Band(parts=(part, part), groups=9).bounds(np.array([[np.nan], [0.0]]), 0.1)
    assert np.isnan([low[0], high[0]]).all()
    assert (low[1], high[1]) == pytest.approx((-1, 1))


@pytest.mark.parametrize("name", ["linear", "ridge"])
def test_intervals_hold_nine_tenths_of_clips_of_new_groups(name):
    """150 drawings of 20 labelled actions and one new: coverage 0.9 within four standard errors."""
    held = []
    for seed in range(150):
        whole = sample(groups=21, seed=seed)
        old = whole.rows(np.arange(120))
        low, high = fit_band(fits(old, name)).bounds(whole.features[120:], 0.9)
        held.append(np.mean((low <= whole.mos[120:]) & (whole.mos[120:] <= high)))
    error = np.std(held) / np.sqrt(len(held))
    assert 0.9 - 4 * error < np.mean(held) < 0.97
