"""``gaia-judge people`` as a user meets it."""

import json
import sys
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from gaia_judge.cli import cli
from gaia_judge.errors import GaiaJudgeError
from gaia_judge.people import read_human
from tests.panels import DIMENSIONS, write_rater
from tests.votings import simulate


def write_votes(file, dimensions=DIMENSIONS, videos=None, **how):
    """Write votes on videos ``(generator)_(action)``; return the frame."""
    rows = []
    for seed, dimension in enumerate(dimensions):
        _, votes = simulate(seed, **how)
        names = [f"(maker {at % 4})_(action {at // 4})" for at in range(len(votes))]
        rows += [
            (names[at], f"rater {rater:02d}", dimension, votes[at, rater, 0])
            for at, rater in np.argwhere(np.isfinite(votes[..., 0]))
        ]
    frame = pd.DataFrame(rows, columns=["video", "rater", "dimension", "score"])
    frame = frame.drop(columns="dimension") if dimensions == (None,) else frame
    frame.to_csv(file, index=False)
    return frame


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    return write_votes(tmp_path / "votes.csv", careless=2, missing=0.3)


def run(*words):
    return CliRunner().invoke(cli, ["people", *words])


def found(*words):
    result = run(*words, "--json", "--bootstrap", "50")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def refused(*words):
    result = run(*words)
    assert isinstance(result.exception, GaiaJudgeError), result.output
    return str(result.exception)


def test_plain_means_are_written_and_read_again(home, tmp_path):
    told = found("votes.csv", "--out", "MOS.csv")
    table = pd.read_csv("MOS.csv")
    assert list(table) == ["video", "dimension", "mos", "low", "high", "n"]
    groups = home.groupby(["video", "dimension"])["score"]
    wanted = pd.DataFrame({"mos": groups.mean(), "n": groups.count()})
    ours = table.set_index(["video", "dimension"]).sort_index()
    assert ours["mos"].to_numpy() == pytest.approx(wanted.sort_index()["mos"].to_numpy())
    assert ours["n"].tolist() == wanted.sort_index()["n"].tolist()
    human = read_human(tmp_path / "MOS.csv")
    assert list(human.mos) == list(DIMENSIONS)
    assert (
        human.counts.loc["(maker 0)_(action 0)", "subject"]
        == wanted.loc[("(maker 0)_(action 0)", "subject"), "n"]
    )
    assert told["rejected"] == []
    assert told["settings"]["method"] == "mean"
    assert [one["dimension"] for one in told["dimensions"]] == list(DIMENSIONS)
    assert {(one["dimension"], one["raters"]) for one in told["agreement"]} == {
        (name, "all") for name in DIMENSIONS
    }
    assert told["agreement"][0]["icc"]["kind"] == "ICC(1,1)"
    part = told["dimensions"][0]
    assert part["votes"] == (home["dimension"] == "subject").sum()
    assert part["observers"][0]["observers"] == 1
    assert len(part["spread"]["levels"]) == 10
    assert len(part["rater_facts"]) == 20


def test_rejected_raters_are_named_with_the_figures_that_decided(home):
    told = found("votes.csv", "--method", "pearson", "--threshold", "0.4")
    gone = {(one["rater"], one["dimension"]) for one in told["rejected"]}
    assert gone >= {(f"rater {at}", name) for at in (18, 19) for name in DIMENSIONS}
    assert len(gone) < 9
    assert "< 0.4" in told["rejected"][0]["why"]
    assert [one["raters"] for one in told["agreement"]] == ["all", "kept"] * 3
    result = run("votes.csv", "--method", "pearson", "--threshold", "0.4", "--bootstrap", "10")
    assert "Rejected raters" in result.stdout
    assert "│ rater 18 │" in result.stdout


@pytest.mark.parametrize("method", ["mean", "zscore", "bt500", "pearson", "p910", "mle"])
def test_every_method_gives_tables_scores_and_valid_json(home, method):
    result = run("votes.csv", "--method", method, "--out", "MOS.csv", "--bootstrap", "10")
    assert result.exit_code == 0, result.output
    assert f"People's scores by {method}" in result.stdout
    table = pd.read_csv("MOS.csv")
    assert table["mos"].between(table["low"], table["high"]).all()
    assert len(found("votes.csv", "--method", method)["dimensions"]) == 3


