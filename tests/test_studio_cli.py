"""The commands of a study, and the way from clips to judges that are compared with people."""

import json
import re
import shutil
import socket
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from gaia_judge.cli import cli
from gaia_judge.errors import GaiaJudgeError
from gaia_judge.studio.exports import read_votes
from gaia_judge.studio.guards import Limits
from gaia_judge.studio.stores import open_store
from gaia_judge.studio.studies import read_study
from tests.clips import write_clip
from tests.studios import VIDEOS, Studio, free_port

NAMES = ("subject", "completeness", "interaction")

STUDY = """\
title: Clips
background: []
votes: 5
session: 30
repeats: 0.1
checks: 1
pause: 10
full_viewing: false
training:
  - {video: example, scores: {subject: 80, completeness: 50, interaction: 20}}
"""


def run(*words, status=0):
    """Return what a command writes to standard output."""
    result = CliRunner().invoke(cli, [str(word) for word in words], catch_exceptions=False)
    assert result.exit_code == status, result.output
    return result.stdout


@pytest.fixture(scope="module")
def rated(tmp_path_factory):
    """A study that six people have rated, and the truth about its videos."""
    home = tmp_path_factory.mktemp("flow")
    (home / "videos").mkdir()
    random = np.random.default_rng(0)
    truth = {}
    for generator in ("alpha", "beta"):
        for action in range(12):
            name = f"({generator})_(action {action})"
            write_clip(home / "videos" / f"{name}.mp4", frames=3, size=(96, 64))
            truth[name] = random.uniform(10, 90, 3)
    write_clip(home / "videos" / "example.mp4", frames=3, size=(96, 64))
    (home / "study.yaml").write_text(STUDY)
    run("study", "create", home / "study.yaml", home / "videos", "--out", home / "study")
    studio = Studio(home / "study")
    # These people are quicker than people are let to be.
    studio.app.state.desk = replace(studio.desk, pages=Limits(rate=1e6, burst=1e6))
    for visitor in studio.visitors(6):
        bias = random.normal(0, 4)

        def answer(one, bias=bias):
            if told := re.search(r"answer\s+<strong>(\d+)</strong>", one.text):
                return told[1]
            name = one_of(studio, one.showing)
            place = one.asked = getattr(one, "asked", -1) + 1
            quality = truth.get(name, [50] * 3)[place % 3]
            return str(int(np.clip(round(quality + bias + random.normal(0, 6)), 0, 100)))

        visitor.finish(answer)
    studio.client.close()
    studio.store.close()
    return home, truth


def one_of(studio, showing):
    return studio.rows(
        f"SELECT name FROM videos JOIN showings ON video = videos.id WHERE showings.public = '{showing}'"
    )[0][0]


def test_from_a_study_to_judges_compared_with_people(rated, tmp_path):
    home, truth = rated
    votes = read_votes(home / "study")
    assert votes["rater"].nunique() == 6
    assert set(votes["video"]) == set(truth)
    assert (votes["repeat"] == 1).any()

    told = json.loads(run("people", home / "study", "--out", tmp_path / "MOS.csv", "--json"))
    assert {one["dimension"] for one in told["agreement"]} == set(NAMES)
    assert told["agreement"][0]["icc_mean"]["value"] > 0.9
    mos = pd.read_csv(tmp_path / "MOS.csv").pivot(index="video", columns="dimension", values="mos")
    once = votes.groupby(["video", "dimension", "rater"])["score"].mean()  # a rater's repeats are one vote
    expected = once.groupby(["video", "dimension"]).mean().unstack()
    assert list(mos.index) == list(expected.index)
    np.testing.assert_allclose(mos[list(NAMES)], expected[list(NAMES)], rtol=1e-12)
    people = mos[list(NAMES)].loc[list(truth)].to_numpy()
    assert np.corrcoef(people.ravel(), np.array(list(truth.values())).ravel())[0, 1] > 0.97

    random = np.random.default_rng(1)
    rows = [
        {"video": video, "dimension": name, "value": 1 + 4 * (scores[at] + random.normal(0, noise)) / 100,
         "rater": rater, "generator": video[1:].split(")")[0], "action": video.split("(")[2][:-1]}
        for rater, noise in (("sharp", 3), ("blurred", 40))
        for video, scores in truth.items()
        for at, name in enumerate(NAMES)
    ]  # fmt: skip
    frame = pd.DataFrame(rows)
    for rater in ("sharp", "blurred"):
        frame[frame["rater"] == rater].to_csv(tmp_path / f"{rater}.csv", index=False)
    out = tmp_path / "fit.json"
    run(
        "calibrate", tmp_path / "sharp.csv", "--human", tmp_path / "MOS.csv", "--map", "linear", "--out", out,
        "--bootstrap", 20, "--curve", 0,
    )  # fmt: skip
    fitted = pd.read_csv(tmp_path / "fit" / "scores.csv").pivot(
        index="video", columns="dimension", values="value"
    )
    assert np.abs(fitted[list(NAMES)].loc[list(truth)].to_numpy() - people).mean() < 8  # people's own scale
    raters = (tmp_path / "sharp.csv", tmp_path / "blurred.csv", tmp_path / "fit")
    told = run("compare", *raters, "--human", tmp_path / "MOS.csv", "--bootstrap", 50, "--json")
    compared = json.loads(told)
    text = json.dumps(compared)
    assert "sharp" in text
    srcc = {
        one["rater"]: one["srcc"]
        for one in find_rows(compared)
        if one.get("dimension") == "subject" and one.get("srcc") is not None
    }
    sharp = next(value for name, value in srcc.items() if name.startswith("sharp"))
    assert point(sharp) > 0.9 > point(srcc["blurred"])


