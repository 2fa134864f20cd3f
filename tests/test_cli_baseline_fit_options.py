"""``gaia-judge baseline fit``: what each option changes, and what the folder says of it."""

import json
import shlex
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from gaia_judge.baselines.features import Extractor
from gaia_judge.baselines.fittings import trained
from gaia_judge.baselines.loops import NetworkLearner
from gaia_judge.baselines.recipes import Recipe
from gaia_judge.baselines.regressions import REGRESSIONS
from gaia_judge.baselines.weights import Weights
from gaia_judge.cli import baseline_fit, cli
from gaia_judge.cli.materials import command_of
from gaia_judge.errors import GaiaJudgeError
from gaia_judge.protocols import Protocol, splits
from gaia_judge.scores import SEEN, ScoreTable
from tests.clips import write_images
from tests.learners import NETWORK, TRAINING, halting, inside

COUNT = 12


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Clips of rising brightness and length with scores, a table of numbers, and features once extracted."""
    folder = tmp_path_factory.mktemp("home")
    (folder / "videos").mkdir()
    noise = np.random.default_rng(0).normal(size=COUNT)
    mos, features = ["video,subject"], ["video,a,b"]
    for at in range(COUNT):
        name = f"(m{at % 2})_(a{at})"
        write_images(folder / "videos" / f"{name}.mp4", np.full((4 + at, 64, 64, 3), 10 + 15 * at, np.uint8))
        mos.append(f"{name},{20 + 4 * at + noise[at]}")
        features.append(f"{name},{at},{noise[at]}")
    (folder / "mos.csv").write_text("\n".join(mos))
    (folder / "features.csv").write_text("\n".join(features))
    return folder


class Spy(NetworkLearner):
    lessons: ClassVar[list] = []
    trainings: ClassVar[list] = []

    def fit(self, lesson):
        self.lessons.append(lesson)
        self.trainings.append(self.training)
        return super().fit(lesson)


RECIPE = Recipe(extractor=inside(), learner=Spy(NETWORK, TRAINING))
BRIGHT = trained(
    "bright", RECIPE, about="", family="vqa", fidelity="adapted", licence="none", citation="none"
)


@pytest.fixture
def fit(home, tmp_path, monkeypatch):
    """Run the command in this process; returns run.json's manifest, lessons and trainings."""
    monkeypatch.chdir(home)
    monkeypatch.setattr("gaia_judge.cli.materials.find_metric", lambda name: BRIGHT)
    monkeypatch.setattr("gaia_judge.cli.materials.NetworkLearner", Spy)

    def fit(*words, out="fit", material=("videos", "--metric", "bright", "--processes", "1")):
        Spy.lessons, Spy.trainings = [], []
        given = ["baseline", "fit", *material, "--human", "mos.csv", "--out", str(tmp_path / out)]
        done = CliRunner().invoke(cli, [*given, "--cache", str(home / "cache"), "--json", *map(str, words)])
        if isinstance(done.exception, GaiaJudgeError):
            raise done.exception
        assert done.exit_code == 0, done.output
        return json.loads((tmp_path / out / "run.json").read_bytes())["manifest"], Spy.lessons, Spy.trainings

    return fit


PLAIN = Protocol(name="p", by="video", splits=2, test_share=0.25, seed=7)
NESTED = PLAIN.model_copy(update={"validation_share": 0.3})
REGRESSOR = ("--features", "features.csv", "--regressor", "tlvqm")


def use(monkeypatch, protocol):
    monkeypatch.setattr(baseline_fit, "load_protocol", lambda name: protocol)


@pytest.mark.parametrize(("words", "seed"), [((), 7), (("--seed", 3), 3), (("--seed", 0), 0)])
def test_the_protocols_seed_holds_unless_another_is_given(fit, tmp_path, monkeypatch, words, seed):
    use(monkeypatch, PLAIN)
    manifest, *_ = fit(*words, material=REGRESSOR)
    assert manifest["seed"] == manifest["protocol"]["seed"] == seed
    names = [line.split(",")[0] for line in Path("mos.csv").read_text().splitlines()[1:]]
    facts = pd.DataFrame({"generator": None, "action": None}, index=pd.Index(names, name="video"))
    for number, split in enumerate(splits(PLAIN.model_copy(update={"seed": seed}), facts)):
        told = json.loads((tmp_path / "fit" / "splits" / f"subject-{number}.json").read_bytes())
        assert told["videos"] == [names[row] for row in split.test]


