"""Reliability on a page: whose intervals, what they promise, and how sure it is what they hold."""

import numpy as np
import pytest
from click.testing import CliRunner
from scipy.stats import binomtest

from gaia_judge.cli import cli
from gaia_judge.comparison.agreements import Asking
from gaia_judge.pages.contents.materials import read_material
from gaia_judge.pages.contents.reliability import read_coverages
from gaia_judge.people import read_human
from gaia_judge.scores import ScoreTable
from tests.panels import GENERATORS, write_mos, write_rater


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reliability")
    people = write_mos(folder, actions=12)
    write_rater(folder / "good.csv", people, 0.4, rater="good")
    words = ["calibrate", folder / "good.csv", "--human", folder / "MOS.csv", "--folds", "4", "--json"]
    words += ["--level", "0.8", "--bootstrap", "10", "--map", "linear", "--out", folder / "fit.json"]
    done = CliRunner().invoke(cli, list(map(str, words)))
    assert done.exit_code == 0, done.output
    return folder


def coverages(home, *places, unit=None):
    people = read_human(home / "MOS.csv")
    return read_coverages(read_material(list(map(str, places)), people, Asking(draws=200, unit=unit)))


@pytest.mark.parametrize("place", ["{}/fit", "{}/fit/scores.csv", "mine={}/fit", "mine={}/fit/scores.csv"])
def test_the_promise_is_found_beside_folders_and_files_under_any_name(home, place):
    table, figure = coverages(home, home / "good.csv", place.format(home))
    assert {row[2] for row in table.rows} == {0.8}
    assert "Promised: 80%" in table.notes[0]
    marks = [line.get_xdata() for line in figure.draw().axes[0].lines if len(line.get_xdata()) == 2]
    assert any(list(ends) == [0.8, 0.8] for ends in marks)


def test_without_a_calibrator_the_promise_is_unknown(home, tmp_path):
    (tmp_path / "alone.csv").write_text((home / "fit/scores.csv").read_text())
    table, _ = coverages(home, tmp_path / "alone.csv")
    assert {row[2] for row in table.rows} == {None}
    assert "unknown" in table.notes[0]


def test_shares_are_counts_and_actions_are_drawn_as_wholes(home):
    table, _ = coverages(home, home / "fit")
    frame = ScoreTable.read(home / "fit").to_pandas().astype({"low": float, "high": float})
    frame = frame[frame["dimension"] == "subject"].set_index("video")
    mos = read_human(home / "MOS.csv").mos["subject"].reindex(frame.index)
    inside = frame["low"].le(mos) & frame["high"].ge(mos)
    cells = {row[1]: row[3] for row in table.rows if row[0] == "subject"}
    assert list(cells) == ["all", *sorted(GENERATORS)]
    for name, part in inside.groupby(frame["generator"]):
        bounds = binomtest(int(part.sum()), len(part)).proportion_ci(method="wilson")
        assert (cells[name].value, cells[name].low, cells[name].high) == (part.mean(), *bounds)
    chance, actions = np.random.default_rng(9), inside.groupby(frame["action"]).mean().to_numpy()
    means = chance.choice(actions, (20_000, len(actions))).mean(axis=1)  # all actions have six clips
    assert cells["all"].value == pytest.approx(inside.mean())
    assert (cells["all"].low, cells["all"].high) == pytest.approx(
        np.quantile(means, [0.025, 0.975]), abs=0.03
    )


def test_raters_without_intervals_have_no_part(home):
    assert coverages(home, home / "good.csv") == []


def test_places_may_be_relative(home, monkeypatch):
    monkeypatch.chdir(home / "fit")
    for place in ("scores.csv", "."):
        table, _ = coverages(home, place)
        assert {row[2] for row in table.rows} == {0.8}
