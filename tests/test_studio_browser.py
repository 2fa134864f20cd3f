"""The studio in a real browser: several raters at once, reloads, a killed server, and no mouse."""

import re
import time

import httpx
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from gaia_judge.cli import cli
from gaia_judge.studio.creations import create_study
from gaia_judge.studio.exports import read_votes
from gaia_judge.studio.stores import open_store
from gaia_judge.studio.studies import Study
from gaia_judge.videos import read_videos
from tests.browsers import wait
from tests.browsing import Person, Typist
from tests.studios import served, write_videos

NAMES = ("subject", "completeness", "interaction")

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}

UNLOCKED = "!document.querySelector('#send').disabled"


def make(folder, **changes):
    scores = dict.fromkeys(NAMES, 50)
    training = [{"video": "clip0", "scores": scores, "note": "As it was meant."}]
    settings = {"votes": 4, "session": 8, "repeats": 0.13, "checks": 1, "pause": 4, "training": training}
    videos = write_videos(folder / "videos", count=7, frames=4)
    create_study(Study(**{**settings, **changes}).filled(), read_videos(videos), folder / "study")
    return folder / "study"


def tick(page):
    """Let the browser work, without which no event of the page arrives."""
    page.wait_for_timeout(20)


def drive(people, until, seconds=240):
    """Let all go on, each a step in turn, until something holds."""
    end = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < end, "\n".join(f"{one.state()} {one.stages}" for one in people)
        for one in people:
            one.step()
        tick(people[0].page)


def at_clip(one):
    """Let a page come to a clip that is not rated yet, and can be; return its showing."""
    end = time.monotonic() + 90
    while True:
        state = one.state()
        if state.get("rating") and not state["waiting"] and state["showing"] not in one.sent:
            return state["showing"]
        assert time.monotonic() < end, state
        if not state.get("rating"):
            one.step()
        tick(one.page)


def finished(people):
    return all(not one.step() for one in people)


def stored(folder):
    """Return the scores of every showing that was answered."""
    store, _ = open_store(folder)
    with store.read() as connection:
        rows = connection.exec_driver_sql(
            "SELECT public, dimension, score FROM votes JOIN showings ON showing = showings.id"
        ).fetchall()
        unanswered = connection.exec_driver_sql(
            "SELECT count(*) FROM showings"
            " WHERE answered IS NULL OR (SELECT count(*) FROM votes WHERE showing = id) <> 3"
        ).scalar()
    store.close()
    found = {}
    for public, dimension, score in rows:
        found.setdefault(public, {})[dimension] = score
    return found, unanswered


def test_a_whole_study_with_reloads_and_a_killed_server(browser, tmp_path):
    folder = make(tmp_path)
    with served(folder) as server:
        links = server.start("--invite", "4")
        contexts = [browser.new_context(**settings) for settings in ({}, {}, PHONE, {})]
        mouse, *_, tabs = people = [
            kind(context.new_page(), link, target)
            for context, link, kind, target in zip(
                contexts, links, (Person, Typist, Person, Person), (10, 30, 50, 70), strict=True
            )
        ]

        # A reload keeps what was answered and not sent, and does not lock the clip again.
        drive([mouse], lambda: mouse.stages[-1:] == ["onward"])
        at_clip(mouse)
        before = mouse.answer(mouse.page.locator("fieldset.dimension").first, 64)
        mouse.page.reload()
        at_clip(mouse)
        assert mouse.page.locator("fieldset.dimension output").all_inner_texts() == [f"{before:g}", "-", "-"]

        # The same clip in two tabs, sent from both: the first counts.
        drive(people, lambda: len(tabs.sent) >= 2)
        showing = at_clip(tabs)
        while tabs.page.locator(".check").count():  # there both would answer the same
            tabs.step()
            showing = at_clip(tabs)
        twin = Person(contexts[3].new_page(), tabs.link, 5)
        assert at_clip(twin) == showing
        tabs.step()
        assert at_clip(tabs) != showing
        twin.step()
        assert at_clip(twin) == at_clip(tabs)
        assert twin.sent[showing] != tabs.sent[showing]
        twin.page.close()

        # The server dies. What is sent meanwhile waits in the page and arrives when it is back.
        drive(people, lambda: min(len(one.sent) for one in people) >= 4)
        server.kill()
        for _ in range(60):
            for one in people:
                one.step()
            tick(mouse.page)
            if any("Not saved yet" in one.page.content() for one in people):
                break
        else:
            pytest.fail("nobody was told that a rating is not saved")
        server.start()
        drive(people, lambda: finished(people), seconds=120)

        found, unanswered = stored(folder)
        assert unanswered == 0
        assert found == {showing: scores for one in people for showing, scores in one.sent.items()}
        assert len(found) == 4 * (1 + 8)
        for one in people:
            assert one.complaints == []
            assert one.stages[:2] == ["consent", "background"]
            assert one.stages.count("vote") == 9
        frame = read_votes(folder)
        assert len(frame) == 4 * 7 * 3
        assert frame["rater"].nunique() == 4
        for context in contexts:
            context.close()
    compare_a_judge(folder, frame, tmp_path)