def test_other_scores_of_people_are_refused_in_the_same_folder(fit, home):
    fit("--splits", 1, material=REGRESSOR)
    text = (home / "mos.csv").read_text()
    (home / "mos.csv").write_text(text.replace("_(a3),", "_(a3),1"))
    try:
        with pytest.raises(GaiaJudgeError, match="human was"):
            fit("--splits", 1, material=REGRESSOR)
    finally:
        (home / "mos.csv").write_text(text)


def test_epochs_rate_and_patience_are_those_of_the_training(fit, monkeypatch):
    use(monkeypatch, NESTED)
    manifest, _, trainings = fit("--epochs", 3, "--rate", 0.5, "--patience", 2)
    for one in trainings:
        assert (one.epochs, one.rate, one.patience, one.batch) == (3, 0.5, 2, TRAINING.batch)
    told = manifest["learner"]["training"]
    assert (told["epochs"], told["rate"], told["patience"]) == (3, 0.5, 2)
    with pytest.raises(GaiaJudgeError, match=r"training\.epochs was 3, now 4"):
        fit("--epochs", 4, "--rate", 0.5, "--patience", 2)


def test_patience_ends_a_training_that_ranks_no_better(fit, monkeypatch):
    """Each epoch kept is told; with a rate of nearly nothing no epoch ranks better than the first."""
    use(monkeypatch, NESTED)
    said = []
    monkeypatch.setattr("gaia_judge.cli.screens.Progress.say", lambda self, text: said.append(text))
    fit("--epochs", 9, "--rate", 1e-12, "--patience", 2)
    told = [text for text in said if "split 1:" in text]
    assert len(told) == 3


def test_what_chooses_the_epoch_is_the_validation_part_or_by_name_the_test(fit, tmp_path, monkeypatch):
    use(monkeypatch, NESTED)
    manifest, lessons, _ = fit("--epochs", 2)
    assert manifest["select"] == "honest"
    assert [len(one.chosen_by[1]) for one in lessons[:2]] == [3, 3]  # 3 of 12 are tested, 0.3 of the rest
    honest = ScoreTable.read(tmp_path / "fit").to_pandas()["calibration"]
    manifest, lessons, _ = fit("--epochs", 2, "--select", "upstream", out="upstream")
    assert manifest["select"] == "upstream"
    mos = dict(line.rsplit(",", 1) for line in Path("mos.csv").read_text().splitlines()[1:])
    for number, one in enumerate(lessons[:2]):
        told = json.loads((tmp_path / "upstream" / "splits" / f"subject-{number}.json").read_bytes())
        assert one.chosen_by[1].tolist() == [float(mos[video]) for video in told["videos"]]
    flattered = ScoreTable.read(tmp_path / "upstream").to_pandas()["calibration"]
    assert set(flattered) == {"selected on the test"} != set(honest)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--select", "upstream"), "--select upstream says nothing"),
        (("--epochs", "3"), "--epochs says nothing"),
        (("--rate", "3"), "--rate says nothing"),
        (("--patience", "3", "--protocol", "gaia-nested"), "--patience says nothing"),
    ],
)
def test_a_regression_knows_nothing_of_epochs(fit, words, said):
    with pytest.raises(GaiaJudgeError, match=said):
        fit(*words, material=REGRESSOR)


def test_patience_needs_videos_to_choose_by(fit):
    with pytest.raises(GaiaJudgeError, match="keeps nothing apart to choose by"):
        fit("--patience", "3")


GAPPY = trained(
    "gappy",
    Recipe(
        extractor=Extractor(
            name="gappy",
            revision=1,
            load=lambda extractor, setting: halting,
            inside=True,
            names=lambda: ["mean", "spread", "length"],
        ),
        learner=REGRESSIONS["tlvqm"],
    ),
    about="",
    family="vqa",
    fidelity="adapted",
    licence="none",
    citation="none",
)


