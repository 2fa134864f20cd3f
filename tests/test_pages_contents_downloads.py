"""Downloads: the full tables hold everything, also what the page leaves out."""

import csv
import io

import pandas as pd
import pytest

from gaia_judge.comparison.agreements import Asking
from gaia_judge.pages.contents.downloads import list_downloads
from gaia_judge.pages.contents.materials import read_material
from gaia_judge.pages.data import pack
from gaia_judge.people import read_human
from tests.panels import DIMENSIONS, GENERATORS, write_mos, write_rater


def tables(human, *places):
    people = None if human is None else read_human(human)
    material = read_material([str(place) for place in places], people, Asking(draws=20))
    return {name: list(csv.DictReader(io.StringIO(text))) for name, text in list_downloads(material)}


def packed(*places):
    """Return the bytes that all scores take inside a page."""
    material = read_material([str(place) for place in places], None, Asking(draws=1))
    name, text = next(list_downloads(material))
    return len(pack(name, text).packed)


@pytest.fixture
def home(tmp_path):
    people = write_mos(tmp_path, actions=4)
    write_rater(tmp_path / "judge.csv", people, 4, rater="judge")
    frame = pd.read_csv(tmp_path / "judge.csv")
    metric = frame[frame["dimension"] == "subject"].assign(dimension="sharpness", rater="=metric")
    metric.to_csv(tmp_path / "metric.csv", index=False)
    return tmp_path


def test_videos_that_one_side_lacks_are_there_with_empty_cells(home):
    mos = pd.read_csv(home / "MOS.csv")
    mos.iloc[2:].to_csv(home / "some.csv", index=False)
    rows = tables(home / "some.csv", home / "judge.csv", home / "metric.csv")["scores.csv"]
    assert len(rows) == len(mos) * len(DIMENSIONS)
    judged = pd.read_csv(home / "judge.csv").set_index(["video", "dimension"])["value"]
    people = read_human(home / "MOS.csv").mos
    for row in rows:
        video, dimension = row["video"], row["dimension"]
        assert float(row["judge"]) == pytest.approx(judged[video, dimension], rel=1e-5)
        assert float(row["'=metric"]) == pytest.approx(judged[video, "subject"], rel=1e-5)
        if video in people.index[:2]:
            assert row["people"] == ""
        else:
            assert float(row["people"]) == pytest.approx(people.loc[video, dimension], rel=1e-5)
    assert sum(row["people"] == "" for row in rows) == 2 * len(DIMENSIONS)


def test_thirty_raters_of_gaias_size_leave_room_for_clips(tmp_path):
    people = write_mos(tmp_path, actions=50)
    for at in range(6):
        write_rater(tmp_path / f"{at}.csv", people, 4, seed=at, rater=f"rater {at}")
    sizes = [packed(*(tmp_path / f"{at}.csv" for at in range(n))) for n in (1, 6)]
    rater = (sizes[1] - sizes[0]) / 5 / len(people)
    rest = sizes[0] / len(people) - rater
    # Of 15 MB, clips have 5.3; the rest is mostly plots and the page's own tables.
    assert 1e6 < 9180 * (rest + 30 * rater) < 5e6


def test_leaderboards_of_all_raters_are_one_table(home):
    rows = tables(None, home / "judge.csv", home / "metric.csv")["generators.csv"]
    found = {(row["rater"], row["dimension"]) for row in rows}
    assert found == {("judge", name) for name in (*DIMENSIONS, "overall")} | {("'=metric", "sharpness")}
    assert {row["generator"] for row in rows if row["rater"] == "'=metric"} == set(GENERATORS)
    means = pd.read_csv(home / "metric.csv").groupby("generator")["value"].mean()
    for row in rows[-len(GENERATORS) :]:
        assert float(row["mean"]) == pytest.approx(means[row["generator"]])


def test_without_people_or_generators_there_are_scores_alone(home):
    table = pd.read_csv(home / "metric.csv").drop(columns=["generator", "action", "category", "subset"])
    table.assign(video=[f"clip {at}" for at in range(len(table))]).to_csv(home / "bare.csv", index=False)
    found = tables(None, home / "bare.csv")
    assert list(found) == ["scores.csv"]
    assert "people" not in found["scores.csv"][0]
