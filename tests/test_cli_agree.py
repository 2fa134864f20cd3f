"""``gaia-judge agree`` on tables of one's own."""

import json
import re

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from scipy import stats

from gaia_judge.cli import cli
from gaia_judge.errors import GaiaJudgeError


@pytest.fixture
def table(tmp_path):
    chance = np.random.default_rng(0)
    frame = pd.DataFrame({"video": range(60), "mos": chance.normal(50, 10, 60)})
    frame["clip"] = np.round(frame["mos"] / 5 + chance.normal(0, 2, 60))
    frame["same"] = 3
    frame["generator"] = [f"g{at % 6}" for at in range(60)]
    frame["action"] = [f"a{at // 6}" for at in range(60)]
    frame.loc[0, "clip"] = np.nan
    frame.to_csv(tmp_path / "table.csv", index=False)
    return frame


def run(tmp_path, *words):
    return CliRunner().invoke(cli, ["agree", str(tmp_path / "table.csv"), "--human", "mos", *words])


def rows(tmp_path, *words):
    result = run(tmp_path, *words, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_json_is_scipys_correlations_with_intervals_around_them(tmp_path, table):
    (row,) = rows(tmp_path, "--raters", "clip", "--bootstrap", "200")
    pairs = table.dropna()
    assert (row["rater"], row["group"], row["n"], row["missing"]) == ("clip", None, 59, 1)
    assert row["srcc"] == pytest.approx(stats.spearmanr(pairs["clip"], pairs["mos"]).statistic, abs=1e-12)
    assert row["plcc"] == pytest.approx(stats.pearsonr(pairs["clip"], pairs["mos"]).statistic, abs=1e-12)
    assert row["krcc"] == pytest.approx(stats.kendalltau(pairs["clip"], pairs["mos"]).statistic, abs=1e-12)
    assert row["rmse"] == pytest.approx(np.sqrt(np.mean((pairs["clip"] - pairs["mos"]) ** 2)), abs=1e-12)
    for name in ("srcc", "krcc", "plcc", "rmse"):
        assert row[f"{name}_low"] < row[name] < row[f"{name}_high"]
    assert row["plcc_mapped"] is row["plcc_mapped_low"] is row["reason"] is None


def test_kendall_c_and_mappings_on_demand(tmp_path, table):
    (row,) = rows(tmp_path, "--raters", "clip", "--kendall", "c", "--map", "logistic4", "--bootstrap", "50")
    pairs = table.dropna()
    tau = stats.kendalltau(pairs["clip"], pairs["mos"], variant="c").statistic
    assert row["krcc"] == pytest.approx(tau, abs=1e-12)
    assert row["plcc_mapped"] > row["plcc"] - 0.01
    assert row["plcc_mapped_low"] < row["plcc_mapped"] < row["plcc_mapped_high"]
    assert row["rmse_mapped"] < row["rmse"]


def test_groups_are_measured_by_themselves_for_each_rater(tmp_path, table):
    found = rows(tmp_path, "--raters", "clip,same", "--by", "generator", "--bootstrap", "0")
    assert [(row["group"], row["rater"]) for row in found[:3]] == [
        ("g0", "clip"),
        ("g0", "same"),
        ("g1", "clip"),
    ]
    part = table[table["generator"] == "g1"]
    assert found[2]["srcc"] == pytest.approx(stats.spearmanr(part["clip"], part["mos"]).statistic, abs=1e-12)
    assert found[2]["srcc_low"] is None


def test_what_is_undefined_is_null_with_its_reason(tmp_path, table):
    (row,) = rows(tmp_path, "--raters", "same", "--bootstrap", "20")
    assert row["srcc"] is row["krcc"] is row["plcc"] is None
    assert "same score" in row["reason"]
    assert row["rmse"] > 0


def test_clusters_change_intervals_and_nothing_else(tmp_path, table):
    plain, by_one, by_both = (
        rows(tmp_path, "--raters", "clip", *words)[0]
        for words in ([], ["--cluster", "action"], ["--cluster", "action,generator"])
    )
    assert plain["srcc"] == by_one["srcc"] == by_both["srcc"]
    assert len({one["srcc_low"] for one in (plain, by_one, by_both)}) == 3


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--raters", "clipp"], "no column in .*'clipp'. Did you mean clip"),
        (["--raters", "generator"], "generator, row 1: 'g0' is not a number"),
        (["--raters", "clip", "--cluster", "a,b,c"], "names 3 columns"),
        (["--raters", "clip", "--by", "maker"], "no column in .*'maker'"),
        (["--raters", ","], "names no column"),
    ],
)
def test_bad_words_are_one_clear_line(tmp_path, table, words, named):
    result = run(tmp_path, *words)
    assert isinstance(result.exception, GaiaJudgeError)
    assert re.search(named, str(result.exception))


@pytest.mark.parametrize(
    ("format", "sign"), [("markdown", "| clip |"), ("latex", r"\toprule"), ("csv", "clip,0.")]
)
def test_tables_can_be_pasted(tmp_path, table, format, sign):
    result = run(tmp_path, "--raters", "clip", "--format", format, "--bootstrap", "20")
    assert result.exit_code == 0
    assert sign in result.stdout


def test_parquet_and_semicolons_read_alike(tmp_path, table):
    expected = rows(tmp_path, "--raters", "clip", "--bootstrap", "0")
    table.to_parquet(tmp_path / "table.parquet")
    table.to_csv(tmp_path / "semi.csv", index=False, sep=";")
    for name in ("table.parquet", "semi.csv"):
        words = [
            "agree",
            str(tmp_path / name),
            "--human",
            "mos",
            "--raters",
            "clip",
            "--bootstrap",
            "0",
            "--json",
        ]
        found = json.loads(CliRunner().invoke(cli, words).stdout)
        assert found[0]["srcc"] == pytest.approx(expected[0]["srcc"], abs=1e-9)
