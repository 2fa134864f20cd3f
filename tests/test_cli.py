"""The command line as a user meets it."""

import json
import os
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner
from scipy import stats

from gaia_judge.calibration.calibrations import Plan
from gaia_judge.cards import JudgeCard
from gaia_judge.cli import COMMANDS, cli
from gaia_judge.errors import GaiaJudgeError
from gaia_judge.frames import FrameSpec
from gaia_judge.judges import FOREIGN, Judge, plan_judge
from gaia_judge.prompts import load_prompt_set
from gaia_judge.scores import ScoreTable
from gaia_judge.synthetic.defects import DIMENSIONS
from gaia_judge.videos.origins import SYNTHETIC_TAG
from tests.clips import write_clip
from tests.scripted import ScriptedEngine, certain


def run(*words, cwd=None, env=None):
    command = [sys.executable, "-m", "gaia_judge.cli", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=env, check=False)


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_has_help_with_an_example(name):
    words = [*name.split(), *(["show"] if name == "prompt" else []), "--help"]
    result = CliRunner().invoke(cli, words)
    assert result.exit_code == 0
    assert f"gaia-judge {name}" in result.output


def test_help_imports_nothing_heavy():
    code = "import sys; from gaia_judge.cli import main; sys.argv = ['gaia-judge', '--help']\n"
    code += "try: main()\nexcept SystemExit: pass\n"
    code += "print([m for m in ('torch', 'pandas', 'numpy', 'transformers', 'pydantic') if m in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.splitlines()[-1] == "[]"


def test_bad_usage_is_one_line_and_exit_code_2(tmp_path):
    result = run("score", tmp_path / "nothing", "--model", "llava")
    assert result.returncode == 2
    assert "nothing" in result.stderr
    assert "Traceback" not in result.stderr


def test_an_unknown_model_suggests_near_ones(tmp_path):
    write_clip(tmp_path / "clip.mp4", frames=4)
    result = run("score", tmp_path, "--model", "lava")
    assert result.returncode == 2
    assert "Did you mean llava or" in result.stderr


def test_a_judge_that_cannot_run_here_says_why_and_what_would_work(tmp_path):
    """No weights, no hub; the time limit is far above the promise and only catches retries."""
    (tmp_path / "videos").mkdir()
    write_clip(tmp_path / "videos" / "clip.mp4", frames=4)
    env = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path / "hub")}
    start = time.monotonic()
    result = run("score", tmp_path / "videos", "--model", "llava-small", cwd=tmp_path, env=env)
    assert time.monotonic() - start < 60
    assert result.returncode == 2
    assert "cannot run here" in result.stderr
    assert "hf download llava-hf/llava-onevision-qwen2-0.5b-ov-hf" in result.stderr
    assert "--base-url" in result.stderr
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    "words",
    [
        ["frames", "clip.mp4", "--out", "nowhere/sheet.png"],
        ["score", "clip.mp4", "--model", "llava", "--engine-arg", "a=["],
        ["score", "clip.mp4", "--model", "llava", "--engine-arg", "a"],
        ["score", "clip.mp4", "--model", "llava", "--shard", "3/2"],
        ["score", "clip.mp4", "--model", "llava", "--prompt", "sylogism"],
        ["score", "clip.mp4", "--model", "llava", "--engine", "vlm"],
        ["score", "clip.mp4", "--model", "llava", "--readout", "reasoned"],
    ],
)
def test_wrong_words_are_one_error_without_a_traceback(tmp_path, words):
    write_clip(tmp_path / "clip.mp4", frames=4)
    result = run(*words, cwd=tmp_path)
    assert result.returncode == 2
    assert result.stderr.startswith("Error: ")
    assert "Traceback" not in result.stderr


def test_ls_shows_origin_and_digest_as_json():
    rows = json.loads(CliRunner().invoke(cli, ["ls", "prompts", "--json"]).output)
    assert {"syllogism", "independent", "vqascore"} <= {row["name"] for row in rows}
    assert all(row["origin"] == "shipped" and row["digest"] for row in rows)


def test_an_ejected_prompt_wins_over_the_shipped_one(tmp_path):
    assert run("eject", "prompts", "syllogism", cwd=tmp_path).returncode == 0
    file = tmp_path / "prompts" / "syllogism" / "opening.j2"
    file.write_text("Look closely.\n", encoding="utf-8")
    shown = run("prompt", "show", "syllogism", cwd=tmp_path).stdout
    assert "Look closely." in shown
    assert "Look closely." not in run("prompt", "show", "syllogism").stdout
    assert run("eject", "prompts", "syllogism", cwd=tmp_path).returncode == 2


def test_frames_lists_times_and_writes_a_contact_sheet(tmp_path):
    clip = write_clip(tmp_path / "clip.mp4", frames=40)
    result = run("frames", clip, "--frames", 4, "--out", tmp_path / "sheet.png")
    assert result.returncode == 0
    assert "4 of 40 frames" in result.stdout
    assert [line.split()[1] for line in result.stdout.splitlines()[1:5]] == ["5", "15", "25", "35"]
    assert (tmp_path / "sheet.png").read_bytes().startswith(b"\x89PNG")


