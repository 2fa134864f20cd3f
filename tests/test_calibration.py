"""Calibration of a run: files, digests, refusals, and what the tables say."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from gaia_judge.calibration.calibrations import Plan, apply_calibrator, calibrate
from gaia_judge.calibration.calibrators import mismatches, read_calibrator, write_calibrator
from gaia_judge.calibration.learning import Course, draw_curve
from gaia_judge.calibration.reports import list_reports, measure
from gaia_judge.calibration.results import measure_coverage, measure_gains
from gaia_judge.calibration.sources import read_source, settings
from gaia_judge.calibration.tables import check_comparison
from gaia_judge.errors import GaiaJudgeError
from gaia_judge.people import read_human
from gaia_judge.scores import ScoreTable
from tests.calibrated import DIMENSIONS, MANIFEST, edit_run, make_world


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return make_world(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="module", params=["linear", "ridge"])
def found(world, request):
    run, mos = world
    return calibrate(read_source(run), read_human(mos), Plan(request.param))


def other_run(tmp_path, seed=5):
    folder = tmp_path / "other"
    folder.mkdir()
    return make_world(folder, seed=seed)


def test_out_of_fold_scores_are_a_score_table_that_says_how_each_came_about(found, world):
    frame = found.table.to_pandas()
    assert list(frame["dimension"][:3]) == list(DIMENSIONS)
    assert frame["video"].nunique() == 80
    assert set(frame["rater"]) == {f"tiny/syllogism/expected calibrated ({found.plan.mapping})"}
    assert set(frame["calibration"]) == {"out-of-fold"}
    assert frame["note"].str.contains(r"^out-of-fold: fold [1-5] of 5 by action; synthetic world").all()
    assert frame["action"].nunique() == 20
    failed = frame["video"].eq("(g1)_(a00)")
    assert frame.loc[failed, "error"].eq("could not be decoded").all()
    assert frame.loc[~failed, "error"].isna().all()
    assert frame.loc[failed, "value"].isna().all()
    assert (frame.loc[~failed, "low"].astype(float) < frame.loc[~failed, "high"].astype(float)).all()
    assert len(found.table.wide().columns) == 3


def test_videos_that_only_one_side_has_are_named(world, tmp_path):
    run, mos = world
    lines = mos.read_text().splitlines()
    (tmp_path / "MOS.csv").write_text("\n".join([*lines[:1], *lines[9:], "(g9)_(a00).mp4,1,2,3"]))
    found = calibrate(read_source(run), read_human(tmp_path / "MOS.csv"), Plan("linear"))
    assert found.missing == tuple(f"(g{g})_(a0{a})" for a in (0, 1) for g in range(4))
    assert found.surplus == ("(g9)_(a00)",)
    frame = found.table.to_pandas()
    unlabelled = frame["action"].isin(["a00", "a01"])
    assert frame.loc[unlabelled, "note"].str.contains("no clip of this action has a label").all()
    assert frame.loc[unlabelled & frame["error"].isna(), "low"].notna().all()
    told = list_reports(found, measure(found, draws=20, curve_draws=0))[0].notes
    assert (
        "8 videos have no human score: (g0)_(a00), (g1)_(a00), (g2)_(a00), (g3)_(a00), (g0)_(a01), ..."
        in told
    )


def test_clips_of_one_action_stand_in_one_fold(found):
    frame = found.table.to_pandas()
    assert frame.groupby("action")["note"].nunique().eq(1).all()
    assert frame["note"].nunique() == 5


def test_calibrated_scores_are_on_peoples_scale(found):
    for gain in measure_gains(found, draws=50):
        assert gain.calibrated["srcc"].n == gain.raw["srcc"].n == 79
        assert gain.missing == 1
        assert gain.raw["rmse"].value > 40
        assert gain.calibrated["rmse"].value < 12
        assert gain.calibrated["plcc"].low < gain.calibrated["plcc"].value < gain.calibrated["plcc"].high


def test_coverage_is_counted_on_groups_that_were_held_out(found):
    for one in measure_coverage(found, draws=50):
        result = found.results[one.dimension]
        inside = (result.calibrated.low <= result.sample.mos) & (result.sample.mos <= result.calibrated.high)
        assert one.value == pytest.approx(inside.sum() / 79)
        assert 0.8 < one.value <= 1
        assert (one.n, one.groups) == (79, 20)
    apart = measure_coverage(found, draws=50, by_generator=True)
    assert [one.generator for one in apart[:4]] == ["g0", "g1", "g2", "g3"]
    assert sum(one.value * one.n for one in apart[:4]) == pytest.approx(
        measure_coverage(found, draws=50)[0].value * 79
    )


def test_too_few_groups_have_values_but_no_intervals_and_say_why(tmp_path):
    run, mos = make_world(tmp_path, actions=6)
    few = calibrate(read_source(run), read_human(mos), Plan("linear"))
    (subject, *_) = measure_coverage(few, draws=50)
    assert subject.value is subject.width is None
    assert "are too few: intervals of 90% need 9" in subject.reason
    assert few.calibrator.dimensions["subject"].band is None
    assert "6 groups with labels are too few" in few.calibrator.dimensions["subject"].no_band
    assert few.table.to_pandas()["low"].isna().all()
    assert few.table.to_pandas()["value"].notna().any()


def test_a_calibrator_reads_back_as_it_was_written(found, tmp_path):
    file = tmp_path / "fit.json"
    write_calibrator(found.calibrator, file)
    again = read_calibrator(file)
    assert again == found.calibrator
    assert again.digest == found.calibrator.digest
    assert set(again.digests) == {"judge", "prompt", "frames", "readout"}
    assert again.human.source == "MOS.csv"
    assert len(again.groups) == 20
    assert {fitted.labels for fitted in again.dimensions.values()} == {79}


def test_equal_runs_give_equal_bytes(world):
    run, mos = world
    first, second = (calibrate(read_source(run), read_human(mos), Plan("isotonic")) for _ in range(2))
    assert first.calibrator.model_dump_json() == second.calibrator.model_dump_json()
    assert first.table == second.table
    assert calibrate(read_source(run), read_human(mos), Plan("isotonic", seed=1)).table != first.table


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda whole: whole["dimensions"]["subject"]["map"].update(slope=1.0), "digest does not fit"),
        (lambda whole: whole.update(version=2), "version"),
        (lambda whole: whole.update(pickle="no"), "pickle"),
    ],
)
def test_changed_numbers_and_other_versions_are_refused(world, tmp_path, change, named):
    run, mos = world
    file = tmp_path / "fit.json"
    write_calibrator(calibrate(read_source(run), read_human(mos), Plan("linear")).calibrator, file)
    whole = json.loads(file.read_text())
    change(whole)
    file.write_text(json.dumps(whole))
    with pytest.raises(GaiaJudgeError, match=named):
        read_calibrator(file)


def test_no_file_and_no_calibrator_are_one_line(tmp_path):
    with pytest.raises(GaiaJudgeError, match=r"none\.json cannot be read"):
        read_calibrator(tmp_path / "none.json")
    (tmp_path / "other.json").write_text("{}")
    with pytest.raises(GaiaJudgeError, match="is not a calibrator"):
        read_calibrator(tmp_path / "other.json")


def test_applied_to_its_own_run_it_is_the_fit_to_all_labels(found, world):
    source = read_source(world[0])
    table = apply_calibrator(found.calibrator, source)
    for dimension, result in found.results.items():
        expected = found.calibrator.dimensions[dimension].map.predict(result.sample.features)
        assert table.wide()[dimension].to_numpy() == pytest.approx(expected, nan_ok=True)
    notes = table.to_pandas()["note"]
    assert notes.str.contains("which has seen this action").all()
    assert notes.str.contains(f"by {found.plan.mapping}-action@{found.calibrator.digest}").all()


def test_another_run_of_the_same_judge_is_calibrated_with_intervals_that_hold(found, tmp_path):
    run, mos = other_run(tmp_path)
    frame = apply_calibrator(found.calibrator, read_source(run)).to_pandas()
    people = read_human(mos).mos.stack()
    keys = list(zip(frame["video"], frame["dimension"], strict=True))
    truth = people.reindex(keys).to_numpy()
    known = frame["low"].notna()
    held = (frame["low"].astype(float) <= truth) & (truth <= frame["high"].astype(float))
    assert 0.8 < held[known].mean() <= 1
    assert np.corrcoef(frame.loc[known, "value"], truth[known])[0, 1] > 0.7


def test_the_labels_it_was_fitted_to_are_refused_unless_out_of_fold(found, world, tmp_path):
    run, mos = world
    human = read_human(mos)
    check_comparison(found.table, human)
    applied = apply_calibrator(found.calibrator, read_source(run))
    with pytest.raises(GaiaJudgeError, match=r"was fitted to human scores of .*out-of-fold"):
        check_comparison(applied, human)
    applied.write(tmp_path)
    again = pd.read_csv(mos).sample(frac=1, random_state=0)
    again.to_csv(tmp_path / "again.csv", index=False)
    for other in (human, read_human(tmp_path / "again.csv")):
        with pytest.raises(GaiaJudgeError, match="was fitted to human scores of"):
            check_comparison(ScoreTable.read(tmp_path / "scores.csv"), other)
    new = applied.to_pandas().assign(video=lambda frame: "new " + frame["video"], calibration="applied")
    check_comparison(ScoreTable.from_pandas(new), read_human(other_run(tmp_path)[1]))
    check_comparison(read_source(run).table, human)


def test_a_table_that_hides_how_it_came_about_is_refused_too(found, world):
    frame = found.table.to_pandas().drop(columns="calibration")
    with pytest.raises(GaiaJudgeError, match="was fitted to human scores of"):
        check_comparison(ScoreTable.from_pandas(frame), read_human(world[1]))


@pytest.mark.parametrize(
    ("part", "change", "named"),
    [
        ("judge", {"weights_digest": "ffff"}, "judge.weights_digest was .0123456789ab., now .ffff."),
        ("prompt", {"digest": "bbbb"}, "prompt.digest"),
        ("frames", {"count": 16}, "frames.count was 8, now 16"),
        ("asking", {"chain": "marginal"}, "readout.chain"),
    ],
)
def test_other_settings_are_refused_by_name_and_marked_where_forced(found, tmp_path, part, change, named):
    source = read_source(edit_run(other_run(tmp_path)[0], part, **change))
    with pytest.raises(GaiaJudgeError, match=named):
        apply_calibrator(found.calibrator, source)
    frame = apply_calibrator(found.calibrator, source, override=True).to_pandas()
    assert (
        frame["note"]
        .str.contains(f"OTHER SETTINGS than in the fit: {part if part != 'asking' else 'readout'}")
        .all()
    )


def test_where_weights_lie_and_what_a_judge_is_called_changes_nothing(found, tmp_path):
    run = edit_run(other_run(tmp_path)[0], "judge", model="elsewhere/tiny", name="small")
    assert mismatches(found.calibrator, read_source(run)) == []
    unhashed = {"name": "a", "model": "org/a", "revision": None, "weights_digest": None}
    assert settings({**MANIFEST, "judge": unhashed}, "a")["judge"]["model"] == "org/a"


def test_a_table_without_a_run_is_known_by_its_rater(world, tmp_path):
    frame = read_source(world[0]).table.to_pandas()
    frame.assign(rater="metric").to_csv(tmp_path / "metric.csv", index=False)
    source = read_source(tmp_path / "metric.csv")
    fitted = calibrate(source, read_human(world[1]), Plan("linear")).calibrator
    assert fitted.settings == {"rater": "metric"}
    with pytest.raises(GaiaJudgeError, match="other settings"):
        apply_calibrator(fitted, read_source(world[0]))


def test_a_metric_of_one_dimension_is_calibrated_to_all(world, tmp_path):
    frame = read_source(world[0]).table.to_pandas()
    frame = frame[frame["dimension"] == "subject"].assign(dimension="clipscore", rater="clip")
    frame.to_csv(tmp_path / "clip.csv", index=False)
    found = calibrate(read_source(tmp_path / "clip.csv"), read_human(world[1]), Plan("linear"))
    assert list(found.results) == list(DIMENSIONS)
    assert found.table.to_pandas()["action"].notna().all()
    frame.drop(columns="distribution").to_csv(tmp_path / "bare.csv", index=False)
    with pytest.raises(GaiaJudgeError, match="of clip have no distributions"):
        calibrate(read_source(tmp_path / "bare.csv"), read_human(world[1]), Plan("ridge"))


def test_ridge_misses_what_lacks_a_distribution_or_has_levels_of_its_own(world):
    source = read_source(world[0])
    names = source.levels()
    assert names[:5] == tuple(
        f"{sorted(DIMENSIONS)[0]}={level}" for level in ("bad", "poor", "fair", "good", "excellent")
    )
    features = source.features("ridge", "subject", names)
    assert features.shape == (80, 15)
    assert np.isnan(features[1]).all()
    assert features[0].sum() == pytest.approx(3)
    assert np.isnan(source.features("ridge", "subject", names[:-1])).all()


def test_what_cannot_be_calibrated_is_named(world, tmp_path):
    run, mos = world
    frame = read_source(run).table.to_pandas()
    two = frame.assign(rater=["a", "b"] * 120)
    two.to_csv(tmp_path / "two.csv", index=False)
    with pytest.raises(GaiaJudgeError, match="holds 2 raters: a, b"):
        read_source(tmp_path / "two.csv")
    frame.drop(columns=["action"]).to_csv(tmp_path / "bare.csv", index=False)
    with pytest.raises(GaiaJudgeError, match="80 of 80 videos have no action"):
        calibrate(read_source(tmp_path / "bare.csv"), read_human(mos), Plan("linear"))
    two = frame.assign(dimension=frame["dimension"].map({"subject": "a", "completeness": "b"}).fillna("c"))
    two.to_csv(tmp_path / "else.csv", index=False)
    with pytest.raises(GaiaJudgeError, match="Name the dimensions alike"):
        calibrate(read_source(tmp_path / "else.csv"), read_human(mos), Plan("linear"))
    made = calibrate(read_source(run), read_human(mos), Plan("linear"))
    made.table.write(tmp_path)
    with pytest.raises(GaiaJudgeError, match="holds calibrated scores"):
        read_source(tmp_path)


def test_a_mapping_that_does_not_fit_leaves_scores_missing_with_the_reason(tmp_path):
    run, mos = make_world(tmp_path, actions=3, generators=2)
    found = calibrate(read_source(run), read_human(mos), Plan("logistic5", folds=2))
    frame = found.table.to_pandas()
    assert frame["value"].isna().all()
    assert frame["error"].str.contains("too few|needs 6|could not be decoded|converge").all()
    assert set(found.calibrator.unfitted) == set(DIMENSIONS)
    gain = measure_gains(found, draws=50)[0]
    assert gain.calibrated["srcc"].value is None
    assert gain.missing == 6


def test_the_learning_curve_counts_whole_groups_and_narrows(found):
    points = draw_curve(found.results["subject"].sample, Course("linear", draws=20, sizes=(12, 30)))
    assert [point.labels for point in points[:2]] == [12, 32]
    assert [point.groups for point in points[:2]] == [3, 8]
    assert len(points) == 3
    assert points[0].figures["width"].n == 0
    assert points[0].figures["rmse"].n == 20
    assert points[-1].figures["width"].median > 0
    assert points[-1].figures["rmse"].median < 1.1 * points[0].figures["rmse"].median


def test_the_learning_curve_tests_on_groups_it_did_not_fit_to(world):
    """Ruining what is set apart changes no fit, so that error there is all that grows."""
    run, mos = world
    sample = calibrate(read_source(run), read_human(mos), Plan("linear")).results["subject"].sample
    course = Course("linear", draws=1, sizes=())
    order = np.random.default_rng(0).permutation(20)
    held = np.isin(sample.units, np.unique(sample.units)[order[:4]])
    (before,) = draw_curve(sample, course)
    (after,) = draw_curve(replace(sample, mos=sample.mos + 1000 * held), course)
    assert after.figures["width"].median == before.figures["width"].median
    assert after.figures["coverage"].median == 0
    assert after.figures["rmse"].median > 900
