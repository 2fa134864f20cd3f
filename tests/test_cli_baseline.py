"""``gaia-judge baseline`` and ``ls metrics``, with an outsider's metric beside the built-in ones."""

import json
import os
import subprocess
import sys
from importlib.metadata import version
from io import StringIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gaia_judge.scores import ScoreTable
from tests.clips import write_images

ROOT = Path(__file__).parents[1]

OUTSIDER = """
import os, time
from gaia_judge.baselines import Metric

class Brightness:
    def __init__(self, metric, setting):
        self.metric, self.device = metric, setting.device
    def measure(self, clips):
        time.sleep(float(os.environ.get("SLOW", "0")))
        return [self.metric.scores(clip, float(clip.frames.images.mean())) for clip in clips]
    def describe(self):
        return {"version": os.environ.get("VERSION", "1"), "computes_on": self.device}

BRIGHTNESS = Metric(name="brightness", about="Mean of all pixels.", family="vqa", fidelity="official-weights",
    licence="MIT", citation="none", load=Brightness, dimensions=("brightness",))
"""


@pytest.fixture(scope="module")
def plugin(tmp_path_factory):
    """A folder with an installed package of someone else's, which registers a metric and a broken one."""
    home = tmp_path_factory.mktemp("plugin")
    (home / "outsider.py").write_text(OUTSIDER)
    facts = home / "outsider-1.0.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: outsider\nVersion: 1.0\n")
    entries = "[gaia_judge.metrics]\nbrightness = outsider:BRIGHTNESS\nbroken = outsider:NOTHING\n"
    (facts / "entry_points.txt").write_text(entries)
    return home


@pytest.fixture
def run(plugin, tmp_path):
    def run(*words, **more):
        path = os.pathsep.join([str(plugin), str(ROOT)])
        env = {
            **os.environ,
            "PYTHONPATH": path,
            "HF_HUB_OFFLINE": "1",
            "HF_HOME": str(tmp_path / "hub"),
            **more,
        }
        command = [sys.executable, "-m", "gaia_judge.cli", *map(str, words)]
        return subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=env, check=False)

    return run


@pytest.fixture
def videos(tmp_path):
    folder = tmp_path / "videos"
    folder.mkdir()
    for number in range(4):
        name = f"(maker {number % 2})_(action {number}).mp4"
        write_images(folder / name, np.full((8, 64, 128, 3), 40 + 40 * number, np.uint8))
    return folder


