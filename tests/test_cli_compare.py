"""``gaia-judge compare`` as a user meets it."""

import csv
import io
import json
import subprocess
import sys
from itertools import combinations
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
    assert {row["group"] for row in found("good.csv", "--by", "class")["raters"]} == set(home["category"])
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


@pytest.mark.parametrize("format", ["csv", "json", "markdown", "table"])
def test_mapped_and_further_statistics_are_in_every_form(home, format):
    columns = {f"{name}_std": 8.0 for name in DIMENSIONS} | {f"{name}_n": 16 for name in DIMENSIONS}
    home[["video", *DIMENSIONS]].assign(**columns).to_csv("MOS.csv", index=False)
    more = ["--map", "logistic4", "--also", "pairwise_accuracy", "--also", "outlier_ratio"]
    result = run("good.csv", *more, "--format", format)
    assert result.exit_code == 0, result.output
    for name in {"csv": ["plcc_mapped", "outlier_ratio"], "json": ["plcc_mapped", "outlier_ratio"]}.get(
        format, ["PLCC mapped", "outlier ratio", "pairwise accuracy"]
    ):
        assert name in result.stdout
    row = found("good.csv", *more)["raters"][0]
    assert row["plcc_mapped"] >= row["plcc"] - 1e-6
    x = pd.read_csv("good.csv").query("dimension == 'subject'").set_index("video")["value"]
    both = pd.DataFrame({"x": x, "y": home.set_index("video")["subject"]}).dropna()
    assert row["outlier_ratio"] == pytest.approx((abs(both.x - both.y) > 2 * 8 / 4).mean())
    pairs = [
        (a[0] - b[0]) * (a[1] - b[1]) > 0 for a, b in combinations(both.itertuples(index=False, name=None), 2)
    ]
    assert row["pairwise_accuracy"] == pytest.approx(sum(pairs) / len(pairs), abs=1e-9)


def test_settings_and_seeds_are_written_down(home):
    told = found("good.csv", "--seed", "7", "--protocol", "gaia", "--test", "meng")
    assert told["settings"]["unit"] == "action"
    assert (told["settings"]["seed"], told["settings"]["draws"], told["settings"]["test"]) == (7, 50, "meng")
    assert told["protocol_name"] == "gaia"
    assert "50 draws of whole actions, seed 7" in run("good.csv", "--seed", "7").stdout
    assert "takes all videos as independent" in run("good.csv", "bad.csv", "--test", "meng").stdout


def test_bad_input_is_one_line_and_exit_code_2(home):
    Path("huge.csv").write_text("video,dimension,value\n(Alpha)_(action 00),subject,1e300\n")
    Path("huge-mos.csv").write_text("video,subject\n(Alpha)_(action 00),1e300\n")
    pairs = [("huge.csv", "MOS.csv"), ("good.csv", "huge-mos.csv"), ("none", "MOS.csv")]
    for words in (["compare", rater, "--human", human, "--json"] for rater, human in pairs):
        command = [sys.executable, "-m", "gaia_judge.cli", *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 2
        assert done.stderr.startswith("Error: ")
        assert len(done.stderr.splitlines()) == 1


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
