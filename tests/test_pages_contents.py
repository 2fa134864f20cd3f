"""Contents of reports: each section, with or without what may be unknown, true to the tables it is of."""

import csv
import io
import json

import numpy as np
import pandas as pd
import pytest

from gaia_judge.agreement import fit_logistic
from gaia_judge.comparison.agreements import Asking
from gaia_judge.figures import Figure
from gaia_judge.leaderboards.boards import stand
from gaia_judge.pages.contents.materials import read_material
from gaia_judge.pages.contents.reports import build_page, divide
from gaia_judge.pages.sections import Gallery
from gaia_judge.people import read_human
from gaia_judge.reports import Report
from gaia_judge.scores import ScoreTable
from tests.clips import write_clip
from tests.panels import DIMENSIONS, GENERATORS, write_mos, write_rater

ASKING = Asking(draws=50)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    people = write_mos(folder, actions=10)
    write_rater(folder / "good.csv", people, 4, rater="good")
    write_rater(folder / "poor.csv", people, 40, seed=2, rater="poor", failing=3)
    return folder


def page_of(home, *names, human=True, gallery=0):
    people = read_human(home / "MOS.csv") if human else None
    return build_page(read_material([str(home / name) for name in names], people, ASKING), gallery=gallery)


def names(page):
    return [section.name for section in page.sections]


def parts(page, name, kind):
    (section,) = [one for one in page.sections if one.name == name]
    return [part for part in section.parts if isinstance(part, kind)]


def test_with_people_all_that_is_known_has_a_section(home):
    page = page_of(home, "good.csv", "poor.csv")
    assert names(page) == ["judges", "generators", "scatter", "distributions", "health"]
    assert len(parts(page, "scatter", Figure)) == 2 * len(DIMENSIONS)
    assert page.about == f"2 raters; 60 videos; 6 generators; people's scores of {home / 'MOS.csv'}."


def test_without_people_what_can_be_shown_is_shown(home):
    page = page_of(home, "good.csv", human=False)
    assert names(page) == ["generators", "distributions", "health"]
    assert set(page.data) == {"scores.csv", "generators.csv"}


def test_without_generators_there_are_no_leaderboards(home, tmp_path):
    table = pd.read_csv(home / "good.csv").drop(
        columns=["generator", "action", "category", "subset"], errors="ignore"
    )
    table["video"] = [f"clip {name}" for name in table["video"].rank(method="dense").astype(int)]
    table.to_csv(tmp_path / "bare.csv", index=False)
    page = build_page(read_material([str(tmp_path / "bare.csv")], None, ASKING))
    assert names(page) == ["health"]


def test_the_raters_that_agree_best_come_first_and_the_health_tells_failures(home):
    page = page_of(home, "poor.csv", "good.csv")
    assert parts(page, "scatter", Figure)[0].title == "good: subject"
    (health,) = parts(page, "health", Report)
    cells = {row[0]: row for row in health.rows}
    assert cells["good"][3] == "0.0%"
    assert cells["poor"][3] == "5.0%"


def test_leaderboards_are_those_of_the_command_by_subset_and_class_too(home):
    page = page_of(home, "good.csv")
    boards = {board.title: board for board in parts(page, "generators", Report)}
    material = read_material([str(home / "good.csv")], read_human(home / "MOS.csv"), ASKING)
    rows = [row for row in stand(material.raters[0], draws=50) if row.dimension == "subject"]
    shown = boards["Generators by good: subject"]
    assert [row[3] for row in shown.rows] == [row.generator for row in rows]
    assert {row[3] for row in boards["Generators by people: overall"].rows} == set(GENERATORS)
    assert sum("subset" in title for title in boards) == 3
    assert sum("class" in title for title in boards) == 4


def test_the_data_holds_every_score_with_people_beside_it_and_no_formulas(home, tmp_path):
    table = pd.read_csv(home / "good.csv")
    table.loc[table["action"] == "action 00", "action"] = '=HYPERLINK("x")'
    table.to_csv(tmp_path / "evil.csv", index=False)
    page = build_page(read_material([str(tmp_path / "evil.csv")], read_human(home / "MOS.csv"), ASKING))
    rows = list(csv.DictReader(io.StringIO(page.data["scores.csv"])))
    assert len(rows) == 60 * 3
    people = read_human(home / "MOS.csv").mos
    for row in rows[::17]:
        assert float(row["people"]) == pytest.approx(people.loc[row["video"], row["dimension"]], rel=1e-5)
    assert any(row["action"].startswith("'=HYPERLINK") for row in rows)
    assert not any(row["action"].startswith("=") for row in rows)


