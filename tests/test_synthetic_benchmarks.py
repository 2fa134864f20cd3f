"""The synthetic benchmark as a folder: layout, tag, determinism, resuming, the command."""

import csv
import json
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import av
import numpy as np
import psutil
import pytest

from gaia_judge.errors import GaiaJudgeError
from gaia_judge.frames import FrameSpec, sample
from gaia_judge.synthetic import encoders
from gaia_judge.synthetic.actions import ACTIONS, HELD_OUT
from gaia_judge.synthetic.benchmarks import pick_actions, plan_clips, write_benchmark
from gaia_judge.synthetic.defects import DIMENSIONS, KINDS
from gaia_judge.synthetic.encoders import render, write_clip
from gaia_judge.synthetic.generators import sample_generators
from gaia_judge.synthetic.plans import sample_plan
from gaia_judge.synthetic.tables import write_labels, write_prompts
from gaia_judge.videos import read_videos
from gaia_judge.videos.origins import SYNTHETIC_TAG
from tests.clips import write_clip as write_foreign

SMALL = {"generators": 2, "actions": 3, "raters": 8}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("synthetic") / "small"
    write_benchmark(out, **SMALL, workers=1)
    return out


def rows(path, delimiter=","):
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, delimiter=delimiter))


def pixels(path):
    with av.open(str(path)) as container:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*.*") if path.is_file()}


def test_the_gaia_reader_reads_it(folder):
    videos = read_videos(folder)
    assert len(videos) == 6
    assert {video.subset for video in videos} == {"whole-body", "hand", "facial"}
    by_name = {action.name: action for action in ACTIONS}
    for video in videos:
        action = by_name[video.action]
        assert video.id == f"({video.generator})_({action.name})"
        assert (video.prompt, video.category) == (action.scene, action.category)
        assert video.subset == action.subset.lower()


def test_every_action_of_the_world_can_be_named(tmp_path):
    """Names that differ in case or signs only would not join."""
    names = {action.name for action in ACTIONS}
    chosen = pick_actions(ACTIONS, len(names), 0)
    write_prompts(tmp_path, chosen)
    write_labels(tmp_path, chosen)
    (tmp_path / "videos").mkdir()
    for name in names:
        (tmp_path / "videos" / f"(a)_({name}).mp4").touch()
    assert {video.action for video in read_videos(tmp_path)} == names


def test_the_tables_join_and_agree(folder):
    videos = {video.id for video in read_videos(folder)}
    scores, truth, votes = (rows(folder / name) for name in ("MOS.csv", "truth.csv", "votes.csv"))
    assert list(scores[0]) == ["filename", *(f"final action {name}" for name in DIMENSIONS)]
    assert {row["filename"].removesuffix(".mp4") for row in scores} == videos
    assert {row["video"] for row in truth} == videos
    assert list(votes[0]) == ["video", "rater", "dimension", "score", "time"]
    for row in scores:
        for dimension in DIMENSIONS:
            own = [v for v in votes if (v["video"] + ".mp4", v["dimension"]) == (row["filename"], dimension)]
            assert len({v["rater"] for v in own}) == len(own) > 1
            mean = np.mean([float(v["score"]) for v in own])
            assert float(row[f"final action {dimension}"]) == pytest.approx(mean, abs=1e-4)


def test_the_truth_says_what_was_done_and_how_the_clip_is(folder):
    for row in rows(folder / "truth.csv"):
        frames = pixels(folder / "videos" / f"{row['video']}.mp4")
        assert frames.shape[:3] == (int(row["frames"]), int(row["height"]), int(row["width"]))
        for text in filter(None, row["defects"].split("; ")):
            name, severity = text.split(":")
            assert name in KINDS
            assert 0 < float(severity) <= 1
        assert all(0 <= float(row[dimension]) <= 1 for dimension in DIMENSIONS)


def test_clips_carry_the_tag_and_nothing_else_does(folder, tmp_path):
    path = next((folder / "videos").iterdir())
    assert sample(path, FrameSpec(decoder="pyav")).synthetic
    with av.open(str(path)) as container:
        assert container.metadata[SYNTHETIC_TAG[0]] == SYNTHETIC_TAG[1]
    renamed = tmp_path / path.name
    write_foreign(renamed, frames=4)
    assert not sample(renamed, FrameSpec(decoder="pyav")).synthetic


def test_encoding_keeps_frames_rate_and_looks(tmp_path):
    plan = sample_plan(np.random.default_rng(0), ACTIONS[0], [], (96, 64), (9, 4.0))
    write_clip(tmp_path / "clip.mp4", plan)
    drawn = np.stack(list(render(plan))).astype(int)
    assert np.abs(pixels(tmp_path / "clip.mp4").astype(int) - drawn).mean() < 6
    with av.open(str(tmp_path / "clip.mp4")) as container:
        assert container.streams.video[0].average_rate == 4


def test_what_stops_half_way_leaves_no_file(tmp_path, monkeypatch):
    def stop(plan):
        yield np.zeros((plan.height, plan.width, 3), np.uint8)
        raise KeyboardInterrupt

    monkeypatch.setattr(encoders, "render", stop)
    plan = sample_plan(np.random.default_rng(0), ACTIONS[0], [], (64, 64), (8, 4.0))
    with pytest.raises(KeyboardInterrupt):
        write_clip(tmp_path / "clip.mp4", plan)
    assert list(tmp_path.iterdir()) == []


def test_the_same_seed_makes_the_same_however_many_work_and_whenever(folder, tmp_path):
    """Two processes and one make the same files, byte for byte, the workbook's dates included."""
    time.sleep(2.1)  # the resolution of dates in a workbook
    write_benchmark(tmp_path / "again", **SMALL, workers=2)
    assert contents(tmp_path / "again") == contents(folder)


