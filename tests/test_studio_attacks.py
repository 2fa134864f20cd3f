"""Attacks on the studio: what an outsider, a curious rater or a hostile page may try."""

import asyncio
import re
import stat
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode

import pytest
from starlette.testclient import TestClient

from gaia_judge.studio.creations import create_study, read_secret
from gaia_judge.studio.exports import read_votes
from gaia_judge.studio.guards import MOST_BYTES, Limits
from gaia_judge.studio.raters import invite
from gaia_judge.studio.stores import open_store
from gaia_judge.studio.studies import Study
from gaia_judge.videos import read_videos
from tests.clips import write_clip
from tests.studios import PLAIN, Studio

JSON = {"Accept": "application/json"}

EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{7*7}}</title>"


def count_votes(home):
    return home.rows("SELECT count(*) FROM votes")[0][0]


def test_tokens_cannot_be_guessed_and_are_not_kept(studio):
    home = studio()
    tokens = invite(home.store, 50)
    assert len(set(tokens)) == 50
    assert all(len(token) == 32 for token in tokens)  # 192 bits
    raw = b"".join(path.read_bytes() for path in home.folder.glob("study.db*"))
    assert not any(token.encode() in raw for token in tokens)
    for wrong in (
        tokens[0][:-1],
        tokens[0] + "A",
        tokens[0].swapcase(),
        "",
        "%00",
        "%2e%2e%2f",
        "' OR 1=1 --",
    ):
        assert home.client.get(f"/r/{wrong}").status_code == 404


def test_strangers_are_slowed_down_and_raters_are_not(studio):
    home = studio()
    (visitor,) = home.visitors(1)
    codes = [home.client.get(f"/r/{number:032d}").status_code for number in range(60)]
    assert codes[0] == 404
    assert codes[-1] == 429
    assert visitor.look() == "consent"


def test_one_rater_cannot_touch_anothers_way(studio):
    home = studio()
    one, other = home.visitors(2)
    one.begin()
    other.begin()
    csrf = one.csrf
    fields = {"csrf": csrf, **{f"score-{name}": "0" for name in one.names}}
    # one's form under the other's link, the other's clip under one's link, and the other's clip itself
    assert home.client.post(f"{other.home}/vote/{other.showing}", data=fields).status_code == 403
    assert home.client.post(f"{one.home}/vote/{other.showing}", data=fields).status_code == 404
    assert home.client.get(f"{one.home}/clip/{other.showing}").status_code == 404
    assert count_votes(home) == 0
    assert other.vote().status_code == 303


def test_a_form_without_its_token_does_nothing(studio):
    home = studio()
    (visitor,) = home.visitors(1)
    visitor.begin()
    scores = {f"score-{name}": "50" for name in visitor.names}
    good = visitor.csrf
    for csrf in ("", "0" * 64, good[:-1], good.upper(), good + "0", "é" * 32):
        answer = home.client.post(f"{visitor.home}/vote/{visitor.showing}", data={"csrf": csrf, **scores})
        assert answer.status_code == (403 if csrf != good else 303)
    assert home.client.post(f"{visitor.home}/vote/{visitor.showing}", data=scores).status_code == 403
    assert count_votes(home) == 0


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://studio.evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_forms_of_other_sites_are_refused_even_with_the_token(studio, headers):
    home = studio()
    (visitor,) = home.visitors(1)
    visitor.begin()
    assert visitor.vote(headers=headers).status_code == 403
    assert count_votes(home) == 0
    assert (
        visitor.vote(headers={"Origin": "http://studio", "Sec-Fetch-Site": "same-origin"}).status_code == 303
    )


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("https://rate.example.org", 303),
        ("https://evil.example", 403),
        ("https://rate.example.org.evil.example", 403),
        ("null", 403),
        ("http://[", 403),
    ],
)
def test_a_proxy_may_name_another_host_than_raters_know(studio, origin, status):
    home = studio()
    (visitor,) = home.visitors(1)
    behind = Studio(home.folder, "https://Rate.example.org")
    visitor.client = behind.client
    visitor.begin()
    assert visitor.vote(headers={"Origin": origin, "Host": "127.0.0.1:8765"}).status_code == status
    behind.store.close()