def compare_a_judge(folder, frame, out):
    """Let a judge that is nearly these people be calibrated on what they rated, and compared with it."""
    facts = pd.DataFrame([(one.id, one.action, one.generator) for one in read_videos(out / "videos")])
    facts.columns = ["video", "action", "generator"]
    once = frame.groupby(["video", "rater", "dimension"], as_index=False)["score"].mean()
    judged = once.groupby(["video", "dimension"], as_index=False)["score"].mean().merge(facts)
    noise = np.random.default_rng(0).normal(0, 0.1, len(judged))
    judged.assign(value=1 + judged["score"] / 25 + noise, rater="judge").to_csv(
        out / "judge.csv", index=False
    )
    scores, human = str(out / "judge.csv"), str(out / "MOS.csv")
    for words in (
        ["people", str(folder), "--out", human],
        [
            "calibrate",
            scores,
            "--human",
            human,
            "--map",
            "linear",
            "--bootstrap",
            "20",
            "--out",
            str(out / "fit.json"),
        ],
        ["compare", scores, str(out / "fit"), "--human", human, "--bootstrap", "20", "--json"],
    ):
        result = CliRunner().invoke(cli, words, catch_exceptions=False)
        assert result.exit_code == 0, result.output
    mos = pd.read_csv(human).set_index(["video", "dimension"])["mos"]
    expected = judged.set_index(["video", "dimension"])["score"]
    assert mos.to_dict() == pytest.approx(expected.to_dict())
    fitted = pd.read_csv(out / "fit" / "scores.csv").set_index(["video", "dimension"])["value"]
    assert (fitted - mos).abs().mean() < 10
    assert "judge" in result.stdout


def test_level_buttons_by_mouse_and_by_keyboard(browser, tmp_path):
    folder = make(tmp_path, scale="words", training=[], session=4, checks=1, repeats=0, pause=0)
    with served(folder) as server:
        links = server.start("--invite", "2")
        contexts = [browser.new_context() for _ in links]
        people = [
            kind(context.new_page(), link, 40)
            for kind, context, link in zip((Person, Typist), contexts, links, strict=True)
        ]
        for one in people:  # words, not numbers, name what a check asks for
            one.rate = lambda showing, own=one: rate_words(own, showing)
        drive(people, lambda: finished(people))
        found, unanswered = stored(folder)
        assert unanswered == 0
        assert found == {showing: scores for one in people for showing, scores in one.sent.items()}
        assert {score for one in found.values() for score in one.values()} <= {1.0, 2.0, 3.0, 4.0, 5.0}
        assert [one.complaints for one in people] == [[], []]
        for context in contexts:
            context.close()


def rate_words(person, showing):
    words = ["Bad", "Poor", "Fair", "Good", "Excellent"]
    wanted = person.page.locator(".check strong")
    asked = 25 * words.index(wanted.inner_text()) if wanted.count() else None
    person.sent[showing] = {}
    for at, part in enumerate(person.page.locator("fieldset.dimension").all()):
        name = part.locator("input").first.get_attribute("name")
        person.sent[showing][name.removeprefix("score-")] = person.answer(
            part, asked if asked is not None else 25 * (at + 1)
        )
    person.press("#send")


