"""Means by action and ranks, against numpy, scipy, loops and brute force."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from gaia_judge.agreement import resample
from gaia_judge.leaderboards.means import Mean, Numbers, mean_by_action
from gaia_judge.leaderboards.ranks import Differences, Rank, differ, letter, rank

ALL = np.full((9, 9), 99)
"""Enough actions in common."""


def scores(generators: int = 4, actions: int = 12, step: float = 1.0, seed: int = 0) -> Numbers:
    """Return scores [generators, actions]; actions differ much, which paired differences do not see."""
    random = np.random.default_rng(seed)
    hard = 5 * random.normal(size=actions)
    return step * np.arange(generators)[:, None] + hard + random.normal(size=(generators, actions))


def means(values: Numbers) -> list[Mean]:
    size = values.shape[1]
    return [mean_by_action(row, np.arange(size), size) for row in values]


def ranks(values: Numbers, draws: int = 500) -> list[Rank]:
    found = means(values)
    return rank(found, differ(found, resample(values.shape[1], draws=draws).counts, ALL))


def test_one_video_per_action_gives_students_interval() -> None:
    values = scores()[0]
    found = mean_by_action(values, np.arange(12), 12)
    assert found.value == pytest.approx(values.mean(), rel=1e-14)
    assert found.error == pytest.approx(stats.sem(values), rel=1e-12)
    interval = stats.t.interval(0.95, 11, values.mean(), stats.sem(values))
    assert (found.low, found.high) == pytest.approx(interval, rel=1e-12)


def test_equal_clusters_give_the_interval_of_their_means() -> None:
    values = scores().T  # four videos of each of 12 actions
    found = mean_by_action(values.ravel(), np.repeat(np.arange(12), 4), 12)
    assert found.error == pytest.approx(stats.sem(values.mean(axis=1)), rel=1e-12)
    assert (found.n, found.actions) == (48, 12)


def test_unequal_clusters_and_weights_give_the_jackknife_over_actions() -> None:
    random = np.random.default_rng(3)
    values, places, weights = random.normal(size=30), random.integers(0, 7, 30), random.uniform(1, 9, 30)
    found = mean_by_action(values, places, 9, weights)
    mean = np.average(values, weights=weights)
    without = [np.average(values[places != at], weights=weights[places != at]) for at in range(7)]
    error = math.sqrt(6 / 7 * sum((one - mean) ** 2 for one in without))
    assert found.value == pytest.approx(mean, rel=1e-13)
    assert found.error == pytest.approx(error, rel=1e-12)
    assert found.pulls[7:].tolist() == [0, 0]
    shares = [weights[places == at].sum() / weights.sum() for at in range(7)]
    worth = 1 / sum(share**2 for share in shares)
    assert found.freedom == pytest.approx(worth - 1, rel=1e-12)
    assert found.high == pytest.approx(mean + stats.t.ppf(0.975, worth - 1) * error, rel=1e-12)


def test_the_pulls_are_what_a_mean_moves_by() -> None:
    """The standard error is near the spread of brute-force bootstrap means over whole actions."""
    random = np.random.default_rng(5)
    places = np.repeat(np.arange(60), random.integers(1, 4, 60))
    values = random.normal(size=60)[places] + random.normal(size=len(places))
    found = mean_by_action(values, places, 60)
    parts = [values[places == place] for place in range(60)]
    drawn = [np.concatenate([parts[at] for at in random.integers(0, 60, 60)]).mean() for _ in range(4000)]
    assert found.error == pytest.approx(np.std(drawn), rel=0.05)


@pytest.mark.parametrize(
    ("values", "places", "why"),
    [
        ([], [], "there are no values"),
        ([3.0], [0], "1 action; an interval needs 2"),
        ([3.0, 4.0], [1, 1], "1 action; an interval needs 2"),
        ([0.1, 0.1, 0.1], [0, 1, 2], "the values do not differ between actions"),
    ],
)
def test_what_has_no_interval_says_why(values: list[float], places: list[int], why: str) -> None:
    found = mean_by_action(np.array(values), np.array(places, int), 3)
    assert (found.low, found.high, found.reason) == (None, None, why)
    assert not found.error


def test_weights_that_leave_next_to_one_action_have_no_interval() -> None:
    found = mean_by_action(np.array([1.0, 2.0, 4.0]), np.arange(3), 3, np.array([1e6, 1.0, 1.0]))
    assert (found.low, found.error) == (None, None)
    assert found.reason == "3 actions whose weights are so unequal that they count as 1.0"


@given(st.floats(-1e3, 1e3), st.floats(0.01, 100))
def test_shifting_and_stretching_scores_does_so_to_the_interval(shift: float, stretch: float) -> None:
    values, places = scores()[1], np.arange(12) // 2
    before, after = mean_by_action(values, places, 6), mean_by_action(stretch * values + shift, places, 6)
    moved = [stretch * one + shift for one in (before.value, before.low, before.high) if one is not None]
    assert [after.value, after.low, after.high] == pytest.approx(moved, rel=1e-6, abs=1e-6)


def test_the_critical_value_is_that_of_a_loop_over_replicates() -> None:
    values = scores(3, 8)
    counts = resample(8, draws=199, seed=4).counts
    found = differ(means(values), counts, ALL)
    largest = []
    for count in counts:
        drawn = np.repeat(np.arange(8), count)
        ratios = []
        for first, second in itertools.combinations(range(3), 2):
            apart = values[first] - values[second]
            moved = apart[drawn].mean() - apart.mean()
            ratios.append(abs(moved) / stats.sem(apart[drawn]))
        largest.append(max(ratios))
    critical = sorted(largest)[190 - 1]  # 95% of 199 + 1
    for first, second in itertools.permutations(range(3), 2):
        error = stats.sem(values[first] - values[second])
        assert found.reach[first, second] == pytest.approx(critical * error, rel=1e-10)
    assert np.isinf(np.diag(found.reach)).all()


def test_means_of_few_values_need_a_larger_difference() -> None:
    """With 5 of 12 actions the tail is the bootstrap's, but of Student's t with 4 degrees, not 11."""
    values = scores(2, 12)[:, :5]
    found = [mean_by_action(row, np.arange(5), 12) for row in values]
    counts = resample(12, draws=199, seed=2).counts
    apart = np.append(values[0] - values[0].mean() - values[1] + values[1].mean(), np.zeros(7))
    ratios = sorted(
        abs(drawn.mean()) / stats.sem(drawn) if drawn.any() else 0.0
        for drawn in (np.repeat(apart, count) for count in counts)
    )
    critical = stats.t.isf(stats.t.sf(ratios[190 - 1], 11), 4)
    error = stats.sem(values[0] - values[1])
    assert differ(found, counts, ALL).reach[0, 1] == pytest.approx(critical * error, rel=1e-10)


def test_ranks_count_who_is_surely_better_and_worse() -> None:
    values = np.array([9.0, 8.5, 4.0])
    told = np.array([[0, 0, 1], [0, 0, 1], [1, 1, 0]], bool)
    reach = np.where(told, 0.1, 99.0)
    differences = Differences(values[:, None] - values, reach, ~np.eye(3, dtype=bool))
    found = rank(means(values[:, None] + np.array([[-1.0, 1.0]] * 3)), differences)
    assert [(one.value, one.low, one.high, one.ties) for one in found] == [
        (1, 1, 2, (1,)),
        (2, 1, 2, (0,)),
        (3, 3, 3, ()),
    ]


def test_far_generators_are_told_apart_and_equal_ones_share_a_rank() -> None:
    found = ranks(scores(step=20.0))
    assert [(one.value, one.low, one.high) for one in found] == [(4, 4, 4), (3, 3, 3), (2, 2, 2), (1, 1, 1)]
    twins = ranks(scores(1).repeat(2, axis=0))
    assert [one.value for one in twins] == [1, 1]


def test_the_same_actions_are_drawn_for_all() -> None:
    """Generators whose means' intervals overlap widely are told apart by paired differences."""
    values = scores(2, 40, step=1.5)
    low, high = means(values)
    assert high.low is not None
    assert low.high is not None
    assert high.low < low.high
    assert [one.high for one in ranks(values)] == [2, 1]


