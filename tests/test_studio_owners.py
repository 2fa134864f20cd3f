"""The owner's page: who gets in, and whether what it says is so."""

import io
import re
import zipfile

import numpy as np
import pandas as pd
import pytest

from gaia_judge.opinions import alpha, arrange
from gaia_judge.studio.creations import read_secret
from gaia_judge.studio.exports import read_votes
from gaia_judge.studio.suspicions import describe_habits

NAMES = ("subject", "completeness", "interaction")


def enter(home):
    answer = home.client.post("/owner/login", data={"secret": read_secret(home.folder)})
    assert answer.status_code == 303
    return answer


def csrf(home):
    return re.search(r'name="csrf" value="([^"]+)"', home.client.get("/owner").text)[1]


def test_only_the_secret_opens_it(studio):
    home = studio()
    assert home.client.get("/owner").status_code == 401
    for wrong in ("", "x", read_secret(home.folder)[:-1]):
        assert home.client.post("/owner/login", data={"secret": wrong}).status_code == 403
    cookie = enter(home).headers["set-cookie"]
    assert re.search(r"HttpOnly; Max-Age=43200; Path=/owner; SameSite=strict$", cookie)
    assert home.client.get("/owner").status_code == 200
    assert home.client.post("/owner/logout", data={"csrf": csrf(home)}).status_code == 303
    assert home.client.get("/owner").status_code == 401


def test_over_tls_the_cookie_is_secure(studio):
    from starlette.testclient import TestClient

    home = studio()
    client = TestClient(home.app, base_url="https://studio", follow_redirects=False)
    secret = {"secret": read_secret(home.folder)}
    assert "; Secure" in client.post("/owner/login", data=secret).headers["set-cookie"]
    # Behind a proxy that does not tell, the browser does.
    answers = [
        home.client.post("/owner/login", data=secret, headers={"Origin": f"{scheme}://studio"})
        for scheme in ("https", "http")
    ]
    assert ["; Secure" in one.headers["set-cookie"] for one in answers] == [True, False]


def test_guessing_is_slow(studio):
    home = studio()
    codes = [
        home.client.post("/owner/login", data={"secret": str(number)}).status_code for number in range(8)
    ]
    assert codes == [403] * 5 + [429] * 3
    # even the right secret has to wait then, or guesses would tell
    assert home.client.post("/owner/login", data={"secret": read_secret(home.folder)}).status_code == 429


def test_cookies_cannot_be_forged_or_outlive_the_secret(studio):
    home = studio()
    enter(home)
    good = home.client.cookies["studio-owner"]
    until, signature = good.split(".")
    other = home.store.sign("form", until)
    for forged in (
        f"{int(until) + 1}.{signature}",
        f"{until}.{other}",
        until,
        ".",
        "",
        "9" * 30 + ".x",
        f"{until}.",
    ):
        home.client.cookies.clear()
        assert home.client.get("/owner", headers={"Cookie": f"studio-owner={forged}"}).status_code == 401
    past = f"1000.{home.desk.sign_owner('1000')}"
    assert home.client.get("/owner", headers={"Cookie": f"studio-owner={past}"}).status_code == 401
    assert home.client.get("/owner", headers={"Cookie": f"studio-owner={good}"}).status_code == 200
    (home.folder / "owner-secret.txt").write_text("another secret, long enough\n")
    again = type(home)(home.folder)
    assert again.client.get("/owner", headers={"Cookie": f"studio-owner={good}"}).status_code == 401
    again.store.close()


@pytest.mark.parametrize("path", ["logout", "invite", "relink", "withdraw"])
def test_orders_need_cookie_and_token(studio, path):
    home = studio()
    fields = {"count": "3", "rater": "r0", "sure": "yes"}
    assert home.client.post(f"/owner/{path}", data=fields).status_code == 401
    enter(home)
    assert home.client.post(f"/owner/{path}", data=fields).status_code == 403
    (visitor,) = home.visitors(1)
    visitor.look()
    assert home.client.post(f"/owner/{path}", data={**fields, "csrf": visitor.csrf}).status_code == 403
    assert home.client.get(f"/owner/{path}").status_code == 405


