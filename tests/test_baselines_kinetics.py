"""Kinetics-400's classes, and which action keywords name one."""

import pytest

from gaia_judge.baselines.kinetics import class_names, find_class, sought, umt_numbers
from gaia_judge.errors import GaiaJudgeError
from tests.recognisers import make_clip, make_frames


def test_there_are_400_classes_in_alphabetical_order_and_each_has_a_number_in_umt():
    assert len(set(class_names())) == 400
    assert list(class_names()) == sorted(class_names())
    assert sorted(umt_numbers()) == list(range(400))


@pytest.mark.parametrize(
    ("name", "alphabetical", "umt"),
    [
        ("abseiling", 0, 341),
        ("air drumming", 1, 158),
        ("archery", 5, 302),
        ("marching", 192, 1),
        ("playing badminton", 218, 399),
        ("riding a bike", 267, 0),
        ("yoga", 398, 370),
        ("zumba", 399, 331),
    ],
)
def test_classes_have_their_published_numbers(name, alphabetical, umt):
    assert class_names().index(name) == alphabetical
    assert umt_numbers()[alphabetical] == umt


@pytest.mark.parametrize(
    ("action", "name"),
    [
        ("massaging person’s head", "massaging person's head"),
        ("Massaging Person's Head", "massaging person's head"),
        ("Petting Animal (not cat)", "petting animal (not cat)"),
        ("petting animal - not cat", "petting animal (not cat)"),
        ("Exercising with Exercise Ball", "exercising with an exercise ball"),
        ("Tying Knot", "tying knot (not on a tie)"),
        ("Skiing", "skiing (not slalom or crosscountry)"),
        ("punching person", "punching person (boxing)"),
        ("Punching Person (boxing)", "punching person (boxing)"),
        ("abseiling", "abseiling"),
    ],
)
def test_spelling_does_not_count(action, name):
    assert class_names()[find_class(action)] == name


@pytest.mark.parametrize(
    "action", ["Walk-Finger", "Walk", "Hold Fist in Other Hand", "joy", "abseil", "", "petting animal"]
)
def test_hand_and_facial_keywords_and_near_misses_name_no_class(action):
    assert find_class(action) is None


@pytest.mark.parametrize(
    ("texts", "action", "noted"),
    [
        ({"action": "yoga", "prompt": "A person is riding a bike."}, "yoga", False),
        ({"prompt": "A person is riding a bike."}, "riding a bike", True),
        ({"prompt": "Two dogs play chess."}, "Two dogs play chess.", True),
    ],
)
def test_the_action_is_sought_or_what_the_prompt_says_for_it(texts, action, noted):
    found, note = sought(make_clip(make_frames(1), **texts))
    assert (found, bool(note)) == (action, noted)


def test_without_action_and_prompt_there_is_nothing_to_seek():
    with pytest.raises(GaiaJudgeError, match="no prompt and no action"):
        sought(make_clip(make_frames(1)))
