"""Score tables: what goes in comes out of either file, and what is missing is never a number."""

import csv
import errno
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gaia_judge.errors import GaiaJudgeError
from gaia_judge.scores import Score, ScoreTable
from gaia_judge.scores.columns import COLUMNS
from gaia_judge.scores.files import replacing

HOSTILE = [
    *("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "'=1", "''=1", "'tis", "'", "''"),
    *(
        "a,b",
        'say "no"',
        "a\r\nb",
        "a\rb",
        " x ",
        "NA",
        "nan",
        "null",
        "\ufeffx",
        "\x00",
        "\u2028",
        "\\",
        "视频🎬",
    ),
]


def table(**columns: list[object]) -> ScoreTable:
    size = len(next(iter(columns.values())))
    filled = {"video": ["v"] * size, "dimension": ["subject"] * size, "value": [1.0] * size} | columns
    return ScoreTable.from_pandas(pd.DataFrame(filled))


def written(given_table: ScoreTable, folder: Path) -> Path:
    given_table.write(folder)
    return folder


def test_columns_stand_in_the_promised_order_and_further_ones_follow() -> None:
    frame = table(extra=[7], rater=["r"]).to_pandas()
    assert list(frame) == [*COLUMNS, "extra"]
    assert list(frame)[:8] == [
        *("video", "dimension", "value", "rater", "distribution", "off_scale_mass", "rationale", "error")
    ]
    assert frame["extra"].tolist() == ["7"]


def test_a_score_becomes_a_row_with_readout_and_chain_of_their_own() -> None:
    score = Score(
        video="v",
        dimension="subject",
        rater="r",
        value=3.5,
        distribution={"good": 0.5, "bad": 0.5},
        trace={"readout": "expected", "chain": "mode", "premises": ["one"]},
    )
    row = ScoreTable.from_records([score.row()]).to_pandas().iloc[0]
    assert row["distribution"] == '{"good": 0.5, "bad": 0.5}'
    assert (row["readout"], row["chain"], row["trace"]) == ("expected", "mode", '{"premises": ["one"]}')
    assert row[["rationale", "error", "off_scale_mass", "width", "trace"]].isna().tolist() == [True] * 4 + [
        False
    ]


@pytest.mark.parametrize("name", ["scores.csv", "scores.parquet", ""])
def test_hostile_text_comes_back_from_either_file_and_from_the_folder(name: str, tmp_path: Path) -> None:
    before = table(video=HOSTILE, rationale=HOSTILE[::-1], value=[None, 0.1 + 0.2, *range(len(HOSTILE) - 2)])
    after = ScoreTable.read(written(before, tmp_path) / name)
    assert after == before
    assert after.to_pandas()["video"].tolist() == HOSTILE


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("'=+-@\t\r\n\",;"), max_size=12),
    value=st.none() | st.floats(allow_nan=False, allow_infinity=False),
    width=st.none() | st.integers(1, 2**53),
)
def test_any_row_comes_back_from_either_file(
    text: str, value: float | None, width: int | None, tmp_path: Path
) -> None:
    before = table(rater=[text], value=[value], width=[width], note=[text])
    written(before, tmp_path)
    assert ScoreTable.read(tmp_path / "scores.csv") == before
    assert ScoreTable.read(tmp_path / "scores.parquet") == before


def test_no_text_cell_of_the_csv_is_a_formula_and_negative_numbers_stay_numbers(tmp_path: Path) -> None:
    before = table(video=HOSTILE, value=[-1.5] * len(HOSTILE))
    with (written(before, tmp_path) / "scores.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(HOSTILE)
    for row in rows:
        assert row.pop("value") == "-1.5"
        assert not [cell for cell in row.values() if cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))]


def test_a_file_name_that_is_not_utf8_is_written_with_escapes(tmp_path: Path) -> None:
    before = ScoreTable.from_records([{"video": "clip\udcff", "dimension": "subject", "value": 1}])
    assert before.to_pandas()["video"].tolist() == ["clip\\udcff"]
    assert ScoreTable.read(written(before, tmp_path)) == before


def test_missing_is_missing_and_never_a_number() -> None:
    frame = table(
        value=[None, np.nan, "", "NA", pd.NA, "2.5"], rater=[None, "", np.nan, pd.NA, "r", "NA"]
    ).to_pandas()
    assert frame["value"].isna().tolist() == [True] * 5 + [False]
    assert frame["rater"].isna().tolist() == [True] * 4 + [False] * 2


@pytest.mark.parametrize("wrong", ["good", "inf", float("-inf"), [1.0]])
def test_what_is_no_number_is_refused_with_its_place(wrong: object) -> None:
    with pytest.raises(GaiaJudgeError, match=r"The table, value, row 2: .* is not a number"):
        table(value=[1.0, wrong])


