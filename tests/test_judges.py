"""Judges: many dialogues with one engine, fed by real decoding."""

from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from time import monotonic

import psutil
import pytest

from gaia_judge.assets import eject_asset
from gaia_judge.cards import JudgeCard
from gaia_judge.dialogues import Asking
from gaia_judge.engines import Reply
from gaia_judge.errors import EngineError, GaiaJudgeError
from gaia_judge.frames import FrameSpec
from gaia_judge.judges import FOREIGN, Judge, Plan, load_judge
from gaia_judge.prompts import load_prompt_set
from gaia_judge.videos import Video
from gaia_judge.videos.origins import SYNTHETIC_TAG
from tests.clips import write_clip
from tests.scripted import ScriptedEngine, certain, shares, some_frames, some_video

CARD = JudgeCard(name="scripted", model="none", about="A judge for tests.")


def judge_of(script, prompt="syllogism", card=CARD, **asking):
    engine = ScriptedEngine(script)
    return Judge(Plan(card, load_prompt_set(prompt), FrameSpec(count=4), Asking(**asking)), engine), engine


@pytest.fixture(scope="module")
def videos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clips")
    return [
        Video(id=f"clip{n}", path=write_clip(folder / f"clip{n}.mp4", frames=8, size=(96 + 4 * n, 64)))
        for n in range(7)
    ]


def test_the_table_has_a_row_per_video_and_dimension_in_order(videos):
    judge, _ = judge_of(lambda request: certain("Good", request))
    frame = judge.rate(videos).to_pandas()
    assert frame["video"].tolist() == [video.id for video in videos for _ in range(3)]
    assert frame["dimension"].tolist() == ["subject", "completeness", "interaction"] * 7
    assert frame["value"].tolist() == [4.0] * 21
    assert frame["frame_indices"].unique().tolist() == ["[1, 3, 5, 7]"]


@pytest.mark.parametrize("end", ["rated", "unused", "fails"])
def test_decoders_start_while_the_model_is_loaded_and_none_is_left(monkeypatch, videos, end):
    before, started = psutil.Process().children(), []
    monkeypatch.setattr("os.cpu_count", lambda: 3)  # of which decoders take two

    def load(*_):
        limit = monotonic() + 60
        while len(started) < 2 and monotonic() < limit:
            started[:] = [one for one in psutil.Process().children() if one not in before]
        if end == "fails":
            raise EngineError("No memory.", "Buy some.")
        return ScriptedEngine(lambda request: certain("Good", request))

    monkeypatch.setattr("gaia_judge.judges.load_engine", load)
    with suppress(EngineError), load_judge(CARD, engine="any") as judge:
        for _ in judge.stream(videos[:2]) if end == "rated" else ():
            assert {one for one in psutil.Process().children() if one not in before} == set(started)
    assert len(started) == 2
    assert not any(one.is_running() for one in started)


def test_each_video_is_asked_about_its_own_frames(videos):
    def script(request):
        return shares(request, 0, 0, 0, 1, 0) if request.frames else Reply(error="no frames")

    judge, engine = judge_of(script)
    judge.rate(videos)
    asked = {}
    for request in engine.asked:
        asked.setdefault(request.frames.digest, []).append(len(request.messages))
    assert sorted(asked.values()) == [[1, 3, 5]] * len(videos)


def test_a_broken_video_is_rows_with_its_error_and_the_others_are_rated(videos, tmp_path):
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"this is no video")
    mixed = [
        videos[0],
        Video(id="broken", path=broken),
        Video(id="gone", path=tmp_path / "gone.mp4"),
        videos[1],
    ]
    judge, _ = judge_of(lambda request: certain("Good", request))
    frame = judge.rate(mixed).to_pandas().set_index(["video", "dimension"])
    assert frame.loc["broken", "value"].isna().all()
    assert frame.loc["gone", "value"].isna().all()
    assert "broken.mp4" in frame.loc[("broken", "subject"), "error"]
    assert "gone.mp4" in frame.loc[("gone", "subject"), "error"]
    assert frame.loc["clip0", "value"].tolist() == frame.loc["clip1", "value"].tolist() == [4.0] * 3


def test_one_failing_reply_costs_one_video(videos):
    def script(request):
        if request.frames.digest == bad["digest"]:
            return Reply(error="the server gave up")
        return certain("Fair", request)

    bad = {"digest": ""}
    judge, engine = judge_of(script)
    judge.rate(videos[:1])
    bad["digest"] = engine.asked[0].frames.digest
    frame = judge.rate([Video(id="same", path=videos[0].path)]).to_pandas()
    assert frame["value"].isna().all()
    assert frame["error"].iloc[0] == "the server gave up"


def test_random_weights_stand_in_the_name_of_the_rater(videos):
    card = CARD.model_copy(update={"random_weights": True})
    judge, _ = judge_of(lambda request: certain("Good", request), card=card)
    assert (
        judge.rate(videos[:1]).to_pandas()["rater"].iloc[0] == "scripted/syllogism/expected (random weights)"
    )


def test_the_manifest_changes_with_whatever_changes_answers():
    def manifest(**changes):
        return judge_of(lambda request: certain("Good", request), **changes)[0].manifest()

    assert manifest() == manifest()
    assert manifest() != manifest(chain="marginal")
    assert manifest() != manifest(prompt="independent")
    assert manifest() != manifest(seed=1)


def test_a_preview_shows_the_first_question_and_its_frames(videos):
    judge, engine = judge_of(lambda request: certain("Good", request))
    frames, preview = judge.preview(videos[0])
    assert frames.indices.tolist() == [1, 3, 5, 7]
    assert "Premise 1" in preview.text
    assert engine.asked == []


