"""Tables for people and papers."""

import csv
import io

import pytest
from rich.console import Console

from gaia_judge.cli import screens
from gaia_judge.reports import Interval, Report, cell_text, csv_text, latex, markdown

REPORT = Report(
    "Agreement of 50% & more",
    ("rater", "SRCC", "n", "why"),
    (
        ("nano_1|b", Interval(0.5, 0.25, 0.75), 12, None),
        ("=SUM(A1)", Interval(None), 0, "constant"),
    ),
    ("Signed values.",),
)


def test_text_stands_left_and_numbers_right():
    assert [REPORT.numeric(at) for at in range(4)] == [False, True, True, False]
    assert not Report("", ("a",), ((None,),)).numeric(0)


def test_markdown_keeps_bars_inside_cells_and_prints_notes():
    lines = markdown(REPORT).splitlines()
    assert lines[2:6] == [
        "| rater | SRCC | n | why |",
        "| --- | ---: | ---: | --- |",
        r"| nano_1\|b | 0.500 [0.250, 0.750] | 12 | - |",
        "| =SUM(A1) | - | 0 | constant |",
    ]
    assert lines[-1] == "Signed values."


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("0.5 [0.2, 0.7]: better", "0.5 [0.2, 0.7]: better"),
        ("a[0][1]", "a[0][1]"),
        ("[x]: javascript:y", r"\[x]: javascript:y"),
        ("[x](y)", r"[x\](y)"),
        ("\u202egpj.evil", "\ufffdgpj.evil"),
    ],
)
def test_markdown_escapes_what_would_be_a_link_and_no_more(text, shown):
    assert markdown(Report(text, ("a",), (), (text,))).splitlines()[-1] == shown


def test_latex_turns_no_text_round():
    assert "\ufffdgpj" in latex(Report("\u202egpj", ("a",), ()))


def test_latex_is_escaped_and_uses_booktabs():
    text = latex(REPORT)
    assert r"\caption{Agreement of 50\% \& more. Signed values.}" in text
    assert r"nano\_1|b & 0.500 [0.250, 0.750] & 12 & - \\" in text
    assert r"\begin{tabular}{lrrl}" in text
    assert [text.count(rule) for rule in (r"\toprule", r"\midrule", r"\bottomrule")] == [1, 1, 1]


@pytest.mark.parametrize("text", [r"\input{x}", "a^b~c", "{}", "#$"])
def test_latex_finds_no_command_in_text(text):
    lines = latex(Report("t", ("a",), ((text,),))).splitlines()
    bare = lines[lines.index(r"    \midrule") + 1].removesuffix(r" \\")
    for sign in "&%$#_{}":
        bare = bare.replace(rf"\{sign}", "")
    for name in ("textbackslash", "textasciicircum", "textasciitilde"):
        bare = bare.replace(rf"\{name}" + "{}", "")
    assert not set(bare) & set("\\&%$#_{}~^")


def test_csv_keeps_all_digits_and_splits_intervals():
    report = Report("t", ("rater", "SRCC"), (("=x", Interval(1 / 3, 0.1, 0.9)), ("y", None)))
    rows = list(csv.reader(io.StringIO(csv_text(report))))
    assert rows[0] == ["rater", "SRCC", "SRCC low", "SRCC high"]
    assert rows[1][0] == "'=x"
    assert float(rows[1][1]) == 1 / 3
    assert rows[2] == ["y", "", "", ""]


def test_what_is_missing_is_a_dash():
    assert cell_text(float("nan")) == cell_text(None) == "-"


@pytest.mark.parametrize("width", [60, 80, 160])
def test_a_terminal_shows_every_column_and_breaks_words_only_where_it_must(monkeypatch, width):
    console = Console(width=width, file=io.StringIO())
    monkeypatch.setattr(screens, "out", console)
    names = ("rater", "origin", "subject", "completeness", "interaction", "overall", "n", "failed")
    figures = [Interval(0.5, 0.25, 0.75)] * 4
    screens.show_report(Report("t", names, (("nano/syllogism/expected", "measured", *figures, 72, "1.5%"),)))
    lines = console.file.getvalue().splitlines()
    assert max(map(len, lines)) <= width
    text = "".join("".join(lines).split())
    assert "72" in text
    assert "1.5%" in text
    assert ("completeness" in text) == (width > 80)