def test_raters_links_do_not_open_it(studio):
    home = studio()
    (visitor,) = home.visitors(1)
    visitor.begin()
    for path in ("/owner", "/owner/export.zip", "/owner/clip/x"):
        assert home.client.get(path, headers={"Cookie": f"studio-owner={visitor.token}"}).status_code == 401


def test_links_are_made_and_replaced(studio):
    home = studio()
    enter(home)
    page = home.client.post("/owner/invite", data={"csrf": csrf(home), "count": "3"}).text
    links = re.findall(r"http://studio(/r/[\w-]{32})", page)
    assert len(links) == 3
    assert all("I agree" in home.client.get(link).text for link in links)
    ((name, before),) = home.rows("SELECT name, token_digest FROM raters ORDER BY id LIMIT 1")
    page = home.client.post("/owner/relink", data={"csrf": csrf(home), "rater": name}).text
    (link,) = re.findall(r"http://studio(/r/[\w-]{32})", page)
    assert home.client.get(link).status_code == 200
    assert home.client.get(links[0]).status_code == 404
    assert home.rows(f"SELECT token_digest FROM raters WHERE name = '{name}'") != [(before,)]
    for count in ("0", "-1", "1001", "ten", "", "1e3", "²"):
        assert home.client.post("/owner/invite", data={"csrf": csrf(home), "count": count}).status_code == 422
    assert home.client.post("/owner/relink", data={"csrf": csrf(home), "rater": "r0"}).status_code == 404


@pytest.mark.parametrize("by", ["name", "link"])
def test_a_rater_can_take_everything_back(studio, by):
    home = studio(repeats=0.2, checks=1, session=9)
    stays, goes, breaks_off = home.visitors(3)
    stays.finish()
    before = {table: home.rows(f"SELECT * FROM {table} ORDER BY 1, 2") for table in ("votes", "showings")}
    counts = home.rows("SELECT name, votes FROM videos")
    goes.look()
    name = re.search(r"you are <strong>(r[0-9a-f]{10})</strong>", goes.text)[1]
    goes.finish(lambda _: "83")
    assert name in goes.text  # of the page with the thanks
    enter(home)
    assert name in home.client.get("/owner").text
    word = name if by == "name" else f" http://studio{goes.home}/ "
    ask = {"csrf": csrf(home), "rater": word, "sure": "yes"}
    assert home.client.post("/owner/withdraw", data={**ask, "sure": ""}).status_code == 422
    assert home.client.post("/owner/withdraw", data={**ask, "rater": "r0"}).status_code == 404
    assert home.rows("SELECT count(*) FROM raters") == [(3,)]
    assert home.client.post("/owner/withdraw", data=ask).status_code == 303
    breaks_off.begin()
    breaks_off.vote()
    breaks_off.look()  # at a clip that gets no vote
    last = {**ask, "rater": breaks_off.token}
    assert home.client.post("/owner/withdraw", data=last).status_code == 303
    for table, rows in before.items():
        assert home.rows(f"SELECT * FROM {table} ORDER BY 1, 2") == rows
    assert home.rows("SELECT name, votes FROM videos") == counts
    assert home.client.get(goes.home).status_code == 404
    assert stays.look() == "thanks"
    assert name not in home.client.get("/owner").text
    home.store.close()
    assert not any(name.encode() in path.read_bytes() for path in home.folder.glob("study.db*"))
    assert home.client.post("/owner/withdraw", data=ask).status_code == 404