def test_a_gallery_shows_the_largest_gaps_first_with_clip_prompt_and_distribution(home, tmp_path):
    people, chance, rows = read_human(home / "MOS.csv").mos, np.random.default_rng(3), []
    for name in people.index:
        maker, action = name[1:-1].split(")_(")
        for dimension in DIMENSIONS:
            told = {"prompt": f"<script>{name}</script>", "rationale": f"because of {dimension}"}
            value = people.loc[name, dimension] + chance.normal(0, 10)
            facts = {"generator": maker, "action": action, "distribution": {"Bad": 0.25, "Good": 0.75}}
            rows.append(
                {"video": name, "dimension": dimension, "value": value, "rater": "wild", **facts, **told}
            )
    table = ScoreTable.from_records(rows)
    gaps = pd.DataFrame(
        {
            name: np.abs(fit_logistic(one, people[name], "logistic4")[0](one) - people[name])
            for name, one in table.wide().items()
        }
    )
    expected = gaps.max(axis=1).sort_values(ascending=False).index[:6].tolist()
    videos, run = tmp_path / "videos", tmp_path / "run"
    videos.mkdir()
    run.mkdir()
    for name in expected[:4]:
        write_clip(videos / f"{name}.mp4", frames=8, size=(96, 64))
    (videos / f"{expected[4]}.mp4").write_bytes(b"broken")
    table.write(run)
    told = {"manifest": {"videos": str(videos)}, "recorded": [], "results": {}}
    (run / "run.json").write_text(json.dumps(told))
    page = build_page(read_material([str(run)], read_human(home / "MOS.csv"), ASKING), gallery=6)
    (gallery,) = parts(page, "gallery", Gallery)
    assert [one.video for one in gallery.exhibits] == expected
    for at, one in enumerate(gallery.exhibits):
        assert abs(one.judge - one.people) == pytest.approx(gaps.loc[one.video].max())
        assert one.dimension == gaps.loc[one.video].idxmax()
        assert one.rationale == f"because of {one.dimension}"
        assert one.prompt == f"<script>{one.video}</script>"
        assert one.distribution == {"Bad": 0.25, "Good": 0.75}
        assert (one.clip is not None) == (at < 4)
    assert gallery.exhibits[4].problem
    assert "moved" in gallery.exhibits[5].problem


def test_intervals_of_calibrated_scores_are_held_against_their_promise(home, tmp_path):
    from click.testing import CliRunner

    from gaia_judge.cli import cli

    words = ["calibrate", str(home / "good.csv"), "--human", str(home / "MOS.csv"), "--folds", "3"]
    words += [
        "--level",
        "0.8",
        "--bootstrap",
        "10",
        "--out",
        str(tmp_path / "fit.json"),
        "--map",
        "linear",
        "--json",
    ]
    done = CliRunner().invoke(cli, words)
    assert done.exit_code == 0, done.output
    material = read_material([str(tmp_path / "fit")], read_human(home / "MOS.csv"), ASKING)
    (table,) = parts(build_page(material), "reliability", Report)
    whole = {row[0]: row for row in table.rows if row[1] == "all"}
    frame = ScoreTable.read(tmp_path / "fit").to_pandas()
    mos = read_human(home / "MOS.csv").mos
    for dimension in DIMENSIONS:
        own = frame[frame["dimension"] == dimension].set_index("video")
        inside = (own["low"].astype(float) <= mos[dimension]) & (mos[dimension] <= own["high"].astype(float))
        assert whole[dimension][2] == 0.8
        assert whole[dimension][3].value == pytest.approx(inside[own["low"].notna()].mean())


def test_spread_between_people_is_drawn_where_it_is_known(home, tmp_path):
    frame = pd.read_csv(home / "MOS.csv")
    for name in [one for one in frame.columns if one != "filename"]:
        frame[f"{name}_std"] = 30 - frame[name].clip(0, 100) / 5 + np.arange(len(frame)) % 3
    frame.rename(columns=lambda one: one.replace("final action ", "")).to_csv(
        tmp_path / "MOS.csv", index=False
    )
    material = read_material([str(home / "good.csv")], read_human(tmp_path / "MOS.csv"), ASKING)
    figures = parts(build_page(material), "people", Figure)
    assert len(figures) == 3
    axes = figures[0].draw().axes[0]
    assert len(axes.collections[0].get_offsets()) == 60
    assert len(axes.lines) == 1


def test_runs_and_experiments_are_told_apart(tmp_path):
    (tmp_path / "experiment.json").write_text("{}")
    assert divide(["runs/a", str(tmp_path), "b.csv"]) == (["runs/a", "b.csv"], [str(tmp_path)])
