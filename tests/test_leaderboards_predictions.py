"""Prediction-powered means, against ppi-python's numbers, algebra and brute force."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from gaia_judge.leaderboards.means import Numbers
from gaia_judge.leaderboards.predictions import Estimates, count_labels, estimate, tune

K = np.arange(40)
GUESSES = 50 + 17 * np.sin(1.7 * K) + 5 * np.cos(0.9 * K)
TRUTH = 0.8 * GUESSES + 6 * np.sin(3.1 * K + 0.5) + 4
LABELS = np.where(K < 12, TRUTH, np.nan)
"""The first 12 of 40 videos carry a label."""

TUNED, LOW, HIGH = 44.316382003453924, 41.11445412490474, 47.51830988200311
"""``ppi_mean_ci(TRUTH[:12], GUESSES[:12], GUESSES[12:], alpha=0.05)`` of ppi-python 0.2.3."""
POWER = 0.5701303026926089
"""Its power (``_calc_lam_glm``), on the mean over videos without a label."""


def powered(labels: Numbers, guesses: Numbers, weights: Numbers | None = None) -> Estimates:
    return estimate(labels, guesses, np.arange(len(labels)), len(labels), weights)


def drawn(corr: float, n: int = 30, size: int = 400, seed: int = 0) -> tuple[Numbers, Numbers]:
    """Return labels, of which ``n`` are known, and guesses that correlate so with them."""
    random = np.random.default_rng(seed)
    truth = random.normal(size=size)
    guesses = corr * truth + math.sqrt(1 - corr**2) * random.normal(size=size)
    return np.where(np.arange(size) < n, 50 + 10 * truth, np.nan), guesses


def test_power_and_mean_are_those_of_ppi_python() -> None:
    found = powered(LABELS, GUESSES)
    assert found.power is not None
    assert found.power * 28 / 40 == pytest.approx(POWER, rel=1e-12)
    assert found.powered.value == pytest.approx(TUNED, rel=1e-13)


def test_the_standard_error_is_that_of_ppi_python_but_for_what_is_subtracted() -> None:
    """Ours subtracts the mean guess of all videos, theirs those of either part: an exact difference."""
    theirs = (HIGH - LOW) / 2 / stats.norm.ppf(0.975)
    found = powered(LABELS, GUESSES)
    power, every = found.power or 0, GUESSES.mean()
    with_label, without = GUESSES[:12].mean(), GUESSES[12:].mean()
    between = (power / 40) ** 2 * (28 * (without - every) ** 2 + 12 * (with_label - every) ** 2)
    ours = found.powered.pulls @ found.powered.pulls
    assert ours == pytest.approx(theirs**2 + between, rel=1e-11)
    assert found.powered.error == pytest.approx(math.sqrt(ours * 12 / 10), rel=1e-12)
    assert found.powered.high is not None
    reach = found.powered.high - (found.powered.value or 0)
    assert reach == pytest.approx(stats.t.ppf(0.975, 10) * math.sqrt(ours * 12 / 10), rel=1e-12)


def test_labels_alone_give_students_interval() -> None:
    found = powered(LABELS, GUESSES).classical
    mean, error = TRUTH[:12].mean(), stats.sem(TRUTH[:12])
    assert (found.low, found.high) == pytest.approx(stats.t.interval(0.95, 11, mean, error), rel=1e-12)


def test_the_power_makes_the_variance_least() -> None:
    """Over many powers, none gives a much smaller variance than the one chosen."""
    labels, guesses = drawn(0.7, n=100)
    found = powered(labels, guesses)
    y, f = labels[:100], guesses[:100]
    grid = np.linspace(-5, 20, 2001)[:, None]
    variances = (grid[:, 0] ** 2) * guesses.var() / 400 + (y - grid * f).var(axis=1) / 100
    variances += 2 * grid[:, 0] * ((y - grid * f) * (f - f.mean())).mean(axis=1) / 400
    assert found.powered.pulls @ found.powered.pulls <= 1.02 * variances.min()


def test_weighted_labels_are_those_repeated() -> None:
    """A label with weight 3 counts as three equal videos would."""
    labels, guesses = LABELS.copy(), GUESSES.copy()
    weights = np.where(np.isnan(labels), np.nan, 1 + K % 3)
    found = powered(labels, guesses, weights)
    copies = np.repeat(K[:12], 1 + K[:12] % 3)
    power = tune(TRUTH[copies], GUESSES[copies], np.ones(len(copies)), GUESSES)
    assert found.power == pytest.approx(power, rel=1e-12)
    rest = (TRUTH - power * GUESSES)[copies].mean()
    assert found.powered.value == pytest.approx(rest + power * GUESSES.mean(), rel=1e-12)
    assert found.classical.value == pytest.approx(TRUTH[copies].mean(), rel=1e-12)


def test_unequal_probabilities_do_not_bias_the_mean() -> None:
    """Labels are drawn far more often where the truth is high; what is left is the bias of a ratio."""
    random = np.random.default_rng(8)
    truth = random.normal(50, 10, 300)
    guesses = truth + random.normal(0, 5, 300)
    chance = np.clip((truth - 20) / 100, 0.05, 0.9)
    gone, naive = [], []
    for _ in range(400):
        labels = np.where(random.random(300) < chance, truth, np.nan)
        found = powered(labels, guesses, 1 / chance)
        gone.append((found.powered.value or 0) - truth.mean())
        naive.append(np.nanmean(labels) - truth.mean())
    assert np.mean(naive) > 3
    assert abs(np.mean(gone)) < 0.3


def test_whole_actions_are_drawn() -> None:
    """Each action's video stands twice: the interval is that of half as many, the mean the same."""
    once = powered(LABELS, GUESSES)
    twice = estimate(LABELS.repeat(2), GUESSES.repeat(2), K.repeat(2), 40)
    assert twice.powered.actions == once.powered.actions == 12
    assert twice.classical.error == pytest.approx(once.classical.error, rel=1e-12)
    assert twice.rest.n == 24