@pytest.mark.parametrize("cut", [1, 0])
def test_a_form_that_a_lost_connection_cuts_off_is_no_vote(studio, cut):
    home = studio()
    (visitor,) = home.visitors(1)
    visitor.begin()
    fields = {"csrf": visitor.csrf, **{f"score-{name}": "77" for name in visitor.names}}
    body = urlencode(fields).encode()
    parts = iter(
        [
            {"type": "http.request", "body": body[: len(body) - cut], "more_body": bool(cut)},
            {"type": "http.disconnect"},
        ]
    )

    async def receive():
        return next(parts)

    async def send(message):
        pass

    headers = {"content-type": "application/x-www-form-urlencoded", "content-length": str(len(body))}
    path = f"{visitor.home}/vote/{visitor.showing}"
    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    asyncio.run(home.app(scope, receive, send))
    assert home.rows("SELECT DISTINCT score FROM votes") == ([] if cut else [(77.0,)])


PATHS = [
    "/clips/",
    "/clips",
    "/videos/",
    "/study.db",
    "/owner-secret.txt",
    "/theme/",
    "/theme/..%2f..%2fstudies.py",
    "/theme/%2e%2e/studies.py",
    "/static/",
    "/docs",
    "/openapi.json",
    "/redoc",
    "/..%2f..%2fetc%2fpasswd",
    "/owner/clip/..%2f..%2fstudy.db",
]


@pytest.mark.parametrize("path", PATHS)
def test_no_path_leads_to_files_or_lists(studio, path):
    answer = studio().client.get(path)
    assert answer.status_code in (401, 404)
    assert b"SQLite" not in answer.content
    assert b"import" not in answer.content


def test_clips_are_had_by_opaque_ids_only(studio):
    home = studio()
    (visitor,) = home.visitors(1)
    visitor.begin()
    ((public, clip),) = home.rows("SELECT videos.public, clip FROM videos JOIN showings ON video = videos.id")
    for wrong in (
        public,
        clip,
        "clip0",
        "1",
        "..%2fstudy.db",
        "%2e%2e%2f%2e%2e%2fstudy.db",
        "..%2f..%2f..%2f..%2f..%2fetc%2fpasswd",
        "%00",
        "..\\study.db",
        "clips%2f" + clip.split("/")[1],
    ):
        answer = home.client.get(f"{visitor.home}/clip/{wrong}")
        assert answer.status_code == 404, wrong
        assert b"SQLite" not in answer.content
    assert home.client.get(visitor.clip).status_code == 200


def test_a_hidden_repeat_cannot_be_told_by_its_address(studio):
    home = studio(repeats=0.3)
    (visitor,) = home.visitors(1)
    clips = []
    visitor.finish(lambda one: clips.append(one.clip) or "50")
    assert home.rows("SELECT count(*) FROM showings WHERE role = 'repeat'")[0][0] >= 2
    assert len(set(clips)) == len(home.rows("SELECT id FROM showings"))


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND"])
def test_other_methods_are_refused(studio, method):
    home = studio()
    (visitor,) = home.visitors(1)
    visitor.begin()
    for path in ("", f"/vote/{visitor.showing}", f"/clip/{visitor.showing}", "/consent"):
        assert home.client.request(method, visitor.home + path).status_code == 405
    assert home.client.request(method, "/owner").status_code == 405
    assert home.client.get(f"{visitor.home}/vote/{visitor.showing}").status_code == 405
    assert home.client.post(visitor.home, data={"csrf": visitor.csrf}).status_code == 405


