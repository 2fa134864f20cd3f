"""``report`` on names that users may give: no name is a path, a command, or a crash."""

import pandas as pd
import pytest
from click.testing import CliRunner

from gaia_judge.cli import cli
from tests.panels import write_mos, write_rater

RATER = "x <script>alert(1)</script>\n\n\\input{secret} random weights"


def call(*words):
    return CliRunner().invoke(cli, ["report", *map(str, words), "--bootstrap", "20"], catch_exceptions=False)


@pytest.fixture
def home(tmp_path):
    people = write_mos(tmp_path, actions=4)
    write_rater(tmp_path / "r.csv", people, 4, rater="r")
    return tmp_path


@pytest.mark.filterwarnings("ignore:Glyph")
def test_plots_of_dimensions_of_any_name_are_files_of_their_own(home):
    names = {"subject": "a/b $x$", "completeness": "a b: x", "interaction": "主体"}
    table = pd.read_csv(home / "r.csv").replace({"dimension": names})
    table.to_csv(home / "odd.csv", index=False)
    mos = pd.read_csv(home / "MOS.csv")
    mos.columns = [names.get(name.rpartition(" ")[2], name) for name in mos.columns]
    mos.to_csv(home / "odd-MOS.csv", index=False)
    done = call(home / "odd.csv", "--human", home / "odd-MOS.csv", "--figures", home / "plots")
    assert done.exit_code == 0
    found = {path.name for path in (home / "plots").glob("mos-*.pdf")}
    assert found == {"mos-1-a-b-x.pdf", "mos-1-a-b-x-2.pdf", "mos-1-other.pdf"}


@pytest.mark.parametrize(("column", "human"), [("generator", True), ("generator", False), ("category", True)])
def test_videos_of_which_a_part_is_unknown_are_left_out_of_its_plot_alone(home, column, human):
    table = pd.read_csv(home / "r.csv")
    table.loc[table["video"].isin(table["video"].unique()[:3]), column] = None
    table.to_csv(home / "some.csv", index=False)
    words = ["--human", home / "MOS.csv"] if human else []
    done = call(home / "some.csv", *words, "--html", home / "page.html", "--gallery", "0")
    assert done.exit_code == 0
    part = "class" if column == "category" else column
    assert f"r, by {part}" in (home / "page.html").read_text()


def test_warnings_cannot_give_markdown_or_latex_orders(home):
    pd.read_csv(home / "r.csv").assign(rater=RATER).to_csv(home / "evil.csv", index=False)
    done = call(home / "evil.csv", "--markdown", home / "t.md", "--latex", home / "t.tex")
    assert done.exit_code == 0
    markdown, latex = (home / "t.md").read_text(), (home / "t.tex").read_text()
    assert "<script" not in markdown
    assert markdown.startswith("**x &lt;script>")
    assert r"\input" not in latex.replace(r"\textbackslash{}input", "")
    lines = latex.splitlines()
    assert lines[0] == r"\begin{table}"
    # Each table of a paper stands alone.
    captions = [line for line in lines if line.startswith(r"  \caption")]
    assert len(captions) == lines.count(r"\begin{table}") > 1
    assert all("random weights: no judgements." in line for line in captions)
