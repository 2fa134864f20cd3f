"""The command, end to end."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner, Result

from gaia_judge.cli.leaderboard import command
from gaia_judge.errors import GaiaJudgeError
from tests.test_leaderboards_boards import people, scores


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Return a run's folder with the scores of a judge that knows only the synthetic world."""
    frame = scores().assign(rater="judge")
    frame.to_parquet(tmp_path / "scores.parquet", index=False)
    manifest = {"judge": {"random_weights": False, "world": "synthetic"}}
    (tmp_path / "run.json").write_text(json.dumps({"manifest": manifest, "recorded": []}), encoding="utf-8")
    people(frame).to_csv(tmp_path / "some.csv", index=False)
    return tmp_path


def call(*words: object) -> Result:
    return CliRunner().invoke(command, [str(word) for word in words], catch_exceptions=False)


def rows(*words: object) -> list[dict[str, Any]]:
    done = call(*words, "--json")
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def test_json_has_every_figure(run: Path) -> None:
    found = rows(run, "--human", run / "some.csv", "--labels", "random", "--width", "5")
    assert len(found) == 9
    best = next(row for row in found if row["dimension"] == "overall")
    assert (best["generator"], best["rank"], best["rank_high"], best["groups"]) == ("g2", 1, 1, ["a"])
    assert best["low"] < best["mean"] < best["high"]
    assert best["ppi_low"] < best["ppi"] < best["ppi_high"]
    assert best["ppi_high"] - best["ppi_low"] < best["classical_high"] - best["classical_low"]
    assert (best["labels"], best["failures"], best["ppi_rank"]) == (10, 0.0, 1)
    assert best["classical_labels_needed"] is None
    assert "it takes more videos" in best["classical_labels_needed_reason"]
    wider = next(
        row
        for row in rows(run, "--human", run / "some.csv", "--labels", "random", "--width", "20")
        if (row["generator"], row["dimension"]) == ("g2", "overall")
    )
    # An interval's width falls with the root of the number of labels, or faster: there are 20 videos only.
    most = 10 * ((best["classical_high"] - best["classical_low"]) / 20) ** 2
    assert 10 < wider["classical_labels_needed"] <= most + 1
    assert wider["classical_labels_needed_reason"] is None
    assert not any(name.startswith(("ppi", "classical")) for row in rows(run) for name in row)


def test_csv_holds_the_same_figures(run: Path) -> None:
    table = call(run, "--human", run / "some.csv", "--labels", "random", "--format", "csv").stdout
    told = list(csv.DictReader(io.StringIO(table)))
    found = rows(run, "--human", run / "some.csv", "--labels", "random")
    assert [float(row["ppi"]) for row in told] == [row["ppi"] for row in found]
    assert [row["ties"] for row in told] == [" ".join(row["ties"]) for row in found]


@pytest.mark.parametrize("format", ["table", "markdown", "latex"])
def test_tables_warn_of_the_synthetic_world(run: Path, format: str) -> None:
    shown = call(run, "--human", run / "some.csv", "--labels", "random", "--format", format).output
    assert "synthetic world" in shown
    for text in ("overall", "g2", "powered"):
        assert text in shown


def test_a_dimension_may_be_picked(run: Path) -> None:
    assert {row["dimension"] for row in rows(run, "--dimension", "subject")} == {"subject"}
    with pytest.raises(GaiaJudgeError, match=r"no dimension 'subjct'. Did you mean subject"):
        call(run, "--dimension", "subjct")


def test_the_seed_and_draws_decide_the_ranks_alone(run: Path) -> None:
    first, again, other = rows(run), rows(run), rows(run, "--seed", "5", "--draws", "200")
    assert first == again
    assert [row["low"] for row in first] == [row["low"] for row in other]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--width", "5"], "Give them with --human"),
        (["--human", "some.csv"], "confirm with --labels random"),
        (["--rater", "nobody"], "There is no rater 'nobody'"),
    ],
)
def test_bad_usage_is_one_line(
    run: Path, words: list[str], why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(run)
    with pytest.raises(GaiaJudgeError, match=why):
        call(run, *words)


def test_several_raters_need_a_choice(run: Path) -> None:
    two = pd.concat([scores().assign(rater=name) for name in ("one", "two")])
    two.to_csv(run / "two.csv", index=False)
    with pytest.raises(GaiaJudgeError, match="holds 2 raters: one, two"):
        call(run / "two.csv")
    assert rows(run / "two.csv", "--rater", "two") == rows(run / "two.csv", "--rater", "one")
