"""``gaia-judge baseline fit --features``: tables as people have them, with gaps and strange names."""

import csv
import io
import json
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner

from gaia_judge.baselines.fittings import read_fitting
from gaia_judge.baselines.regressions import REGRESSIONS, Regression
from gaia_judge.baselines.regressors import VIDEVAL
from gaia_judge.cli import cli
from gaia_judge.errors import GaiaJudgeError
from gaia_judge.scores import ScoreTable

COUNT = 40
NAMES = [f"v{at}" for at in range(COUNT)]


def numbers(seed=0):
    return np.random.default_rng(seed).normal(size=(COUNT, 3))


def lines(names=NAMES, table=None, header="video,a,b,c"):
    cells = numbers() if table is None else table
    return [header, *(",".join([name, *map(str, row)]) for name, row in zip(names, cells, strict=True))]


def scores(names=NAMES, header="video,subject", table=None):
    cells = numbers() if table is None else table
    return [header, *(f"{name},{3 + row[0]}" for name, row in zip(names, cells, strict=True))]


@pytest.fixture
def fit(tmp_path, monkeypatch):
    """Write both tables, run the command in this process; returns what it prints and the folder."""
    monkeypatch.chdir(tmp_path)

    def fit(*words, features=None, mos=None, regressor="tlvqm", code=0):
        (tmp_path / "features.csv").write_text("\n".join(features or lines()))
        (tmp_path / "mos.csv").write_text("\n".join(mos or scores()))
        given = ["--features", "features.csv", "--human", "mos.csv", "--regressor", regressor, "--out", "fit"]
        done = CliRunner().invoke(cli, ["baseline", "fit", *given, *map(str, words)])
        if isinstance(done.exception, GaiaJudgeError):
            raise done.exception
        assert done.exit_code == code, done.output
        return done

    return fit


@pytest.fixture
def coarse(monkeypatch):
    """VIDEVAL with 12 pairs of cost and gamma to choose from in place of 100, for speed."""
    few = replace(VIDEVAL, costs=VIDEVAL.costs[::3], gammas=VIDEVAL.gammas[1::4])
    monkeypatch.setitem(REGRESSIONS, "videval", Regression(few))


def held_out(tmp_path, folder="fit"):
    frame = ScoreTable.read(tmp_path / folder).to_pandas()
    return frame.dropna(subset=["value"]).set_index("video")["value"]


@pytest.mark.parametrize("name", ["../../../esc", "a" * 300, "a/b", ".", "x:y"])
def test_no_name_of_a_dimension_is_a_path(fit, tmp_path, name):
    inside = tmp_path / "inside"
    inside.mkdir()
    fit("--splits", 1, "--out", inside / "fit", mos=scores(header=f"video,{name}"))
    assert {file.name for file in tmp_path.iterdir()} == {"inside", "features.csv", "mos.csv"}
    assert [file.name for file in (inside / "fit" / "splits").iterdir()] == ["1-0.json"]
    assert not (inside / "fit" / "work").exists()


@pytest.mark.parametrize(("left", "right"), [(".mp4", ".mp4"), (".mp4", ""), ("", ".mp4"), ("", "")])
def test_names_of_files_are_ids_on_both_sides(fit, left, right):
    theirs, ours = [f"{name}{left}" for name in NAMES], [f"{name}{right}" for name in NAMES]
    done = fit("--splits", 1, "--json", features=lines(theirs), mos=scores(ours))
    assert json.loads(done.stdout)[0]["n"] == 8


def test_one_row_with_gaps_ruins_nothing_and_is_told(fit):
    far = lines(table=numbers() + 1000)
    (whole,) = json.loads(fit("--json", features=far).stdout)
    far[4] = f"v3,,,{1000 + numbers()[3][2]}"
    done = fit("--out", "gaps", "--json", features=far)
    assert json.loads(done.stdout)[0]["srcc"] == pytest.approx(whole["srcc"], abs=0.1)
    shown = fit("--out", "shown", features=far)
    told = "2 features are missing (row 4, a first): the training videos' medians stand for them."
    assert told in " ".join(shown.stdout.split())
    assert told in done.stderr
    assert told in fit("--out", "csv", "--format", "csv", features=far).stderr


def test_a_row_without_features_is_a_row_with_its_error(fit, tmp_path):
    rows = lines()
    rows[4] = "v3,,,"
    done = fit(features=rows, code=1)
    assert "1 videos have no features, such as v3: all its features are missing" in done.stderr
    frame = ScoreTable.read(tmp_path / "fit").to_pandas().set_index("video")
    assert np.isnan(frame.loc["v3", "value"])
    assert "missing" in frame.loc["v3", "error"]
    assert "trained on 39 videos" in done.stdout


def test_a_column_without_numbers_is_named_and_has_no_medians(fit):
    rows = [f"{line},{'d' if not at else ''}" for at, line in enumerate(lines())]
    rows[4] = f"v3,,{numbers()[3][1]},0,"
    told = " ".join(fit("--splits", 2, features=rows).stdout.split())
    assert "Features without any number, which count for nothing: d." in told
    assert "1 feature is missing (row 4, a first): the training videos' medians stand for them." in told


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("v3,inf,0,0", r"features\.csv, a, row 4: 'inf' is infinite"),
        ("v3,0,-Infinity,0", r"features\.csv, b, row 4: '-Infinity' is infinite"),
        ("v3,0,0,1e308", r"features\.csv, c, row 4: '1e308' is too large"),
        ("v3,0,-1e308,0", r"features\.csv, b, row 4: '-1e308' is too large"),
        ("v3,0,0", r"features\.csv, row 4: it has fewer cells than the header"),
        (",0,0,0", r"features\.csv, video, row 4: no id"),
    ],
)
def test_a_bad_cell_is_named_with_file_column_and_row(fit, row, said):
    rows = lines()
    rows[4] = row
    with pytest.raises(GaiaJudgeError, match=said):
        fit(features=rows)


