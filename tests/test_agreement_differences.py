"""Tests of differences, pinned to worked figures and to their papers' formulae in matrix form."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from gaia_judge.agreement import (
    advantage,
    agree,
    correct,
    duels,
    fisher,
    meng,
    plcc,
    resample,
    srcc,
    steiger,
    williams,
)

DEPENDENT = [williams, steiger, meng]


def raters(size=80, seed=0):
    random = np.random.default_rng(seed)
    people = random.normal(size=size)
    return {name: people + random.normal(0, noise, size) for name, noise in NOISE.items()}, people


NOISE = {"good": 0.5, "fair": 1.0, "poor": 3.0}


def test_the_worked_figures():
    """n = 103, r12 = .40, r13 = .50, r23 = .10; and .5 against .6 of two samples of 103."""
    found = williams(0.40, 0.50, 0.10, 103)
    assert found.statistic == pytest.approx(-0.8913, abs=5e-5)
    assert found.p == pytest.approx(0.3749, abs=5e-5)
    assert steiger(0.40, 0.50, 0.10, 103).statistic == pytest.approx(-0.8887, abs=5e-5)
    assert fisher(0.5, 103, 0.6, 103).statistic == pytest.approx(-1.0171, abs=5e-5)


def test_the_example_of_meng_rosenthal_and_rubin():
    """Correlations .63 and -.03 of 15 students with an outcome, -.19 between: Z = 1.68."""
    found = meng(0.63, -0.03, -0.19, 15)
    assert found.statistic == pytest.approx(1.68, abs=5e-3)


def test_the_covariance_in_steigers_test_is_that_of_fishers_z():
    """Over 3,000 samples of 400 normal rows with equal correlations."""
    random, rows = np.random.default_rng(0), 400
    root = np.linalg.cholesky(np.array([[1, 0.6, 0.6], [0.6, 1, 0.8], [0.6, 0.8, 1]]))
    drawn = [np.corrcoef(root @ random.normal(size=(3, rows)))[0, 1:] for _ in range(3000)]
    shared = np.corrcoef(np.arctanh(drawn).T)[0, 1]
    z = (np.arctanh(0.62) - np.arctanh(0.58)) * np.sqrt((rows - 3) / (2 - 2 * shared))
    assert steiger(0.62, 0.58, 0.8, rows).statistic == pytest.approx(z, rel=0.06)


def test_p_are_two_sided():
    assert fisher(0.5, 103, 0.6, 103).p == pytest.approx(2 * stats.norm.sf(1.0171), abs=1e-4)
    for test in DEPENDENT:
        assert test(0.5, 0.4, 0.1, 103).p == test(0.4, 0.5, 0.1, 103).p
        assert test(0.5, 0.5, 0.1, 103).p == 1


@pytest.mark.parametrize("test", DEPENDENT)
@pytest.mark.slow
def test_equal_correlations_are_rejected_as_often_as_the_level_says(test):
    """Of 4,000 samples of 50 normal rows, 5% give or take 1.1%."""
    random = np.random.default_rng(0)
    root = np.linalg.cholesky(np.array([[1, 0.5, 0.5], [0.5, 1, 0.3], [0.5, 0.3, 1]]))
    rejected = 0
    for _ in range(4000):
        found = np.corrcoef(root @ random.normal(size=(3, 50)))
        rejected += test(found[0, 1], found[0, 2], found[1, 2], 50).p < 0.05
    assert rejected / 4000 == pytest.approx(0.05, abs=0.011)


@pytest.mark.parametrize("test", DEPENDENT)
@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ((1.0, 0.5, 0.5, 50), "a correlation is 1; the test needs one between -1 and 1"),
        ((0.5, -1.0, -0.5, 50), "a correlation is -1; the test needs one between -1 and 1"),
        ((float("nan"), 0.5, 0.5, 50), "a correlation is nan; the test needs one between -1 and 1"),
        ((0.5, 0.5, 1.0, 50), "the two raters correlate by 1; the test needs less than 1"),
        ((0.9, -0.9, 0.9, 50), "no three sides correlate by 0.9, -0.9 and 0.9"),
        ((0.5, 0.4, 0.1, 3), "3 videos have all scores; the test needs 4"),
    ],
)
def test_what_is_undefined_has_a_reason(test, given, reason):
    found = test(*given)
    assert (found.statistic, found.p, found.reason) == (None, None, reason)


def test_fisher_is_undefined_for_few_videos_and_perfect_correlations():
    assert fisher(0.5, 3, 0.5, 100).reason == "3 videos have all scores; the test needs 4"
    assert fisher(0.5, 30, 1.0, 100).p is None


R = st.floats(-0.99, 0.99)


@given(R, R, R, st.integers(4, 500))
def test_every_test_turns_with_its_sides(first, second, between, n):
    for test in DEPENDENT:
        one, other = test(first, second, between, n), test(second, first, between, n)
        if one.statistic is None:
            assert other.statistic is None
            assert one.reason
        else:
            assert other.statistic == pytest.approx(-one.statistic, rel=1e-6, abs=1e-9)
            assert 0 <= one.p <= 1


def test_holms_correction_by_hand():
    assert correct([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02], abs=1e-15)
    assert correct([None, 0.6, 0.7]) == [None, 1.0, 1.0]
    assert correct([]) == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_rejects_what_its_stepwise_rule_rejects(p):
    """Going up from the smallest of m: stop at the first that exceeds level / (those left)."""
    level, order = 0.05, np.argsort(p, kind="stable")
    passed = list(itertools.takewhile(lambda k: p[order[k]] * (len(p) - k) <= level, range(len(p))))
    rejected = {place for place, one in enumerate(correct(p)) if one <= level}
    assert {p[place] for place in rejected} == {p[order[k]] for k in passed}


@pytest.mark.parametrize("correlation", ["srcc", "plcc"])
def test_each_two_raters_meet_once(correlation):
    scores, people = raters()
    drawn = resample(80, draws=400)
    found = duels(scores, people, resampling=drawn, correlation=correlation)
    assert [(one.first, one.second) for one in found] == [
        ("good", "fair"),
        ("good", "poor"),
        ("fair", "poor"),
    ]
    measure = {"srcc": srcc, "plcc": plcc}[correlation]
    for one in found:
        a, b = scores[one.first], scores[one.second]
        assert one.difference == pytest.approx(measure(a, people) - measure(b, people), abs=1e-12)
        again = [
            measure(a[rows], people[rows]) - measure(b[rows], people[rows])
            for rows in (np.repeat(np.arange(80), counts) for counts in drawn.counts)
        ]
        assert (one.low, one.high) == pytest.approx(tuple(np.quantile(again, [0.025, 0.975])), abs=1e-12)
        assert one.statistic == pytest.approx(one.difference / np.std(again, ddof=1), abs=1e-9)
        assert one.p == pytest.approx(2 * stats.t.sf(abs(one.statistic), 79), rel=1e-9)
        assert one.n == 80
    assert [one.p_holm for one in found] == correct([one.p for one in found])


@pytest.mark.parametrize("test", DEPENDENT)
def test_a_duel_by_formula_is_that_of_its_three_correlations(test):
    scores, people = raters()
    found = duels(scores, people, test=test.__name__)[0]
    good, fair = scores["good"], scores["fair"]
    expected = test(srcc(good, people), srcc(fair, people), srcc(good, fair), 80)
    assert (found.statistic, found.p, found.reason) == (expected.statistic, expected.p, None)
    assert (found.low, found.high) == (None, None)


def test_duels_are_on_the_videos_that_all_three_have():
    scores, people = raters()
    scores["good"][:5] = np.nan
    people[7] = np.nan
    found = {(one.first, one.second): one for one in duels(scores, people, resampling=resample(80, draws=50))}
    assert found["good", "fair"].n == 74
    assert found["fair", "poor"].n == 79
    kept = np.isfinite(scores["good"]) & np.isfinite(people)
    expected = srcc(scores["good"], people) - srcc(scores["poor"][kept], people[kept])
    assert found["good", "poor"].difference == pytest.approx(expected, abs=1e-12)


def test_a_rater_without_a_correlation_has_duels_with_reasons():
    scores, people = raters()
    scores = {"flat": np.ones(80), "same": scores["good"] * 2, **scores}
    found = {(one.first, one.second): one for one in duels(scores, people, resampling=resample(80, draws=50))}
    flat = found["flat", "good"]
    assert (flat.difference, flat.p, flat.p_holm) == (None, None, None)
    assert flat.reason == "flat: the rater gave every video the same score, 1"
    same = found["same", "good"]
    assert (same.difference, same.low, same.high, same.p) == (0, 0, 0, None)
    assert same.reason == "the difference is the same in every bootstrap replicate"
    assert duels(scores, people)[0].p is None
    assert duels(scores, people)[-1].reason == "the bootstrap test needs replicates"
    alone = duels(scores, people, resampling=resample(80, [["one"] * 80]))[-1]
    assert alone.reason == "an interval needs two rows or clusters that have both scores"


def test_clustered_rows_are_not_taken_for_independent_ones():
    """Of ten copies of each row, the bootstrap by clusters makes what the rows once would give."""
    scores, people = raters(40, seed=1)
    names = np.repeat(np.arange(40), 10)
    many = {name: one.repeat(10) for name, one in scores.items()}
    once = duels(scores, people, resampling=resample(40, draws=500))[0]
    whole = duels(many, people.repeat(10), resampling=resample(400, [names], draws=500))[0]
    assert (whole.low, whole.high, whole.p) == pytest.approx((once.low, once.high, once.p), rel=1e-6)
    assert duels(many, people.repeat(10), test="williams")[0].p < whole.p / 10


def test_the_advantage_is_the_duel_of_two():
    scores, people = raters()
    one = duels(scores, people, resampling=resample(80, draws=200, seed=4))[0]
    other = advantage(scores["good"], scores["fair"], people, draws=200, seed=4)
    assert (one.difference, one.low, one.high) == (other.value, other.low, other.high)
    assert other.draws == 200
    assert advantage(scores["good"], scores["fair"], people, clusters=[1] * 80).reason


def test_the_same_replicates_serve_agreement_and_duels():
    scores, people = raters()
    drawn = resample(80, draws=300)
    first = agree(scores["good"], people, statistics=["srcc"], resampling=drawn)["srcc"]
    assert first == agree(scores["good"], people, statistics=["srcc"], resampling=drawn)["srcc"]