def test_what_it_says_is_what_the_votes_say(studio):
    home = studio(repeats=0.2, checks=1)
    random = np.random.default_rng(0)
    for visitor in home.visitors(4):
        visitor.finish(lambda _: str(random.integers(0, 101)))
    (late,) = home.visitors(1)
    late.begin()
    enter(home)
    text = home.client.get("/owner").text
    frame = read_votes(home.folder)
    rated = frame[frame["repeat"] == 0]
    assert len(rated) == 4 * 8 * 3
    assert "<dd>24 of 24</dd>" in text  # four raters have seen all eight videos, and three votes were wanted
    assert "<dd>8 of 8</dd>" in text
    assert "<dd>4 to 4</dd>" in text
    assert "<dd>5 of 5 invited</dd>" in text
    for name, votes in arrange(frame, "test").items():
        row = re.search(rf'<th scope="row">{name}</th>(.*?)</tr>', text, re.DOTALL)[1]
        cells = re.findall(r"<td>([^<]*)</td>", row)
        assert cells[0] == str((frame["dimension"] == name).sum())
        assert cells[1] == f"{alpha(votes, draws=0).value:.2f}"
    assert "<svg" in text
    assert "observers" in text
    names = {row[0] for row in home.rows("SELECT name FROM videos")}
    assert set(re.findall(r'/owner/clip/[\w-]+">(\w+)</a>', text)) == names
    clip = re.search(r"/owner/clip/[\w-]+", text)[0]
    assert home.client.get(clip, headers={"Range": "bytes=0-9"}).status_code == 206


def test_the_page_is_not_made_anew_without_votes(studio, monkeypatch):
    home = studio()
    enter(home)
    first = home.desk.overviews.now()
    assert home.desk.overviews.now() is first
    home.visitors(1)[0].begin()
    assert home.desk.overviews.now() is not first


def test_an_empty_study_has_a_page(studio):
    home = studio()
    enter(home)
    assert "There are no votes yet." in home.client.get("/owner").text


def test_all_tables_can_be_fetched(studio):
    home = studio()
    home.visitors(1)[0].finish()
    enter(home)
    answer = home.client.get("/owner/export.zip")
    assert answer.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.namelist() == ["votes.csv", "raters.csv", "videos.csv"]
        frame = pd.read_csv(archive.open("votes.csv"))
    pd.testing.assert_frame_equal(frame, read_votes(home.folder), check_dtype=False)


def votes_of(rater, scores, seconds, repeats=()):
    rows = [
        {"video": f"v{at}", "rater": rater, "score": score, "dimension": name, "repeat": 0, "time": seconds}
        for at, pair in enumerate(scores)
        for name, score in zip(("a", "b"), pair, strict=True)
    ]
    rows += [
        {"video": f"v{at}", "rater": rater, "score": score, "dimension": name, "repeat": 1, "time": seconds}
        for at, pair in repeats
        for name, score in zip(("a", "b"), pair, strict=True)
    ]
    return rows


def test_suspicious_raters_are_found_and_careful_ones_are_not():
    various = [(10 * at, 90 - 10 * at) for at in range(10)]
    rows = [
        *votes_of("careful", various, 9.0, [(0, (5, 90)), (5, (50, 45))]),
        *votes_of("hasty", various, 2.5),
        *votes_of("flat", [(50, 60)] * 10, 9.0),
        *votes_of("adrift", various, 9.0, [(0, (90, 0)), (9, (0, 90))]),
        *votes_of("blind", various, 9.0),
        *votes_of("new", various[:2], 1.0),
    ]
    frame = pd.DataFrame(rows)
    durations = {f"v{at}": 2.0 for at in range(10)}
    checks = {"careful": (2, 0), "blind": (2, 1)}
    habits = {one.rater: one for one in describe_habits(frame, durations, checks, 100.0)}
    assert habits["careful"].whys == ()
    assert habits["new"].whys == ()  # too few clips to say
    assert "too fast" in habits["hasty"].whys[0]
    assert habits["hasty"].spare == pytest.approx(0.5)
    assert "constant" in habits["flat"].whys[0]
    assert habits["adrift"].differs == pytest.approx((90 + 90 + 90 + 90) / 4 / 100)
    assert "repeats" in habits["adrift"].whys[0]
    assert habits["careful"].differs == pytest.approx((5 + 0 + 0 + 5) / 4 / 100)
    assert habits["blind"].whys == ("failed 1 of 2 checks",)
    assert all(len(habits[name].whys) == 1 for name in ("hasty", "flat", "adrift", "blind"))
