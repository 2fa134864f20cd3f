"""``gaia-judge calibrate`` from end to end on a small made-up run."""

import csv
import io
import json

import pytest
from click.testing import CliRunner

from gaia_judge.cli import cli
from gaia_judge.errors import GaiaJudgeError
from gaia_judge.scores import ScoreTable
from tests.calibrated import DIMENSIONS, edit_run, make_world


@pytest.fixture
def world(tmp_path):
    return make_world(tmp_path)


def call(*words):
    return CliRunner().invoke(cli, ["calibrate", *map(str, words)], catch_exceptions=False)


def test_it_writes_a_calibrator_and_out_of_fold_scores_and_says_what_they_are_worth(world):
    run, mos = world
    result = call(run, "--human", mos, "--map", "isotonic", "--bootstrap", 50, "--curve", 2, "--json")
    assert result.exit_code == 0
    told = json.loads(result.stdout)
    home = run / "calibration"
    assert told["written"] == {
        "calibrator": str(home / "isotonic-action.json"),
        "scores": str(home / "isotonic-action"),
    }
    assert told["digest"] == json.loads((home / "isotonic-action.json").read_text())["digest"]
    assert [one["dimension"] for one in told["agreement"]] == list(DIMENSIONS)
    assert told["agreement"][0]["calibrated"]["rmse"]["value"] < 12
    assert {one["generator"] for one in told["coverage"]} == {None, "g0", "g1", "g2", "g3"}
    assert [one["labels"] for one in told["learning_curve"][:2]] == [20, 51.5]
    assert any("no evidence about real judges" in note for note in told["notes"])
    assert len(ScoreTable.read(home / "isotonic-action")) == 240
    assert ScoreTable.read(home / "isotonic-action" / "scores.csv") == ScoreTable.read(
        home / "isotonic-action"
    )


@pytest.mark.parametrize("format", ["table", "markdown", "latex", "csv"])
def test_every_format_has_all_tables(world, format):
    run, mos = world
    result = call(run, "--human", mos, "--map", "linear", "--bootstrap", 20, "--curve", 1, "--format", format)
    assert result.exit_code == 0
    for word in ("subject", "raw", "calibrated", "all", "g3"):
        assert word in result.stdout
    if format == "csv":
        first = next(csv.DictReader(io.StringIO(result.stdout)))
        assert float(first["SRCC low"]) < float(first["SRCC"]) < float(first["SRCC high"])


def test_the_file_calibrates_another_run(world, tmp_path):
    run, mos = world
    call(
        run, "--human", mos, "--map", "ridge", "--curve", 0, "--bootstrap", 20, "--out", tmp_path / "fit.json"
    )
    (tmp_path / "new").mkdir()
    other, _ = make_world(tmp_path / "new", seed=7)
    result = call(other, "--apply", tmp_path / "fit.json", "--json")
    told = json.loads(result.stdout)
    assert [row["n"] for row in told["dimensions"]] == [79, 79, 79]
    assert told["written"]["scores"] == str(other / "calibration" / "fit-applied")
    frame = ScoreTable.read(other / "calibration" / "fit-applied").to_pandas()
    # The same videos but for the one that had failed in the fit.
    assert set(frame["calibration"]) == {"applied", "applied to what it was fitted to"}
    edit_run(other, "prompt", digest="other")
    with pytest.raises(GaiaJudgeError, match=r"prompt\.digest was .aaaa., now .other."):
        call(other, "--apply", tmp_path / "fit.json")
    forced = call(other, "--apply", tmp_path / "fit.json", "--override-digests", "--out", tmp_path / "forced")
    assert forced.exit_code == 0
    notes = ScoreTable.read(tmp_path / "forced").to_pandas()["note"]
    assert notes.str.contains("OTHER SETTINGS").all()


@pytest.mark.parametrize("words", [(), ("--human", "MOS.csv", "--apply", "fit.json")])
def test_fitting_or_applying_is_asked_for(world, words):
    with pytest.raises(GaiaJudgeError, match="Either --human or --apply"):
        call(world[0], *words)


def test_a_calibrator_is_a_json_file(world):
    with pytest.raises(GaiaJudgeError, match="is not a JSON file"):
        call(world[0], "--human", world[1], "--out", "fit.pickle")


def test_more_folds_than_actions_are_refused(world):
    with pytest.raises(
        GaiaJudgeError, match="There are 20 labelled actions, too few to divide: needed are 40"
    ):
        call(world[0], "--human", world[1], "--folds", 40)


def test_too_few_generators_leave_intervals_out_with_the_reason(world):
    run, mos = world
    result = call(
        run, "--human", mos, "--map", "linear", "--group", "generator", "--folds", 4, "--json", "--curve", 0
    )
    (subject, *_) = json.loads(result.stdout)["coverage"]
    assert subject["value"] is subject["width"] is None
    assert subject["reason"] == "3 groups with labels are too few: intervals of 90% need 9"