def test_compare_and_calibrate_take_what_was_written(home, tmp_path):
    run("votes.csv", "--method", "p910", "--out", "MOS.csv")
    people = read_human(tmp_path / "MOS.csv").mos.reset_index()
    names = people["video"].str.extract(r"\((?P<generator>.*)\)_\((?P<action>.*)\)")
    write_rater(tmp_path / "judge.csv", people.assign(category="any", subset="any").join(names), 0.3)
    words = ["judge.csv", "--human", "MOS.csv"]
    compared = CliRunner().invoke(cli, ["compare", *words, "--bootstrap", "20", "--json"])
    assert compared.exit_code == 0, compared.output
    rows = {row["dimension"]: row["srcc"] for row in json.loads(compared.stdout)["raters"]}
    assert set(DIMENSIONS) <= set(rows)
    assert min(rows.values()) > 0.5
    calibrated = CliRunner().invoke(cli, ["calibrate", *words, "--out", "fit.json"])
    assert calibrated.exit_code == 0, calibrated.output


def test_without_dimensions_the_scores_are_read_as_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_votes(tmp_path / "votes.csv", (None,))
    assert found("votes.csv", "--out", "MOS.csv")["dimensions"][0]["dimension"] is None
    assert list(pd.read_csv("MOS.csv")) == ["video", "mos", "low", "high", "n"]
    human = read_human(tmp_path / "MOS.csv")
    assert list(human.mos) == ["mos"]
    assert (human.counts["mos"] == 20).all()
    judged = human.mos["mos"].rename("value").reset_index().assign(dimension="action")
    judged.to_csv("judge.csv", index=False)
    words = ["compare", "judge.csv", "--human", "MOS.csv", "--bootstrap", "20", "--json"]
    (row,) = json.loads(CliRunner().invoke(cli, words).stdout)["raters"]
    assert (row["dimension"], row["srcc"], row["n"]) == ("mos", 1, 60)


def test_dimensions_may_be_called_low_and_high_where_there_is_no_mos(tmp_path):
    pd.DataFrame({"video": ["a", "b"], "low": [1, 2], "high": [3, 4]}).to_csv(tmp_path / "m.csv", index=False)
    assert list(read_human(tmp_path / "m.csv").mos) == ["low", "high"]


def test_a_study_is_its_votes_or_its_database(home, tmp_path, monkeypatch):
    assert found(".")["votes"] == "."
    (tmp_path / "study").mkdir()
    assert "no study.db" in refused("study")
    exports = ModuleType("gaia_judge.studio.exports")
    exports.read_votes = lambda folder: home[home["dimension"] == "subject"]
    monkeypatch.setitem(sys.modules, "gaia_judge.studio.exports", exports)
    (tmp_path / "study" / "study.db").touch()
    assert [one["dimension"] for one in found("study")["dimensions"]] == ["subject"]


def test_plots_are_drawn(home, tmp_path):
    told = found("votes.csv", "--method", "pearson", "--threshold", "0.4", "--plot", "plots")
    assert [name.rsplit("/")[-1] for name in told["plots"]] == [
        "people-observers.png",
        "people-spread.png",
        "people-raters.png",
    ]
    for name in told["plots"]:
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")


def test_bad_votes_are_refused_by_their_row(home):
    home.loc[4, "score"] = np.inf
    home.to_csv("votes.csv", index=False)
    assert "votes.csv, row 5 after the header, column 'score': 'inf' is not" in refused("votes.csv")
    assert "There is no file none.csv" in refused("none.csv")
    assert "--threshold is not for mean" in refused("votes.csv", "--threshold", "0.4")


def test_scores_that_no_method_can_give_are_an_error(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pd.DataFrame({"video": ["a", "b"], "rater": "x", "score": 3}).to_csv("votes.csv", index=False)
    assert "zscore leaves no score" in refused("votes.csv", "--method", "zscore")


def test_names_that_a_spreadsheet_would_run_are_kept_from_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pd.DataFrame({"video": ["=1+1", "b"], "rater": "x", "score": [3, 4]}).to_csv("votes.csv", index=False)
    run("votes.csv", "--out", "MOS.csv")
    assert '"\'=1+1"' in (tmp_path / "MOS.csv").read_text()
    assert list(read_human(tmp_path / "MOS.csv").mos.index) == ["=1+1", "b"]


def test_help_has_examples():
    shown = CliRunner().invoke(cli, ["people", "--help"]).stdout
    assert "gaia-judge people study/ --method p910 --out MOS.csv --plot figures/" in shown
    assert "people" in CliRunner().invoke(cli, ["--help"]).stdout
