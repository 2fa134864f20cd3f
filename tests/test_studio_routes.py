"""Every page of raters: what it shows, what it stores, and that nothing is stored twice or lost."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from gaia_judge.studio.exports import read_votes
from gaia_judge.studio.sessions import Refusal
from gaia_judge.studio.stores import open_store
from tests.studios import VIDEOS

NAMES = ("subject", "completeness", "interaction")

TRAINING = [
    {"video": "clip0", "scores": dict(zip(NAMES, (80, 40, 60), strict=True)), "note": "It <stops> halfway."},
    {"video": "clip1", "scores": dict(zip(NAMES, (10, 20, 30), strict=True))},
]

JSON = {"Accept": "application/json"}


def test_a_rater_goes_from_consent_to_thanks(studio):
    home = studio(training=TRAINING, repeats=0.2, checks=1, pause=4)
    (visitor,) = home.visitors(1)
    stages = []
    while (stage := visitor.look()) != "thanks":
        stages.append(stage)
        if stage == "consent":
            assert "Taking part is voluntary" in visitor.text
            visitor.post("consent")
        elif stage == "background":
            visitor.post("background", {"age": "25 to 34", "experience": "None"})
        elif stage in ("training", "rating"):
            visitor.vote()
        else:
            visitor.post(f"onward/{visitor.showing}")
    assert stages[:6] == ["consent", "background", "training", "feedback", "training", "feedback"]
    assert stages[6:11] == ["rating"] * 4 + ["pause"]
    # six videos are left beside the two examples; two repeats and a check come with them
    assert stages.count("rating") == 6 + 2 + 1
    assert dict(home.rows("SELECT role, count(*) FROM showings GROUP BY role")) == {
        "training": 2,
        "rating": 6,
        "repeat": 2,
        "check": 1,
    }
    assert home.rows("SELECT background FROM raters") == [('{"age": "25 to 34", "experience": "None"}',)]
    assert visitor.look() == "thanks"


def test_the_page_of_a_clip_says_what_was_asked_for(studio):
    home = studio()
    (visitor,) = home.visitors(1)
    assert visitor.begin() == "rating"
    name, action, prompt = home.rows(
        "SELECT name, action, prompt FROM videos JOIN showings ON video = videos.id"
    )[0]
    assert action in visitor.text
    assert prompt in visitor.text
    assert name not in visitor.text  # opaque ids only
    assert "maker" not in visitor.text  # nor the generator
    assert re.search(r"<title>Clip 1 of 8 ", visitor.text)
    assert visitor.names == list(NAMES)
    for anchor in ("No actor can be made out", "All is as in real life"):
        assert anchor in visitor.text
    assert visitor.text.count('type="number"') == 3


def test_a_clip_is_the_copy_and_may_be_had_in_parts(studio):
    home = studio()
    (visitor,) = home.visitors(1)
    visitor.begin()
    ((clip,),) = home.rows("SELECT clip FROM videos JOIN showings ON video = videos.id")
    whole = (home.folder / clip).read_bytes()
    answer = home.client.get(visitor.clip)
    assert (answer.status_code, answer.content) == (200, whole)
    assert answer.headers["content-type"] == "video/mp4"
    assert answer.headers["accept-ranges"] == "bytes"
    part = home.client.get(visitor.clip, headers={"Range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, whole[100:200])
    assert part.headers["content-range"] == f"bytes 100-199/{len(whole)}"
    assert home.client.get(visitor.clip, headers={"Range": f"bytes={len(whole)}-"}).status_code == 416
    assert home.client.get(visitor.clip, headers={"Range": "bytes=0-1,4-5"}).status_code == 416
    head = home.client.head(visitor.clip)
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(len(whole)))


def test_training_shows_how_an_example_was_meant(studio):
    home = studio(training=TRAINING)
    (visitor,) = home.visitors(1)
    assert visitor.begin() == "training"
    assert "acting 0" in visitor.text
    visitor.vote(dict(zip(NAMES, ("77", "41", "62"), strict=True)))
    assert visitor.look() == "feedback"
    assert visitor.look() == "feedback"  # a reload does not pass it over
    cells = re.findall(r"<td>(\d+)</td><td>(\d+)</td>", visitor.text)
    assert cells == [("77", "80"), ("41", "40"), ("62", "60")]
    assert "It &lt;stops&gt; halfway." in visitor.text
    assert visitor.finish() == 1 + 6
    examples = {
        row[0]
        for row in home.rows(
            "SELECT name FROM videos JOIN showings ON video = videos.id WHERE showings.role = 'rating'"
        )
    }
    assert not examples & {"clip0", "clip1"}


def test_a_scale_of_few_levels_is_buttons(studio):
    home = studio(scale="words")
    (visitor,) = home.visitors(1)
    visitor.begin()
    values = re.findall(r'type="radio" name="score-subject" value="([^"]+)"', visitor.text)
    assert [float(value) for value in values] == [1, 2, 3, 4, 5]
    for word in ("Bad", "Excellent"):
        assert f"<span>{word}</span>" in visitor.text
    assert visitor.vote(dict.fromkeys(NAMES, values[3])).status_code == 303
    assert set(home.rows("SELECT score FROM votes")) == {(4.0,)}


def test_own_dimensions_stand_in_their_order(studio):
    own = [
        {"name": "hands", "question": "Are the hands right?"},
        {"name": "fun", "question": "Is it fun?", "anchors": ["not at all", "very"]},
    ]
    (visitor,) = studio(dimensions=own, scale="one-to-seven", background=[]).visitors(1)
    assert visitor.begin() == "rating"
    assert visitor.names == ["hands", "fun"]
    assert "very" in visitor.text


def test_names_that_mean_something_to_a_browser_do_no_harm(studio):
    own = [
        {"name": name, "question": "?"} for name in ("csrf", "action", "rating", "clip", "submit", "elements")
    ]
    home = studio(dimensions=own)
    (visitor,) = home.visitors(1)
    visitor.begin()
    ids = re.findall(r'\sid="([^"]+)"', visitor.text)
    assert len(set(ids)) == len(ids)
    assert visitor.vote().status_code == 303
    assert len(home.rows("SELECT * FROM votes")) == 6


def test_a_check_tells_what_to_answer(studio):
    home = studio(checks=2)
    (visitor,) = home.visitors(1)
    told = []

    def answer(one):
        found = re.search(r"please answer\s+<strong>(\d+)</strong>", one.text)
        told.extend(found.groups() if found else ())
        return found[1] if found else "50"

    visitor.finish(answer)
    targets = [
        target
        for (target,) in home.rows("SELECT target FROM showings WHERE role = 'check' ORDER BY position")
    ]
    assert [float(one) for one in told[::3]] == targets
    assert len(targets) == 2


def test_all_is_stored_before_it_is_acknowledged(studio):
    home = studio()
    (visitor,) = home.visitors(1)
    visitor.begin()
    answer = visitor.vote(dict(zip(NAMES, ("1", "2", "3"), strict=True)), headers=JSON)
    assert answer.json() == {"saved": True, "new": True}
    # through another connection, as another process would
    store, _ = open_store(home.folder)
    with store.read() as connection:
        rows = connection.exec_driver_sql("SELECT dimension, score FROM votes ORDER BY score").fetchall()
        modes = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous")
        ]
    assert [tuple(row) for row in rows] == list(zip(NAMES, (1.0, 2.0, 3.0), strict=True))
    assert modes == ["wal", 2]
    store.close()


def test_a_second_tab_and_a_replay_change_nothing(studio):
    home = studio()
    (visitor,) = home.visitors(1)
    visitor.begin()
    first = visitor.showing
    assert visitor.look() == "rating"
    assert visitor.showing == first  # the second tab shows the same clip
    assert visitor.vote(dict.fromkeys(NAMES, "10"), headers=JSON).json()["new"] is True
    assert visitor.vote(dict.fromkeys(NAMES, "90"), headers=JSON).json() == {"saved": True, "new": False}
    assert visitor.vote(dict.fromkeys(NAMES, "nonsense")).status_code == 303
    assert visitor.look() == "rating"
    assert visitor.showing != first
    assert visitor.vote(dict.fromkeys(NAMES, "90"), showing=first).status_code == 303
    assert set(home.rows("SELECT score FROM votes")) == {(10.0,)}
    assert home.rows("SELECT sum(votes) FROM videos") == [(1,)]


def test_twenty_clicks_at_once_are_one_vote(studio):
    home = studio()
    (visitor,) = home.visitors(1)
    visitor.begin()
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: visitor.vote(headers=JSON).json(), range(20)))
    assert all(answer["saved"] for answer in answers)
    assert sum(answer["new"] for answer in answers) == 1
    assert home.rows("SELECT count(*) FROM votes") == [(3,)]
    assert home.rows("SELECT sum(votes) FROM videos") == [(1,)]


def test_two_servers_of_one_study_wait_for_one_another(studio):
    home = studio()
    other, _ = open_store(home.folder)
    count = "SELECT count(*) FROM settings"

    def look():
        with other.write() as connection:
            return connection.exec_driver_sql(count).scalar()

    with ThreadPoolExecutor(1) as pool:
        with home.store.write() as connection:
            before = connection.exec_driver_sql(count).scalar()
            seen = pool.submit(look)
            with pytest.raises(TimeoutError):
                seen.result(timeout=0.3)
            connection.exec_driver_sql("INSERT INTO settings VALUES ('more', '1')")
        assert seen.result() == before + 1
    other.close()


def test_twenty_tabs_at_once_show_one_clip(studio):
    home = studio()
    (visitor,) = home.visitors(1)
    visitor.begin()
    visitor.vote()
    with ThreadPoolExecutor(20) as pool:
        pages = {
            re.search(r"/vote/([^\"]+)", page.text)[1]
            for page in pool.map(lambda _: home.client.get(visitor.home), range(20))
        }
    assert len(pages) == 1
    assert home.rows("SELECT count(*) FROM showings") == [(2,)]


@pytest.mark.parametrize(
    ("score", "status"),
    [
        ("", 422),
        ("101", 422),
        ("-1", 422),
        ("50.5", 422),
        ("nan", 422),
        ("inf", 422),
        ("fifty", 422),
        ("1e400", 422),
        ("9" * 5000, 422),
        ("0", 303),
        ("100", 303),
        (" 7 ", 303),
    ],
)
def test_only_scores_of_the_scale_are_taken(studio, score, status):
    home = studio()
    (visitor,) = home.visitors(1)
    visitor.begin()
    answer = visitor.vote({"subject": score, "completeness": "50", "interaction": "50"})
    assert answer.status_code == status
    assert home.rows("SELECT count(*) FROM votes") == [(3 if status == 303 else 0,)]


def test_a_missing_answer_is_asked_for_by_name(studio):
    home = studio()
    (visitor,) = home.visitors(1)
    visitor.begin()
    answer = visitor.vote({"subject": "50", "interaction": "50"}, headers=JSON)
    assert answer.status_code == 422
    assert "completeness" in answer.json()["message"]


def test_a_clip_must_be_seen_to_its_end(studio):
    home = studio(full_viewing=True)
    with home.store.write() as connection:
        connection.exec_driver_sql("UPDATE videos SET seconds = 30")
    (visitor,) = home.visitors(1)
    visitor.begin()
    assert visitor.vote(headers=JSON).status_code == 409
    assert home.rows("SELECT count(*) FROM votes") == [(0,)]
    with home.store.write() as connection:
        connection.exec_driver_sql("UPDATE showings SET first_shown = first_shown - 28")
    assert visitor.vote(headers=JSON).status_code == 200


def test_no_step_can_be_left_out(studio):
    home = studio(pause=2)
    first, second = home.visitors(2)
    second.begin()
    first.look()
    assert first.post("background", {"age": "25 to 34", "experience": "None"}).status_code == 409
    assert first.vote(showing=second.showing).status_code == 404
    assert first.post("onward/1").status_code == 409
    assert first.look() == "consent"
    first.begin()
    assert first.post(f"onward/{first.showing}").status_code == 409
    assert first.look() == "rating"


@pytest.mark.parametrize("told", [{}, {"age": "25 to 34"}, {"age": "25 to 34", "experience": "<b>much</b>"}])
def test_answers_about_oneself_are_among_the_options(studio, told):
    home = studio()
    (visitor,) = home.visitors(1)
    visitor.look()
    visitor.post("consent")
    visitor.look()
    assert visitor.post("background", told).status_code == 422
    assert home.rows("SELECT background FROM raters") == [(None,)]


def test_a_clip_that_does_not_play_holds_up_nobody(studio):
    home = studio(session=8, training=[{"video": "clip0", "scores": dict.fromkeys(NAMES, 50)}])
    visitor, other = home.visitors(2)
    assert visitor.begin() == "training"
    assert visitor.post(f"pass/{visitor.showing}").status_code == 303
    assert visitor.look() == "rating"
    lost, csrf = visitor.showing, visitor.csrf
    assert visitor.post(f"pass/{lost}").status_code == 303
    assert visitor.look() == "rating"
    assert visitor.showing != lost
    other.begin()
    assert other.post(f"pass/{visitor.showing}").status_code == 404
    assert visitor.finish() == 6
    query = (
        f"SELECT name, votes FROM videos JOIN showings ON video = videos.id WHERE showings.public = '{lost}'"
    )
    ((name, votes),) = home.rows(query)
    assert votes == 0
    home.client.post("/owner/login", data={"secret": home.desk.secret})
    row = re.search(rf">{name}</a>.*?</tr>", home.client.get("/owner").text, re.DOTALL)[0]
    assert "0 of 3; did not play for 1" in row
    fields = {"csrf": csrf, **{f"score-{name}": "50" for name in NAMES}}
    assert home.client.post(f"{visitor.home}/vote/{lost}", data=fields).status_code == 303  # in another tab
    assert home.rows(query) == [(name, 1)]
    assert "did not play" not in home.client.get("/owner").text


def test_what_did_not_play_is_not_shown_again(studio):
    home = studio(session=8, repeats=0.4)
    (visitor,) = home.visitors(1)
    while visitor.begin() != "thanks":
        last = home.rows("SELECT role, position FROM showings ORDER BY position DESC LIMIT 1")[0]
        assert last[0] == "rating"
        assert visitor.post(f"pass/{visitor.showing}").status_code == 303
    assert last[1] > 3


@pytest.mark.parametrize(("back", "taken"), [(5, False), (27.5, True), (-3600, True)])
def test_a_clock_that_is_set_back_locks_nobody_out(studio, back, taken):
    home = studio(full_viewing=True)
    with home.store.write() as connection:
        connection.exec_driver_sql("UPDATE videos SET seconds = 30")
    (visitor,) = home.visitors(1)
    visitor.begin()
    with home.store.write() as connection:
        connection.exec_driver_sql(
            f"UPDATE showings SET first_shown = first_shown - {back}, last_shown = last_shown - {back}"
        )
    assert visitor.vote(headers=JSON).status_code == (200 if taken else 409)
    times = read_votes(home.folder)["time"]
    assert len(times) == (3 if taken else 0)
    assert times.isna().sum() == (3 if back < 0 else 0)  # how long it took is then not known


def test_a_break_comes_after_so_many_clips_and_lasts_over_a_reload(studio):
    home = studio(pause=3)
    (visitor,) = home.visitors(1)
    for _ in range(3):
        assert visitor.begin() == "rating"
        visitor.vote()
    assert visitor.look() == "pause"
    assert "You have rated 3 of 8 clips" in visitor.text
    assert visitor.look() == "pause"
    number = visitor.showing
    visitor.post(f"onward/{number}")
    assert visitor.look() == "rating"
    visitor.post(f"onward/{number}")  # once more, from another tab
    assert visitor.look() == "rating"


def test_breaks_that_are_over_stay_so_and_none_is_taken_ahead(studio):
    home = studio(pause=2)
    (visitor,) = home.visitors(1)
    stages = []
    for _ in range(7):
        stages.append(visitor.begin())
        if stages[-1] == "pause":
            number = int(visitor.showing)
            assert visitor.post(f"onward/{number + 1}").status_code == 409
            visitor.post(f"onward/{number}")
        else:
            visitor.vote()
        visitor.look()
        if number := max(0, stages.count("pause") - 1):
            visitor.post(f"onward/{number}")  # once more, from a tab of the break before
    assert stages == ["rating", "rating", "pause", "rating", "rating", "pause", "rating"]
    assert visitor.look() == "rating"


def test_what_is_acknowledged_is_on_the_disk(studio):
    with studio().store.write() as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("synchronous", "journal_mode", "foreign_keys")
        }
    assert found == {"synchronous": 2, "journal_mode": "wal", "foreign_keys": 1}  # 2 is FULL


def test_a_session_survives_another_server(studio):
    home = studio()
    (visitor,) = home.visitors(1)
    visitor.begin()
    visitor.vote()
    visitor.look()
    before = visitor.showing
    again = type(home)(home.folder)
    visitor.client = again.client
    assert visitor.look() == "rating"
    assert visitor.showing == before
    assert visitor.vote().status_code == 303
    assert visitor.finish() == VIDEOS - 2
    again.store.close()


def test_pages_that_are_for_everyone(studio):
    client = studio().client
    door = client.get("/")
    assert door.status_code == 200
    for name, kind in (("studio.css", "text/css"), ("studio.js", "text/javascript")):
        path = re.search(rf'"(/theme/{name}\?[^"]+)"', door.text)[1]
        answer = client.get(path)
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith(kind)
        assert "immutable" in answer.headers["cache-control"]
    assert client.get("/theme/owner.html.j2").status_code == 404


def test_a_refusal_says_why():
    assert (Refusal(409, "Wait.").status, str(Refusal(409, "Wait."))) == (409, "Wait.")
