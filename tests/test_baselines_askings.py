"""Metrics that ask a judge: order, failures, what is kept of a rating, shared engines, what runs confess."""

import json

import numpy as np
import pytest

from gaia_judge.baselines import Setting, find_metric, load_battery, loans
from gaia_judge.baselines.askings import JudgeMeasurer, ask_judge, mean_of
from gaia_judge.baselines.internvlscores import INTERNVL
from gaia_judge.baselines.vqascores import VQASCORE
from gaia_judge.comparison.raters import read_raters
from gaia_judge.engines import EngineOptions, Reply
from gaia_judge.scores import Score
from gaia_judge.videos import Video
from tests.clips import write_images
from tests.encoders import clip_of
from tests.scripted import FifoEngine, ScriptedEngine


def grey(level, frames=8, prompt="a man jumps"):
    """Return a clip of one grey."""
    return clip_of(np.full((frames, 4, 4, 3), level, np.uint8), prompt)


def yes_by_grey(request):
    """Say Yes the more the brighter the frames are; nothing of black ones."""
    share = float(request.frames.images.mean()) / 250
    if not share:
        return Reply(error="It is too dark.")
    return Reply(distribution={"No": 1 - share, "Yes": share}, off_scale=share / 2)


@pytest.fixture
def made(monkeypatch):
    """Let all judges be asked by scripted engines; return those that were made."""
    engines = []

    def choose(name, preferred, model, options):
        def make(model, options):
            engines.append(ScriptedEngine(yes_by_grey))
            engines[-1].model, engines[-1].closed = model, 0
            engines[-1].close = lambda one=engines[-1]: setattr(one, "closed", one.closed + 1)
            return engines[-1]

        return make

    monkeypatch.setattr(loans, "choose_engine", choose)
    return engines


@pytest.fixture
def scores(made):
    measurer = VQASCORE.load(VQASCORE, Setting())
    yield measurer
    measurer.close()


def test_scores_stand_in_the_order_of_clips_though_the_latest_is_answered_first(scores, made):
    levels = [50, 200, 100, 150, 25, 75, 225, 175, 125]
    found = scores.measure([grey(level) for level in levels])
    assert [score.value for (score,) in found] == pytest.approx([level / 250 for level in levels])
    asked = [int(request.frames.images[0, 0, 0, 0]) for request in made[0].asked]
    assert sorted(asked) == sorted(levels)
    assert {len(request.frames.images) for request in made[0].asked} == {8}


def test_of_a_rating_everything_is_kept(scores):
    ((score,),) = scores.measure([grey(100)])
    assert score.distribution == pytest.approx({"No": 0.6, "Yes": 0.4})
    assert score.off_scale == pytest.approx(0.2)
    assert (score.dimension, score.error, score.note) == ("alignment", None, None)
    assert score.trace == {"readout": "expected", "style": "independent"}


def test_a_failing_clip_and_one_without_text_are_missing_and_nothing_else_is(scores, made):
    found = scores.measure([grey(50), grey(0), grey(100, prompt=""), grey(150)])
    assert [score.value for (score,) in found] == pytest.approx([0.2, None, None, 0.6])
    assert found[1][0].error == "It is too dark."
    assert "has no prompt and no action" in found[2][0].error
    assert len(made[0].asked) == 3


def test_an_action_is_asked_about_where_no_prompt_is_known(scores, made):
    clip = grey(50)
    named = type(clip)(Video(id="a", path=clip.video.path, action="juggling"), clip.frames)
    scores.measure([named, clip])
    questions = [request.messages[-1].text.splitlines()[1] for request in made[0].asked]
    ask = 'Does this video show "{}"? Answer only with Yes or No.'
    assert sorted(questions) == [ask.format("a man jumps"), ask.format("juggling")]


def test_a_short_clip_is_said_to_be_one(scores):
    clip = grey(50, frames=3)
    note = clip.frames.note
    assert "gives 3" in note
    ((score,),) = scores.measure([clip])
    assert (score.note, score.value) == (note, pytest.approx(0.2))


def test_one_engine_serves_all_metrics_of_a_judge_and_goes_with_the_last(made):
    other = find_metric("vqascore:internvl3.5")
    first, second = INTERNVL.load(INTERNVL, Setting()), other.load(other, Setting())
    assert len(made) == 1
    assert first.judge.engine is second.judge.engine is made[0]
    first.close()
    first.close()
    assert made[0].closed == 0
    assert second.measure([grey(50)])[0][0].value == pytest.approx(0.2)
    second.close()
    assert made[0].closed == 1
    INTERNVL.load(INTERNVL, Setting()).close()
    assert len(made) == 2


@pytest.mark.parametrize(
    ("name", "setting"),
    [
        ("vqascore:llava", Setting()),
        ("internvl-score", Setting(engine="vllm")),
        ("internvl-score", Setting(options=EngineOptions(engine_args={"batch_size": 1}))),
    ],
)
def test_another_judge_or_setting_has_an_engine_of_its_own(made, name, setting):
    metric = find_metric(name)
    measurers = [INTERNVL.load(INTERNVL, Setting()), metric.load(metric, setting)]
    assert len(made) == 2
    for one in measurers:
        one.close()
    assert [one.closed for one in made] == [1, 1]


