"""Leaderboards of judges on a page: in the whole, and within subsets and classes, with published rows."""

import pandas as pd
import pytest
from scipy.stats import spearmanr

from gaia_judge.comparison.agreements import Asking
from gaia_judge.comparison.references import read_reference
from gaia_judge.pages.contents.judges import health_section, judges_section
from gaia_judge.pages.contents.materials import read_material
from gaia_judge.people import read_human
from tests.panels import write_mos, write_rater


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("judges")
    people = write_mos(folder, actions=12)
    write_rater(folder / "good.csv", people, 0.4, rater="good")
    write_rater(folder / "poor.csv", people, 4, seed=2, rater="poor")
    return folder


def boards(home, names, published=()):
    people = read_human(home / "MOS.csv")
    material = read_material([str(home / name) for name in names], people, Asking(draws=20), published)
    return {report.title: report for report in judges_section(material).parts}


@pytest.mark.parametrize(("by", "column"), [("subset", "subset"), ("class", "category")])
def test_each_part_has_the_correlation_of_its_videos(home, by, column):
    report = boards(home, ["good.csv", "poor.csv"])[f"Agreement with people: SRCC, by {by}"]
    table = pd.read_csv(home / "poor.csv")
    table = table[table["dimension"] == "subject"].set_index("video")
    mos = read_human(home / "MOS.csv").mos["subject"]
    assert report.columns[:4] == ("rater", "origin", "part", "subject")
    for name, part in table.groupby(column):
        (cell,) = [row[3] for row in report.rows if row[0] == "poor" and row[2] == name]
        assert cell.value == pytest.approx(spearmanr(part["value"], mos[part.index]).statistic, abs=1e-12)


def test_published_rows_stand_where_they_belong(home):
    found = boards(home, ["good.csv"], [one for one in read_reference("gaia") if not one.combination])
    whole, parts, classes = (
        [row for row in found[f"Agreement with people: SRCC{end}"].rows if row[1] == "published"]
        for end in ("", ", by subset", ", by class")
    )
    assert {row[0] for row in whole} >= {"FAST-VQA", "USDL"}
    assert parts
    assert all(row[2] for row in parts)
    assert not classes


def test_what_stands_at_the_head_is_not_said_again_of_each_table(home, tmp_path):
    pd.read_csv(home / "good.csv").assign(rater="random weights").to_csv(tmp_path / "r.csv", index=False)
    material = read_material([str(tmp_path / "r.csv")], read_human(home / "MOS.csv"), Asking(draws=5))
    assert material.raters[0].warnings
    assert not any("no judgements" in note for one in judges_section(material).parts for note in one.notes)


def test_off_scale_is_the_mean_of_all_that_is_known(home, tmp_path):
    masses = [0.0, 0.0, 0.9, None]
    table = pd.read_csv(home / "good.csv")
    table.assign(off_scale_mass=(masses * len(table))[: len(table)]).to_csv(tmp_path / "off.csv", index=False)
    material = read_material([str(tmp_path / "off.csv"), str(home / "poor.csv")], None, Asking(draws=20))
    (health,) = health_section(material).parts
    assert [row[4] for row in health.rows] == [pytest.approx(0.3), None]


def test_raters_that_do_not_agree_at_all_stand_before_those_that_disagree(home, tmp_path):
    mos = pd.DataFrame({"video": list("abcde"), "d": [1.0, 2, 3, 4, 5]})
    mos.to_csv(tmp_path / "MOS.csv", index=False)
    scores = {"against": [5, 4, 3, 2, 1], "nothing": [2, 5, 3, 1, 4], "for": [1, 2, 3, 4, 5]}
    for name, values in scores.items():
        rows = mos[["video"]].assign(dimension="d", value=values, rater=name)
        rows.to_csv(tmp_path / f"{name}.csv", index=False)
    places = [str(tmp_path / f"{name}.csv") for name in ("against", "nothing", "for")]
    material = read_material(places, read_human(tmp_path / "MOS.csv"), Asking(draws=5))
    assert [one.name for one in material.ranked] == ["for", "nothing", "against"]


def test_one_subset_has_no_board_of_its_own(home, tmp_path):
    pd.read_csv(home / "good.csv").assign(subset="all").to_csv(tmp_path / "one.csv", index=False)
    people = read_human(home / "MOS.csv")
    material = read_material([str(tmp_path / "one.csv")], people, Asking(draws=20))
    titles = [report.title for report in judges_section(material).parts]
    assert not any("by subset" in title for title in titles)
    assert any("by class" in title for title in titles)
