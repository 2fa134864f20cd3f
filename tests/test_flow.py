"""The main job end to end, on a real engine: broken files, kill -9, resuming, refusing."""

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from tests.checkpoints import make_clip
from tests.clips import cut, write_images, write_sound

pytestmark = pytest.mark.slow

GOOD, BROKEN, KILLS = 180, 20, 10


@pytest.fixture(scope="module")
def home(engine_home, tmp_path_factory):
    """A folder of 200 files of which a tenth are broken, in four ways, and a checkpoint beside it."""
    folder = tmp_path_factory.mktemp("flow")
    videos = folder / "videos"
    videos.mkdir()
    for number in range(GOOD):
        name = f"(maker {number % 3})_(action {number}).mp4"
        write_images(videos / name, make_clip(number, 8, 64, 64))
    for number in range(BROKEN // 4):
        cut(write_images(videos / f"broken-cut-{number}.mp4", make_clip(99, 16, 64, 64)), 0.5)
        (videos / f"broken-empty-{number}.mp4").write_bytes(b"")
        (videos / f"broken-text-{number}.mp4").write_text("this is no video", encoding="utf-8")
        write_sound(videos / f"broken-sound-{number}.mp4")
    (folder / "judge").symlink_to(engine_home("llava-onevision") / "checkpoint")
    return folder


def command(home, out, *more):
    """One request at a time: which others share its forward pass could turn a sixth decimal."""
    words = ["score", str(home / "videos"), "--model", str(home / "judge"), "--engine", "transformers"]
    words += ["--engine-arg", "batch_size=1", "--frames", "4", "--out", str(out)]
    return [sys.executable, "-m", "gaia_judge.cli", *words, *more]


def score(home, out, *more):
    return subprocess.run(command(home, out, *more), capture_output=True, text=True, check=False, timeout=600)


@pytest.fixture(scope="module")
def undisturbed(home):
    result = score(home, home / "undisturbed", "--json")
    return result, home / "undisturbed"


def test_a_tenth_of_broken_files_costs_only_their_own_rows(undisturbed):
    result, out = undisturbed
    assert result.returncode == 1, result.stderr
    table = pd.read_csv(out / "scores.csv")
    assert len(table) == 3 * (GOOD + BROKEN)
    broken = table["video"].str.startswith("broken")
    assert table.loc[~broken, "value"].between(1, 5).all()
    assert table.loc[broken, "value"].isna().all()
    assert table.loc[broken, "error"].notna().all()
    kinds = {"cut", "empty", "text", "sound"}
    assert {name.split("-")[1] for name in table.loc[broken, "video"]} == kinds


def test_the_summary_counts_failures_and_says_that_weights_are_random(undisturbed):
    result, _ = undisturbed
    summary = json.loads(result.stdout)
    assert summary["videos"] == GOOD + BROKEN
    assert summary["failed"] == BROKEN
    assert summary["random_weights"] is True
    assert [row["n"] for row in summary["dimensions"]] == [GOOD] * 3
    assert "RANDOM WEIGHTS" in result.stderr


def test_rows_know_where_they_come_from(undisturbed):
    table = pd.read_csv(undisturbed[1] / "scores.csv").set_index("video").loc["(maker 1)_(action 1)"]
    assert set(table["generator"]) == {"maker 1"}
    assert set(table["action"]) == {"action 1"}
    assert set(table["frame_indices"]) == {"[1, 3, 5, 7]"}
    assert set(table["width"]) == {64}
    assert table["rater"].str.contains("random weights").all()
    for text, value in zip(table["distribution"], table["value"], strict=True):
        shares = json.loads(text)
        assert sum(shares.values()) == pytest.approx(1, abs=1e-5)
        levels = dict(zip(["Bad", "Poor", "Fair", "Good", "Excellent"], range(1, 6), strict=True))
        assert sum(levels[label] * share for label, share in shares.items()) == pytest.approx(value, abs=1e-3)


def finished(out):
    journal = out / "journal.jsonl"
    return journal.read_bytes().count(b"\n") if journal.exists() else 0


def test_killed_ten_times_and_resumed_the_table_is_the_same(home, undisturbed):
    """Kill -9 after a random number of further videos and a random moment, and start again."""
    out, chance = home / "killed", random.Random(7)
    killed = 0
    while killed < KILLS:
        before = finished(out)
        child = subprocess.Popen(command(home, out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        goal = before + chance.randint(1, 3)
        while child.poll() is None and finished(out) < goal:
            time.sleep(0.005)
        time.sleep(chance.random() * 0.1)
        assert child.poll() is None, "the run ended before it could be killed"
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        killed += 1
    assert finished(out) < GOOD
    result = score(home, out)
    assert result.returncode == 1
    assert (out / "scores.csv").read_bytes() == (undisturbed[1] / "scores.csv").read_bytes()


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_asked_to_stop_it_writes_what_is_finished_and_says_how_to_go_on(
    home, undisturbed, tmp_path, sent, code
):
    out = tmp_path / "stopped"
    child = subprocess.Popen(
        command(home, out),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    while child.poll() is None and finished(out) < 3:
        time.sleep(0.005)
    child.send_signal(sent)
    _, told = child.communicate(timeout=60)
    assert child.returncode == code
    assert "The same command continues" in told
    assert "Traceback" not in told
    table, whole = (pd.read_csv(folder / "scores.csv", dtype=str) for folder in (out, undisturbed[1]))
    assert table["video"].nunique() == finished(out) < GOOD
    kept = whole[whole["video"].isin(table["video"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(table, kept)


def test_a_finished_run_has_nothing_left_to_do(home, undisturbed):
    before = finished(undisturbed[1])
    result = score(home, undisturbed[1])
    assert finished(undisturbed[1]) == before
    done = rf"^0 videos in .* \({GOOD + BROKEN} were done before\)$"
    assert re.search(done, result.stderr, re.MULTILINE), result.stderr


def test_a_changed_setting_is_refused_by_name(home, undisturbed):
    result = score(home, undisturbed[1], "--chain", "marginal")
    assert result.returncode == 2
    assert "chain" in result.stderr
    assert "marginal" in result.stderr


def test_dry_run_shows_what_the_model_would_read_and_scores_nothing(home):
    result = score(home, home / "dry", "--dry-run")
    assert result.returncode == 0, result.stderr
    assert "<|im_start|>user" in result.stdout
    assert "Premise 1" in result.stdout
    assert not Path(home / "dry").exists()


def test_another_folder_is_refused_in_the_same_run(home, undisturbed, tmp_path):
    write_images(tmp_path / "(maker 0)_(action 0).mp4", make_clip(77, 8, 64, 64))
    words = command(home, undisturbed[1])
    words[words.index(str(home / "videos"))] = str(tmp_path)
    result = subprocess.run(words, capture_output=True, text=True, check=False, timeout=600)
    assert result.returncode == 2
    assert "videos" in result.stderr
    assert str(tmp_path) in result.stderr