def test_an_outsiders_metric_is_used_as_the_built_in_ones_are(run, videos, tmp_path):
    done = run("baseline", videos, "--metric", "brightness,dis-flow-score", "--out", "out", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert [row["rater"] for row in told["metrics"]] == ["brightness", "dis-flow-score (substitute)"]
    assert [row["fidelity"] for row in told["metrics"]] == ["official-weights", "substitute"]
    frame = ScoreTable.read(tmp_path / "out").to_pandas()
    bright = frame[frame["rater"] == "brightness"].set_index("video")["value"]
    assert np.allclose(sorted(bright), [40, 80, 120, 160], atol=3)
    still = frame[frame["rater"] != "brightness"]["value"]
    assert (still < 0.1).all()


def test_tables_show_each_rater_and_the_way_on(run, videos):
    done = run("baseline", videos, "--metric", "brightness", "--metric", "dis-flow-score")
    assert done.returncode == 0, done.stderr
    assert "dis-flow-score" in done.stdout
    assert "substitute" in done.stdout
    assert "gaia-judge compare runs/videos-brightness-dis-flow-score --human MOS.csv" in done.stderr


def test_compare_takes_a_run_of_several_metrics_and_says_which_are_substitutes(run, videos, tmp_path):
    run("baseline", videos, "--metric", "brightness,dis-flow-score", "--out", "out")
    names = [f"(maker {number % 2})_(action {number})" for number in range(4)]
    mos = {"subject": [1, 2, 3, 4], "completeness": [4, 3, 2, 1], "interaction": [1, 3, 2, 4]}
    pd.DataFrame({"video": names, **mos}).to_csv(tmp_path / "mos.csv", index=False)
    done = run("compare", "out", "--human", "mos.csv", "--bootstrap", "9", "--format", "csv")
    assert done.returncode == 0, done.stderr
    assert "dis-flow-score (substitute)" in done.stdout
    rows = pd.read_csv(StringIO(done.stdout))
    srcc = rows[rows["rater"] == "brightness"].set_index("dimension")["srcc"]
    assert srcc["subject"] == 1.0
    assert srcc["completeness"] == -1.0
    assert srcc["interaction"] == pytest.approx(0.8)


def test_the_same_command_continues_and_a_changed_metric_is_refused_by_name(run, videos, tmp_path):
    words = ("baseline", videos, "--metric", "brightness", "--out", "out")
    assert run(*words, "--limit", "2").returncode == 0
    done = run(*words)
    assert "2 videos" in done.stderr
    assert "(2 were done before)" in done.stderr
    assert len(ScoreTable.read(tmp_path / "out")) == 4
    changed = run(*words, VERSION="2")
    assert changed.returncode == 2
    assert 'metrics.brightness.version was "1", now "2"' in changed.stderr
    other = run("baseline", videos, "--metric", "brightness,dis-flow-score", "--out", "out")
    assert other.returncode == 2
    assert "metrics.dis-flow-score (substitute) was absent, now given" in other.stderr


def test_the_manifest_says_where_and_with_what_values_were_computed(run, videos, tmp_path):
    words = ("baseline", videos, "--metric", "brightness", "--limit", "1")
    for device in ("cpu", "meta"):  # torch's meta device is everywhere, and brightness does not use it
        done = run(*words, "--out", device, "--device", device)
        assert done.returncode == 0, done.stderr
        told = json.loads((tmp_path / device / "run.json").read_text())["manifest"]
        assert (told["device"], told["metrics"]["brightness"]["computes_on"]) == (device, device)
    names = {"av", "decord2", "opencv-python-headless", "torch", "torchvision", "transformers"}
    assert told["packages"] == {name: version(name) for name in names}
    assert told["metrics"]["brightness"]["package"] == "outsider 1.0"
    assert (told["frames"]["count"], told["frames"]["every"]) == (8, False)
    assert told["metrics"]["brightness"]["frames"]["count"] == 8
    changed = run(*words, "--out", "cpu", "--device", "meta")
    assert changed.returncode == 2
    assert 'device was "cpu", now "meta"' in changed.stderr


def test_killed_at_any_instant_it_continues_to_the_table_of_an_undisturbed_run(run, plugin, videos, tmp_path):
    words = ["baseline", str(videos), "--metric", "brightness", "--batch", "1", "--out"]
    run(*words, "whole")
    env = {**os.environ, "PYTHONPATH": f"{plugin}{os.pathsep}{ROOT}", "SLOW": "0.5"}
    command = [sys.executable, "-m", "gaia_judge.cli", *words, "killed"]
    journal = tmp_path / "killed" / "journal.jsonl"
    started = subprocess.Popen(command, cwd=tmp_path, env=env, stderr=subprocess.DEVNULL)
    while started.poll() is None and (not journal.exists() or journal.read_bytes().count(b"\n") < 2):
        pass
    started.kill()
    started.wait()
    done = journal.read_bytes().count(b"\n")
    assert 2 <= done < 4
    again = run(*words, "killed")
    assert f"({done} were done before)" in again.stderr
    assert ScoreTable.read(tmp_path / "killed") == ScoreTable.read(tmp_path / "whole")


def test_a_broken_video_is_a_row_with_its_error_and_exit_code_1(run, videos, tmp_path):
    (videos / "broken.mp4").write_text("no video")
    done = run("baseline", videos, "--metric", "brightness,dis-flow-score", "--out", "out")
    assert done.returncode == 1
    frame = ScoreTable.read(tmp_path / "out").to_pandas()
    lost = frame[frame["error"].notna()]
    assert set(lost["video"]) == {"broken"}
    assert len(lost) == 2
    assert lost["value"].isna().all()


def test_weights_that_are_not_here_are_told_at_once_and_nothing_is_written(run, videos, tmp_path):
    done = run("baseline", videos, "--metric", "brightness,clip-b32", "--out", "out")
    assert done.returncode == 2
    assert "openai/clip-vit-base-patch32" in done.stderr
    assert str(tmp_path / "hub") in done.stderr
    assert "--weights clip-b32=PATH" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


def test_weights_that_forbid_commercial_use_need_consent(run, videos):
    done = run("baseline", videos, "--metric", "motion-smoothness")
    assert done.returncode == 2
    assert "may not be used commercially" in done.stderr
    assert "--non-commercial" in done.stderr
    agreed = run("baseline", videos, "--metric", "motion-smoothness", "--non-commercial")
    assert agreed.returncode == 2
    assert "may not be used commercially" not in agreed.stderr
    assert "--weights amt-s=PATH" in agreed.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--metric", "brightnes"], "Did you mean brightness?"),
        (["--metric", "brightness", "--weights", "clip-b32"], "is not NAME=PATH"),
        (["--metric", "brightness", "--weights", "clip-b32=x"], "No metric asked for has weights 'clip-b32'"),
        (["--metric", "brightness:x"], "takes nothing"),
        (["--metric", "brightness", "--shard", "9/8"], "is not a shard"),
        (["--metric", "broken"], "cannot be imported"),
        (["--metric", ""], "lacks a name"),
        (["--metric", "brightness,"], "lacks a name"),
        (["--metric", "brightness", "--device", "warp"], "warp"),
    ],
)
def test_bad_usage_is_one_line_and_exit_code_2(run, videos, words, said):
    done = run("baseline", videos, *words)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_ls_metrics_says_what_runs_here_and_what_the_rest_lacks(run):
    done = run("ls", "metrics", "--json")
    assert done.returncode == 0, done.stderr
    rows = {row["name"]: row for row in json.loads(done.stdout)}
    assert rows["brightness"]["runs_here"]
    assert rows["dis-flow-score"]["runs_here"]
    assert not rows["broken"]["runs_here"]
    assert "NOTHING" in rows["broken"]["why_not"]
    clip = rows["clip-b32"]
    assert (clip["family"], clip["runs_here"]) == ("alignment", False)
    assert "openai/clip-vit-base-patch32" in clip["why_not"]
    (weights,) = clip["weights"]
    assert weights["source"] == "openai/clip-vit-base-patch32"
    table = run("ls", "metrics")
    told = table.stdout.replace("\n", " ")
    assert "Not here: " in told
    absent = sum(not row["runs_here"] for row in rows.values())
    assert 3 <= told.count("Not here: ") < absent / 1.5  # reasons that are one are told once