def test_a_useless_rater_costs_little_and_a_perfect_one_helps_much() -> None:
    labels, useless = drawn(0.0)
    found = powered(labels, useless)
    assert found.powered.error == pytest.approx(found.classical.error, rel=0.1)
    assert found.powered.value == pytest.approx(found.classical.value, abs=0.3 * (found.classical.error or 0))
    perfect = powered(*drawn(1.0))
    assert (perfect.powered.error or 0) < 0.5 * (perfect.classical.error or 0)


def test_a_rater_that_says_always_the_same_leaves_the_labels_alone() -> None:
    for guesses in (np.full(40, 0.1), np.full(40, np.nan), np.where(K % 2, 0.1, np.nan)):
        found = powered(LABELS, guesses)
        assert found.power == 0
        assert found.powered.value == pytest.approx(found.classical.value, rel=1e-13)


def test_labels_of_all_videos_leave_nothing_to_guess() -> None:
    found = powered(TRUTH, GUESSES)
    assert found.powered.value == pytest.approx(TRUTH.mean(), rel=1e-13)
    assert found.powered.pulls == pytest.approx(found.classical.pulls, abs=1e-12)


@given(st.floats(0.01, 100), st.floats(-1e3, 1e3))
def test_the_raters_scale_does_not_matter(stretch: float, shift: float) -> None:
    before, after = powered(LABELS, GUESSES), powered(LABELS, stretch * GUESSES + shift)
    assert after.powered.value == pytest.approx(before.powered.value, rel=1e-8)
    assert after.powered.error == pytest.approx(before.powered.error, rel=1e-6)


def test_too_few_labels_have_no_interval_and_say_why() -> None:
    found = powered(np.where(K < 2, TRUTH, np.nan), GUESSES)
    assert found.classical.error is not None
    assert (found.powered.low, found.powered.reason) == (None, "2 actions; an interval needs 3")
    none = powered(np.full(40, np.nan), GUESSES)
    assert (none.powered.value, none.power, none.powered.reason) == (None, None, "there are no values")


def test_labels_needed_are_the_fewest_whose_interval_is_as_narrow() -> None:
    labels, guesses = drawn(0.9)
    found = powered(labels, guesses)
    alone, with_guesses = count_labels(found, 5.0)
    sigma = np.nanstd(labels, ddof=1)
    widths = [2 * stats.t.ppf(0.975, n - 1) * sigma / math.sqrt(n) for n in range(2, 401)]
    assert alone.labels == 2 + next(at for at, width in enumerate(widths) if width <= 5)
    rest = (labels - (found.power or 0) * guesses)[:30]
    left = rest.var(ddof=0) * 30 / 28
    base = (sigma**2 - left) / 400
    widths = [2 * stats.t.ppf(0.975, n - 2) * math.sqrt(left / n + base) for n in range(3, 401)]
    assert with_guesses.labels == 3 + next(at for at, width in enumerate(widths) if width <= 5)
    assert with_guesses.labels < alone.labels


def test_a_width_that_no_labels_reach_has_a_reason() -> None:
    alone, with_guesses = count_labels(powered(*drawn(0.5)), 0.01)
    assert alone.labels is with_guesses.labels is None
    assert alone.reason is not None
    assert "all 400 videos" in alone.reason
    few = count_labels(powered(np.where(K < 1, TRUTH, np.nan), GUESSES), 5)
    assert [one.labels for one in few] == [None, None]
    assert few[0].reason == "1 action; an interval needs 2"