def find_rows(value):
    """Yield every row of a JSON value that is about a rater."""
    if isinstance(value, dict):
        if "rater" in value and "srcc" in value:
            yield value
        for one in value.values():
            yield from find_rows(one)
    elif isinstance(value, list):
        for one in value:
            yield from find_rows(one)


def point(value):
    return value["value"] if isinstance(value, dict) else value


def test_export_and_people_take_the_same_votes(rated, tmp_path):
    home, _ = rated
    run("study", "export", home / "study", "--out", tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "raters.csv",
        "videos.csv",
        "votes.csv",
    ]
    run("people", home / "study", "--out", tmp_path / "a.csv", "--bootstrap", 0)
    run("people", tmp_path / "out" / "votes.csv", "--out", tmp_path / "b.csv", "--bootstrap", 0)
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()
    run("study", "export", home / "study")
    assert (home / "study" / "export" / "votes.csv").read_bytes() == (
        tmp_path / "out" / "votes.csv"
    ).read_bytes()


def test_the_example_is_written_once(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run("study", "create", "--example")
    read_study(tmp_path / "study.yaml")
    with pytest.raises(GaiaJudgeError, match="exists already"):
        run("study", "create", "--example")
    run("study", "create", "--example", "other.yaml")
    assert (tmp_path / "other.yaml").is_file()


def test_videos_that_cannot_be_shown_are_told(tmp_path):
    (tmp_path / "videos").mkdir()
    write_clip(tmp_path / "videos" / "good.mp4", frames=3)
    (tmp_path / "videos" / "bad.mp4").write_bytes(b"nothing")
    (tmp_path / "mine.yaml").write_text("votes: 2\n")
    result = CliRunner().invoke(
        cli, ["study", "create", str(tmp_path / "mine.yaml"), str(tmp_path / "videos")]
    )
    assert result.exit_code == 1
    assert "bad is left out" in result.stderr
    store, study = open_store(tmp_path / "mine")
    assert study.votes == 2
    store.close()


def test_copies_are_not_put_among_the_videos(studio_home, tmp_path):
    shutil.copytree(studio_home / "videos", tmp_path / "mine")
    (tmp_path / "mine.yaml").write_text("votes: 2\n")
    for out in ([], ["--out", tmp_path / "mine" / "study"]):
        with pytest.raises(GaiaJudgeError, match="would be taken for videos"):
            run("study", "create", tmp_path / "mine.yaml", tmp_path / "mine", *out)
    assert len(list((tmp_path / "mine").glob("**/*.mp4"))) == VIDEOS


@pytest.mark.parametrize("words", [["create"], ["create", "study.yaml"], ["serve"], ["export"]])
def test_what_is_missing_is_asked_for(words):
    assert CliRunner().invoke(cli, ["study", *words]).exit_code == 2


def test_what_cannot_be_served_is_refused(studio_home, tmp_path):
    with pytest.raises(GaiaJudgeError, match=r"has no study\.db"):
        run("study", "serve", tmp_path)
    with pytest.raises(GaiaJudgeError, match="go together"):
        run("study", "serve", studio_home / "plain", "--labels", 5)
    folder = tmp_path / "study"
    shutil.copytree(studio_home / "plain", folder)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(GaiaJudgeError, match="cannot be listened on"):
            run("study", "serve", folder, "--port", taken.getsockname()[1], "--invite", 3)
    store, _ = open_store(folder)
    with store.read() as connection:  # nobody was told a link of theirs
        assert connection.exec_driver_sql("SELECT count(*) FROM raters").scalar() == 0
    store.close()
    with pytest.raises(GaiaJudgeError, match="cannot be listened on"):
        run("study", "serve", folder, "--host", "no.such.host.invalid")


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--url", "rate.example.org"], "no address that links can begin with"),
        (["--url", "https://example.org/rate"], "no address that links can begin with"),
        (["--url", "http://"], "no address that links can begin with"),
        (["--host", "0.0.0.0", "--invite", 1], "Links cannot begin with"),
        (["--host", "::", "--invite", 1], "Links cannot begin with"),
    ],
)
def test_links_that_lead_nowhere_are_not_made(studio_home, words, why):
    with pytest.raises(GaiaJudgeError, match=why):
        run("study", "serve", studio_home / "plain", *words)


def test_links_begin_with_the_address_that_raters_reach(studio_home, tmp_path, monkeypatch):
    import uvicorn

    made = []
    monkeypatch.setattr(uvicorn, "run", lambda app, **_: made.append(app))
    folder = tmp_path / "study"
    shutil.copytree(studio_home / "plain", folder)
    port = str(free_port())
    for words, home in (
        (["--url", "https://rate.example.org/"], "https://rate.example.org"),
        ([], f"http://127.0.0.1:{port}"),
    ):
        (link,) = run("study", "serve", folder, "--port", port, "--invite", 1, *words).split()
        assert re.fullmatch(re.escape(home) + r"/r/[\w-]{32}", link)
    run("study", "serve", folder, "--port", port, "--host", "0.0.0.0")
    assert [app.state.desk.home for app in made] == [
        "https://rate.example.org",
        f"http://127.0.0.1:{port}",
        "",
    ]