def test_a_battery_names_the_rater_and_tells_the_judge(made, tmp_path):
    for level in (50, 100):
        write_images(tmp_path / f"(maker)_(action {level}).mp4", np.full((8, 64, 64, 3), level, np.uint8))
    facts = {"about": "", "family": "alignment", "fidelity": "adapted", "obstacles": None}
    metric = ask_judge("internvl3", "vqascore-one", name="mine", **facts)
    videos = [
        Video(id=path.stem, path=path, action="running", generator="maker")
        for path in sorted(tmp_path.glob("*.mp4"))
    ]
    with load_battery([metric]) as battery:
        frame = battery.rate(videos).to_pandas()
        told = battery.manifest()["metrics"]["mine (adapted)"]
    assert frame["rater"].unique().tolist() == ["mine (adapted)"]
    assert frame["value"].tolist() == pytest.approx([100 / 250, 50 / 250], abs=0.01)
    assert frame["distribution"].notna().all()
    assert json.loads(frame["trace"][0])["fidelity"] == "adapted"
    assert (told["judge"]["name"], told["judge"]["random_weights"], told["judge"]["world"]) == (
        "internvl3",
        False,
        "",
    )
    assert told["prompt"]["name"] == "vqascore-one"
    assert told["engine"] == {"engine": "scripted"}
    assert made[0].closed == 1


def test_an_engine_that_fails_once_never_gives_a_clip_the_score_of_another(monkeypatch, tmp_path):
    levels = (50, 100, 150, 200)
    for level in levels:
        write_images(tmp_path / f"{level}.mp4", np.full((8, 64, 64, 3), level, np.uint8))
    engine = FifoEngine(yes_by_grey)
    monkeypatch.setattr(loans, "choose_engine", lambda *_: lambda *_: engine)
    metric = ask_judge(
        "internvl3",
        "vqascore-one",
        name="m",
        about="",
        family="alignment",
        fidelity="adapted",
        obstacles=None,
    )
    videos = [Video(id=str(level), path=tmp_path / f"{level}.mp4", action="running") for level in levels]
    with load_battery([metric], batch=4) as battery:
        frame = battery.rate(videos).to_pandas()
    assert engine.failed
    assert frame["video"].tolist() == [str(level) for level in levels]
    assert frame["value"].tolist() == pytest.approx([level / 250 for level in levels], abs=0.01)


def rating(value, no=None, off=0.1, error=None, note=None):
    distribution = None if no is None else {"No": no, "Yes": 1 - no}
    return Score(
        video="x",
        dimension="alignment",
        rater="x",
        value=value,
        distribution=distribution,
        off_scale=off,
        error=error,
        note=note,
    )


def test_a_mean_by_hand():
    parts = {"a": rating(0.2, 0.8), "b": rating(0.6, 0.4, off=0.3), "c": rating(0.7, 0.3, off=0.2)}
    (mean,) = mean_of(VQASCORE, grey(1), parts)
    assert mean.value == pytest.approx(0.5)
    assert mean.distribution == pytest.approx({"No": 0.5, "Yes": 0.5})
    assert mean.off_scale == pytest.approx(0.2)
    assert mean.trace == {"parts": {"a": 0.2, "b": 0.6, "c": 0.7}}
    assert mean.note is None


def test_a_mean_knows_no_more_than_its_parts():
    (mean,) = mean_of(VQASCORE, grey(1), {"a": rating(0.0, off=None), "b": rating(1.0, 0.0, note="odd")})
    assert (mean.value, mean.distribution, mean.off_scale, mean.note) == (0.5, None, None, "odd")
    (lost,) = mean_of(VQASCORE, grey(1), {"a": rating(0.2), "b": rating(None, error="gone")})
    assert (lost.value, lost.error) == (None, "b: gone")


@pytest.mark.parametrize(
    ("judge", "rater", "told"),
    [
        ({"random_weights": True, "world": ""}, "vqascore:x (adapted, random weights)", ["random"]),
        ({"random_weights": False, "world": "synthetic"}, "vqascore:nano (adapted)", ["synthetic"]),
        ({"random_weights": True, "world": "synthetic"}, "both", ["random", "synthetic"]),
        ({"random_weights": False, "world": ""}, "vqascore (adapted)", []),
        (None, "clip-b32 (adapted, random weights)", ["random"]),
    ],
)
def test_a_comparison_warns_of_the_rater_that_confesses_and_of_no_other(tmp_path, judge, rater, told):
    metrics = {rater: {"judge": judge} if judge else {}, "plain": {"fidelity": "adapted"}}
    run = {"manifest": {"metrics": metrics}, "recorded": []}
    (tmp_path / "run.json").write_text(json.dumps(run))
    rows = [
        f'{video},alignment,{value},"{name}"' for name in metrics for video, value in (("a", 1), ("b", 2))
    ]
    (tmp_path / "scores.csv").write_text("\n".join(["video,dimension,value,rater", *rows]))
    one, other = read_raters([str(tmp_path / "scores.csv")])
    assert (one.name, other.name, other.warnings) == (rater, "plain", ())
    assert len(one.warnings) == len(told)
    assert all(word in text for word, text in zip(told, one.warnings, strict=True))


def test_the_measurer_is_the_default_one():
    assert VQASCORE.load is JudgeMeasurer