def test_sliders_have_no_answer_before_they_are_touched(browser, tmp_path):
    folder = make(tmp_path, training=[], checks=0, repeats=0)
    with served(folder) as server:
        (link,) = server.start("--invite", "1")
        context = browser.new_context()
        one = Person(context.new_page(), link)
        at_clip(one)
        page = one.page
        page.click("#send")
        assert page.locator("#problem").inner_text() == "Please answer every question."
        assert page.evaluate("document.activeElement.type") == "range"
        page.keyboard.press(" ")  # the middle is meant
        assert page.locator("output").first.inner_text() == "50"
        assert page.locator("[data-near]").first.inner_text() != ""
        assert stored(folder)[0] == {}
        context.close()


def test_the_first_viewing_locks_the_questions_and_what_does_not_play_can_be_left(browser, tmp_path):
    folder = make(tmp_path, training=[], checks=0, repeats=0)
    with served(folder) as server:
        (link,) = server.start("--invite", "1")
        context = browser.new_context(reduced_motion="reduce")  # the clip waits for Play
        one = Person(context.new_page(), link)
        while not one.state().get("rating"):
            one.step()
            tick(one.page)
        page = one.page
        tick(page)
        assert page.locator("fieldset.dimension[disabled]").count() == 3
        assert page.locator("#send").is_disabled()
        assert page.locator("#state").inner_text() == "Press Play to watch the clip."
        assert page.evaluate("document.querySelector('#clip').paused")
        page.click("#play")
        wait(page, UNLOCKED)
        assert page.evaluate("document.querySelector('#clip').loop")

        page.route("**/clip/*", lambda route: route.abort())
        page.reload()
        showing = page.get_attribute("#clip", "data-showing")
        failed = "document.querySelector('#state').textContent.includes('could not be loaded')"
        wait(page, failed)
        assert page.locator("#pass").is_hidden()  # the connection may be back by now
        page.click("#play")
        wait(page, "!document.querySelector('#pass').hidden")
        page.click("#pass button")
        wait(page, f"document.querySelector('#clip').dataset.showing !== '{showing}'")
        assert page.locator("#pass").is_hidden()
        page.unroute("**/clip/*")
        wait(page, failed)
        page.click("#play")
        wait(page, UNLOCKED)
        context.close()


def test_without_scripts_the_study_can_be_rated(browser, tmp_path):
    folder = make(tmp_path, training=[], checks=0, repeats=0, session=2, full_viewing=False, pause=0)
    with served(folder) as server:
        (link,) = server.start("--invite", "1")
        context = browser.new_context(java_script_enabled=False)
        page = context.new_page()
        page.goto(link)
        page.click("button.main")
        for part in page.locator("fieldset.options").all():
            part.locator("input").first.check()
        page.click("button.main")
        for _ in range(2):
            for name in NAMES:
                page.fill(f"input[name=score-{name}]", "40")
            page.click("#send")
        assert "Thank you" in page.title()
        assert len(stored(folder)[0]) == 2
        context.close()


def test_the_owner_watches_by_mouse(browser, tmp_path):
    folder = make(tmp_path, training=[], checks=0, repeats=0, session=3, full_viewing=False)
    with served(folder) as server:
        links = server.start("--invite", "2")
        # A page in the background of its window would be slow.
        people = [Person(browser.new_context().new_page(), link) for link in links]
        drive(people, lambda: finished(people))
        context = browser.new_context()
        owner = Person(context.new_page(), f"{server.url}/owner")
        owner.complaints.clear()  # of the page that asks for the secret
        page = owner.page
        page.fill("[name=secret]", (folder / "owner-secret.txt").read_text().strip())
        page.click("button.main")
        assert "Owner's page" in page.title()
        assert page.locator("#state + dl dd").first.inner_text() == "6 of 28"
        assert page.locator("svg[role=img]").count() == 1
        page.click("text=Make links")
        made = page.locator("textarea").input_value().split()
        assert len(made) == 10
        assert all(re.fullmatch(rf"{server.url}/r/[\w-]{{32}}", link) for link in made)
        assert httpx.get(made[0]).status_code == 200
        page.click("text=Back to the study")
        with page.expect_download() as download:
            page.click("text=Download all tables")
        assert download.value.suggested_filename == "study.zip"
        page.click("text=Sign out")
        assert page.locator("[name=secret]").count() == 1
        assert [one for one in owner.complaints if "401" not in one] == []
        for one in (*people, owner):
            one.page.context.close()
