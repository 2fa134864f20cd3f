"""Tables of votes: what is read, and what is refused by its row."""

import json

import numpy as np
import pandas as pd
import pytest

from gaia_judge.errors import GaiaJudgeError
from gaia_judge.opinions import arrange, arrange_table, read_votes, scores_table
from gaia_judge.opinions.means import mean

ROWS = [("a", "x", 1.0), ("b", "x", 2.0), ("a", "y", 3.5)]


def frame(rows=ROWS, columns=("video", "rater", "score")):
    return pd.DataFrame(rows, columns=list(columns))


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_tables_of_any_format_are_read_alike(tmp_path, suffix):
    file = tmp_path / f"votes.{suffix}"
    if suffix == "csv":
        file.write_text(
            "Video;RATER;score;dimension;note\n\na;x;1;Subject;\n"
            " b ;x;2;final action subject;\na;y;3.5;subject;z\n"
        )
    elif suffix == "jsonl":
        named = frame().assign(dimension="subject").to_dict("records")
        file.write_text("".join(json.dumps(row) + "\n" for row in named))
    else:
        frame().assign(dimension="subject").to_parquet(file)
    ((dimension, votes),) = read_votes(file).items()
    assert dimension == "subject"
    assert (votes.videos, votes.raters) == (("a", "b"), ("x", "y"))
    assert votes.scores.tolist() == [1, 2, 3.5]
    assert [votes.video.tolist(), votes.rater.tolist()] == [[0, 1, 0], [0, 0, 1]]
    assert votes.seconds is None


def test_dimensions_are_apart_and_hold_only_their_videos_and_raters():
    rows = [(*row, name) for row, name in zip(ROWS, ["late", "early", "late"], strict=True)]
    found = arrange(frame(rows, ("video", "rater", "score", "dimension")), "votes")
    assert list(found) == ["late", "early"]
    assert (found["early"].videos, found["early"].raters) == (("b",), ("x",))
    assert found["late"].raters == ("x", "y")


@pytest.mark.parametrize("cell", ["", "nan", "inf", "-inf", "good", "1e200", None])
def test_a_score_that_is_no_finite_number_is_refused_by_its_row(tmp_path, cell):
    file = tmp_path / "votes.csv"
    frame([*ROWS[:2], ("a", "y", cell)]).to_csv(file, index=False)
    with pytest.raises(GaiaJudgeError, match=r"votes.csv, row 3 after the header, column 'score': ") as error:
        read_votes(file)
    assert "finite number" in str(error.value)


@pytest.mark.parametrize("column", ["video", "rater", "dimension"])
def test_an_empty_name_is_refused_by_its_row(column):
    rows = frame().assign(dimension="d").astype(object)
    rows.loc[1, column] = " "
    with pytest.raises(
        GaiaJudgeError, match=f"votes, row 2 after the header, column '{column}': the cell is empty"
    ):
        arrange(rows, "votes")


def test_a_second_vote_is_refused_by_its_row_unless_repeat_tells_it_apart():
    rows = frame([*ROWS, ("a ", "x", 2.0)])
    with pytest.raises(
        GaiaJudgeError, match=r"row 4 after the header: a second vote of video 'a ', rater 'x'"
    ) as error:
        arrange(rows, "votes")
    assert "'repeat'" in str(error.value)
    found = arrange(rows.assign(repeat=["", None, "", 1]), "votes")[None]
    assert found.repeated
    assert found.averaged().scores.tolist() == [1.5, 3.5, 2.0]
    with pytest.raises(GaiaJudgeError, match="repeat '1'"):
        arrange(rows.assign(repeat=1), "votes")


def test_one_video_may_have_a_vote_on_each_dimension_but_not_two():
    rows = frame(
        [("a", "x", 1, "d"), ("a", "x", 2, "e"), ("a", "x", 2, "D")], ("video", "rater", "score", "dimension")
    )
    assert list(arrange(rows[:2], "votes")) == ["d", "e"]
    with pytest.raises(GaiaJudgeError, match="row 3 after the header: a second vote of dimension 'D'"):
        arrange(rows, "votes")


@pytest.mark.parametrize(
    ("table", "told"),
    [
        (frame().drop(columns="rater"), "no column 'rater'"),
        (frame().iloc[:0], "no votes"),
        (frame().assign(Score=1), "two columns 'score'"),
    ],
)
def test_tables_that_are_none_are_refused(table, told):
    with pytest.raises(GaiaJudgeError, match=told):
        arrange(table, "votes")


def test_times_that_are_seconds_are_kept():
    found = arrange(frame().assign(time=["4.5", "", "2026-11-25T10:00:00Z"]), "votes")[None]
    assert found.seconds.tolist() == pytest.approx([4.5, np.nan, np.nan], nan_ok=True)


def test_scores_are_written_with_a_dimension_only_if_there_is_one():
    votes = arrange_table([[1, 3], [2, float("nan")]])
    table = scores_table({None: (votes, mean(votes))})
    assert list(table) == ["video", "mos", "low", "high", "n"]
    assert table["n"].tolist() == [2, 1]
    assert table["low"].isna().tolist() == [False, True]
    both = scores_table({"b": (votes, mean(votes)), "a": (votes, mean(votes))})
    assert list(both) == ["video", "dimension", "mos", "low", "high", "n"]
    assert both["dimension"].tolist() == ["b", "b", "a", "a"]
