"""Replies read from what an engine wrote; what cannot be read is an error, never a number."""

import math

import pytest

from gaia_judge.engines import Draws, Form
from gaia_judge.engines.replies import Written, read_draws, read_form, read_paragraph

FORM = Form((("subject", ("Bad", "Good")), ("interaction", ("Bad", "Good"))))


def written(*steps):
    return [Written(text, {one: math.log(share) for one, share in shares.items()}) for text, shares in steps]


def sure(text):
    return (text, {text: 1.0})


def test_a_field_is_read_at_the_token_that_decides_it():
    tokens = written(
        sure('{"subject":"'), ("Good", {"Good": 0.75, "Bad": 0.25}), sure('","interaction":"'),
        ("Bad", {"Bad": 0.5, "Good": 0.5}), sure('"}'),
    )  # fmt: skip
    reply = read_form(FORM, tokens)
    assert reply.error is None
    assert reply.fields == {"subject": "Good", "interaction": "Bad"}
    assert reply.distributions["subject"] == pytest.approx({"Bad": 0.25, "Good": 0.75})
    assert reply.distributions["interaction"] == pytest.approx({"Bad": 0.5, "Good": 0.5})


def test_a_token_that_begins_before_the_label_is_read_too():
    tokens = written(
        sure('{"subject":'), ('"Go', {'"Go': 0.4, '"B': 0.1, '"Bad"': 0.5}), sure("od"),
        sure('","interaction":"Bad"}'),
    )  # fmt: skip
    assert read_form(FORM, tokens).distributions["subject"] == pytest.approx({"Good": 0.4, "Bad": 0.6})


def test_labels_that_one_token_does_not_tell_apart_have_no_distribution():
    form = Form((("score", ("1", "10")),))
    tokens = written(sure('{"score":"'), ("1", {"1": 1.0}), ("0", {"0": 0.5, '"': 0.5}), sure('"}'))
    reply = read_form(form, tokens)
    assert reply.fields == {"score": "10"}
    assert reply.distributions == {}


@pytest.mark.parametrize(
    "text",
    [
        '{"subject":"Good"',
        '{"interaction":"Bad","subject":"Good"}',
        '{"subject":"Great","interaction":"Bad"}',
        '{"subject":["Good"],"interaction":"Bad"}',
        "[1]",
        "",
    ],
)
def test_a_form_that_is_cut_or_off_its_schema_is_an_error(text):
    reply = read_form(FORM, written(sure(text)))
    assert reply.error
    assert reply.fields == {}


def test_samples_off_the_scale_are_counted_not_guessed():
    reply = read_draws(Draws(("Bad", "Good"), 3), ["Good", " Bad", "good enough"])
    assert reply.draws == ("Good", "Bad")
    assert reply.note == "1 of 3 samples left the scale"
    assert read_draws(Draws(("Bad", "Good"), 1), ["Great"]).error


def test_an_empty_rationale_is_an_error_and_a_cut_one_says_so():
    assert read_paragraph("  ", cut=False).error
    reply = read_paragraph("The hand has six fingers and", cut=True)
    assert reply.error is None
    assert "cut" in reply.note
