"""Plans: sessions, repeats and checks in their places, and votes spread evenly over the videos."""

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

from gaia_judge.studio.plans import GAP, _again, lay_out, passed
from gaia_judge.studio.studies import Study


@pytest.mark.parametrize("seed", range(30))
@pytest.mark.parametrize("drawn", [1, 2, 5, 40, 1000])
def test_sessions_hold_what_the_study_says(seed, drawn):
    study = Study(session=40, repeats=0.1, checks=3)
    plan = lay_out(study, seed, drawn)
    counts = Counter(plan)
    assert counts["rating"] == min(drawn, 40 - counts["repeat"] - counts["check"])
    assert plan[0] == "rating"
    if drawn >= 40:
        assert (len(plan), counts["repeat"], counts["check"]) == (40, 4, 3)
        assert plan.index("repeat") >= len(plan) / 2
    assert plan == lay_out(study, seed, drawn)


def test_raters_have_repeats_and_checks_at_other_places():
    plans = {tuple(lay_out(Study(), seed, 500)) for seed in range(20)}
    assert len(plans) == 20


def way(home):
    """Return rater, role and video of every showing, in order."""
    return home.rows("SELECT rater, role, video FROM showings ORDER BY rater, position")


def test_votes_are_spread_evenly_from_first_to_last(studio):
    home = studio(session=5)
    for number, visitor in enumerate(home.visitors(8), 1):
        assert visitor.finish() == 5
        votes = [count for (count,) in home.rows("SELECT votes FROM videos")]
        assert sum(votes) == 5 * number
        assert max(votes) - min(votes) <= 1
    # and no rater has seen a video twice
    assert len(set(way(home))) == 40


def test_raters_who_come_together_get_different_videos(studio):
    home = studio(session=1)
    visitors = home.visitors(8)
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda one: one.begin(), visitors)) == ["rating"] * 8
    assert len({video for _, _, video in way(home)}) == 8


def test_a_rater_who_left_does_not_keep_a_video_from_others(studio):
    home = studio(session=1)
    (gone,) = home.visitors(1)
    gone.begin()
    with home.store.write() as connection:
        connection.exec_driver_sql("UPDATE showings SET made = made - 3600")
        connection.exec_driver_sql("UPDATE videos SET votes = 1 WHERE id <> (SELECT video FROM showings)")
    (visitor,) = home.visitors(1)
    visitor.begin()
    assert len({video for _, _, video in way(home)}) == 1
    visitor.post(f"pass/{visitor.showing}")  # nor does one for whom it does not play
    (other,) = home.visitors(1)
    other.begin()
    assert len({video for _, _, video in way(home)}) == 1


def test_generators_are_balanced_within_a_rater(studio):
    home = studio(session=4)
    for visitor in home.visitors(6):
        visitor.finish()
    seen = home.rows(
        "SELECT rater, generator, count(*) FROM showings JOIN videos ON video = videos.id"
        " GROUP BY rater, generator"
    )
    assert {count for _, _, count in seen[:2]} == {2}  # of the first rater, whom no votes bind
    assert all(1 <= count <= 3 for _, _, count in seen)


def test_orders_are_random_and_of_the_raters_seed(studio):
    home = studio(session=8)
    for visitor in home.visitors(6):
        visitor.finish()
    orders = {}
    for rater, _, video in way(home):
        orders.setdefault(rater, []).append(video)
    assert len({tuple(order) for order in orders.values()}) >= 5  # of 9,216, two may be the same


def test_repeats_stand_apart_from_what_they_repeat(studio):
    home = studio(session=11, repeats=0.25, checks=1)
    for visitor in home.visitors(5):
        visitor.finish()
    places = {}
    for rater, position, role, video in home.rows("SELECT rater, position, role, video FROM showings"):
        places.setdefault((rater, video), {})[role] = position
    apart = [own["repeat"] - own["rating"] for own in places.values() if "repeat" in own]
    assert len(apart) == 5 * 3
    assert min(apart) >= 2
    assert all("rating" in own for own in places.values())  # a check uses up no video


@pytest.mark.parametrize("role", ["repeat", "check"])
def test_where_there_is_room_a_repeat_is_of_long_ago(role):
    seen = [SimpleNamespace(video=at, role="rating", answered=1.0) for at in range(20)]
    found = {_again(seen, role, random.Random(seed)) for seed in range(300)}
    assert found == set(range(20 - GAP))
    again = [*seen, *(SimpleNamespace(video=at, role=role, answered=1.0) for at in range(1, 20 - GAP))]
    assert {_again(again, role, random.Random(seed)) for seed in range(20)} == {0}


def test_repeats_and_checks_count_for_no_video(studio):
    home = studio(session=11, repeats=0.25, checks=1)
    home.visitors(1)[0].finish()
    assert home.rows("SELECT sum(votes) FROM videos") == home.rows(
        "SELECT count(*) FROM showings WHERE role = 'rating'"
    )


def test_checks_leave_room_on_a_slider_only():
    assert passed(Study(), 50, [45, 55])
    assert not passed(Study(), 50, [44, 50])
    assert not passed(Study(scale="one-to-seven"), 4, [4, 5])