@given(st.permutations(range(5)))
def test_the_order_of_generators_does_not_matter(order: list[int]) -> None:
    values = scores(5, 20)
    before, after = ranks(values, 200), ranks(values[order], 200)
    for at, old in enumerate(order):
        one, other = after[at], before[old]
        assert (one.value, one.low, one.high) == (other.value, other.low, other.high)
        assert {order[tie] for tie in one.ties} == set(other.ties)
    assert sorted(map(len, letter(after))) == sorted(map(len, letter(before)))


def test_too_few_actions_in_common_are_not_compared() -> None:
    found = means(scores(3))
    shared = np.array([[12, 12, 1], [12, 12, 1], [1, 1, 12]])
    placed = rank(found, differ(found, resample(12).counts, shared))
    assert placed[2].low is placed[2].high is None
    assert placed[2].reason is not None
    assert "2 actions in common" in placed[2].reason
    assert {placed[0].high, placed[1].high} <= {2, 3}
    assert letter(placed)[2] == ()


def test_few_draws_tell_nothing_apart() -> None:
    assert [one.low for one in ranks(scores(step=50.0), draws=10)] == [None] * 4


@given(st.integers(0, 2**15 - 1))
def test_two_share_a_group_exactly_where_they_tie(bits: int) -> None:
    """Against all cliques of six generators, by brute force."""
    pairs = list(itertools.combinations(range(6), 2))
    tied = {pair for at, pair in enumerate(pairs) if bits >> at & 1}
    ties = [tuple(b for b in range(6) if (min(a, b), max(a, b)) in tied) for a in range(6)]
    groups = letter([Rank(at + 1, 1, 6, ties[at]) for at in range(6)])
    members = {
        name: frozenset(at for at in range(6) if name in groups[at])
        for name in {name for own in groups for name in own}
    }
    cliques = [
        frozenset(some)
        for size in range(1, 7)
        for some in itertools.combinations(range(6), size)
        if all(pair in tied for pair in itertools.combinations(some, 2))
    ]
    largest = {clique for clique in cliques if not any(clique < other for other in cliques)}
    assert set(members.values()) == largest