def test_missing_or_double_columns_are_named() -> None:
    with pytest.raises(GaiaJudgeError, match="no column 'dimension'"):
        ScoreTable.from_records([{"video": "v", "value": 1}])
    with pytest.raises(GaiaJudgeError, match="two columns 'value'"):
        ScoreTable.from_pandas(
            pd.DataFrame([["v", "d", 1, 2]], columns=["video", "dimension", "value", "value"])
        )


def test_an_empty_table_is_a_table(tmp_path: Path) -> None:
    empty = ScoreTable.from_records([])
    assert len(empty) == 0
    assert list(empty.summary()) == ["dimension", "n", "mean", "spread", "failures"]
    assert ScoreTable.read(written(empty, tmp_path) / "scores.csv") == empty
    assert ScoreTable.read(tmp_path) == empty


def test_a_table_cannot_be_changed_through_its_data_frame() -> None:
    whole = table(rater=["r"])
    frame = whole.to_pandas()
    frame.loc[0, "rater"] = "s"
    assert whole == table(rater=["r"])
    assert whole != table(rater=["s"])


def test_people_may_bring_a_spreadsheet_csv(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("video,value,dimension\nv1,3.25,subject\nv2,NA,subject\n", encoding="utf-8-sig")
    frame = ScoreTable.read(path).to_pandas()
    assert frame["video"].tolist() == ["v1", "v2"]
    assert frame["value"].isna().tolist() == [False, True]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", b""),
        ("a.csv", b"video,value\n\xff\xfe,1\n"),
        ("a.csv", b'video\n"1'),
        ("a.parquet", b"PAR1"),
    ],
)
def test_an_unreadable_file_is_named(name: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(GaiaJudgeError, match=f"{name} cannot be read as a table"):
        ScoreTable.read(tmp_path / name)


def test_a_folder_of_folders_with_scores_says_which(tmp_path: Path) -> None:
    for name in ("logistic5-action", "linear-action"):
        (tmp_path / name).mkdir()
        ScoreTable.from_records([{"video": "a", "dimension": "d", "value": 1.0}]).write(tmp_path / name)
    with pytest.raises(GaiaJudgeError) as error:
        ScoreTable.read(tmp_path)
    assert error.value.message == f"{tmp_path} holds no scores itself."
    assert error.value.hint == f"Give {tmp_path}/linear-action or {tmp_path}/logistic5-action."


def test_a_folder_without_scores_is_named(tmp_path: Path) -> None:
    with pytest.raises(GaiaJudgeError, match=r"no file .*scores\.parquet"):
        ScoreTable.read(tmp_path)


def test_summary_counts_values_and_failures_apart() -> None:
    scores = table(
        dimension=["subject", "interaction", "subject", "subject"],
        generator=["g", "g", "g", None],
        value=[1.0, None, 4.0, 2.5],
    )
    whole = scores.summary().set_index("dimension")
    assert list(whole.index) == ["subject", "interaction"]
    assert whole.loc["subject"].tolist() == [3, 2.5, 1.5, 0]
    assert whole.loc["interaction", ["n", "failures"]].tolist() == [0, 1]
    assert np.isnan(whole.loc["interaction", "mean"])
    split = scores.summary(["dimension", "generator"])
    assert split["n"].tolist() == [2, 0, 1]
    with pytest.raises(GaiaJudgeError, match="Did you mean generator"):
        scores.summary(["generater"])


def test_a_failed_write_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    path.write_bytes(b"old")

    def run_out_of_space() -> None:
        with replacing(path) as file:
            file.write(b"half")
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(GaiaJudgeError, match="cannot be written: No space"):
        run_out_of_space()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_table_of_many_blocks_is_that_of_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    rows = [
        {
            "video": f"v{number}",
            "dimension": "subject",
            "value": number / 3,
            "note": None if number % 2 else "=1",
        }
        for number in range(7)
    ]
    rows[5]["late"] = rows[2]["width"] = 7
    whole = ScoreTable.from_records(rows)
    for size in (1, 2, 3, 7):
        monkeypatch.setattr("gaia_judge.scores.BLOCK", size)
        monkeypatch.setattr("gaia_judge.scores.files.BLOCK", size)
        blocks = ScoreTable.from_records(iter(rows))
        assert blocks == whole
        assert blocks.to_pandas().dtypes.equals(whole.to_pandas().dtypes)
        assert ScoreTable.read(written(blocks, tmp_path) / "scores.csv") == whole
        assert ScoreTable.read(tmp_path) == whole
