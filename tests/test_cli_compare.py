"""``gaia-judge compare`` as a user meets it."""

import csv
import io
import json
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from gaia_judge.cli import cli
from gaia_judge.errors import GaiaJudgeError
from gaia_judge.runs.manifests import settle
from gaia_judge.scores import ScoreTable
from tests.panels import DIMENSIONS, GENERATORS, write_mos, write_rater


@pytest.fixture
def home(tmp_path, monkeypatch):
    people = write_mos(tmp_path)
    write_rater(tmp_path / "good.csv", people, 0.1, failing=6)
    write_rater(tmp_path / "bad.csv", people, 1.5, seed=2)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    return people


def run(*words):
    return CliRunner().invoke(cli, ["compare", *words, "--human", "MOS.csv", "--bootstrap", "50"])


def found(*words):
    result = run(*words, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_a_row_per_rater_with_intervals_and_failure_rate(home):
    result = run("good.csv", "bad.csv")
    assert result.exit_code == 0, result.output
    line = next(line for line in result.stdout.splitlines() if line.startswith("│ good"))
    assert "measured" in line
    assert "5.0%" in line
    assert line.count("[") == 4
    assert "Who agrees better" in result.stdout


def test_published_rows_are_marked_and_only_shown_when_asked_for(home):
    assert "published" not in run("good.csv").stdout
    result = run("good.csv", "--reference", "gaia")
    assert result.stdout.count("│ DOVER ") == 2  # SRCC and PLCC
    assert "measured by others" in result.stdout
    told = found("good.csv", "--reference", "gaia")
    assert len(told["published"]) == 24
    assert {row["rater"] for row in told["raters"]} == {"good"}
    with_sums = found("good.csv", "bad.csv", "--combine", "good+bad", "--reference", "gaia")
    assert len(with_sums["published"]) == 50
    subsets = found("good.csv", "--by", "subset", "--reference", "gaia")
    assert {row["subset"] for row in subsets["published"]} == {"Whole-body", "Hand", "Facial"}
    assert found("good.csv", "--by", "generator", "--reference", "gaia")["published"] == []


def test_csv_is_one_long_table_of_measured_and_published(home):
    rows = list(csv.DictReader(io.StringIO(run("good.csv", "--reference", "gaia", "--format", "csv").stdout)))
    measured = [row for row in rows if row["origin"] == "measured" and not row["part"]]
    assert [row["dimension"] for row in measured] == [*DIMENSIONS, "overall"]
    assert all(float(row["srcc low"]) <= float(row["srcc"]) <= float(row["srcc high"]) for row in measured)
    published = [row for row in rows if row["origin"] == "published"]
    assert len(published) == 24 * 4
    assert all(row["source"] and not row["srcc low"] for row in published)


def test_json_names_videos_of_one_side(home):
    frame = pd.read_csv("MOS.csv")
    frame.iloc[3:].to_csv("MOS.csv", index=False)
    pd.read_csv("good.csv").query("video != '(Zeta)_(action 19)'").to_csv("good.csv", index=False)
    told = found("good.csv")
    assert told["missing"] == [f"(Alpha)_(action 0{at})" for at in range(3)]
    assert told["surplus"] == ["(Zeta)_(action 19)"]
    assert told["videos"] == 116


def test_observations_tell_what_holds_on_these_scores(home):
    dates = "".join(f"{name},{2020 + at}\n" for at, name in enumerate(GENERATORS))
    Path("dates.csv").write_text("generator,year\n" + dates)
    told = {
        (one["claim"], one["dimension"]): one
        for one in found("good.csv", "--observations", "--dates", "dates.csv")["observations"]
    }
    later = told["later generators are better", "subject"]
    assert later["value"] == pytest.approx(1)
    assert later["n"] == 6
    ahead = told["the subject is better than the rest", "interaction"]
    assert ahead["holds"] is True
    people = home[["subject", "interaction"]]
    assert ahead["value"] == pytest.approx((people["subject"] - people["interaction"]).mean(), abs=1e-6)
    spread = told["people agree more on good actions", "subject"]
    assert spread["value"] is None
    assert "no spread" in spread["reason"]
    skew = told["most generators' scores are left-skewed", "subject"]
    expected = (home.groupby("generator")["subject"].skew() < 0).mean()
    assert skew["value"] == pytest.approx(expected)


def test_spread_is_followed_by_a_polynomial_of_five_parameters(home):
    mos = home["subject"]
    spread = 30 - 0.2 * mos + 0.001 * (mos - 40) ** 2
    home[["video", "subject"]].assign(subject_std=spread, subject_n=20).to_csv("MOS.csv", index=False)
    (one,) = [
        one
        for one in found("good.csv", "--observations")["observations"]
        if one["claim"].startswith("people agree")
    ]
    assert one["explained"] == pytest.approx(1, abs=1e-9)
    assert one["curve"] == pytest.approx([31.6, -0.28, 0.001, 0, 0], abs=1e-6)
    best = mos >= mos.quantile(0.8)
    assert one["value"] == pytest.approx(spread[best].mean() - spread[~best].mean(), abs=1e-9)
    assert one["holds"] is True


def test_random_weights_are_said_beside_every_figure(home):
    folder = Path("run")
    folder.mkdir()
    ScoreTable.read(Path("good.csv")).write(folder)
    settle(folder / "run.json", {"judge": {"random_weights": True}}, {})
    result = run("made=run")
    assert result.stdout.count("made: random weights: no judgements.") >= 3
    assert found("made=run")["warnings"] == {"made": ["random weights: no judgements"]}


def test_a_protocol_adds_its_test_parts(home):
    told = found("good.csv", "--protocol", "gaia")["protocol"]
    assert {(one["rater"], one["dimension"]) for one in told} >= {("good", "subject"), ("good", "overall")}
    assert all(one["spreads"]["srcc"]["n"] == 10 for one in told)


@pytest.mark.parametrize("format", ["markdown", "latex"])
def test_tables_can_be_pasted_into_a_paper(home, format):
    result = run("good.csv", "bad.csv", "--by", "subset", "--format", format)
    assert result.exit_code == 0
    start = "**Agreement with people: SRCC**" if format == "markdown" else r"\begin{table}"
    assert result.stdout.startswith(start)
    assert "Facial" in result.stdout


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["nothing"], "no file nothing"),
        (["good.csv", "--reference", "gaiaa"], "no reference 'gaiaa'. Did you mean gaia"),
        (["good.csv", "--protocol", "gaiaa"], "no protocol 'gaiaa'"),
        (["good.csv", "--combine", "good+dover"], "no rater 'dover'"),
        (["good.csv", "--observations", "--dates", "none.csv"], "no table none.csv"),
    ],
)
def test_bad_words_are_one_clear_line(home, words, named):
    result = run(*words)
    assert isinstance(result.exception, GaiaJudgeError)
    assert named in str(result.exception)