def test_the_order_of_rows_changes_no_score(fit, tmp_path, coarse):
    order = np.random.default_rng(1).permutation(COUNT) + 1
    rows, mos = lines(), scores(table=numbers() + 2 * numbers(seed=1))  # half of it noise: much to choose by
    fit("--splits", 2, regressor="videval", mos=mos)
    first = held_out(tmp_path)
    turned = [rows[0], *(rows[at] for at in order)]
    fit("--splits", 2, "--out", "again", regressor="videval", mos=mos, features=turned)
    again = held_out(tmp_path, "again")
    assert again.to_dict() == pytest.approx(first.to_dict(), abs=1e-9)


def test_what_was_never_held_out_is_missing_and_no_failure(fit, tmp_path):
    fit("--splits", 1)
    frame = ScoreTable.read(tmp_path / "fit").to_pandas()
    assert len(frame) == 8
    assert frame["error"].isna().all()
    given = ["compare", "fit", "--human", "mos.csv", "--bootstrap", "9"]
    done = CliRunner().invoke(cli, given)
    assert done.exit_code == 0, done.output
    assert "0.0%" in done.output


def test_facts_stand_in_ids_or_in_columns_of_text(fit):
    words = ("--protocol", "gaia-by-action", "--splits", 2, "--json")
    ids = [
        f"(m{at % 4})_(act {at % 10})" if at < 20 else f"(n{at % 4})_(act {at % 10})" for at in range(COUNT)
    ]
    first = fit(*words, features=lines(ids), mos=scores(ids))
    actions = [",action", *(f",act {at % 10}" for at in range(COUNT))]
    wide = [line + action for line, action in zip(lines(ids), actions, strict=True)]
    plain = [row.replace(name, own) for row, name, own in zip(wide[1:], ids, NAMES, strict=True)]
    second = fit(*words, "--out", "second", features=[wide[0], *plain])
    assert json.loads(first.stdout)[0]["tested"] == json.loads(second.stdout)[0]["tested"] == [8, 8]
    told = [line + action for line, action in zip(scores(), actions, strict=True)]
    third = fit(*words, "--out", "third", mos=told)
    assert third.stdout == second.stdout


def test_what_has_one_side_only_is_named(fit):
    rows = scores(header="video,subject,nothing")
    mos = [rows[0], *(f"{line}," for line in rows[1:31]), "stray,3,"]
    done = fit("--splits", 2, mos=mos)
    told = " ".join(done.stderr.split())
    assert "10 videos have no score in mos.csv: v30, v31, v32, v33, v34, ..." in told
    assert "1 videos of mos.csv have no features: stray" in told
    assert "trained on 30 videos" in done.stdout


@pytest.mark.parametrize("empty", ["nothing", "completeness"])
def test_a_dimension_without_scores_is_named(fit, empty):
    rows = scores(header=f"video,subject,{empty}")
    done = fit("--splits", 2, "--json", mos=[rows[0], *(f"{line}," for line in rows[1:])])
    assert f"1 dimensions have no score: {empty}" in " ".join(done.stderr.split())
    assert [row["dimension"] for row in json.loads(done.stdout)] == ["subject"]


def test_seeds_may_be_large(fit, coarse):
    for regressor in ("videval", "tlvqm"):
        fit("--seed", 3_000_000_000, "--splits", 1, "--out", regressor, regressor=regressor)


def test_columns_of_csv_have_names_of_their_own(fit):
    done = fit("--splits", 2, "--format", "csv")
    header = next(csv.reader(io.StringIO(done.stdout)))
    assert len(set(header)) == len(header) == 10
    assert {"SRCC mean", "PLCC sd"} <= set(header)


def test_a_protocol_that_holds_nothing_out_is_refused(fit):
    with pytest.raises(GaiaJudgeError, match="holds no videos out"):
        fit("--protocol", "whole")


def test_the_note_tells_the_number_of_splits_that_were_made(fit):
    done = fit("--splits", 3)
    assert "Ten" not in done.stdout
    assert "Protocol gaia" in done.stdout


def test_what_people_did_is_not_laid_upon_the_rater(fit):
    done = fit("--splits", 2, mos=["video,subject", *(f"{name},3" for name in NAMES)])
    assert "people gave every video the same score, 3" in " ".join(done.stdout.split())
    assert "the rater" not in done.stdout


@pytest.mark.parametrize(
    ("rows", "said"),
    [(["video,a"], "has no rows"), (["video,a", "v1,", "v2,"], "has no number")],
)
def test_an_empty_table_says_so(fit, rows, said):
    with pytest.raises(GaiaJudgeError, match=rf"features\.csv {said}"):
        fit(features=rows)


def test_progress_counts_trainings_and_what_was_done_before(fit):
    assert "3 trainings in" in fit("--splits", 2).stderr
    again = fit("--splits", 2).stderr
    assert "1 trainings in" in again
    assert "(2 were done before)" in again


def test_a_fit_of_a_table_says_what_it_cannot_do(fit, tmp_path):
    assert "measures no new videos" in fit("--splits", 2).stderr
    assert not (tmp_path / "fit" / "fit.json").exists()
    with pytest.raises(GaiaJudgeError, match="no fitted metric") as caught:
        read_fitting(tmp_path / "fit")
    assert "not of --features" in caught.value.hint


def test_help_says_which_seeds_share_splits():
    told = " ".join(CliRunner().invoke(cli, ["baseline", "fit", "--help"]).output.split())
    assert "seeds nearer to each other than the number of splits share some" in told
    assert "measures no videos" in told
