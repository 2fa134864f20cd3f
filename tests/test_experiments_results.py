"""Results of a matrix: agreement, differences, choice and confirmation, and cost, by plain references."""

import json
import re
from dataclasses import replace
from itertools import product

import numpy as np
import pandas as pd
import pytest
from scipy.stats import kendalltau, pearsonr, spearmanr

from gaia_judge.comparison.agreements import Asking
from gaia_judge.errors import GaiaJudgeError
from gaia_judge.experiments.indexes import Entry, Index
from gaia_judge.experiments.plots import frontier, pareto
from gaia_judge.experiments.results import read_results
from gaia_judge.experiments.tables import SHOWN, list_tables
from gaia_judge.scores import ScoreTable
from tests.experiments import matrix, write_card

MAKERS, ACTIONS = "abcdef", [f"action {n}" for n in range(20)]
VIDEOS = [f"{maker}-{action}" for maker, action in product(MAKERS, ACTIONS)]
DIMENSIONS = ("subject", "completeness")
ASKING = Asking(statistics=SHOWN, draws=200)


@pytest.fixture
def home(tmp_path):
    return tmp_path / "experiment"


@pytest.fixture
def human(tmp_path):
    chance = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"video": VIDEOS, **{name: chance.normal(50, 15, len(VIDEOS)) for name in DIMENSIONS}}
    )
    frame.to_csv(tmp_path / "MOS.csv", index=False)
    return frame.set_index("video")


def write_cell(home, name, values, spent=None, off_scale=0.1):
    """Write a cell's run folder; values by dimension, NaN for what failed."""
    folder = home / "cells" / name.replace(" ", "-")
    folder.mkdir(parents=True)
    rows = [
        {
            "video": video,
            "dimension": dimension,
            "value": None if np.isnan(column[at]) else column[at],
            "rater": "scripted",
            "action": video[2:],
            "generator": video[0],
            "off_scale_mass": off_scale,
            "error": "none" if np.isnan(column[at]) else None,
        }
        for dimension, column in values.items()
        for at, video in enumerate(VIDEOS)
    ]
    ScoreTable.from_records(rows).write(folder)
    failed = int(np.isnan(np.stack(list(values.values()))).any(0).sum())
    results = {"videos": len(VIDEOS), "failed": failed, "foreign_videos": 0, "spent": spent or {}}
    whole = {"manifest": {}, "recorded": [], "results": results}
    (folder / "run.json").write_text(json.dumps(whole), encoding="utf-8")
    return f"cells/{folder.name}"


def noisy(human, noise, seed):
    chance = np.random.default_rng(seed)
    return {name: human[name].to_numpy() + chance.normal(0, noise, len(human)) for name in DIMENSIONS}


def index_of(home, cells, tmp_path, *, human=True, controls=(), **axes):
    experiment = matrix(write_card(tmp_path), **axes)
    entries = tuple(
        Entry(name, {"controls": "blank video" if name in controls else "none"}, folder, None, None, 1.0, 5.0)
        for name, folder in cells.items()
    )
    return Index(home, experiment, "videos", str(tmp_path / "MOS.csv") if human else None, entries)


@pytest.fixture
def cells(home, human):
    return {
        "base": write_cell(home, "base", noisy(human, 20, 1)),
        "sharp": write_cell(home, "sharp", noisy(human, 5, 2)),
        "blind": write_cell(home, "blind", noisy(human, 1, 3)),
    }


def test_agreement_is_that_of_scipy_on_the_searched_actions(home, human, cells, tmp_path):
    found = read_results(index_of(home, cells, tmp_path), ASKING)
    table = ScoreTable.read(home / cells["base"]).wide()
    searched = list(found.panel.people.index)
    assert 0 < len(searched) < len(VIDEOS)
    for row in [row for row in found.rows if row.rater == "base" and row.dimension in DIMENSIONS]:
        sides = table.loc[searched, row.dimension], human.loc[searched, row.dimension]
        assert row.figures["srcc"].value == pytest.approx(spearmanr(*sides).statistic, abs=1e-12)
        assert row.figures["plcc"].value == pytest.approx(pearsonr(*sides).statistic, abs=1e-12)
        assert row.figures["krcc"].value == pytest.approx(kendalltau(*sides).statistic, abs=1e-12)
        assert row.figures["srcc"].low < row.figures["srcc"].value < row.figures["srcc"].high


