"""Label probabilities by walking a trie equal brute-force teacher forcing."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gaia_judge.engines.tokens import LabelWalk

STOP = 9
"""The token that ends a turn in the toy model below."""


def toy_logprobs(prefix: tuple[int, ...], seed: int) -> np.ndarray:
    """Return a model's next-token log-probabilities: random, but a function of the prefix."""
    logits = np.random.default_rng([seed, 7, *prefix]).normal(size=10) * 2
    return logits - np.log(np.exp(logits).sum())


def walked(spellings: dict[str, list[tuple[int, ...]]], seed: int, negligible: float = 0.0):
    walk = LabelWalk(spellings, [STOP], negligible)
    asked, todo = [], [()]
    while todo:
        node = todo.pop()
        asked.append(node)
        row = toy_logprobs(node, seed)
        todo += walk.receive(node, {token: float(row[token]) for token in walk.wanted(node)})
    assert not walk.waiting
    return walk.reply(), asked


def forced(path: tuple[int, ...], seed: int) -> float:
    """Return the log-probability of saying exactly these tokens, one after the other."""
    return sum(float(toy_logprobs(path[:depth], seed)[token]) for depth, token in enumerate(path))


def brute(spellings: dict[str, list[tuple[int, ...]]], seed: int) -> dict[str, float]:
    every = [path for paths in spellings.values() for path in paths]
    begins = {path for path in every for other in every if other != path and other[: len(path)] == path}
    return {
        label: sum(math.exp(forced((*path, STOP) if path in begins else path, seed)) for path in set(paths))
        for label, paths in spellings.items()
    }


def numbers(top: int) -> dict[str, list[tuple[int, ...]]]:
    """Return the numbers up to ``top``, one token a digit, without the digit 9 (it is the stop)."""
    texts = [str(n) for n in range(top + 1) if "9" not in str(n)]
    return {text: [tuple(int(digit) for digit in text)] for text in texts}


@pytest.mark.parametrize("seed", range(5))
def test_numbers_from_0_to_100_equal_teacher_forcing(seed):
    spellings = numbers(100)
    reply, _ = walked(spellings, seed)
    truth = brute(spellings, seed)
    total = sum(truth.values())
    assert reply.off_scale == pytest.approx(1 - total, abs=1e-12)
    for label, mass in truth.items():
        assert reply.distribution[label] == pytest.approx(mass / total, abs=1e-12)


paths = st.lists(st.integers(0, 8), min_size=1, max_size=3).map(tuple)


@given(st.lists(paths, min_size=2, max_size=12, unique=True), st.integers(0, 100))
@settings(max_examples=60, deadline=None)
def test_any_labels_with_several_spellings_equal_teacher_forcing(every, seed):
    spellings = {"odd": every[::2], "even": every[1::2]}
    reply, _ = walked(spellings, seed)
    truth = brute(spellings, seed)
    total = sum(truth.values())
    assert reply.distribution == pytest.approx({k: v / total for k, v in truth.items()}, abs=1e-12)
    assert sum(reply.distribution.values()) == pytest.approx(1)


def test_one_token_labels_need_one_question():
    _, asked = walked({"Bad": [(1,)], "Good": [(2,), (3,)]}, seed=0)
    assert asked == [()]


def test_negligible_paths_are_left_out_and_their_mass_is_off_scale():
    spellings = {"a": [(1, 2)], "b": [(3,)]}
    reply, asked = walked(spellings, seed=1, negligible=1.0)
    assert asked == [()]
    assert reply.distribution == {"a": 0.0, "b": 1.0}
    assert reply.off_scale == pytest.approx(1 - math.exp(toy_logprobs((), 1)[3]))


def test_no_probability_on_any_label_is_missing_not_a_number():
    walk = LabelWalk({"a": [(1,)], "b": [(2,)]}, [STOP])
    walk.receive((), {1: -math.inf, 2: -9999.0})
    reply = walk.reply()
    assert reply.distribution is None
    assert reply.error == "The model gives no probability to any label."


def test_labels_with_the_same_tokens_are_refused():
    with pytest.raises(ValueError, match="same tokens"):
        LabelWalk({"a": [(1,)], "b": [(1,)]}, [STOP])


def test_every_child_and_the_stop_are_wanted_where_a_label_may_end():
    walk = LabelWalk({"1": [(1,)], "10": [(1, 0)], "100": [(1, 0, 0)]}, [STOP])
    assert [walk.wanted(node) for node in [(), (1,), (1, 0)]] == [[1], [0, STOP], [0, STOP]]
