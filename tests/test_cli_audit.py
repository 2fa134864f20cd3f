"""``audit`` as a user gives it, with nano on drawn clips."""

import json
import re

import pytest
from click.testing import CliRunner

from gaia_judge.cli import cli
from gaia_judge.errors import GaiaJudgeError
from gaia_judge.experiments.audits import read_audit
from gaia_judge.experiments.indexes import read_index
from gaia_judge.synthetic.benchmarks import write_benchmark

ONLY = ("text only", "half the frames", "asked again", "half resolution")


def call(*words):
    return CliRunner().invoke(cli, ["audit", *map(str, words)], catch_exceptions=True)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("audit") / "world"
    write_benchmark(folder, generators=3, actions=8, seed=6)
    return folder


def words(world, out, *more):
    only = [word for name in ONLY for word in ("--only", name)]
    return [
        world,
        "--model",
        "nano",
        "--human",
        world,
        "--out",
        out,
        "--engine",
        "transformers",
        *only,
        *more,
    ]


@pytest.fixture(scope="module")
def done(world, tmp_path_factory):
    out = tmp_path_factory.mktemp("audits") / "nano"
    return call(*words(world, out, "--json")), out


def test_each_audit_has_a_verdict_in_words(done):
    result, out = done
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    assert found["outcomes"].pop("text only") in ("pass", "partly", "unclear")  # 24 clips are few
    assert found["outcomes"] == {
        "half the frames": "not run",
        "asked again": "pass",
        "half resolution": "pass",
    }
    by_name = {(one["audit"], one["dimension"]): one for one in found["verdicts"]}
    blind = by_name["text only", "subject"]
    assert blind["low"] > 0
    assert re.fullmatch(
        r"Its SRCC with people falls by \.\d\d \[\.\d\d, \d?\.\d\d\], to .*: it looks.*", blind["words"]
    )
    assert found["rater"] == "nano/syllogism/expected"
    assert "was not trained on 4 frames" in by_name["half the frames", "all"]["words"]
    assert found["people"] is True
    assert any("synthetic" in text for text in found["warnings"])
    assert "SYNTHETIC WORLD" in result.stderr
    assert sorted(path.name.rpartition("-")[0] for path in (out / "cells").iterdir()) == [
        "asked-again",
        "base",
        "half-resolution",
        "text-only",
    ]


def test_again_it_rates_nothing_and_prints_tables(done, world):
    _, out = done
    again = call(*words(world, out, "--format", "markdown"))
    assert re.search(r"0 ratings in", again.stderr)
    assert "**Health of the judge**" in again.stdout
    assert "| fail | 0 | - |" in again.stdout
    assert "it looks" in again.stdout
    assert "nano/syllogism/expected, 24 videos" in again.stdout


def test_one_audit_alone_leaves_what_others_have_found(done, world):
    _, out = done
    alone = call(
        world, "--model", "nano", "--out", out, "--engine", "transformers", "--json", "--only", ONLY[2]
    )
    assert json.loads(alone.stdout)["outcomes"] == {"asked again": "pass"}
    assert re.search(r"0 ratings in", alone.stderr)
    kept = read_audit(read_index(out)).outcomes()
    assert len(kept) == 19
    assert {name for name, outcome in kept.items() if outcome != "not run"} >= {
        "text only",
        "half resolution",
    }


def test_wrong_names_and_files_are_told(world, tmp_path):
    for more, told in (
        (["--only", "text onyl"], "Did you mean text only"),
        (["--file", "chaining"], "chaining has no rules"),
        (["--file", "adit"], "Did you mean audit"),
    ):
        failed = call(world, "--model", "nano", "--out", tmp_path, *more)
        assert isinstance(failed.exception, GaiaJudgeError)
        assert told in str(failed.exception)


def test_its_help_has_examples():
    shown = call("--help").stdout
    assert "gaia-judge audit GAIA/ --model llava --human GAIA/" in shown