def test_the_choice_is_made_on_some_actions_and_confirmed_on_the_others(home, human, cells, tmp_path):
    found = read_results(index_of(home, cells, tmp_path, controls=["blind"]), ASKING)
    choice = found.choice
    assert (choice.name, choice.dimension) == ("sharp", "overall")
    assert (choice.searched, choice.confirmed) == (14, 6)
    searched = {video[2:] for video in found.panel.people.index}
    unseen = [video for video in VIDEOS if video[2:] not in searched]
    assert len({video[2:] for video in unseen}) == 6
    table = ScoreTable.read(home / cells["sharp"]).wide().loc[unseen].mean(axis=1)
    expected = spearmanr(table, human.loc[unseen].mean(axis=1)).statistic
    (row,) = [row for row in choice.rows if row.rater == "sharp" and row.dimension == "overall"]
    assert row.figures["srcc"].value == pytest.approx(expected, abs=1e-12)
    assert (choice.duel.first, choice.duel.second) == ("sharp", "base")
    assert choice.duel.low > 0


def test_a_search_among_raters_without_knowledge_does_not_flatter_itself(home, human, tmp_path):
    """The best of many that guess looks good where it was chosen, and like chance where it was not."""
    chance = np.random.default_rng(7)
    cells = {
        f"guess {n}": write_cell(home, f"guess {n}", {name: chance.normal(size=120) for name in DIMENSIONS})
        for n in range(15)
    }
    found = read_results(index_of(home, cells, tmp_path, confirm=0.5), ASKING)
    best = found.choice.name
    (there,) = [row for row in found.rows if (row.rater, row.dimension) == (best, "overall")]
    (unseen,) = [row for row in found.choice.rows if (row.rater, row.dimension) == (best, "overall")]
    assert there.figures["srcc"].value == max(
        row.figures["srcc"].value for row in found.rows if row.dimension == "overall"
    )
    assert there.figures["srcc"].value > unseen.figures["srcc"].value
    assert unseen.figures["srcc"].low < 0


def test_a_cell_that_fails_often_is_not_chosen(home, human, cells, tmp_path):
    often = noisy(human, 1, 5)
    for column in often.values():
        column[::10] = np.nan
    cells["failing"] = write_cell(home, "failing", often)
    found = read_results(index_of(home, cells, tmp_path, controls=["blind"]), ASKING)
    assert found.spent["failing"].failed == 12
    assert found.choice.name == "sharp"


def test_differences_are_from_the_base_and_corrected_by_holm(home, human, cells, tmp_path):
    found = read_results(index_of(home, cells, tmp_path), ASKING)
    for dimension, own in found.duels.items():
        assert [(one.first, one.second) for one in own] == [("sharp", "base"), ("blind", "base")]
        figures = {row.rater: row.figures["srcc"].value for row in found.rows if row.dimension == dimension}
        for one in own:
            assert one.difference == pytest.approx(figures[one.first] - figures["base"], abs=1e-12)
        small, large = sorted(own, key=lambda one: one.p)
        assert small.p_holm == pytest.approx(min(1, 2 * small.p))
        assert large.p_holm == pytest.approx(max(min(1, 2 * small.p), large.p))


def test_cells_that_were_computed_once_count_once_among_the_differences(home, human, cells, tmp_path):
    index = index_of(home, cells, tmp_path)
    twins = {"base again": "base", "sharp again": "sharp"}
    entries = {entry.name: entry for entry in index.entries}
    more = [replace(entries[first], name=name, same_as=first) for name, first in twins.items()]
    alone, found = (
        read_results(replace(index, entries=whole), ASKING)
        for whole in (index.entries, (*index.entries, *more))
    )
    for dimension, own in found.duels.items():
        told = {one.first: one.p_holm for one in own}
        assert told.keys() == {"sharp", "blind", "base again", "sharp again"}
        assert {one.first: one.p_holm for one in alone.duels[dimension]} == {
            name: told[name] for name in ("sharp", "blind")
        }
        assert told["sharp again"] == told["sharp"]
        assert told["base again"] is None


def test_intervals_from_few_actions_carry_a_caution(home, human, cells, tmp_path):
    def notes(**axes):
        (table, *_) = list_tables(read_results(index_of(home, cells, tmp_path, **axes), ASKING))
        return " ".join(table.notes)

    assert "From 9 actions they are too narrow." in notes(confirm=0.55)
    assert "too narrow" not in notes(confirm=0.5)


@pytest.mark.parametrize(
    ("axes", "whole", "told"),
    [({"confirm": 0}, False, "confirm: 0"), ({}, True, "all actions")],
)
def test_without_a_division_all_actions_count_and_the_reason_is_told(
    home, human, cells, tmp_path, axes, whole, told
):
    found = read_results(index_of(home, cells, tmp_path, **axes), ASKING, whole=whole)
    assert (found.choice, len(found.panel.people)) == (None, len(VIDEOS))
    assert told in found.unchosen
    assert any(told in note for report in list_tables(found) for note in report.notes)


