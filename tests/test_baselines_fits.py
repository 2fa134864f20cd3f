"""Fits under protocols: who is trained on what, what is held out, what is kept, and what may be compared."""

import json
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
import pytest

from gaia_judge.agreement.correlations import plcc, srcc
from gaia_judge.baselines import Setting, load_battery
from gaia_judge.baselines.fits import Course, Held, clear, count_splits, finish, hold_out, test
from gaia_judge.baselines.fittings import FittedMeasurer, Fitting, mark, read_fitting, trained, write_fitting
from gaia_judge.baselines.heldouts import held_out_table, summarise_splits
from gaia_judge.baselines.loops import NetworkLearner
from gaia_judge.baselines.recipes import Recipe
from gaia_judge.baselines.regressions import REGRESSIONS
from gaia_judge.baselines.weights import Weights
from gaia_judge.calibration.tables import check_comparison
from gaia_judge.errors import EngineError, GaiaJudgeError
from gaia_judge.people import read_human
from gaia_judge.protocols import Protocol, splits
from gaia_judge.scores import SEEN
from gaia_judge.videos import read_videos
from tests.clips import write_images
from tests.learners import NETWORK, TRAINING, brightness, inside, vectors

test.__test__ = False


@dataclass
class Spy:
    """Learns nothing: predicts the number of the video, and remembers its lessons."""

    lessons: list = field(default_factory=list)

    def fit(self, lesson):
        self.lessons.append(lesson)
        return self

    def predict(self, features):
        return np.array([one["vector"][0] for one in features], float)

    def describe(self):
        return {"spy": 1}


def course(learner, division, count=40, **more):
    """Videos v0.. of ten actions; the score of one dimension rises with the number, some lack the other."""
    index = pd.Index([f"v{at}" for at in range(count)], name="video")
    facts = pd.DataFrame({"generator": "g", "action": [f"a{at % 10}" for at in range(count)]}, index=index)
    mos = pd.DataFrame(
        {"subject": np.arange(count, dtype=float), "other": np.arange(count, 0, -1.0)}, index=index
    )
    mos.loc[["v3", "v8"], "other"] = np.nan
    features = Held(tuple({"vector": np.array([at])} for at in range(count)))
    return Course(learner=learner, features=features, mos=mos, facts=facts, division=division, **more)


BY_ACTION = Protocol(name="p", by="action", splits=3, test_share=0.2, seed=7)
NESTED = BY_ACTION.model_copy(update={"validation_share": 0.25})


def numbers(features):
    return {int(one["vector"][0]) for one in features}


