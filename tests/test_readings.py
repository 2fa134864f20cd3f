"""What a reply says on a scale, and what several replies say together."""

import pytest

from gaia_judge.engines import Reply
from gaia_judge.readings import Reading, combine, read_reply
from gaia_judge.scales import load_scale

WORDS = load_scale("words")


def test_an_error_is_missing_and_keeps_its_reason():
    reading = read_reply(Reply(error="no answer", off_scale=1.0), WORDS, "expected", None)
    assert reading.value is None
    assert reading.error == "no answer"
    assert reading.off_scale == 1.0


def test_a_reply_that_holds_nothing_is_missing():
    assert read_reply(Reply(), WORDS, "expected", None).error == "The reply holds no rating."


def test_a_choice_without_probabilities_says_so():
    reading = read_reply(Reply(draws=("Good",)), WORDS, "expected", None)
    assert reading.value == 4
    assert reading.distribution is None
    assert "no probabilities" in reading.trace["value_is"]


def test_the_mean_of_courses_is_weighted():
    one = read_reply(Reply(distribution={"Bad": 1.0}, off_scale=0.5), WORDS, "expected", None)
    two = read_reply(Reply(distribution={"Excellent": 1.0}, off_scale=0.0), WORDS, "expected", None)
    both = combine([one, two], [0.25, 0.75], WORDS)
    assert both.value == pytest.approx(4.0)
    assert both.off_scale == pytest.approx(0.125)
    assert both.mode == "Excellent"


def test_one_unknown_off_scale_mass_makes_the_whole_unknown():
    one = Reading(value=1.0, mode="Bad", distribution={"Bad": 1.0}, off_scale=None)
    two = Reading(value=5.0, mode="Excellent", distribution={"Excellent": 1.0}, off_scale=0.1)
    assert combine([one, two], [0.5, 0.5], WORDS).off_scale is None


def test_one_unreadable_course_makes_the_whole_missing():
    good = Reading(value=4.0, mode="Good", distribution={"Good": 1.0})
    assert combine([good, Reading(error="lost")], [0.9, 0.1], WORDS).error == "lost"