def test_costs_are_counted_by_time_or_by_tokens(home, human, tmp_path):
    spent = {"seconds": 60.0, "rated": 120, "prompt": 50_000, "cached": 20_000, "output": 400}
    cells = {"base": write_cell(home, "base", noisy(human, 9, 1), spent)}
    by_time = read_results(index_of(home, cells, tmp_path, price={"per_hour": 3.0}), ASKING).spent["base"]
    assert by_time.cost == pytest.approx(1000 / 120 * 3.0 / 60)
    assert by_time.speed == 2.0
    assert by_time.off_scale == pytest.approx(0.1)
    price = {"prompt_per_million": 2.0, "cached_per_million": 0.5, "output_per_million": 10.0}
    by_token = read_results(index_of(home, cells, tmp_path, price=price), ASKING).spent["base"]
    assert by_token.cost == pytest.approx(1000 / 120 * (30_000 * 2.0 + 20_000 * 0.5 + 400 * 10.0) / 1e6)
    free = read_results(index_of(home, cells, tmp_path), ASKING)
    assert free.spent["base"].cost is None
    assert any("gives no price" in note for note in list(list_tables(free))[-1].notes)


def test_a_price_of_one_kind_of_token_is_a_price_and_tokens_are_told_per_video(home, human, tmp_path):
    spent = {"seconds": 60.0, "rated": 100, "prompt": 50_000, "cached": 20_000, "output": 400}
    cells = {"base": write_cell(home, "base", noisy(human, 9, 1), spent)}
    for price, cost in (
        ({"output_per_million": 10.0}, 1000 / 100 * 400 * 10 / 1e6),
        ({"cached_per_million": 5.0}, 1000 / 100 * 20_000 * 5 / 1e6),
    ):
        found = read_results(index_of(home, cells, tmp_path, price=price), ASKING)
        assert found.spent["base"].cost == pytest.approx(cost)
    costs = list(list_tables(found))[-1]
    assert costs.rows[0][4:7] == (500.0, 200.0, 4.0)
    assert "base: tokens and time were measured on 100 of 120 videos." in costs.notes
    assert not any("by the hour" in note for note in costs.notes)
    timed = read_results(index_of(home, cells, tmp_path, price={"per_hour": 1.0}), ASKING)
    assert any("by the hour are of rating alone" in note for note in list(list_tables(timed))[-1].notes)


def test_differences_are_judged_by_corrected_p_and_sign(home, human, cells, tmp_path):
    turned = {name: -column for name, column in noisy(human, 20, 4).items()}
    cells["worse"] = write_cell(home, "worse", turned)
    found = read_results(index_of(home, cells, tmp_path), ASKING)
    duel = found.duels["subject"][0]
    shown = [(0.01, 0.2, "no"), (0.01, -0.2, "no"), (0.01, 0.2, "better"), (0.01, -0.2, "worse")]
    holm = (0.06, 0.06, 0.04, 0.04)
    made = [
        replace(duel, p=p, p_holm=corrected, difference=difference)
        for (p, difference, _), corrected in zip(shown, holm, strict=True)
    ]
    (table,) = [
        one
        for one in list_tables(replace(found, duels={"subject": made}))
        if one.title == "Differences from the base"
    ]
    assert [row[-1] for row in table.rows] == [told for *_, told in shown]
    whole = {
        row[1]: row[-1] for row in next(one for one in list_tables(found) if one.title == table.title).rows
    }
    assert (whole["sharp"], whole["worse"]) == ("better", "worse")


@pytest.mark.parametrize(("noise", "told"), [(5, "significantly better"), (19, "not significant")])
def test_the_confirmation_says_whether_the_gain_is_significant(home, human, tmp_path, noise, told):
    cells = {
        "base": write_cell(home, "base", noisy(human, 20, 1)),
        "other": write_cell(home, "other", noisy(human, noise, 2)),
    }
    found = read_results(index_of(home, cells, tmp_path), ASKING)
    assert found.choice.name == "other"
    assert found.choice.duel.p_holm == found.choice.duel.p
    assert (found.choice.duel.p < 0.05) == (told != "not significant")
    (table,) = [one for one in list_tables(found) if one.title.startswith("The best cell")]
    assert re.search(rf"differs from that of base by .*: {told} \(p ", table.notes[-1])
    assert "Intervals from 6 actions are too narrow" in table.notes[1]


def test_another_seed_is_no_candidate(home, human, cells, tmp_path):
    index = index_of(home, cells, tmp_path, controls=["blind"], seeds=[0, 1])
    lucky = [replace(one, values={**one.values, "seeds": int(one.name == "sharp")}) for one in index.entries]
    assert read_results(replace(index, entries=tuple(lucky)), ASKING).choice.name == "base"
    assert read_results(index, ASKING).choice.name == "sharp"


