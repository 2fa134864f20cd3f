"""``gaia-judge baseline fit``, from tables of features and from videos."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from gaia_judge.scores import SEEN, ScoreTable
from tests.clips import write_images

ROOT = Path(__file__).parents[1]

OUTSIDER = """
from gaia_judge.baselines.fittings import trained
from gaia_judge.baselines.recipes import Recipe
from gaia_judge.baselines.loops import NetworkLearner
from tests.learners import NETWORK, TRAINING, inside

RECIPE = Recipe(extractor=inside(), learner=NetworkLearner(NETWORK, TRAINING))
FACTS = {"about": "For tests.", "licence": "MIT", "citation": "none"}
BRIGHT = trained("bright", RECIPE, family="vqa", fidelity="adapted", **FACTS)
"""


@pytest.fixture
def run(tmp_path):
    home = tmp_path / "plugin"
    facts = home / "outsider-1.0.dist-info"
    facts.mkdir(parents=True)
    (home / "outsider.py").write_text(OUTSIDER)
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: outsider\nVersion: 1.0\n")
    (facts / "entry_points.txt").write_text("[gaia_judge.metrics]\nbright = outsider:BRIGHT\n")

    def run(*words):
        path = os.pathsep.join([str(home), str(ROOT)])
        env = {**os.environ, "PYTHONPATH": path, "XDG_CACHE_HOME": str(tmp_path / "cache")}
        command = [sys.executable, "-m", "gaia_judge.cli", *map(str, words)]
        return subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=env, check=False)

    return run


@pytest.fixture
def tables(tmp_path):
    """Features of 50 videos, of which ``subject`` follows; two cells are empty."""
    noise = np.random.default_rng(0)
    table = noise.normal(size=(50, 3))
    lines = [f"v{at}," + ",".join(map(str, row)) for at, row in enumerate(table)]
    lines[3], lines[4] = "v3,,0.5,1", "v4,,0,0"
    (tmp_path / "features.csv").write_text("video,a,b,c\n" + "\n".join(lines))
    mos = [f"v{at},{3 + row[0] + 0.1 * row[1]},{noise.normal()}" for at, row in enumerate(table)]
    (tmp_path / "mos.csv").write_text("video,subject,chance\n" + "\n".join(mos))
    return tmp_path


def words(*more):
    return ("baseline", "fit", "--features", "features.csv", "--human", "mos.csv", "--regressor", *more)


@pytest.mark.parametrize("regressor", ["tlvqm", "videval"])
def test_features_that_others_computed_are_enough(run, tables, regressor):
    done = run(*words(regressor, "--splits", "3", "--seed", "5", "--json"))
    assert done.returncode == 0, done.stderr
    subject, chance = json.loads(done.stdout)
    assert (subject["dimension"], chance["dimension"]) == ("subject", "chance")
    assert subject["srcc"] > 0.7 > chance["srcc"]
    assert subject["splits"] == 3
    assert subject["tested"] == [10, 10, 10]
    for name in ("srcc", "plcc"):
        assert {name, f"{name}_mean", f"{name}_sd"} <= subject.keys()
    again = run(*words(regressor, "--splits", "3", "--seed", "5", "--json", "--out", "again"))
    assert json.loads(again.stdout) == [subject, chance]
    other = run(*words(regressor, "--splits", "3", "--seed", "6", "--json", "--out", "other"))
    assert json.loads(other.stdout)[1]["srcc_mean"] != chance["srcc_mean"]


def test_held_out_scores_are_what_compare_takes(run, tables):
    done = run(*words("tlvqm", "--splits", "2", "--out", "fit"))
    assert done.returncode == 0, done.stderr
    assert "SRCC" in done.stdout
    compared = run("compare", "fit", "--human", "mos.csv", "--bootstrap", "9", "--format", "csv")
    assert compared.returncode == 0, compared.stderr
    frame = ScoreTable.read(tables / "fit").to_pandas()
    assert 10 <= frame[frame["dimension"] == "subject"]["value"].notna().sum() <= 20
    assert frame["error"].isna().all()  # what was never held out has no row


@pytest.fixture
def clips(tmp_path):
    folder = tmp_path / "videos"
    folder.mkdir()
    lines = ["video,subject"]
    for number in range(16):
        name = f"(maker {number % 2})_(action {number % 8})" if number < 8 else f"clip-{number}"
        write_images(folder / f"{name}.mp4", np.full((6, 64, 128, 3), 10 + 14 * number, np.uint8))
        lines.append(f"{name},{number}")
    (tmp_path / "mos.csv").write_text("\n".join(lines))
    return folder


FIT = (
    "baseline",
    "fit",
    "videos",
    "--metric",
    "bright",
    "--human",
    "mos.csv",
    "--splits",
    "2",
    "--out",
    "fit",
)


def test_from_videos_to_a_metric_for_new_videos(run, clips, tmp_path):
    done = run(*FIT, "--json")
    assert done.returncode == 0, done.stderr
    (row,) = json.loads(done.stdout)
    assert row["tested"] == [3, 3]
    assert "--metric bright:fit" in done.stderr
    new = tmp_path / "new"
    new.mkdir()
    write_images(new / "new.mp4", np.full((6, 64, 128, 3), 77, np.uint8))
    measured = run("baseline", new, "--metric", "bright:fit", "--out", "measured")
    assert measured.returncode == 0, measured.stderr
    frame = ScoreTable.read(tmp_path / "measured").to_pandas()
    assert frame["dimension"].tolist() == ["subject"]
    assert frame["rater"].tolist() == ["bright:fit (adapted)"]
    assert frame["value"].notna().all()
    run("baseline", "videos", "--metric", "bright:fit", "--out", "seen")
    refused = run("compare", "seen", "--human", "mos.csv")
    assert refused.returncode == 2
    assert "would flatter it" in refused.stderr


def test_copies_of_training_videos_are_marked_and_others_of_their_names_are_told(run, clips, tmp_path):
    assert run(*FIT).returncode == 0
    new = tmp_path / "new"
    new.mkdir()
    (new / "copy.mp4").write_bytes((clips / "clip-9.mp4").read_bytes())
    write_images(new / "clip-10.mp4", np.full((6, 64, 128, 3), 99, np.uint8))
    assert run("baseline", "new", "--metric", "bright:fit", "--out", "measured").returncode == 0
    notes = ScoreTable.read(tmp_path / "measured").to_pandas().set_index("video")["note"]
    assert notes["copy"] == SEEN
    assert notes["clip-10"].startswith("has the name of a video that it was fitted to")
    told = json.loads((tmp_path / "fit" / "fit.json").read_bytes())
    del told["contents"]  # as in fits of old
    (tmp_path / "fit" / "fit.json").write_text(json.dumps(told))
    assert run("baseline", "new", "--metric", "bright:fit", "--out", "old").returncode == 0
    notes = ScoreTable.read(tmp_path / "old").to_pandas().set_index("video")["note"]
    assert notes["clip-10"] == SEEN
    assert notes[["copy"]].isna().all()


def test_damaged_features_are_made_anew(run, clips, tmp_path):
    assert run(*FIT).returncode == 0
    file = next((tmp_path / "cache").rglob("*.safetensors"))
    whole = file.read_bytes()
    for damaged in (whole[:-1], b"", b"no features"):
        file.write_bytes(damaged)
        again = run(*FIT)
        assert again.returncode == 0, again.stderr
        assert "1 videos in" in again.stderr
        assert file.read_bytes() == whole


def test_the_same_command_continues_and_decodes_nothing_again(run, clips):
    assert run(*FIT).returncode == 0
    again = run(*FIT)
    assert again.returncode == 0, again.stderr
    assert "0 videos in" in again.stderr
    assert "(16 were done before)" in again.stderr
    assert "1 trainings in" in again.stderr
    assert "(2 were done before)" in again.stderr
    changed = run(*FIT, "--seed", "3")
    assert changed.returncode == 2
    assert "seed was 0, now 3" in changed.stderr


def test_a_folder_with_splits_of_other_videos_is_taught_anew(run, clips, tmp_path):
    assert run(*FIT, "--limit", "12").returncode == 0
    few = (tmp_path / "fit" / "splits" / "subject-0.json").read_bytes()
    assert run(*FIT).returncode == 0
    all_ = (tmp_path / "fit" / "splits" / "subject-0.json").read_bytes()
    assert few != all_
    for number, file in enumerate(sorted(clips.glob("*.mp4"))):
        write_images(file, np.full((6, 64, 128, 3), 250 - 14 * number, np.uint8))
    assert run(*FIT).returncode == 0
    assert (tmp_path / "fit" / "splits" / "subject-0.json").read_bytes() != all_
    assert not (tmp_path / "fit" / "work").exists()


def test_a_broken_video_is_a_row_with_its_error_and_exit_code_1(run, clips, tmp_path):
    (clips / "broken.mp4").write_text("no video")
    done = run(*FIT)
    assert done.returncode == 1
    assert "1 videos have no features, such as broken" in done.stderr
    frame = ScoreTable.read(tmp_path / "fit").to_pandas().set_index("video")
    assert "broken.mp4" in frame.loc["broken", "error"]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--metric", "bright"), "Either a metric or features"),
        (("--metric", "dis-flow-score", "--human", "mos.csv", "videos"), "is not trained"),
        (("--metric", "brigt", "--human", "mos.csv", "videos"), "Did you mean bright?"),
        (
            (
                "--metric",
                "bright",
                "--human",
                "mos.csv",
                "videos",
                "--protocol",
                "folds-by-action",
                "--splits",
                "2",
            ),
            "no random splits",
        ),
        (
            ("--metric", "bright", "--human", "mos.csv", "videos", "--protocol", "gaia-by-action"),
            "have no action",
        ),
    ],
)
def test_bad_usage_is_one_line_and_exit_code_2(run, clips, more, said):
    given = more if "videos" in more else (*more, "--features", "f.csv", "--human", "mos.csv")
    done = run("baseline", "fit", *given)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name,a\nv1,1", "must begin with a column video"),
        ("video,a\nv1,1\nv1,2", "has the video 'v1' twice"),
        ("video,a\nv1,x", "row 1: 'x' is not a number"),
    ],
)
def test_a_bad_table_of_features_names_file_and_cell(run, tables, text, said):
    (tables / "features.csv").write_text(text)
    done = run(*words("tlvqm"))
    assert done.returncode == 2
    assert "features.csv" in done.stderr
    assert said in done.stderr
