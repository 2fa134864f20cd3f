"""Rules: each verdict follows the interval of its effect, and what is missing is no evidence."""

import re
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import spearmanr

from gaia_judge.engines import Draws, Form, Reply
from gaia_judge.engines.replies import read_draws, read_form
from gaia_judge.experiments.effects import Effect
from gaia_judge.experiments.files import Rule
from gaia_judge.experiments.rules import FEW, TRIFLE, judge
from gaia_judge.experiments.verdicts import REFUSALS, Case
from gaia_judge.readings import read_reply
from gaia_judge.scales import load_scale


def case_of(kind, base, changed, people=None, **more):
    rule = Rule(name="x", asks="?", cell="c", kind=kind, expect="e", **more)
    sides = [None if one is None else np.asarray(one, float) for one in (base, changed, people)]
    return Case(rule, "subject", *sides, None, None, LENGTHS_OF[: len(base)])


RANDOM = np.random.default_rng(4)
SPREAD = RANDOM.uniform(0.2, 0.8, 40)
LENGTHS_OF = np.arange(400).astype(float)
ORDERED = np.linspace(0.2, 0.8, 40)


def with_holes(values, count):
    """Return values of which the last ``count`` are missing."""
    return np.where(np.arange(len(values)) < len(values) - count, values, np.nan)


def mixed(share, seed=0):
    """Return ratings that are so much like ``ORDERED`` and otherwise at random."""
    return share * ORDERED + (1 - share) * np.random.default_rng(seed).permutation(ORDERED)


@pytest.mark.parametrize(
    ("case", "outcome"),
    [
        (case_of("falls", SPREAD, SPREAD + RANDOM.normal(0, 0.2, 40)), "unclear"),
        (case_of("falls", SPREAD, SPREAD), "fail"),
        (case_of("falls", SPREAD, np.full(40, np.nan)), "unclear"),
        (case_of("stays", SPREAD, SPREAD + 0.04), "pass"),
        (case_of("stays", SPREAD, SPREAD + 0.06), "fail"),
        (case_of("stays", SPREAD, 1 - SPREAD), "fail"),
        (case_of("stays", np.full(40, 0.5), np.full(40, 0.5)), "pass"),
        (case_of("stays", SPREAD[:9], SPREAD[:9] + RANDOM.normal(0, 0.1, 9)), "unclear"),
        (case_of("equal", SPREAD, SPREAD + 0.04), "pass"),
        (case_of("equal", SPREAD, np.where(np.arange(40) == 7, SPREAD + 0.06, SPREAD)), "fail"),
        (case_of("blind", SPREAD, SPREAD + RANDOM.normal(0, 0.01, 40), SPREAD), "fail"),
        (case_of("blind", SPREAD, RANDOM.permutation(SPREAD), SPREAD), "pass"),
        (case_of("blind", RANDOM.permutation(SPREAD), SPREAD, SPREAD), "fail"),
        (case_of("blind", SPREAD, RANDOM.permutation(SPREAD)), "pass"),
        (case_of("blind", SPREAD, np.full(40, 0.5)), "pass"),
        (case_of("falls", SPREAD, SPREAD - TRIFLE / 2), "fail"),
        (case_of("falls", SPREAD, SPREAD - TRIFLE * 2), "pass"),
        (case_of("falls", SPREAD, SPREAD + 0.1), "fail"),
        (case_of("falls", SPREAD, np.where(np.arange(40) < 2, SPREAD - 0.1, SPREAD)), "unclear"),
        (case_of("falls", SPREAD[: FEW - 1], SPREAD[: FEW - 1] - 0.1), "unclear"),
        (case_of("falls", SPREAD[:FEW], SPREAD[:FEW] - 0.1), "pass"),
        (case_of("falls", SPREAD, with_holes(SPREAD - 0.1, 2)), "pass"),
        (case_of("falls", SPREAD, with_holes(SPREAD - 0.1, 3)), "unclear"),
        (case_of("falls", SPREAD, with_holes(SPREAD, 30)), "fail"),
        (case_of("equal", SPREAD, with_holes(SPREAD, 2)), "pass"),
        (case_of("equal", SPREAD, with_holes(SPREAD, 3)), "fail"),
        (case_of("equal", SPREAD, with_holes(SPREAD, 38)), "unclear"),
        (case_of("equal", with_holes(SPREAD, 38), with_holes(SPREAD, 38)), "unclear"),
        (case_of("stays", SPREAD, with_holes(SPREAD, 3)), "fail"),
        (case_of("stays", SPREAD, with_holes(SPREAD, 35)), "unclear"),
        (case_of("stays", SPREAD, SPREAD * (1 + 0.05 / SPREAD.mean())), "unclear"),
        (case_of("blind", SPREAD, with_holes(np.full(40, 0.5), 20)), "unclear"),
        (case_of("blind", ORDERED, mixed(0.5)), "partly"),
        (case_of("blind", ORDERED, mixed(0.55), ORDERED), "partly"),
        (case_of("blind", ORDERED, mixed(0.1, 5), ORDERED), "pass"),
        (case_of("blind", mixed(0.4), mixed(0.3, 6), ORDERED), "unclear"),
        (case_of("length", RANDOM.uniform(0, 1, 400), None, within=0.2), "pass"),
        (case_of("length", mixed(0.1, 5), None, within=0.2), "unclear"),
        (case_of("length", mixed(0.2, 7), None, within=0.2), "unclear"),
        (case_of("length", ORDERED, None, within=0.2), "fail"),
        (case_of("blind", np.full(40, 0.5), np.full(40, 0.5)), "unclear"),
    ],
)
def test_verdicts_follow_the_intervals(case, outcome):
    found = judge(case)
    assert found.outcome == outcome, found.words
    assert found.words