def test_large_bodies_are_refused(studio):
    home = studio()
    (visitor,) = home.visitors(1)
    visitor.begin()
    path = f"{visitor.home}/vote/{visitor.showing}"
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert home.client.post(path, content=b"a=" + b"b" * MOST_BYTES, headers=form).status_code == 413

    def endless():
        for _ in range(10_000):
            yield b"a" * 1024

    assert home.client.post(path, content=endless(), headers=form).status_code == 413
    for length in ("-1", "1e9", "99999999999", "abc"):
        assert (
            home.client.post(path, content=b"", headers={**form, "Content-Length": length}).status_code == 413
        )
    many = "&".join(f"f{number}=1" for number in range(5000))
    assert home.client.post(path, content=many, headers=form).status_code in (400, 403)
    for kind in ("application/json", "multipart/form-data; boundary=x", "text/plain", ""):
        assert home.client.post(path, content=b"{}", headers={"Content-Type": kind}).status_code == 415
    assert count_votes(home) == 0
    assert visitor.vote().status_code == 303


@pytest.mark.parametrize(
    "content", [b"%", b"csrf=%ff%fe", b"\xff\xfe\x00", b"csrf", b"=&=&=", b"csrf=a&csrf=b"]
)
def test_broken_forms_are_answered_calmly(studio, content):
    home = studio()
    (visitor,) = home.visitors(1)
    visitor.begin()
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = home.client.post(f"{visitor.home}/vote/{visitor.showing}", content=content, headers=headers)
    assert answer.status_code in (400, 403)


def test_two_values_of_one_field_are_not_two_votes(studio):
    home = studio()
    (visitor,) = home.visitors(1)
    visitor.begin()
    pairs = [
        ("csrf", visitor.csrf),
        *((f"score-{name}", value) for name in visitor.names for value in ("10", "90")),
    ]
    body = "&".join(f"{name}={value}" for name, value in pairs) + "&extra=1&video=1&rater=1&probability=0.1"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert (
        home.client.post(f"{visitor.home}/vote/{visitor.showing}", content=body, headers=headers).status_code
        == 303
    )
    assert count_votes(home) == 3
    assert home.rows("SELECT DISTINCT probability FROM showings") == [(1.0,)]


def test_script_in_names_and_prompts_is_text(tmp_path):
    folder = tmp_path / "videos"
    folder.mkdir()
    for number in range(2):
        write_clip(folder / f"clip{number}.mp4", frames=3, size=(96, 64))
    rows = [
        f'clip{number}.mp4,"{EVIL.replace(chr(34), chr(34) * 2)}","{EVIL.replace(chr(34), chr(34) * 2)}"'
        for number in range(2)
    ]
    (folder / "prompts.csv").write_text("\n".join(["path,prompt,action", *rows]))
    texts = {
        "title": EVIL,
        "consent": EVIL,
        "background": [{"name": "age", "question": EVIL, "options": [EVIL, "b"]}],
        "dimensions": [{"name": "fun", "question": EVIL, "anchors": [EVIL, "good"]}],
        "training": [{"video": "clip0", "scores": {"fun": 50}, "note": EVIL}],
    }
    create_study(Study(**{**PLAIN, **texts}).filled(), read_videos(folder), tmp_path / "study")
    home = Studio(tmp_path / "study")
    (visitor,) = home.visitors(1)
    pages = []
    while (stage := visitor.look()) != "thanks":
        pages.append((stage, visitor.text))
        if stage in ("training", "rating"):
            visitor.vote()
        elif stage == "feedback":
            visitor.post(f"onward/{visitor.showing}")
        else:
            visitor.post(stage, {"age": EVIL})
    owner = home.client.post("/owner/login", data={"secret": read_secret(home.folder)})
    assert owner.status_code == 303
    pages.append(("owner", home.client.get("/owner").text))
    assert [stage for stage, _ in pages] == [
        "consent",
        "background",
        "training",
        "feedback",
        "rating",
        "owner",
    ]
    for stage, text in pages:
        scripts = re.findall(r"<script[^>]*>", text)
        assert scripts == [re.search(r'<script src="/theme/studio\.js\?\w+" defer>', text)[0]], stage
        assert "<img" not in text
        assert "{{7*7}}" in text
        assert "&lt;script&gt;" in text
    home.store.close()