def test_frames_of_a_broken_file_is_one_line(tmp_path):
    (tmp_path / "bad.mp4").write_bytes(b"no video")
    result = run("frames", tmp_path / "bad.mp4")
    assert result.returncode == 2
    assert "bad.mp4" in result.stderr
    assert "Traceback" not in result.stderr


def with_torchvision(folder, release, code):
    """Return an environment in which torchvision is of some release and consists of some code."""
    (folder / "torchvision").mkdir()
    (folder / "torchvision" / "__init__.py").write_text(code, encoding="utf-8")
    (folder / f"torchvision-{release}.dist-info").mkdir()
    metadata = f"Metadata-Version: 2.1\nName: torchvision\nVersion: {release}\n"
    (folder / f"torchvision-{release}.dist-info" / "METADATA").write_text(metadata, encoding="utf-8")
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), *filter(None, sys.path)])}


def fitting_torchvision():
    """Return the release of torchvision for the torch that is here: 0.28.0 for 2.13.0."""
    _, minor, patch = version("torch").partition("+")[0].split(".")
    return f"0.{int(minor) + 15}.{patch}"


BROKEN = 'raise RuntimeError("operator torchvision::nms does not exist\\nTraceback of much else")'


@pytest.mark.parametrize("command", [["score", "clip.mp4"], ["demo"]], ids=" ".join)
def test_a_torchvision_of_another_release_is_one_line_that_cures_it(tmp_path, engine_home, command):
    write_clip(tmp_path / "clip.mp4", frames=4)
    env = with_torchvision(tmp_path, "0.2.0", BROKEN)
    checkpoint = engine_home("llava-onevision") / "checkpoint"
    result = run(*command, "--model", checkpoint, cwd=tmp_path, env=env)
    assert result.returncode == 2
    assert result.stderr.startswith("Error: torch ")
    assert f"'torchvision==={fitting_torchvision()}'" in result.stderr
    assert result.stderr.count("pip install") == len(result.stderr.splitlines()) == 1


def test_a_torchvision_that_cannot_be_imported_is_one_line_that_cures_it(tmp_path, engine_home):
    write_clip(tmp_path / "clip.mp4", frames=4)
    env = with_torchvision(tmp_path, fitting_torchvision(), BROKEN)
    words = ["--model", engine_home("llava-onevision") / "checkpoint", "--engine", "transformers"]
    result = run("score", "clip.mp4", *words, cwd=tmp_path, env=env)
    assert result.returncode == 2
    assert result.stderr.startswith("Error: torchvision cannot be imported: operator torchvision::nms")
    assert f"'torchvision==={fitting_torchvision()}'" in result.stderr
    assert result.stderr.count("pip install") == len(result.stderr.splitlines()) == 1
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("words", ["batch_size=0", "batch_size=many", "tensor_parallel_size=2"])
def test_engine_arguments_that_transformers_does_not_know_are_refused(tmp_path, engine_home, words):
    write_clip(tmp_path / "clip.mp4", frames=4)
    judge = ["--model", engine_home("llava-onevision") / "checkpoint", "--engine", "transformers"]
    result = run("score", "clip.mp4", *judge, "--engine-arg", words, cwd=tmp_path)
    assert result.returncode == 2
    assert f"Error: transformers cannot use the engine arguments {words}" in result.stderr


@pytest.fixture
def synthetic_judge(monkeypatch):
    """Let ``score`` use a judge of the synthetic world that calls everything good."""

    def judge(card, **_):
        engine = ScriptedEngine(lambda request: certain("Good", request))
        return Judge(plan_judge(card, load_prompt_set("syllogism"), frames=FrameSpec(count=4)), engine)

    card = JudgeCard(name="small", about="small", model="none", world="synthetic")
    monkeypatch.setattr("gaia_judge.cli.score.load_card", lambda name: card)
    monkeypatch.setattr("gaia_judge.cli.score.load_judge", judge)


@pytest.fixture
def small_demo(monkeypatch):
    """Let ``demo`` draw six clips, and judge them by how bright they are; return its requests."""

    def script(request):
        labels = request.ask.labels
        return certain(labels[int(request.frames.images.mean() * 7) % len(labels)], request)

    def judge(name, **_):
        card = JudgeCard(name=name, about="small", model="none", world="synthetic")
        return Judge(plan_judge(card, load_prompt_set("syllogism"), frames=FrameSpec(count=4)), engine)

    engine = ScriptedEngine(script)
    monkeypatch.setattr("gaia_judge.cli.demo.load_judge", judge)
    monkeypatch.setattr("gaia_judge.cli.demo.GENERATORS", 2)
    monkeypatch.setattr("gaia_judge.cli.demo.ACTIONS", 3)
    monkeypatch.setattr("gaia_judge.cli.demo.PLAN", Plan("linear", "action", folds=3))
    return engine.asked