def test_length_is_held_against_a_judge_only_where_people_do_not_go_with_it_too():
    people = LENGTHS_OF / 400 + np.random.default_rng(8).normal(0, 0.1, 400)
    ratings = people + np.random.default_rng(9).normal(0, 0.1, 400)
    alone, beside = (judge(case_of("length", ratings, None, mos, within=0.2)) for mos in (None, people))
    assert (alone.outcome, beside.outcome) == ("fail", "pass"), (alone.words, beside.words)


def test_words_tell_what_remains_what_is_lost_and_which_way_ratings_go():
    rest = judge(case_of("blind", ORDERED, mixed(0.55), ORDERED)).words
    remains = f"{spearmanr(mixed(0.55), ORDERED).statistic:.2f}".removeprefix("0")
    assert re.search(rf"to {re.escape(remains)} \[.*: it looks, but part", rest)
    assert "Ratings rise by .10" in judge(case_of("falls", SPREAD, SPREAD + 0.1)).words
    gone = judge(replace(case_of("equal", SPREAD, with_holes(SPREAD, 3)), error="The engine is busy."))
    assert (gone.effect.n, gone.lost) == (37, 3)
    assert gone.words.startswith(
        "3 of 40 videos have no rating any more (The engine is busy). The others: 0%"
    )
    few = judge(case_of("equal", SPREAD, with_holes(SPREAD, 38))).words
    assert few.startswith("2 videos that can be compared are too few; 8 are needed. 38 of 40 have none after")


FORM = Form((("subject", ("1", "2")),))


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (read_draws(Draws(("Bad", "Good"), 1), ["I cannot see it."]).error, "pass"),
        (read_form(FORM, [], "Sorry.").error, "pass"),
        (read_form(FORM, [], "{}").error, "pass"),
        (read_form(FORM, [], '{"subject": 3}').error, "pass"),
        (read_reply(Reply(), load_scale("words"), "expected", None).error, "pass"),
        ("CUDA is out of memory.", "unclear"),
        (None, "unclear"),
    ],
)
def test_a_judge_that_refuses_to_rate_blindly_passes_and_one_that_broke_does_not(error, outcome):
    found = judge(replace(case_of("blind", SPREAD, with_holes(SPREAD, 36)), error=error))
    assert (found.outcome, found.lost) == (outcome, 36)
    assert len(REFUSALS) == 6
    assert ("refuses to rate blindly" in found.words) == (outcome == "pass")


def test_effects_without_an_interval_are_shown_alone():
    found = judge(case_of("equal", SPREAD, SPREAD))
    assert isinstance(found.effect, Effect)
    assert found.effect.low is None
    assert "0% of ratings differ" in found.words