def test_headers_stand_on_every_answer(studio):
    home = studio()
    (visitor,) = home.visitors(1)
    visitor.begin()
    answers = [
        home.client.get(path)
        for path in ("/", visitor.home, visitor.clip, "/owner", "/nowhere", "/theme/studio.css", "/r/x")
    ]
    answers.append(home.client.post(visitor.home + "/consent", content=b"x" * 100_000))
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert "access-control-allow-origin" not in answer.headers
        assert "server" not in answer.headers
        assert "set-cookie" not in answer.headers
    assert home.client.get(visitor.home).headers["cache-control"] == "no-store"


def test_pages_have_no_inline_script_or_style(studio):
    home = studio(scale="words")
    (visitor,) = home.visitors(1)
    visitor.begin()
    for text in (visitor.text, home.client.get("/owner").text):
        assert not re.search(r"\son\w+=|style=|<style|javascript:", text)
        assert not re.search(r'(?:src|href)="(?:https?:)?//', text)


def test_a_rater_who_asks_without_end_is_stopped(studio):
    home = studio()
    visitor, other = home.visitors(2)
    visitor.begin()
    with ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(lambda _: home.client.get(visitor.home).status_code, range(150)))
    assert 429 in codes
    assert other.look() == "consent"  # nobody else is


def test_buckets_are_forgotten_before_they_fill_the_memory():
    limits = Limits(rate=1, burst=1)
    limits.MOST = 10
    for number in range(100):
        limits.allow(str(number), now=0.0)
    assert len(limits._buckets) == 10


def test_secrets_lie_in_files_for_the_owner_alone(studio_home):
    folder = studio_home / "plain"
    assert stat.S_IMODE((folder / "owner-secret.txt").stat().st_mode) == 0o600
    assert stat.S_IMODE((folder / "study.db").stat().st_mode) == 0o600
    assert stat.S_IMODE((folder / "clips").stat().st_mode) == 0o700
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_folder_that_is_there_keeps_its_rights(studio_home, tmp_path):
    tmp_path.chmod(0o755)
    create_study(Study(**PLAIN).filled(), read_videos(studio_home / "videos")[:1], tmp_path)
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755
    assert stat.S_IMODE((tmp_path / "study.db").stat().st_mode) == 0o600


def test_errors_tell_nothing_of_the_machine(studio, monkeypatch):
    home = studio()
    (visitor,) = home.visitors(1)

    def fail(*_):
        raise RuntimeError(f"secret {home.folder}")

    monkeypatch.setattr("gaia_judge.studio.ratings.stand", fail)
    client = TestClient(home.app, raise_server_exceptions=False)
    answer = client.get(visitor.home)
    assert answer.status_code == 500
    assert str(home.folder) not in answer.text
    assert "RuntimeError" not in answer.text


def test_an_export_holds_nothing_that_was_not_asked(studio):
    home = studio()
    visitor, other = home.visitors(2)
    visitor.finish()
    other.begin()
    frame = read_votes(home.folder)
    assert list(frame.columns) == ["video", "rater", "score", "dimension", "repeat", "time", "probability"]
    text = frame.to_csv()
    for secret in (visitor.token, *visitor.voted, "testclient", "127.0.0.1"):
        assert secret not in text
    assert frame["rater"].str.fullmatch("r[0-9a-f]{10}").all()
    assert frame["time"].max() < 60  # seconds it took, not when it was
    store, _ = open_store(home.folder)
    with store.read() as connection:
        tables = connection.exec_driver_sql("SELECT sql FROM sqlite_master").fetchall()
    assert not re.search(r"\b(address|ip|agent|email)\b", str(tables))
    store.close()