@pytest.mark.parametrize("division", [BY_ACTION, NESTED])
def test_each_split_trains_on_its_own_side_and_never_on_a_tested_action(division):
    spy = Spy()
    asked = course(spy, division)
    found = list(test(asked))
    assert len(found) == len(spy.lessons) == count_splits(asked) == 6
    expected = splits(division, asked.facts)
    for at, (lesson, one) in enumerate(zip(spy.lessons, found, strict=True)):
        split, dimension = expected[at % 3], ("subject", "other")[at // 3]
        assert (one.dimension, one.number) == (dimension, at % 3)
        unknown = {3, 8} if dimension == "other" else set()
        assert numbers(lesson.features) == set(split.train.tolist()) - unknown
        assert set(one.rows) == set(split.test.tolist()) - unknown
        chosen = numbers(lesson.chosen_by[0]) if lesson.chosen_by else set()
        assert chosen == set(split.validation.tolist()) - unknown
        actions = [{row % 10 for row in rows} for rows in (numbers(lesson.features), one.rows, chosen)]
        assert not actions[0] & actions[1]
        assert not actions[1] & actions[2]
        assert lesson.scores.tolist() == [
            asked.mos[dimension].iloc[int(f["vector"][0])] for f in lesson.features
        ]


def test_only_the_named_rule_of_reproduction_chooses_by_the_test():
    spy = Spy()
    found = list(test(course(spy, BY_ACTION, upstream=True)))
    for lesson, one in zip(spy.lessons, found, strict=True):
        assert numbers(lesson.chosen_by[0]) == set(one.rows)
    honest = Spy()
    list(test(course(honest, BY_ACTION)))
    assert all(lesson.chosen_by is None for lesson in honest.lessons)


def test_the_last_fit_takes_all_videos_and_selects_by_a_part_where_the_protocol_does():
    spy = Spy()
    finish(course(spy, BY_ACTION, upstream=True))
    assert [len(lesson.features) for lesson in spy.lessons] == [40, 38]
    assert all(lesson.chosen_by is None for lesson in spy.lessons)
    nested = Spy()
    finish(course(nested, NESTED))
    lesson = nested.lessons[0]
    left, right = numbers(lesson.features), numbers(lesson.chosen_by[0])
    assert left | right == set(range(40))
    assert not {row % 10 for row in left} & {row % 10 for row in right}


@pytest.mark.parametrize(("share", "count"), [(0.25, 12), (0.1, 4), (0.5, 20)])
def test_the_last_fit_sets_apart_the_share_that_the_protocol_does(share, count):
    spy = Spy()
    finish(course(spy, BY_ACTION.model_copy(update={"validation_share": share})))  # of ten actions
    assert len(spy.lessons[0].chosen_by[1]) == count


def test_each_training_has_its_own_seed_and_folder(tmp_path):
    spy = Spy()
    asked = course(spy, BY_ACTION, seed=100, folder=tmp_path)
    list(test(asked))
    finish(asked)
    assert [one.seed for one in spy.lessons] == [107, 108, 109] * 2 + [200] * 2
    assert len({one.folder for one in spy.lessons}) == 8


def test_interrupted_trainings_change_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr("gaia_judge.baselines.loops.SAVE_SECONDS", 0.0)
    features, scores = vectors(40)
    asked = course(NetworkLearner(NETWORK, replace(TRAINING, epochs=4)), NESTED)
    asked = replace(asked, features=Held(tuple(features)), mos=asked.mos.assign(subject=scores))
    whole = [one.predicted for one in test(asked)]
    said = []

    def say(text):
        said.append(text)
        if len(said) % 3 == 0:
            raise InterruptedError

    again = []
    for _ in range(99):
        try:
            again = [one.predicted for one in test(replace(asked, folder=tmp_path, say=say))]
            break
        except InterruptedError:
            continue
    assert len(said) > 6 * 4 * 0.9
    assert all(np.array_equal(*pair) for pair in zip(whole, again, strict=True))


def test_a_videos_score_is_the_mean_over_the_splits_that_held_it_out():
    class Counting(Spy):
        def predict(self, features):
            return super().predict(features) + 100 * len(self.lessons)

    asked = course(Counting(), BY_ACTION)
    found = list(test(asked))
    held = hold_out(asked, found)
    for row in range(40):
        expected = [
            row + 100 * (one.number + 1) for one in found if row in one.rows and one.dimension == "subject"
        ]
        value = held["subject"].iloc[row]
        assert np.isnan(value) if not expected else value == np.mean(expected)
    assert held["subject"].isna().any()
    assert held["subject"].notna().sum() > 8


def test_figures_are_those_of_each_split():
    noise = np.random.default_rng(0)
    asked = course(Spy(), BY_ACTION)
    mos = asked.mos.assign(subject=asked.mos["subject"] + noise.normal(scale=9, size=40))
    found = [one for one in test(replace(asked, mos=mos)) if one.dimension == "subject"]
    for one in found:
        people = mos["subject"].to_numpy()[list(one.rows)]
        assert one.srcc == pytest.approx(srcc(list(one.rows), people))
        assert one.plcc == pytest.approx(plcc(list(one.rows), people))
        assert one.plcc_mapped >= one.plcc - 1e-6
    (row,) = summarise_splits(found)
    each = [one.srcc for one in found]
    assert row["srcc"] == np.median(each)
    assert row["srcc_mean"] == pytest.approx(np.mean(each))
    assert row["srcc_sd"] == pytest.approx(np.std(each, ddof=1))
    assert (row["splits"], row["tested"]) == (3, [8, 8, 8])
    assert row["n"] == len({video for one in found for video in one.rows})


def test_finished_splits_are_read_and_others_trained(tmp_path):
    first = Spy()
    found = test(course(first, BY_ACTION, folder=tmp_path))
    kept = [next(found) for _ in range(4)]
    second = Spy()
    again = list(test(course(second, BY_ACTION, folder=tmp_path)))
    assert len(second.lessons) == 2
    assert [one.srcc for one in again[:4]] == [one.srcc for one in kept]
    assert np.array_equal(again[0].predicted, kept[0].predicted)
    changed = Spy()
    list(test(course(changed, BY_ACTION, count=50, folder=tmp_path)))
    assert len(changed.lessons) == 6


def _shifted(asked):
    return replace(asked, mos=asked.mos + 100)


def _swapped(asked):
    """The same videos by name, two with each other's content."""
    order = [1, 0, *range(2, 40)]
    return replace(asked, features=Held(tuple(asked.features.take(order))))


CHANGES = {
    "scores": _shifted,
    "content": _swapped,
    "names": lambda asked: replace(asked, mos=asked.mos.rename(index=lambda name: f"{name}x")),
    "seed": lambda asked: replace(asked, seed=1),
    "rule": lambda asked: replace(asked, upstream=True),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_splits_of_other_lessons_are_never_taken_for_finished(tmp_path, change):
    list(test(course(Spy(), BY_ACTION, folder=tmp_path)))
    said, spy = [], Spy()
    list(test(change(course(spy, BY_ACTION, folder=tmp_path, say=said.append))))
    assert len(spy.lessons) == 6
    assert "taught anew" in said[0]
    other = Spy()
    other.describe = lambda: {"spy": 2}
    list(test(change(course(other, BY_ACTION, folder=tmp_path))))
    assert len(other.lessons) == 6


@pytest.mark.parametrize("damaged", [b"", b"{}", b"null", b"\xff", b'{"lesson": 1, "predicted": [1]}'])
def test_a_damaged_split_is_taught_anew(tmp_path, damaged):
    first = list(test(course(Spy(), BY_ACTION, folder=tmp_path)))
    place = sorted((tmp_path / "splits").iterdir())[0]
    whole = place.read_bytes()
    place.write_bytes(damaged)
    spy = Spy()
    again = list(test(course(spy, BY_ACTION, folder=tmp_path)))
    assert len(spy.lessons) == 1
    assert place.read_bytes() == whole
    assert [one.predicted.tolist() for one in again] == [one.predicted.tolist() for one in first]


def test_a_finished_split_leaves_no_interrupted_training_behind(tmp_path, monkeypatch):
    monkeypatch.setattr("gaia_judge.baselines.loops.SAVE_SECONDS", 0.0)
    features, scores = vectors(40)
    asked = course(NetworkLearner(NETWORK, replace(TRAINING, epochs=2)), BY_ACTION, folder=tmp_path)
    asked = replace(asked, features=Held(tuple(features)), mos=asked.mos.assign(subject=scores))
    seen = set()
    asked = replace(asked, say=lambda text: seen.update(tmp_path.glob("work/*/training.safetensors")))
    list(test(asked))
    assert not list((tmp_path / "work").iterdir())
    finish(asked)
    names = {file.parent.name for file in seen}
    assert names == {f"{name}-{at}" for name in ("subject", "other") for at in (0, 1, 2, "all")}
    clear(asked)
    assert not (tmp_path / "work").exists()


def test_too_few_scores_to_train_on_are_refused():
    asked = course(Spy(), BY_ACTION)
    mos = asked.mos.assign(other=np.nan)
    with pytest.raises(GaiaJudgeError, match="to train other on have a score"):
        list(test(replace(asked, mos=mos)))


@pytest.mark.parametrize(
    "learner", [NetworkLearner(NETWORK, replace(TRAINING, epochs=60)), REGRESSIONS["tlvqm"]]
)
def test_learners_beat_shuffled_scores_on_held_out_actions(learner):
    features, scores = vectors(60)
    index = pd.Index([f"v{at}" for at in range(60)], name="video")
    facts = pd.DataFrame({"generator": "g", "action": [f"a{at % 12}" for at in range(60)]}, index=index)
    right = Course(
        learner=learner,
        features=Held(tuple(features)),
        mos=pd.DataFrame({"subject": scores}, index=index),
        facts=facts,
        division=BY_ACTION,
    )
    shuffled = np.random.default_rng(2).permutation(scores)
    wrong = replace(right, mos=pd.DataFrame({"subject": shuffled}, index=index))
    good, bad = ([one.srcc for one in test(asked)] for asked in (right, wrong))
    assert min(good) > 0.7
    assert max(bad) < min(good)


@pytest.fixture
def human(tmp_path):
    file = tmp_path / "mos.csv"
    file.write_text("video,subject\n" + "\n".join(f"v{at},{at}" for at in range(40)))
    return read_human(file)


@pytest.mark.parametrize(("upstream", "refused"), [(False, False), (True, True)])
def test_held_out_scores_may_be_compared_unless_the_test_chose_the_epoch(human, upstream, refused):
    asked = course(Spy(), BY_ACTION)
    held = hold_out(asked, list(test(asked)))[["subject"]]
    facts = asked.facts.reindex([*asked.facts.index, "lost"])
    table = held_out_table(
        "spy", held, facts, {"lost": "no video"}, human_digest=human.digest, protocol="p", upstream=upstream
    )
    frame = table.to_pandas().set_index("video")
    assert frame.loc["lost", "error"] == "no video"
    never = held.index[held["subject"].isna()]
    assert len(never) > 0
    assert not set(never) & set(frame.index)  # missing, not failed
    tested = held.index[held["subject"].notna()][0]
    assert frame.loc[tested, "action"] == asked.facts.loc[tested, "action"]
    if refused:
        with pytest.raises(GaiaJudgeError, match="would flatter it"):
            check_comparison(table, human)
    else:
        check_comparison(table, human)


RECIPE = Recipe(extractor=inside(), learner=NetworkLearner(NETWORK, TRAINING))
METRIC = trained(
    "bright",
    RECIPE,
    about="For tests.",
    family="vqa",
    fidelity="adapted",
    licence="none",
    citation="none",
)


@pytest.fixture
def fit(tmp_path):
    """A metric fitted to made features, on disk."""
    features, scores = vectors(30)
    index = pd.Index([f"clip-{at}" for at in range(30)], name="video")
    asked = Course(
        learner=RECIPE.learner,
        features=Held(tuple(features)),
        mos=pd.DataFrame({"subject": scores, "other": -scores}, index=index),
        facts=pd.DataFrame({"generator": "g", "action": "a"}, index=index),
        division=BY_ACTION,
    )
    fitted = finish(asked)
    told = Fitting(
        metric="bright",
        dimensions=tuple(fitted),
        key=RECIPE.extractor.key(Setting()),
        human={"source": "mos.csv", "digest": "c0ffee"},
        videos=tuple(mark(video) for video in index),
    )
    folder = tmp_path / "fit"
    folder.mkdir()
    write_fitting(folder, told, fitted, {"splits": []})
    return folder, fitted


@pytest.fixture
def videos(tmp_path):
    folder = tmp_path / "videos"
    folder.mkdir()
    for name in ("clip-1", "new"):
        write_images(folder / f"{name}.mp4", np.full((8, 64, 128, 3), 90, np.uint8))
    return read_videos(folder)


def test_a_fitted_metric_measures_new_videos_and_marks_those_it_was_fitted_to(fit, videos, human):
    folder, fitted = fit
    metric = METRIC.arrange(METRIC, str(folder))
    with load_battery([metric]) as battery:
        table = battery.rate(videos)
    frame = table.to_pandas().set_index(["video", "dimension"])
    expected = fitted["other"].predict([{"vector": np.array([90, 0, 8], np.float32)}])[0]
    assert frame.loc[("new", "other"), "value"] == pytest.approx(expected, abs=0.2)
    assert frame.loc[("clip-1", "subject"), "note"] == SEEN
    assert frame["note"].notna().sum() == 2
    with pytest.raises(GaiaJudgeError, match="would flatter it"):
        check_comparison(table, human)


def test_another_video_of_the_same_name_is_refused_with_the_same_scores_only(fit, videos, human):
    """It may be re-encoded; then the score that it is compared with is the one that was learnt."""
    folder, _ = fit
    told = json.loads((folder / "fit.json").read_bytes())
    (folder / "fit.json").write_text(json.dumps({**told, "contents": ["of other files"]}))
    with load_battery([METRIC.arrange(METRIC, str(folder))]) as battery:
        table = battery.rate(videos)
    notes = table.to_pandas().groupby("video")["note"].first()
    assert notes["clip-1"].startswith("has the name of a video that it was fitted to")
    assert notes[["new"]].isna().all()
    check_comparison(table, human)
    with pytest.raises(GaiaJudgeError, match="fitted to human scores of 'clip-1', which would flatter it"):
        check_comparison(table, replace(human, digest=told["human"]["digest"]))


def test_a_metric_that_is_not_fitted_yet_says_how_it_would_be():
    with pytest.raises(EngineError, match=r"must be trained(.|\n)*baseline fit VIDEOS --metric bright"):
        load_battery([METRIC])


def test_a_fit_that_was_tampered_with_or_is_another_metrics_is_refused(fit):
    folder, _ = fit
    other = replace(METRIC, name="dim")
    with pytest.raises(GaiaJudgeError, match="is a fitted bright"):
        other.arrange(other, str(folder))
    with pytest.raises(GaiaJudgeError, match="no fitted metric"):
        METRIC.arrange(METRIC, str(folder.parent))
    weights = next(folder.glob("*.safetensors"))
    weights.write_bytes(weights.read_bytes()[:-1] + b"\1")
    with pytest.raises(GaiaJudgeError, match="is not what was written"):
        read_fitting(folder)


def test_weights_that_a_fitted_metric_downloads_are_those_it_was_fitted_to(fit, tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    weights = Weights(name="net", licence="", url="https://example.org/net.pth")
    file = weights.home / "net.pth"
    file.parent.mkdir(parents=True)

    def load(extractor, setting):
        file.write_bytes(b"weights")
        return brightness

    extractor = replace(RECIPE.extractor, load=load, weights=(weights,))
    file.write_bytes(b"weights")
    folder, _ = fit
    told = json.loads((folder / "fit.json").read_bytes())
    (folder / "fit.json").write_text(json.dumps({**told, "key": extractor.key(Setting())}))
    file.unlink()
    metric = replace(METRIC, recipe=replace(RECIPE, extractor=extractor))
    FittedMeasurer(metric.arrange(metric, str(folder)), Setting())


def test_other_features_than_in_the_fit_are_refused(fit):
    folder, _ = fit
    newer = replace(METRIC, recipe=replace(RECIPE, extractor=inside(revision=2)))
    with pytest.raises(GaiaJudgeError, match="was fitted to other features"):
        load_battery([newer.arrange(newer, str(folder))])
