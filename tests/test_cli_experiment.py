"""``experiment run`` and ``experiment show`` as a user gives them, with nano on drawn clips."""

import json
import re

import pytest
from click.testing import CliRunner

from gaia_judge.cli import cli
from gaia_judge.cli.experiment_run import draw_sample
from gaia_judge.synthetic.benchmarks import write_benchmark
from gaia_judge.videos import read_videos
from tests.scripted import some_video

FILE = """
about: A test.
videos: world
human: world/MOS.csv
judges: [nano]
prompts: [syllogism, {set: syllogism, order: reversed, label: turned}]
seeds: [0, 1]
controls: [none, text only]
price: {per_hour: 1.0}
"""


def call(*words):
    return CliRunner().invoke(cli, [str(word) for word in words], catch_exceptions=True)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("experiment")
    write_benchmark(folder / "world", generators=2, actions=8, seed=5)
    (folder / "mine.yaml").write_text(FILE, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def done(home):
    return call("experiment", "run", home / "mine.yaml", "--out", home / "out", "--json")


def test_the_cells_that_can_be_run_are_compared_with_people(done):
    assert done.exit_code == 1, done.stderr  # nano refuses another order
    found = json.loads(done.stdout)
    cells = {cell["name"]: cell for cell in found["cells"]}
    assert len(cells) == 8
    assert [name for name, cell in cells.items() if cell["refused"]] == [
        "turned, seed 0",
        "turned, seed 0, text only",
        "turned, seed 1",
        "turned, seed 1, text only",
    ]
    assert "was not trained" in cells["turned, seed 0"]["refused"]
    assert cells["syllogism, seed 1"]["same_as"] == "syllogism, seed 0"
    assert cells["syllogism, seed 0"]["spent"]["videos"] == 16
    assert cells["syllogism, seed 0"]["spent"]["cost"] > 0
    by_cell = {
        (row["cell"], row["dimension"]): row["srcc"] for row in found["agreement"] if row["srcc"] is not None
    }
    assert by_cell["syllogism, seed 0", "overall"] == by_cell["syllogism, seed 1", "overall"] > 0.3
    assert found["choice"]["actions_searched"] + found["choice"]["actions_kept_back"] == 8
    assert "SYNTHETIC WORLD" in done.stderr
    assert "turned, seed 0: not run" in done.stderr


def test_the_same_again_rates_nothing_and_says_the_same(done, home):
    again = call("experiment", "run", home / "mine.yaml", "--out", home / "out", "--json")
    assert re.search(r"0 ratings in .* \(32 were done before\)", again.stderr)
    assert json.loads(again.stdout) == json.loads(done.stdout)


def test_it_is_shown_as_tables_and_as_a_plot(done, home):
    shown = call("experiment", "show", home / "out", "--plot", home / "cost.svg", "--format", "markdown")
    assert shown.exit_code == 0, shown.stderr
    for title in (
        "Agreement with people: overall",
        "Differences from the base",
        "What it took",
        "unseen actions",
    ):
        assert title in shown.stdout
    assert "USD per 1,000 videos" in shown.stdout
    assert "knows only the synthetic world" in shown.stdout.lower()
    assert (home / "cost.svg").read_text().count("syllogism, seed 0") >= 1


def test_a_dry_run_lists_what_is_done_and_runs_nothing(done, home):
    listed = call("experiment", "run", home / "mine.yaml", "--out", home / "out", "--dry-run")
    lines = dict(line.split(": ", 1) for line in listed.stdout.splitlines())
    assert lines["syllogism, seed 0"] == lines["syllogism, seed 0, text only"] == "done"
    assert "was not trained" in lines["turned, seed 0"]
    assert lines["syllogism, seed 1"] == "as syllogism, seed 0"
    fresh = call("experiment", "run", home / "mine.yaml", "--out", home / "none", "--dry-run")
    assert "syllogism, seed 0: to do" in fresh.stdout
    assert not (home / "none").exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["run", "chaning"], "chaining"),
        (["run", "chaining"], "names no videos"),
        (["run", "chaining", "--videos", "."], "names no judges"),
        (["show", "."], "holds no experiment.json"),
        (["show", ".", "--plot", "x.foo"], "End it in .svg or .pdf or .png"),
        (["run", "chaining", "--plot", "no/x.svg"], "Make no first"),
    ],
)
def test_bad_usage_is_one_line(words, told, capfd, tmp_path, monkeypatch):
    from gaia_judge.cli import main

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["gaia-judge", "experiment", *words])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 2
    (line,) = capfd.readouterr().err.strip().splitlines()
    assert line.startswith("Error: ")
    assert told in line


def test_samples_are_spread_over_actions_and_generators(home):
    videos = read_videos(home / "world")
    chosen = draw_sample(videos, 8, seed=0)
    assert len({video.action for video in chosen}) == 8
    makers = [video.generator for video in chosen]
    assert {makers.count(maker) for maker in set(makers)} <= {3, 4, 5}
    assert chosen == [video for video in videos if video in chosen]
    assert draw_sample(videos, 8, seed=0) == chosen
    assert any(draw_sample(videos, 8, seed=seed) != chosen for seed in (1, 2))
    assert draw_sample(videos, None, seed=0) == draw_sample(videos, 99, seed=0) == videos
    assert len(draw_sample([some_video("a"), some_video("b")], 1, seed=0)) == 1


def test_half_a_command_names_the_whole_ones():
    for words in (["experiment", "--help"], ["experiment"], ["study", "-h"]):
        shown = call(*words)
        assert shown.exit_code == 2
        assert f"{words[0]!r} is the beginning of a command: {words[0]} " in shown.stderr
