"""The trained nano as it is shipped: what it sees in new clips, in both engines, and what it refuses."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from gaia_judge.agreement import srcc
from gaia_judge.cards import load_card
from gaia_judge.cli import cli
from gaia_judge.controls import controlled, misname
from gaia_judge.errors import GaiaJudgeError
from gaia_judge.judges import load_judge
from gaia_judge.nano.lessons import DEFECTS, TRAINED
from gaia_judge.nano.texts import PROMPT_SETS, stamps
from gaia_judge.people import read_mos
from gaia_judge.synthetic.benchmarks import write_benchmark
from gaia_judge.synthetic.defects import DIMENSIONS
from gaia_judge.videos import read_videos
from tests.clips import write_images

HOME = Path(__file__).parents[1] / "judges" / "nano"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a benchmark of 144 clips, of generators and seeds that training never drew."""
    folder = tmp_path_factory.mktemp("nano") / "benchmark"
    write_benchmark(folder, generators=9, actions=16, seed=4711, pool=TRAINED, defects=DEFECTS)
    return folder


@pytest.fixture(scope="module")
def judge():
    with load_judge("nano", engine="transformers") as judge:
        yield judge


def ratings(judge, videos):
    frame = judge.rate(videos).to_pandas()
    return frame.pivot(index="video", columns="dimension", values="value").loc[[one.id for one in videos]]


@pytest.fixture(scope="module")
def seen(judge, folder):
    return ratings(judge, read_videos(folder))


def test_the_checkpoint_is_small_and_holds_no_pickle():
    files = [path for path in HOME.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 20e6
    assert {path.suffix for path in files} <= {".json", ".jinja", ".safetensors", ".md"}


def test_its_first_line_says_what_it_knows():
    text = (HOME / "README.md").read_text(encoding="utf-8")
    body = text.split("---\n", 2)[2] if text.startswith("---\n") else text
    assert "only the synthetic world" in body.strip().splitlines()[0]
    assert json.loads((HOME / "config.json").read_text())["prompt_sets"] == stamps()
    assert list(load_card("nano").prompt_sets) == stamps()


@pytest.mark.parametrize(
    ("dimension", "floor"), [("subject", 0.6), ("completeness", 0.5), ("interaction", 0.65)]
)
def test_it_agrees_with_simulated_people(dimension, floor, seen, folder):
    assert srcc(seen[dimension], read_mos(folder).reindex(seen.index)[dimension]) > floor


@pytest.mark.parametrize("control", ["text only", "blank video"])
def test_without_frames_it_knows_nothing(control, judge, folder):
    """Within three standard errors, 1 / sqrt(n - 1), of an SRCC between what has nothing in common."""
    videos, mos = read_videos(folder), read_mos(folder)
    with controlled(judge, control):
        blind = ratings(judge, videos)
    assert np.isfinite(blind.to_numpy(float)).all()
    for dimension in DIMENSIONS:
        if np.ptp(blind[dimension]) == 0:
            continue  # one rating for all is as blind as can be, and its SRCC undefined
        found = srcc(blind[dimension], mos.reindex(blind.index)[dimension])
        assert abs(found) < 3 / np.sqrt(len(videos) - 1), dimension


def test_the_wrong_name_and_lost_order_lower_completeness(judge, seen, folder):
    videos = read_videos(folder)
    people = read_mos(folder).reindex(seen.index)["completeness"]
    complete = people.to_numpy() > people.quantile(0.6)
    wrong = ratings(judge, misname(videos))
    with controlled(judge, "frames shuffled"):
        shuffled = ratings(judge, videos)
    for other in (wrong, shuffled):
        change = (other["completeness"] - seen["completeness"]).to_numpy()[complete]
        assert change.mean() < -2 * change.std() / np.sqrt(len(change))


@pytest.mark.parametrize("prompt", ["syllogism", "independent", "vqascore"])
def test_it_answers_all_that_it_was_trained_on_with_its_labels(prompt, folder):
    with load_judge("nano", engine="transformers", prompt=prompt) as judge:
        frame = judge.rate(read_videos(folder)[:6]).to_pandas()
    assert frame["value"].notna().all()
    assert (frame["off_scale_mass"] < 0.05).all()


def test_other_frames_are_refused_in_one_line(folder, tmp_path):
    words = ["score", str(folder), "--model", "nano", "--frames", "16", "--out", str(tmp_path / "run")]
    command = [sys.executable, "-m", "gaia_judge.cli", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    told = "Error: nano was not trained on 16 frames. It knows 8 frames at equal distances.\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", told)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("more", [{"prompt": "syllogism-form"}, {"scale": "one-to-five"}])
def test_other_questions_are_refused(more):
    with pytest.raises(GaiaJudgeError, match="was not trained on"):
        load_judge("nano", engine="transformers", **more)


def test_a_foreign_clip_under_gaias_name_is_marked(tmp_path):
    rng = np.random.default_rng(0)
    write_images(
        tmp_path / "(Gen)_(raising the left arm).mp4", rng.integers(0, 255, (8, 64, 64, 3), np.uint8), 8
    )
    out = tmp_path / "run"
    words = ["score", str(tmp_path), "--model", "nano", "--engine", "transformers", "--out", str(out)]
    with pytest.warns(UserWarning, match="is not a synthetic clip"):
        done = CliRunner().invoke(cli, words)
    assert done.exit_code == 0, done.output
    assert json.loads((out / "run.json").read_text())["results"]["foreign_videos"] == 1
    assert "outside the judge's world" in (out / "scores.csv").read_text()


PARITY = {"syllogism": 12, "independent": 6, "vqascore": 6}
"""Clips that both engines rate, by prompt set."""

VLLM = """
import json, sys
from pathlib import Path
from gaia_judge.judges import load_judge
from gaia_judge.videos import read_videos
if __name__ == "__main__":
    for prompt, count in json.loads(sys.argv[2]).items():
        with load_judge("nano", engine="vllm", prompt=prompt) as judge:
            table = judge.rate(read_videos(sys.argv[1])[:count])
        table.to_pandas().to_csv(Path(sys.argv[3]) / f"{prompt}.csv")
"""


@pytest.mark.vllm
@pytest.mark.slow
def test_vllm_gives_the_same_ratings(folder, tmp_path):
    """Of every prompt set that nano knows, one after another in one process."""
    pytest.importorskip("vllm")
    (tmp_path / "score.py").write_text(VLLM)
    command = [sys.executable, str(tmp_path / "score.py"), str(folder), json.dumps(PARITY), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert list(PARITY) == list(PROMPT_SETS)
    for prompt, count in PARITY.items():
        frame = pd.read_csv(tmp_path / f"{prompt}.csv")
        found = frame.pivot(index="video", columns="dimension", values="value")
        assert found.shape == (count, len(DIMENSIONS))
        with load_judge("nano", engine="transformers", prompt=prompt) as judge:
            expected = ratings(judge, read_videos(folder)[:count])
        assert np.abs(found - expected.loc[found.index, found.columns]).to_numpy().max() < 0.02, prompt