def test_a_clip_depends_on_its_generator_and_action_only():
    """Other actions beside it, or other generators, change nothing about a clip."""
    generators = sample_generators(18, 5)
    many = plan_clips(generators, ACTIONS[:9], 5, tuple(KINDS))
    few = plan_clips(generators[4:6], ACTIONS[2:4], 5, tuple(KINDS))
    assert all(clip in many for clip in few)
    assert plan_clips(generators, ACTIONS[:9], 6, tuple(KINDS)) != many


def test_a_stopped_benchmark_goes_on(folder, tmp_path):
    out = tmp_path / "resumed"

    def stop(done):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_benchmark(out, **SMALL, workers=1, advance=stop)
    (first,) = (out / "videos").glob("*.mp4")
    written = first.stat().st_mtime_ns
    assert not (out / "MOS.csv").exists()
    (out / "videos" / f".{first.name}.123.part").write_bytes(b"left by a killed process")
    drawn, kept = [], []
    write_benchmark(out, **SMALL, workers=1, advance=drawn.append, skip=kept.append)
    assert (sum(drawn), sum(kept)) == (5, 1)
    assert first.stat().st_mtime_ns == written
    assert contents(out) == contents(folder)
    assert sorted(path.name for path in (out / "videos").iterdir()) == sorted(
        path.name for path in (folder / "videos").iterdir()
    )


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"seed": 1}, "seed was 0, now 1"),
        ({"actions": 2}, "actions was 3, now 2"),
        ({"raters": 9}, "raters was 8, now 9"),
        ({"defects": ["blur"]}, 'now "blur"'),
        ({"pool": HELD_OUT}, f'pool was "{len(ACTIONS)} actions'),
    ],
)
def test_other_settings_are_refused_by_name(folder, changed, named):
    before = contents(folder)
    with pytest.raises(GaiaJudgeError) as caught:
        write_benchmark(folder, **{**SMALL, **changed}, workers=1)
    assert named in caught.value.message
    assert contents(folder) == before


@pytest.mark.parametrize(
    "wrong", [{"actions": 10_000}, {"generators": 0}, {"raters": 0}, {"seed": -1}, {"defects": ["blurr"]}]
)
def test_impossible_settings_are_refused_before_anything_is_written(tmp_path, wrong):
    with pytest.raises(GaiaJudgeError):
        write_benchmark(tmp_path / "new", **{**SMALL, **wrong})
    assert not (tmp_path / "new").exists()


def test_folders_with_other_things_are_refused(tmp_path):
    (tmp_path / "mine.txt").write_text("precious")
    for out in (tmp_path, tmp_path / "mine.txt"):
        with pytest.raises(GaiaJudgeError, match="new or empty"):
            write_benchmark(out, **SMALL)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_only_chosen_defects_and_actions_occur(tmp_path):
    chosen = pick_actions(HELD_OUT, 20, 0)
    assert set(chosen) <= set(HELD_OUT)
    clips = plan_clips(sample_generators(18, 0), chosen, 0, ["flicker", "looping"])
    assert {defect.name for clip in clips for defect in clip.plan.defects} == {"flicker", "looping"}


def test_actions_are_spread_over_subsets():
    counts = Counter(action.subset for action in pick_actions(ACTIONS, 60, 0))
    whole = Counter(action.subset for action in ACTIONS)
    assert all(abs(counts[name] - 60 * whole[name] / len(ACTIONS)) <= 1.5 for name in whole)
    assert pick_actions(ACTIONS, 60, 0) == pick_actions(ACTIONS, 60, 0) != pick_actions(ACTIONS, 60, 1)


def run(*words):
    command = [sys.executable, "-m", "gaia_judge.cli", "synth", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_command_writes_a_benchmark_and_says_what_it_is(tmp_path):
    out = tmp_path / "out"
    words = [out, "--generators", 1, "--actions", 3, "--raters", 5, "--workers", 1, "--sheet"]
    done = run(*words, "--defects", "blur", "--actions-from", "held-out")
    assert done.returncode == 0, done.stderr
    assert "no evidence about real" in " ".join(done.stdout.split())
    assert "skewness" in done.stdout
    assert len(read_videos(out)) == 3
    assert json.loads((out / "synth.json").read_text())["defects"] == "blur"
    assert {video.action for video in read_videos(out)} <= {action.name for action in HELD_OUT}
    assert (out / "defects.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    "words",
    [
        ["--actions", "9999"],
        ["--generators", "0"],
        ["--defects", "blurr"],
        ["--defects", "blur", "--defects-from", "trained"],
    ],
)
def test_wrong_words_are_refused_without_a_traceback(tmp_path, words):
    done = run(tmp_path / "out", *words)
    assert done.returncode == 2
    assert "Error" in done.stderr
    assert "Traceback" not in done.stderr
    assert not Path(tmp_path / "out").exists()


def test_processes_that_draw_end_with_a_parent_that_is_killed(tmp_path):
    words = ["synth", str(tmp_path / "out"), "--generators", "18", "--actions", "40", "--workers", "2"]
    parent = psutil.Popen([sys.executable, "-m", "gaia_judge.cli", *words], stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not list((tmp_path / "out").glob("videos/*.mp4")):
        time.sleep(0.2)
    drawing = parent.children(recursive=True)
    assert len(drawing) >= 2
    parent.kill()
    parent.wait()
    _, alive = psutil.wait_procs(drawing, timeout=30)
    assert not alive
