"""Raters against people: who they are, how they agree, in parts, in sums, and beside published figures."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from gaia_judge.comparison.agreements import Asking, measure, seat
from gaia_judge.comparison.combinations import FOLDS, combine
from gaia_judge.comparison.generators import measure_generators
from gaia_judge.comparison.raters import OVERALL, pick_rater, read_raters, with_overall
from gaia_judge.comparison.references import read_reference
from gaia_judge.comparison.results import compare, duel, measure_parts
from gaia_judge.errors import GaiaJudgeError
from gaia_judge.people import read_human
from gaia_judge.protocols import Protocol, load_protocol, splits
from gaia_judge.scores import ScoreTable
from tests.panels import DIMENSIONS, GENERATORS, write_mos, write_rater

ASKING = Asking(draws=100)


@pytest.fixture
def people(tmp_path):
    return write_mos(tmp_path)


@pytest.fixture
def panel(tmp_path, people):
    good = write_rater(tmp_path / "good.csv", people, 0.1, failing=6)
    bad = write_rater(tmp_path / "bad.csv", people, 1.5, seed=2)
    return seat(read_raters([str(good), str(bad)]), read_human(tmp_path / "MOS.csv"))


def rows_of(rows):
    return {(row.rater, row.dimension, row.group): row for row in rows}


def test_a_run_is_measured_against_people_on_the_videos_that_both_have(panel, people, tmp_path):
    table = pd.read_csv(tmp_path / "good.csv").pivot(index="video", columns="dimension", values="value")
    found = rows_of(measure(panel, ASKING))
    for dimension in DIMENSIONS:
        row = found["good", dimension, None]
        pairs = pd.DataFrame({"x": table[dimension], "y": people.set_index("video")[dimension]}).dropna()
        assert row.figures["srcc"].value == pytest.approx(
            stats.spearmanr(pairs.x, pairs.y).statistic, abs=1e-12
        )
        assert row.figures["plcc"].value == pytest.approx(
            stats.pearsonr(pairs.x, pairs.y).statistic, abs=1e-12
        )
        assert (row.figures["srcc"].n, row.figures["srcc"].missing) == (114, 6)
        assert row.failed == pytest.approx(6 / 120)
    assert (
        found["good", "subject", None].figures["srcc"].value
        > found["bad", "subject", None].figures["srcc"].value
    )


def test_overall_is_the_mean_of_the_three_on_both_sides(panel, people, tmp_path):
    table = pd.read_csv(tmp_path / "bad.csv").pivot(index="video", columns="dimension", values="value")
    own, theirs = table.mean(axis=1), people.set_index("video")[list(DIMENSIONS)].mean(axis=1)
    expected = stats.spearmanr(own, theirs.loc[own.index]).statistic
    found = rows_of(measure(panel, ASKING))["bad", OVERALL, None]
    assert found.figures["srcc"].value == pytest.approx(expected, abs=1e-12)
    with_gap = with_overall(pd.DataFrame({"a": [1.0, np.nan], "b": [3.0, 3.0]}))
    assert with_gap[OVERALL].tolist()[0] == 2
    assert np.isnan(with_gap[OVERALL].tolist()[1])


def test_parts_are_measured_by_themselves(panel, people):
    found = rows_of(measure(panel, ASKING, "subset"))
    assert {group for _, _, group in found} == set(people["subset"])
    hands = people[people["subset"] == "Hand"].set_index("video")
    row = found["bad", "subject", "Hand"]
    values = pick_rater(panel.raters, "bad").values["subject"].loc[hands.index]
    assert row.figures["srcc"].value == pytest.approx(
        stats.spearmanr(values, hands["subject"]).statistic, abs=1e-12
    )
    assert row.figures["srcc"].n == len(hands)
    assert found["good", "subject", "Hand"].failed == pytest.approx(2 / 42)


def test_intervals_by_action_are_wider_than_by_video_where_actions_differ(tmp_path, people):
    shift = people["action"].map({name: at for at, name in enumerate(sorted(set(people["action"])))})
    tilted = people.assign(**{name: people[name] + 6 * shift for name in DIMENSIONS})
    mos = tilted[["video", *DIMENSIONS]].rename(columns={name: f"final action {name}" for name in DIMENSIONS})
    mos.rename(columns={"video": "filename"}).to_csv(tmp_path / "tilted.csv", index=False)
    write_rater(tmp_path / "one.csv", tilted, 0.5)
    panel = seat(read_raters([str(tmp_path / "one.csv")]), read_human(tmp_path / "tilted.csv"))
    widths = {}
    for unit in ("video", "action", "both"):
        one = rows_of(measure(panel, replace(ASKING, unit=unit, draws=400)))["one", "subject", None].figures[
            "srcc"
        ]
        widths[unit] = one.high - one.low
        assert one.low < one.value < one.high
    assert widths["video"] < widths["action"]
    assert widths["video"] < widths["both"]


def test_means_of_generators_are_compared_too(panel, people):
    found = {(row.rater, row.dimension): row for row in measure_generators(panel, ASKING)}
    values = pick_rater(panel.raters, "good").values["subject"].dropna()
    pairs = people.set_index("video").assign(x=values)[["generator", "x", "subject"]].dropna()
    means = pairs.groupby("generator")[["x", "subject"]].mean()
    one = found["good", "subject"].figures["srcc"]
    assert one.value == pytest.approx(stats.spearmanr(means["x"], means["subject"]).statistic, abs=1e-12)
    assert one.n == len(GENERATORS)


def test_a_metric_of_one_dimension_stands_for_all_and_a_lacking_dimension_is_said(tmp_path, people):
    metric = people[["video"]].assign(dimension="flow", value=people["subject"], rater="flow")
    metric.to_csv(tmp_path / "flow.csv", index=False)
    both = pd.concat([metric.assign(dimension=name, rater="half") for name in DIMENSIONS[:2]])
    both.to_csv(tmp_path / "half.csv", index=False)
    raters = read_raters([str(tmp_path / "flow.csv"), str(tmp_path / "half.csv")])
    found = rows_of(measure(seat(raters, read_human(tmp_path)), ASKING))
    assert found["flow", "subject", None].figures["srcc"].value == pytest.approx(1)
    assert found["flow", OVERALL, None].figures["srcc"].value > 0.9
    lacking = found["half", "interaction", None].figures["srcc"]
    assert lacking.value is None
    assert lacking.reason
    assert found["half", OVERALL, None].figures["srcc"].value is None


def test_raters_are_named_and_told_apart(tmp_path, people):
    file = write_rater(tmp_path / "a.csv", people, 0.1)
    assert [one.name for one in read_raters([str(file), f"mine={file}"])] == ["a", "mine"]
    with pytest.raises(GaiaJudgeError, match=r"two raters called 'a \(a.csv\)'"):
        read_raters([str(file), str(file)])
    other = write_rater(tmp_path / "b.csv", people, 0.1, rater="a")
    assert [one.name for one in read_raters([str(file), str(other)])] == ["a (a.csv)", "a (b.csv)"]
    raters = read_raters([f"llava one={file}", f"llava two={file}"])
    assert pick_rater(raters, "llava o").name == "llava one"
    with pytest.raises(GaiaJudgeError, match="may be llava one or llava two"):
        pick_rater(raters, "llava")
    with pytest.raises(GaiaJudgeError, match=r"no rater 'llavb one'.*mean llava one"):
        pick_rater(raters, "llavb one")
    (tmp_path / "empty.csv").write_text("video,dimension,value\n")
    with pytest.raises(GaiaJudgeError, match="holds no scores"):
        read_raters([str(tmp_path / "empty.csv")])


def test_a_table_of_several_raters_is_several(tmp_path, people):
    parts = [pd.read_csv(write_rater(tmp_path / f"{name}.csv", people, 0.1, rater=name)) for name in "ab"]
    pd.concat(parts).to_csv(tmp_path / "both.csv", index=False)
    assert [one.name for one in read_raters([str(tmp_path / "both.csv")])] == ["a", "b"]
    with pytest.raises(GaiaJudgeError, match="several raters"):
        read_raters([f"c={tmp_path / 'both.csv'}"])


@pytest.mark.parametrize("how", ["sum", "zsum"])
def test_sums_are_of_raw_or_standard_scores(panel, how):
    found = combine(panel, ["good", "bad"], how)
    good, bad = (one.values["subject"].reindex(panel.people.index) for one in panel.raters)
    both = good.notna() & bad.notna()
    if how == "zsum":
        good, bad = (pd.Series(stats.zscore(side[both]), side[both].index) for side in (good, bad))
    expected = (good + bad)[both]
    np.testing.assert_allclose(found.values["subject"][both], expected, atol=1e-12)
    assert found.values["subject"][~both].isna().all()
    assert found.name == f"good + bad ({how})"


def test_a_regression_knows_nothing_of_the_actions_it_is_applied_to(panel):
    found = combine(panel, ["good", "bad"], "regression", seed=3).values["subject"].to_numpy()
    inputs = np.column_stack([one.values["subject"].reindex(panel.people.index) for one in panel.raters])
    people = panel.people["subject"].to_numpy()
    whole = np.isfinite(inputs).all(axis=1)
    for split in splits(Protocol(by="action", folds=FOLDS, seed=3), panel.facts):
        train, test = split.train[whole[split.train]], split.test[whole[split.test]]
        design = np.column_stack([np.ones(len(inputs)), inputs])
        normal = design[train].T @ design[train]
        expected = design[test] @ np.linalg.solve(normal, design[train].T @ people[train])
        np.testing.assert_allclose(found[test], expected, atol=1e-8)
        assert not set(panel.facts["action"].iloc[split.train]) & set(panel.facts["action"].iloc[split.test])
    scrambled = panel.people.copy()
    held = splits(Protocol(by="action", folds=FOLDS, seed=3), panel.facts)[0].test
    scrambled.iloc[held] = 0
    again = combine(replace(panel, people=scrambled), ["good", "bad"], "regression", seed=3)
    np.testing.assert_allclose(again.values["subject"].to_numpy()[held], found[held], atol=1e-12)


def test_a_combination_needs_two_known_raters(panel):
    with pytest.raises(GaiaJudgeError, match="no combination"):
        combine(panel, ["good"], "sum")
    with pytest.raises(GaiaJudgeError, match="no rater 'dover'"):
        combine(panel, ["good", "dover"], "sum")


def test_the_better_rater_wins_and_its_double_does_not(tmp_path, panel, people):
    double = write_rater(tmp_path / "double.csv", people, 0.1, seed=9)
    human = read_human(tmp_path / "MOS.csv")
    found = duel(seat([*panel.raters, *read_raters([str(double)])], human), ASKING, "bootstrap")
    results = {(one.first, one.second): one for one in found["subject"]}
    assert results["good", "bad"].difference > 0
    assert results["good", "bad"].p_holm < 0.01
    assert results["good", "double"].p_holm > 0.05
    assert set(found) == {*DIMENSIONS, OVERALL}


def test_the_test_parts_of_a_protocol_are_measured_each(panel):
    protocol = load_protocol("gaia-by-action")
    found = {(one.rater, one.dimension): one.spreads["srcc"] for one in measure_parts(panel, protocol)}
    values = panel.scores("subject")["bad"]
    people = panel.people["subject"].to_numpy()
    each = [
        stats.spearmanr(values[one.test], people[one.test]).statistic for one in splits(protocol, panel.facts)
    ]
    assert found["bad", "subject"].median == pytest.approx(np.median(each), abs=1e-12)
    assert found["bad", "subject"].n == 10


def test_ceilings_and_pairs_need_peoples_spread(tmp_path, panel, people):
    without = compare(panel, ASKING)
    assert all(one.value is None and one.reason for one in without.ceilings.values())
    assert not without.discriminations
    columns = {f"{name}_std": 5.0 for name in DIMENSIONS} | {f"{name}_n": 20 for name in DIMENSIONS}
    people[["video", *DIMENSIONS]].assign(**columns).to_csv(tmp_path / "sure.csv", index=False)
    found = compare(seat(panel.raters, read_human(tmp_path / "sure.csv")), ASKING)
    assert 0.9 < found.ceilings["subject"].value < 1
    assert (
        found.discriminations["good", "subject"].better > found.discriminations["bad", "subject"].better > 0.5
    )


def test_gaias_published_rows_are_all_there_each_with_its_source():
    rows = read_reference("gaia")
    main = [row for row in rows if row.subset is None and not row.combination]
    subsets = [row for row in rows if row.subset]
    combinations = [row for row in rows if row.combination]
    assert [len(part) for part in (main, subsets, combinations)] == [24, 9, 26]
    assert len({row.rater for row in main}) == 24
    assert all("arXiv 2406.06087" in row.source for row in rows)
    best = max(main, key=lambda row: row.figures["subject", "srcc"])
    assert (best.rater, best.figures["subject", "srcc"], best.figures[OVERALL, "plcc"]) == (
        "DOVER",
        0.6173,
        0.5502,
    )


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("rater,subject_srcc\nDOVER,0.6\n", "no column 'source'"),
        ("rater,subject_srcc,source\nDOVER,high,x\n", "line 2: subject_srcc is 'high'"),
    ],
)
def test_a_reference_of_ones_own_is_checked(tmp_path, monkeypatch, text, named):
    folder = tmp_path / "calibration" / "reference"
    folder.mkdir(parents=True)
    (folder / "mine.csv").write_text(text)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(GaiaJudgeError, match=named):
        read_reference("mine")


def test_scores_fitted_to_these_people_are_refused_unless_out_of_fold(tmp_path, people):
    human = read_human(tmp_path / "MOS.csv")
    frame = pd.read_csv(write_rater(tmp_path / "a.csv", people, 0.1))
    refused = {
        ("out-of-fold", human.digest): False,
        ("applied", human.digest): True,
        ("applied", "other people"): False,
        ("applied to what it was fitted to", "the same people in another file"): True,
    }
    for (kind, digest), no in refused.items():
        ScoreTable.from_pandas(frame.assign(calibration=kind, calibrated_on=digest)).write(tmp_path)
        raters = read_raters([str(tmp_path / "scores.csv")])
        if no:
            with pytest.raises(GaiaJudgeError, match="was fitted to human scores of"):
                seat(raters, human)
        else:
            assert seat(raters, human).raters == raters


def test_clusters_and_parts_that_nobody_knows_are_refused(tmp_path, people):
    bare = pd.read_csv(write_rater(tmp_path / "a.csv", people, 0.1))[["video", "dimension", "value"]]
    bare.to_csv(tmp_path / "bare.csv", index=False)
    panel = seat(read_raters([str(tmp_path / "bare.csv")]), read_human(tmp_path / "MOS.csv"))
    assert measure(panel, ASKING)[0].figures["srcc"].low is not None
    for unit in ("action", "generator", "both"):
        with pytest.raises(GaiaJudgeError, match="0 known values of"):
            measure(panel, replace(ASKING, unit=unit))
    for part in ("subset", "class", "generator"):
        with pytest.raises(GaiaJudgeError, match=f"No video's {part} is known"):
            measure(panel, ASKING, part)
