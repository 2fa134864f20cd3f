"""``report`` as a user gives it."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from gaia_judge.cli import cli
from gaia_judge.experiments.cells import lay_out
from gaia_judge.experiments.indexes import index
from gaia_judge.experiments.steps import run_cells
from tests.experiments import Loader, matrix, write_card, write_videos
from tests.panels import write_mos, write_rater
from tests.scripted import certain


def call(*words):
    return CliRunner().invoke(cli, ["report", *map(str, words), "--bootstrap", "50"], catch_exceptions=False)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    people = write_mos(folder, actions=8)
    write_rater(folder / "good.csv", people, 4, rater="good|one & $")
    return folder


def test_a_page_is_written_where_nothing_else_is_asked_for(home, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = call(home / "good.csv", "--human", home / "MOS.csv", "--reference", "gaia", "--title", "Mine <b>")
    assert done.exit_code == 0
    text = Path("report.html").read_text()
    assert "Mine &lt;b&gt;" in text
    assert "FAST-VQA" in text
    assert text.count("<svg") >= 6
    assert "Report: report.html" in done.stderr


def test_tables_for_papers_and_every_plot_as_files(home, tmp_path):
    done = call(
        home / "good.csv",
        "--human",
        home / "MOS.csv",
        "--markdown",
        "-",
        "--latex",
        tmp_path / "t.tex",
        "--figures",
        tmp_path / "plots",
    )
    assert done.exit_code == 0
    assert r"good\|one & $" in done.stdout
    assert re.search(r"\*\*Agreement with people: SRCC\*\*", done.stdout)
    tex = (tmp_path / "t.tex").read_text()
    assert tex.count(r"\toprule") == tex.count(r"\bottomrule") > 5
    assert r"good|one \& \$" in tex
    plots = sorted(path.name for path in (tmp_path / "plots").iterdir())
    assert len(plots) == len({name.rpartition(".")[0] for name in plots}) * 2
    assert "mos-1-subject.pdf" in plots
    assert (tmp_path / "plots/mos-1-subject.pdf").read_bytes().startswith(b"%PDF")
    assert not list(tmp_path.glob("*.html"))


def run_experiment(tmp_path, actions=("waving",), **axes):
    """Run an experiment without people's scores, and return its folder and videos."""
    videos = write_videos(tmp_path, ["Alpha", "Beta"], actions)
    experiment = matrix(write_card(tmp_path), controls=["none", "blank video"], **axes)
    cells = lay_out(experiment, videos)
    loader = Loader(lambda request: certain("Good", request))
    list(run_cells(cells, videos, tmp_path / "e", source="here", load=loader))
    index(tmp_path / "e", experiment, cells, videos="here", human=None, refused={}).write()
    return tmp_path / "e", videos


def test_an_experiment_has_a_section_of_its_own(tmp_path):
    done = call(run_experiment(tmp_path)[0], "--html", tmp_path / "e.html", "--markdown", "-")
    assert done.exit_code == 0
    assert "**What it took**" in done.stdout
    assert "blank video" in (tmp_path / "e.html").read_text()


@pytest.mark.parametrize("audited", [False, True])
def test_people_of_the_report_are_those_of_experiments_and_audits_without_their_own(tmp_path, audited):
    rule = {"name": "blank", "asks": "?", "cell": "blank video", "kind": "blind", "expect": "less"}
    folder, videos = run_experiment(tmp_path, ["waving", "jumping"], rules=[rule] if audited else [])
    rows = [f"{one.id},{at},{at + 1},{at * at}" for at, one in enumerate(videos)]
    people = tmp_path / "people.csv"
    people.write_text("\n".join(["video,subject,completeness,interaction", *rows]))
    told = "videos, with people's scores" if audited else "Agreement with people: interaction"
    assert told not in call(folder, "--markdown", "-").stdout
    assert told in call(folder, "--human", people, "--markdown", "-").stdout


def test_bad_places_are_one_line(home, tmp_path, monkeypatch, capfd):
    from gaia_judge.cli import main

    for words, told in (
        (["none.csv"], "There is no file none.csv"),
        ([str(home / "good.csv"), "--human", "gone.csv"], "gone.csv"),
        ([str(home / "good.csv"), "--figures", str(home / "good.csv")], "cannot be made"),
    ):
        monkeypatch.setattr("sys.argv", ["gaia-judge", "report", *words])
        with pytest.raises(SystemExit) as end:
            main()
        assert end.value.code == 2
        lines = [line for line in capfd.readouterr().err.strip().splitlines() if line.startswith("Error")]
        assert len(lines) == 1
        assert told in lines[0]
