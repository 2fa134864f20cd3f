"""Exports: a row per vote, and what else a study knows."""

import re

import pandas as pd
import pytest

from gaia_judge.errors import GaiaJudgeError
from gaia_judge.opinions import arrange
from gaia_judge.scores.files import read_table
from gaia_judge.studio.exports import read_votes, write_export

NAMES = ("subject", "completeness", "interaction")


def test_every_vote_is_a_row(studio):
    home = studio(repeats=0.3, checks=2, training=[{"video": "clip7", "scores": dict.fromkeys(NAMES, 50)}])
    sent = []
    for number, visitor in enumerate(home.visitors(2)):
        score = iter(range(30 * number, 101))
        while visitor.begin() != "thanks":
            if visitor.stage == "feedback":
                visitor.post(f"onward/{visitor.showing}")
                continue
            scores = {name: str(next(score)) for name in visitor.names}
            sent.append((visitor.showing, scores))
            visitor.vote(scores)
    shown = {
        public: (video, role, repeat)
        for public, video, role, repeat in home.rows(
            "SELECT showings.public, name, showings.role, repeat FROM showings JOIN videos"
            " ON video = videos.id"
        )
    }
    expected = sorted(
        (shown[public][0], name, shown[public][2], float(score))
        for public, scores in sent
        if shown[public][1] in ("rating", "repeat")
        for name, score in scores.items()
    )
    frame = read_votes(home.folder)
    found = sorted(frame[["video", "dimension", "repeat", "score"]].itertuples(index=False, name=None))
    assert found == expected
    assert "clip7" not in set(frame["video"])
    assert (frame["repeat"] == 1).sum() == 3 * sum(role == "repeat" for _, role, _ in shown.values())
    assert frame["time"].between(0, 60).all()
    assert (frame["probability"] == 1).all()
    assert set(arrange(frame, "study")) == set(NAMES)  # no vote stands twice


def test_files_read_back_the_same(studio, tmp_path):
    home = studio(checks=1, background=[{"name": "age", "question": "?", "options": ["=1+1", "b"]}])
    for visitor in home.visitors(2):
        visitor.look()
        visitor.post("consent")
        visitor.look()
        visitor.post("background", {"age": "=1+1"})
        visitor.finish(lambda one: (re.search(r"<strong>(\d+)</strong>", one.text) or [0, "50"])[1])
    files = write_export(home.store, home.study, tmp_path / "out")
    assert [file.name for file in files] == ["votes.csv", "raters.csv", "videos.csv"]
    votes = read_table(files[0]).astype({"score": float, "repeat": int, "time": float, "probability": float})
    pd.testing.assert_frame_equal(votes, read_votes(home.folder), check_dtype=False)
    raters = read_table(files[1])
    assert list(raters["background_age"]) == ["=1+1", "=1+1"]
    assert "'=1+1" in files[1].read_text()  # no spreadsheet runs it
    assert list(raters["checks"]) == list(raters["checks_passed"]) == ["1", "1"]
    assert list(raters["clips"]) == ["8", "8"]
    assert list(raters["unplayed"]) == ["0", "0"]
    videos = read_table(files[2])
    assert set(videos["original_sha256"]) == set(videos["clip_sha256"])
    assert list(videos["votes"]) == ["2"] * 8


def test_clips_that_raters_left_are_counted(studio, tmp_path):
    home = studio()
    (visitor,) = home.visitors(1)
    visitor.begin()
    visitor.post(f"pass/{visitor.showing}")
    visitor.finish()
    (_, raters, _) = write_export(home.store, home.study, tmp_path / "out")
    row = read_table(raters).iloc[0]
    assert (row["clips"], row["unplayed"]) == ("7", "1")


def test_votes_that_come_in_meanwhile_are_in_all_tables_or_in_none(studio, tmp_path):
    home = studio()
    (visitor,) = home.visitors(1)
    visitor.begin()
    with home.store.read() as connection:
        connection.exec_driver_sql("SELECT 1 FROM votes").fetchall()
        visitor.vote()
        assert connection.exec_driver_sql("SELECT count(*) FROM votes").scalar() == 0
    assert len(read_votes(home.folder)) == 3


def test_the_time_of_a_vote_is_from_the_last_look(studio):
    home = studio()
    (visitor,) = home.visitors(1)
    visitor.begin()
    with home.store.write() as connection:
        connection.exec_driver_sql("UPDATE showings SET first_shown = first_shown - 90, made = made - 90")
        connection.exec_driver_sql("UPDATE showings SET last_shown = last_shown - 20")
    visitor.vote()
    assert read_votes(home.folder)["time"].between(20, 30).all()


def test_an_empty_study_is_an_empty_table(studio):
    frame = read_votes(studio().folder)
    assert len(frame) == 0
    assert frame.dtypes["score"] == "float64"


def test_a_folder_without_a_study_is_named(tmp_path):
    with pytest.raises(GaiaJudgeError, match=r"has no study\.db"):
        read_votes(tmp_path)
    (tmp_path / "study.db").write_bytes(b"no database" * 100)
    with pytest.raises(GaiaJudgeError, match="is no study"):
        read_votes(tmp_path)