def test_the_demo_ends_with_the_agreement_of_its_own_tables(tmp_path, small_demo):
    result = CliRunner().invoke(cli, ["demo", "--out", str(tmp_path), "--json"])
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert (found["videos"], found["foreign_videos"], found["failed"]) == (6, 0, 0)
    assert found["world"] == "synthetic"
    assert "no evidence about real judges" in found["about"]
    scores = pd.read_csv(tmp_path / "run" / "scores.csv")
    people = pd.read_csv(tmp_path / "benchmark" / "MOS.csv").set_index("filename")
    rows = {(row["rater"], row["dimension"]): row for row in found["comparison"]["raters"]}
    for dimension in DIMENSIONS:
        values = scores[scores["dimension"] == dimension].set_index("video")["value"]
        theirs = people.loc[values.index + ".mp4", f"final action {dimension}"].to_numpy()
        row = rows["nano/syllogism/expected", dimension]
        assert row["srcc"] == pytest.approx(stats.spearmanr(values, theirs).statistic, abs=1e-9)
        assert row["plcc"] == pytest.approx(stats.pearsonr(values, theirs).statistic, abs=1e-9)
        assert (row["n"], row["missing"]) == (6, 0)
    assert {one["dimension"] for one in found["calibration"]["agreement"]} == set(DIMENSIONS)
    calibrated = pd.read_csv(tmp_path / "run" / "calibration" / "linear-action" / "scores.csv")
    assert set(calibrated["calibration"]) == {"out-of-fold"}
    assert all(Path(path).exists() for path in found["written"])
    assert json.loads((tmp_path / "agreement.json").read_bytes()) == found


def test_the_demo_again_draws_and_asks_nothing_and_says_what_it_is(tmp_path, small_demo):
    words = ["demo", "--out", str(tmp_path)]
    assert CliRunner().invoke(cli, words).exit_code == 0
    before = len(small_demo)
    again = CliRunner().invoke(cli, words)
    assert again.exit_code == 0
    assert len(small_demo) == before > 0
    assert "SRCC" in again.stdout
    assert str(tmp_path / "run" / "scores.csv") in again.stdout
    assert "no evidence about real judges" in " ".join(again.stdout.split())
    assert "SYNTHETIC WORLD" in again.stderr
    other = CliRunner().invoke(cli, [*words, "--seed", "1"])
    assert isinstance(other.exception, GaiaJudgeError)
    assert "seed" in str(other.exception)


def test_the_demo_leaves_a_folder_of_other_things_alone(tmp_path, small_demo):
    (tmp_path / "thesis.txt").write_text("mine")
    result = CliRunner().invoke(cli, ["demo", "--out", str(tmp_path)])
    assert isinstance(result.exception, GaiaJudgeError)
    assert "thesis.txt" in str(result.exception)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]
    assert not small_demo


def make_worlds(folder):
    """Write two synthetic clips and two others, all named as in GAIA."""
    folder.mkdir()
    for number in range(4):
        comment = SYNTHETIC_TAG[1] if number % 2 else ""
        write_clip(folder / f"(Blobber)_(act {number}).mp4", frames=8, comment=comment)
    return folder


@pytest.mark.filterwarnings("ignore:.*not a synthetic clip")
def test_foreign_videos_are_announced_counted_and_marked_in_a_continued_run_too(tmp_path, synthetic_judge):
    words = [
        "score",
        str(make_worlds(tmp_path / "videos")),
        "--model",
        "small",
        "--out",
        str(tmp_path / "run"),
    ]
    first = CliRunner().invoke(cli, [*words, "--limit", "1"])
    assert "SYNTHETIC WORLD" in first.stderr
    assert "FOREIGN VIDEOS: 1 of 1" in first.stderr
    second = CliRunner().invoke(cli, [*words, "--json"])
    assert "FOREIGN VIDEOS: 2 of 4" in second.stderr
    summary = json.loads(second.stdout)
    assert (summary["world"], summary["videos"], summary["foreign_videos"]) == ("synthetic", 4, 2)
    written = json.loads((tmp_path / "run" / "run.json").read_bytes())
    assert written["results"] == {"videos": 4, "failed": 0, "foreign_videos": 2}
    assert written["manifest"]["judge"]["world"] == "synthetic"
    table = ScoreTable.read(tmp_path / "run" / "scores.csv").to_pandas()
    marked = table.loc[table["note"].eq(FOREIGN).fillna(False), "video"]
    assert set(marked) == {"(Blobber)_(act 0)", "(Blobber)_(act 2)"}


def test_questions_that_a_judge_does_not_know_are_one_error(tmp_path):
    """Before its weights are looked for: there are none."""
    write_clip(tmp_path / "clip.mp4", frames=4)
    known = f"syllogism@{load_prompt_set('syllogism').digest[:12]}"
    card = f"about: mine\nmodel: ./none\nprompt_sets: [{known}]\n"
    (tmp_path / "mine.yaml").write_text(card, encoding="utf-8")
    result = run("score", "clip.mp4", "--model", "mine.yaml", "--prompt", "vqascore", cwd=tmp_path)
    assert result.returncode == 2
    assert result.stderr.startswith("Error: mine was not trained on the prompt set vqascore")
    assert f"It knows: {known}." in result.stderr
    assert len(result.stderr.splitlines()) == 1
