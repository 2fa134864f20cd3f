"""Regressors against scikit-learn, with the published grids written out as loops."""

import numpy as np
import pytest
from sklearn.metrics import mean_squared_error
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import MinMaxScaler
from sklearn.svm import SVR

from gaia_judge.agreement.logistics import fit_logistic
from gaia_judge.baselines.regressors import TLVQM, VIDEVAL, SupportVectors, fitted_from
from gaia_judge.errors import GaiaJudgeError

SMALL = SupportVectors(costs=(2.0, 64.0, 1024.0), gammas=(1 / 64, 1 / 8, 2.0), epsilon=0.1)


def made(count=60, width=7, seed=0):
    """Features on very different scales, of which three make the scores; one feature is constant."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(count, width)) * 10.0 ** np.arange(-2, width - 2)
    x[:, 5] = 4.0
    scores = 50 + 12 * np.sin(x[:, 0] * 80) + 5 * x[:, 2] + rng.normal(size=count)
    return x, scores


def test_grids_are_the_published_ones():
    assert VIDEVAL.costs == (2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)
    assert VIDEVAL.gammas == (1 / 256, 1 / 128, 1 / 64, 1 / 32, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 1, 2)
    assert VIDEVAL.epsilon == SVR().epsilon
    assert (TLVQM.costs, TLVQM.gammas, TLVQM.epsilon) == ((64.0,), (0.1,), 0.3)


@pytest.mark.parametrize("seed", [7])
def test_videval_is_the_loop_over_scikit_learn(seed):
    x, y = made(seed=seed)
    learnt, held, y_learnt, y_held = train_test_split(x, y, test_size=0.2, random_state=seed)
    scaler = MinMaxScaler().fit(learnt)
    best, chosen = np.inf, None
    for cost in np.logspace(1, 10, 10, base=2):
        for gamma in np.logspace(-8, 1, 10, base=2):
            machine = SVR(kernel="rbf", C=cost, gamma=gamma).fit(scaler.transform(learnt), y_learnt)
            raw = machine.predict(scaler.transform(held))
            mapped = fit_logistic(raw, y_held, "logistic4")[0](raw)
            error = mean_squared_error(y_held, mapped) ** 0.5
            if error < best:
                best, chosen = error, (cost, gamma)
    scaler = MinMaxScaler().fit(x)
    machine = SVR(kernel="rbf", C=chosen[0], gamma=chosen[1]).fit(scaler.transform(x), y)
    new, _ = made(seed=seed + 100)

    fitted = VIDEVAL.fit(x, y, seed)

    assert (fitted.cost, fitted.gamma) == chosen
    np.testing.assert_allclose(fitted.predict(new), machine.predict(scaler.transform(new)), rtol=0, atol=1e-9)


def test_seed_chooses_who_is_held_back():
    x, y = made()
    assert len({(one.cost, one.gamma) for one in (SMALL.fit(x, y, seed) for seed in range(4))}) > 1
    same = [SMALL.fit(x, y, 3).predict(x) for _ in range(2)]
    assert (same[0] == same[1]).all()


def test_tlvqm_is_scikit_learn_on_scores_of_1_to_5():
    x, y = made()
    y = 1 + 4 * (y - y.min()) / (y.max() - y.min())
    scaler = MinMaxScaler().fit(x)
    machine = SVR(kernel="rbf", gamma=0.1, C=64, epsilon=0.3).fit(scaler.transform(x), y)
    new, _ = made(seed=9)
    np.testing.assert_allclose(
        TLVQM.fit(x, y).predict(new), machine.predict(scaler.transform(new)), rtol=0, atol=1e-9
    )
    assert 0 < len(TLVQM.fit(x, y).weights) < len(y), "some points lie within epsilon"


@pytest.mark.parametrize("scale", [lambda y: y, lambda y: y / 20, lambda y: y / 100, lambda y: 7 - y])
def test_tlvqm_means_the_same_on_any_scale_of_scores(scale):
    x, y = made()
    new, _ = made(seed=9)
    found, expected = TLVQM.fit(x, scale(y)).predict(new), scale(TLVQM.fit(x, y).predict(new))
    np.testing.assert_allclose(found, expected, rtol=0, atol=0.03 * np.ptp(scale(y)))


@pytest.mark.parametrize("range_", [1e-3, 0.99])
def test_scores_of_little_range_are_learnt_by_a_machine_that_takes_them_as_they_are(range_):
    x, y = made()
    y = (y - y.min()) / np.ptp(y)
    stretched = SMALL.fit(x, 1 + 4 * y)
    fitted = SMALL.fit(x, range_ * y)
    assert (fitted.cost, fitted.gamma) == (stretched.cost, stretched.gamma)
    expected = range_ * (stretched.predict(x) - 1) / 4
    np.testing.assert_allclose(fitted.predict(x), expected, atol=0.01 * range_)


def test_what_is_missing_is_the_median_of_those_who_learn():
    x, y = made()
    broken, whole = x.copy(), x.copy()
    broken[3, 1], broken[4, 2], broken[5, 3] = np.nan, np.inf, -np.inf
    for row, column in ((3, 1), (4, 2), (5, 3)):
        whole[row, column] = np.median(np.delete(x[:, column], row))
    assert (TLVQM.fit(broken, y).predict(broken) == TLVQM.fit(whole, y).predict(whole)).all()
    assert not np.allclose(TLVQM.fit(whole, y).predict(whole), TLVQM.fit(x, y).predict(x))


def test_a_missing_value_far_from_0_ruins_nothing():
    x, y = made()
    far = x + 1e6
    far[3, 0] = np.nan
    found = TLVQM.fit(far, y).predict(far)
    assert np.corrcoef(found, TLVQM.fit(x, y).predict(x))[0, 1] > 0.9


def test_a_feature_that_no_training_video_had_counts_for_nothing():
    x, y = made()
    without = np.delete(x, 2, axis=1)
    blank = x.copy()
    blank[:, 2] = np.nan
    fitted = fitted_from(TLVQM.fit(blank, y).state())
    np.testing.assert_allclose(fitted.predict(x), TLVQM.fit(without, y).predict(without), rtol=1e-9)


def test_fits_of_old_that_took_what_is_missing_for_0_still_do():
    x, y = made()
    state = TLVQM.fit(x, y).state()
    del state["fills"]
    broken, zero = x.copy(), x.copy()
    broken[3, 1], zero[3, 1] = np.nan, 0
    old = fitted_from(state)
    assert (old.predict(broken) == old.predict(zero)).all()


@pytest.mark.parametrize("machine", [SMALL, TLVQM])
def test_state_is_arrays_and_comes_back(machine):
    x, y = made()
    fitted = machine.fit(x, y)
    state = fitted.state()
    assert all(type(array) is np.ndarray and array.dtype == np.float64 for array in state.values())
    again = fitted_from(state)
    assert (again.predict(x) == fitted.predict(x)).all()
    assert again.cost == fitted.cost


def test_state_that_does_not_fit_is_refused():
    state = TLVQM.fit(*made()).state()
    with pytest.raises(GaiaJudgeError, match="bias"):
        fitted_from({name: array for name, array in state.items() if name != "bias"})
    with pytest.raises(GaiaJudgeError, match="weights"):
        fitted_from({**state, "weights": state["weights"][1:]})
    with pytest.raises(GaiaJudgeError, match="no fitted regressor"):
        fitted_from({**state, "vectors": state["lows"]})


def test_scores_without_any_order_are_learnt_all_the_same():
    x, _ = made()
    fitted = SMALL.fit(x, np.full(len(x), 30.0))
    np.testing.assert_allclose(fitted.predict(x), 30.0, atol=0.1 + 1e-6)


def test_too_few_videos():
    x, y = made()
    with pytest.raises(GaiaJudgeError, match="4 videos"):
        SMALL.fit(x[:4], y[:4])
    with pytest.raises(ValueError, match="do not belong"):
        TLVQM.fit(x, y[:-1])
    assert np.isfinite(SMALL.fit(x[:5], y[:5]).predict(x)).all(), "one video held back has no logistic"


def test_all_equal_errors_take_the_first_pair():
    x, _ = made()
    first = SupportVectors(costs=(3.0, 2.0), gammas=(0.5, 0.25), epsilon=0.1).fit(x, np.zeros(len(x)))
    assert (first.cost, first.gamma) == (3.0, 0.5)