def test_gaps_in_features_of_videos_are_told_as_those_of_tables_are(home, fit, tmp_path, monkeypatch):
    monkeypatch.setattr("gaia_judge.cli.materials.find_metric", lambda name: GAPPY)
    told = "{} missing ({} first): the training videos' medians stand for them."
    words = ["videos", "--human", "mos.csv", "--metric", "gappy", "--splits", "2", "--processes", "1"]
    words += ["--cache", str(tmp_path / "cache"), "--out", str(tmp_path / "fit")]
    shown = CliRunner().invoke(cli, ["baseline", "fit", *words])
    two = told.format("2 features are", "(m0)_(a0), length")
    assert two in " ".join(shown.stdout.split())
    assert two in CliRunner().invoke(cli, ["baseline", "fit", *words, "--json"]).stderr
    metric = GAPPY.arrange(GAPPY, str(tmp_path / "fit"))
    monkeypatch.setattr("gaia_judge.cli.baseline.find_metrics", lambda names: [metric])
    new = tmp_path / "new"
    new.mkdir()
    write_images(new / "short.mp4", np.full((5, 64, 64, 3), 77, np.uint8))
    write_images(new / "long.mp4", np.full((6, 64, 64, 3), 77, np.uint8))
    (new / "copy.mp4").write_bytes(next((home / "videos").glob("*a0*")).read_bytes())
    measured = CliRunner().invoke(
        cli, ["baseline", str(new), "--metric", "gappy", "--out", str(tmp_path / "m")]
    )
    assert measured.exit_code == 0, measured.output
    notes = ScoreTable.read(tmp_path / "m").to_pandas().set_index("video")["note"]
    one = told.format("1 feature is", "length")
    assert notes["short"] == one
    assert notes["copy"] == f"{SEEN}; {one}"
    assert notes[["long"]].isna().all()
    refused = CliRunner().invoke(cli, ["compare", str(tmp_path / "m"), "--human", "mos.csv"])
    assert "would flatter it" in str(refused.exception)


def test_the_command_for_new_videos_is_whole():
    weights = Weights(name="stone", licence="none", file="stone.pt", repo="a/stone", non_commercial=True)
    metric = replace(BRIGHT, weights=(weights,))
    given = {"weights": ["stone=/my own/stone.pt", "head=head.pt"], "non_commercial": True}
    told = command_of(metric, Path("fits/bright"), given)
    assert shlex.split(told)[:5] == ["gaia-judge", "baseline", "VIDEOS", "--metric", "bright:fits/bright"]
    assert shlex.split(told)[5:] == ["--weights=stone=/my own/stone.pt", "--non-commercial"]
    plain = command_of(metric, Path("fits/bright"), {"weights": [], "non_commercial": False})
    assert plain == "gaia-judge baseline VIDEOS --metric bright:fits/bright"


@pytest.fixture
def no_extraction(monkeypatch):
    def fail(*_, **__):
        raise AssertionError("a video was read")

    monkeypatch.setattr("gaia_judge.cli.materials.extract", fail)


def test_a_folder_of_other_settings_is_refused_before_extraction(fit, no_extraction):
    with pytest.raises(AssertionError, match="0 videos in"):  # none was read
        fit()
    with pytest.raises(GaiaJudgeError, match="seed was 0, now 3"):
        fit("--seed", 3)


def test_a_bad_protocol_is_refused_before_extraction(fit, no_extraction):
    with pytest.raises(GaiaJudgeError, match="Did you mean"):
        fit("--protocol", "gaja")


def test_scores_of_other_videos_are_refused_before_extraction(fit, tmp_path, no_extraction):
    (tmp_path / "other.csv").write_text("video,subject\nx,1\ny,2")
    with pytest.raises(GaiaJudgeError, match="None of the 12 videos"):
        fit("--human", tmp_path / "other.csv")
    assert not (tmp_path / "fit").exists()