def test_what_holds_for_all_tables_is_said_once(home, human, cells, tmp_path):
    file = home / cells["base"] / "run.json"
    whole = json.loads(file.read_text())
    whole["manifest"] = {"judge": {"world": "synthetic"}}
    file.write_text(json.dumps(whole), encoding="utf-8")
    notes = [
        note
        for one in list_tables(read_results(index_of(home, cells, tmp_path), ASKING))
        for note in one.notes
    ]
    assert sum("synthetic world" in note for note in notes) == 1
    assert sum("Intervals: 95%" in note for note in notes) == 1


def test_without_people_the_ratings_themselves_are_shown(home, human, cells, tmp_path):
    found = read_results(index_of(home, cells, tmp_path, human=False), ASKING)
    ratings, costs = list_tables(found)
    assert ratings.columns == ("cell", "dimension", "n", "mean", "spread", "failures")
    assert len(ratings.rows) == 6
    assert ratings.rows[0][3] == pytest.approx(ScoreTable.read(home / cells["base"]).wide()["subject"].mean())
    assert costs.title == "What it took"
    assert pareto(found) is None


def test_refused_cells_and_those_not_yet_run_are_named(home, human, cells, tmp_path):
    index = index_of(home, cells, tmp_path)
    refused = Entry("deaf", {"controls": "none"}, None, None, "It hears nothing.", None, None)
    twin = Entry("twin", {"controls": "none"}, cells["base"], "base", None, 1.0, 5.0)
    found = read_results(
        Index(home, index.experiment, "v", index.human, (*index.entries, refused, twin)), ASKING
    )
    costs = list(list_tables(found))[-1]
    assert any("deaf: not run. It hears nothing." in note for note in costs.notes)
    assert any("twin: computed once, as base" in note for note in costs.notes)
    assert [row[0] for row in costs.rows] == ["base", "sharp", "blind", "deaf", "twin"]


def test_an_experiment_without_any_scores_is_an_error(home, human, tmp_path):
    with pytest.raises(GaiaJudgeError, match="has scores"):
        read_results(index_of(home, {"base": "cells/none"}, tmp_path), ASKING)


def test_the_plot_shows_each_cell_at_its_cost_and_agreement(home, human, tmp_path):
    spent = {"seconds": 60.0, "rated": 120}
    cells = {
        "base": write_cell(home, "base", noisy(human, 20, 1), spent),
        "slow": write_cell(home, "slow", noisy(human, 5, 2), {"seconds": 240.0, "rated": 120}),
    }
    found = read_results(index_of(home, cells, tmp_path), ASKING)
    axes = pareto(found).draw().axes[0]
    shown = {text.get_text(): text.xy for text in axes.texts}
    figures = {row.rater: row.figures["srcc"].value for row in found.rows if row.dimension == "overall"}
    assert shown == {"base": (0.5, figures["base"]), "slow": (2.0, figures["slow"])}
    assert axes.get_xlabel() == "seconds per video"
    assert line_of(axes) == [(0.5, figures["base"]), (2.0, figures["slow"])]


def line_of(axes):
    """Return the places that the line of the best joins."""
    return next([tuple(at) for at in line.get_xydata()] for line in axes.lines if line.get_color() == "0.6")


def test_the_line_joins_no_controls_and_bounds_of_zero_are_drawn(home, human, cells, tmp_path):
    for place, folder in enumerate(cells.values()):
        file = home / folder / "run.json"
        whole = json.loads(file.read_text())
        whole["results"]["spent"] = {"seconds": 60.0 * (place + 1), "rated": 120}
        file.write_text(json.dumps(whole), encoding="utf-8")
    found = read_results(index_of(home, cells, tmp_path, controls=["blind"]), ASKING)
    rows = [
        replace(row, figures={**row.figures, "srcc": replace(row.figures["srcc"], low=0.0)})
        for row in found.rows
    ]
    axes = pareto(replace(found, rows=rows)).draw().axes[0]
    figures = {row.rater: row.figures["srcc"].value for row in found.rows if row.dimension == "overall"}
    assert line_of(axes) == [(0.5, figures["base"]), (1.0, figures["sharp"])]
    ends = sorted(min(part[:, 1]) for one in axes.collections for part in one.get_segments())
    assert ends == pytest.approx([0.0, 0.0, 0.0])
    fills = [line.get_fillstyle() for line in axes.lines if line.get_marker() == "o"]
    assert fills == ["full", "full", "none"]


def test_the_frontier_is_that_of_all_pairs():
    chance = np.random.default_rng(3)
    for _ in range(50):
        points = [tuple(pair) for pair in chance.integers(0, 6, (8, 2)).astype(float)]
        beaten = {
            at
            for at, (cost, gain) in enumerate(points)
            if any(c <= cost and g >= gain and (c, g) != (cost, gain) for c, g in points)
        }
        best = frontier(points)
        assert {points[at] for at in best} == {points[at] for at in range(8) if at not in beaten}
        assert [points[at][0] for at in best] == sorted(points[at][0] for at in best)