def test_an_unknown_judge_is_answered_with_near_names():
    with pytest.raises(GaiaJudgeError, match="Did you mean llava"):
        load_judge("lava")


def test_a_judge_that_cannot_run_here_says_what_would_work(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(Path("nowhere").resolve()))
    with pytest.raises(EngineError) as caught:
        load_judge("llava-small", engine="transformers")
    assert "--base-url" in caught.value.hint
    assert "transformers:" in caught.value.message


def test_frames_that_are_decoded_already_are_rated_and_errors_are_rows():
    judge, engine = judge_of(lambda request: certain("Good", request), card=SYNTHETIC)
    one, two = some_frames(1), replace(some_frames(2), synthetic=True)
    supply = [
        (some_video("a"), one),
        (some_video("b"), GaiaJudgeError("It is lost.")),
        (some_video("c"), two),
    ]
    with pytest.warns(UserWarning, match="not a synthetic clip"):
        rated = {one.video.id: one for one in judge.rate_frames(iter(supply))}
    assert {name: [score.value for score in one.scores] for name, one in rated.items()} == {
        "a": [4.0] * 3,
        "b": [None] * 3,
        "c": [4.0] * 3,
    }
    assert [score.error for score in rated["b"].scores] == ["It is lost."] * 3
    assert {name: {score.note for score in one.scores} for name, one in rated.items()} == {
        "a": {FOREIGN},
        "b": {None},
        "c": {None},
    }
    assert {request.frames.digest for request in engine.asked} == {one.digest, two.digest}


def test_a_judge_warns_once_however_often_it_is_given_frames(recwarn):
    judge, _ = judge_of(lambda request: certain("Good", request), card=SYNTHETIC)
    for _ in range(2):
        list(judge.rate_frames(iter([(some_video(), some_frames())])))
    assert len(recwarn.list) == 1


def test_an_engine_at_hand_is_used_as_it_is():
    engine = ScriptedEngine(lambda request: certain("Good", request))
    judge = load_judge(CARD, engine=engine)
    assert judge.engine is engine
    assert [
        score.value
        for one in judge.rate_frames(iter([(some_video(), some_frames())]))
        for score in one.scores
    ] == [4.0] * 3


SYNTHETIC = CARD.model_copy(update={"world": "synthetic"})


def good(request):
    return certain("Good", request)


def test_a_judge_of_the_synthetic_world_warns_once_and_marks_all_other_videos(videos, tmp_path):
    own = Video(id="own", path=write_clip(tmp_path / "own.mp4", frames=8, comment=SYNTHETIC_TAG[1]))
    broken = Video(id="broken", path=tmp_path / "absent.mp4")
    judge, _ = judge_of(good, card=SYNTHETIC)
    with pytest.warns(UserWarning, match="not a synthetic clip") as caught:
        frame = judge.rate([own, *videos[:2], broken]).to_pandas().set_index("video")
    assert len(caught) == 1
    assert frame.loc["own", "note"].isna().all()
    assert frame.loc[["clip0", "clip1"], "note"].eq(FOREIGN).all()
    assert frame.loc["clip0", "value"].tolist() == [4.0] * 3
    assert frame.loc["broken", "note"].isna().all()


def test_a_judge_of_any_world_marks_none(videos, recwarn):
    judge, _ = judge_of(good)
    assert judge.rate(videos[:2]).to_pandas()["note"].isna().all()
    assert not recwarn.list


def stamp(name, scale=None):
    return f"{name}@{load_prompt_set(name, scale).digest[:12]}"


def test_a_judge_refuses_questions_that_it_was_not_trained_on_before_its_engine_is_chosen():
    card = CARD.model_copy(update={"prompt_sets": (stamp("syllogism"), stamp("vqascore"))})
    with pytest.raises(GaiaJudgeError, match="not trained on the prompt set independent") as caught:
        load_judge(card, prompt="independent", engine="no such engine")
    assert caught.value.hint == f"It knows: {stamp('syllogism')}, {stamp('vqascore')}."
    with pytest.raises(GaiaJudgeError, match="There is no engine"):
        load_judge(card, prompt="vqascore", engine="no such engine")


@pytest.mark.parametrize(
    ("frames", "named"),
    [(FrameSpec(count=16), "16 frames"), (FrameSpec(count=8, fps=2), "2 frames per second")],
)
def test_a_trained_judge_refuses_other_frames(frames, named):
    card = CARD.model_copy(update={"prompt_sets": (stamp("syllogism"),)})
    with pytest.raises(GaiaJudgeError, match=f"not trained on {named}") as caught:
        load_judge(card, frames=frames, engine="no such engine")
    assert caught.value.hint == "It knows 8 frames at equal distances."
    with pytest.raises(GaiaJudgeError, match="There is no engine"):
        load_judge(CARD, frames=frames, engine="no such engine")


def test_another_scale_or_wording_of_a_known_prompt_set_is_refused(tmp_path, monkeypatch):
    card = CARD.model_copy(update={"prompt_sets": (stamp("syllogism"),)})
    with pytest.raises(GaiaJudgeError, match="these words or this scale"):
        load_judge(card, scale="one-to-seven", engine="no such engine")
    monkeypatch.chdir(tmp_path)
    folder = eject_asset("prompts", "syllogism", Path())
    with pytest.raises(GaiaJudgeError, match="There is no engine"):
        load_judge(card, engine="no such engine")
    (folder / "opening.j2").write_text("Look closely.\n", encoding="utf-8")
    with pytest.raises(GaiaJudgeError, match="these words or this scale"):
        load_judge(card, engine="no such engine")
