"""How nano is made: its tokens and its lessons; what it reads is what engines write."""

import json
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from gaia_judge.cards import load_card
from gaia_judge.controls import CONTROLS, Controlled, misname
from gaia_judge.engines import ModelSpec
from gaia_judge.engines.conversations import Conversations
from gaia_judge.frames import FrameSpec, decode
from gaia_judge.judges import load_judge
from gaia_judge.nano.exams import SIGHTLESS
from gaia_judge.nano.lessons import DEFECTS, POINTS, TRAINED, Lessons, _show
from gaia_judge.nano.models import FRAMES, PER_FRAME, SIDE, build_model, project, save, watch
from gaia_judge.nano.pupils import Pupil, examine
from gaia_judge.nano.texts import PROMPT_SETS, Scripts, build_tokenizer, stamps
from gaia_judge.nano.yardsticks import generator_means, ridge
from gaia_judge.synthetic.actions import ACTIONS, HELD_OUT, PROPS
from gaia_judge.synthetic.benchmarks import write_benchmark
from gaia_judge.synthetic.defects import DIMENSIONS, KINDS, Defect
from gaia_judge.synthetic.encoders import write_clip
from gaia_judge.synthetic.plans import sample_plan
from gaia_judge.synthetic.rigs import LIMBS
from gaia_judge.videos import Video, read_videos


@pytest.fixture(scope="module")
def tokenizer():
    return build_tokenizer()


@pytest.fixture(scope="module")
def untrained(tokenizer, tmp_path_factory):
    """Return a checkpoint that has learned nothing."""
    folder = tmp_path_factory.mktemp("untrained")
    save(build_model(tokenizer, seed=0), tokenizer, folder)
    return folder


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    """Return a small benchmark."""
    folder = tmp_path_factory.mktemp("clips") / "benchmark"
    write_benchmark(folder, generators=2, actions=4, raters=3, seed=1, workers=1)
    return read_videos(folder)


@pytest.fixture(scope="module")
def lesson(tokenizer):
    return Lessons(tokenizer, seed=5).lesson(0, 6)


def test_held_out_actions_are_new_compositions_of_known_words_and_motions():
    known = {(action.subset, action.motion) for action in TRAINED}
    words = {word for action in TRAINED for word in action.name.split()}
    assert len(HELD_OUT) >= 20
    for action in HELD_OUT:
        assert action.name not in {other.name for other in TRAINED}
        assert (action.subset, action.motion) in known
        assert set(action.name.split()) <= words


def test_two_defects_of_each_dimension_are_held_out_but_not_more():
    held_out = [kind.dimension for name, kind in KINDS.items() if name not in DEFECTS]
    assert sorted(held_out) == sorted(["subject", "completeness", "interaction"] * 2)


@pytest.mark.parametrize("name", PROMPT_SETS)
def test_it_is_taught_the_very_tokens_that_engines_write(name, tokenizer, untrained, clips):
    conversations, scripts = Conversations(ModelSpec(model=str(untrained))), Scripts(tokenizer)
    video = clips[0]
    action = next(one for one in ACTIONS if one.name == video.action)
    frames = decode(video, FrameSpec())
    judge = load_judge(str(untrained), prompt=name, engine="transformers")
    asked = spy(judge.engine)
    judge.rate([video])
    for request in asked:
        written = conversations.inputs([conversations.render(request)], [frames])["input_ids"][0].tolist()
        taught = (
            [scripts.write(name, action, None)]
            if name == "syllogism"
            else [scripts.write(name, action, one) for one in ("subject", "completeness", "interaction")]
        )
        places = [(script, blank) for script in taught for blank in script.blanks]
        prompts = [_expanded(script.ids[:blank], tokenizer) for script, blank in places]
        blanks = {token for label in scripts.labels(name) for token in [label]}
        assert any(_alike(written, prompt, blanks) for prompt in prompts)
    assert len(asked) == 3


def _expanded(ids, tokenizer):
    video = tokenizer.convert_tokens_to_ids("<video>")
    return [
        one for token in ids for one in ([token] * (FRAMES * PER_FRAME + 1) if token == video else [token])
    ]


def _alike(left, right, free):
    """Return whether two prompts are equal but for earlier ratings."""
    return len(left) == len(right) and all(a == b or {a, b} <= free for a, b in zip(left, right, strict=True))


def test_a_label_is_one_token_and_a_prompt_is_short(tokenizer):
    scripts = Scripts(tokenizer)
    assert len({token for name in PROMPT_SETS for token in scripts.labels(name)}) == 7
    assert max(len(scripts.write("syllogism", action, None).ids) for action in ACTIONS) < 80


def test_unknown_text_is_spelt_in_bytes_and_comes_back(tokenizer):
    text = "Ünknown tèxt, \t𝄞."
    assert tokenizer.decode(tokenizer.encode(text, add_special_tokens=False)) == text


def test_lessons_are_the_same_for_the_same_seed_and_others_for_another(tokenizer):
    first, again, other = (Lessons(tokenizer, seed).lesson(3, 4, 0.5) for seed in (1, 1, 2))
    for field in fields(first):
        assert np.array_equal(
            getattr(first, field.name), getattr(again, field.name), equal_nan=field.name == "points"
        )
    assert not np.array_equal(first.frames, other.frames)


def shown(action, defects=()):
    """Return frames of a clip of an action as a lesson has them, and its points in pixels of these."""
    plan = sample_plan(np.random.default_rng(3), action, defects, (256, 256), (FRAMES, 4.0))
    frames, points, _ = _show(plan, np.arange(FRAMES))
    return plan, frames.astype(int), points * SIDE


@pytest.mark.parametrize("prop", PROPS)
def test_the_point_of_a_thing_is_where_its_colour_is(prop):
    """In the middle of the thing, in all actions whose thing lies before the actor or alone."""
    for action in [one for one in ACTIONS if one.prop == prop and one.mode == "hold"]:
        plan, frames, points = shown(action)
        at = points[:, POINTS.index("prop")].round().astype(int)
        for frame, (x, y) in zip(frames, at, strict=True):
            if min(x, y) >= 1 and max(x, y) < SIDE - 1:
                near = np.abs(frame[y - 1 : y + 2, x - 1 : x + 2] - plan.style.paints["prop"]).sum(-1)
                assert near.min() < 40, action.name


@pytest.mark.parametrize(
    "name", ["waving the right arm", "bending the left arm", "raising the left leg", "bending the thumb"]
)
def test_the_point_of_a_limb_is_where_the_limb_ends(name):
    """Without the limb, the frame is another there; the points of other limbs stay where they are."""
    action = next(one for one in ACTIONS if one.name == name)
    _, frames, points = shown(action)
    for limb in LIMBS[action.subset]:
        at = points[:, POINTS.index(limb)].round().astype(int)
        without = removed(action, limb)
        for frame, other, (x, y) in zip(frames, without, at, strict=True):
            window = slice(max(0, y - 2), y + 3), slice(max(0, x - 2), x + 3)
            assert np.abs(frame[window] - other[window]).max() > 40, limb


def removed(action, limb):
    """Return the frames of the same clip without a limb."""
    plan = sample_plan(np.random.default_rng(3), action, [Defect("missing", 0.6)], (256, 256), (FRAMES, 4.0))
    limbs = (limb, *(one for one in plan.limbs if one != limb))
    return _show(replace(plan, limbs=limbs), np.arange(FRAMES))[0].astype(int)


def test_a_lesson_has_points_for_every_clip(lesson):
    assert lesson.frames.shape == (6, FRAMES, SIDE, SIDE, 3)
    assert np.isfinite(lesson.points).any(-1).any(1).sum(-1).min() >= 2, f"of {POINTS}"


def test_the_training_sees_videos_as_the_network_does(tokenizer, lesson):
    model = build_model(tokenizer, seed=0)
    pixels = torch.from_numpy(lesson.frames).permute(0, 1, 4, 2, 3).float() / 127.5 - 1
    with torch.no_grad():
        ours = project(model, watch(model, pixels))
        theirs = model.model.get_video_features(
            pixels, vision_feature_layer=-1, vision_feature_select_strategy="full", return_dict=True
        ).pooler_output
    torch.testing.assert_close(ours, theirs)


def test_an_examined_pupil_rates_as_the_judge_it_becomes(tokenizer, clips, tmp_path):
    pupil, lessons = Pupil(tokenizer, seed=0), Lessons(tokenizer, seed=0)
    with torch.no_grad():
        pupil.model.lm_head.weight *= 6  # else an untrained network says the same of every clip
    save(pupil.model, tokenizer, tmp_path)
    judge = load_judge(str(tmp_path), engine="transformers")
    table = judge.rate(clips).to_pandas().pivot(index="video", columns="dimension", values="value")
    assert np.ptp(table.to_numpy(float), axis=0).min() > 0.2
    for video in clips:
        shown = torch.from_numpy(decode(video, FrameSpec()).images).permute(0, 3, 1, 2)
        pixels = judge.engine.conversations.processor.video_processor(
            [shown], do_sample_frames=False, return_tensors="pt"
        )["pixel_values_videos"]
        images = ((pixels + 1) * 127.5).round().clamp(0, 255).to(torch.uint8).permute(0, 1, 3, 4, 2).numpy()
        action = next(one for one in ACTIONS if one.name == video.action)
        script = lessons.scripts.write("syllogism", action, None)
        ids, blanks = lessons._expanded(script.ids, script.blanks)
        one = replace(lessons.lesson(0, 1), frames=images, ids=np.array([ids]), blanks=np.array([blanks]))
        expected = table.loc[video.id, ["subject", "completeness", "interaction"]].to_numpy(float)
        assert np.abs(1 + examine(pupil, one)[0] - expected).max() < 0.05


def test_a_checkpoint_says_what_it_knows(untrained):
    card = load_card(str(untrained))
    assert card.world == "synthetic"
    assert list(card.prompt_sets) == stamps()
    assert json.loads((untrained / "config.json").read_text())["architectures"] == [
        "LlavaOnevisionForConditionalGeneration"
    ]


def spy(engine):
    """Return a list that every request to an engine is added to."""
    asked, submit = [], engine.submit
    engine.submit = lambda key, request: (asked.append(request), submit(key, request))
    return asked


@pytest.mark.parametrize("control", SIGHTLESS)
def test_controls_take_away_what_they_say(control, untrained, clips):
    judge = load_judge(str(untrained), engine="transformers")
    seen = spy(judge.engine)
    judge.engine = Controlled(judge.engine, CONTROLS[control])
    assert judge.rate(clips[:1]).to_pandas()["value"].notna().all()
    images = None if seen[0].frames is None else seen[0].frames.images
    real = decode(clips[0], FrameSpec()).images
    if control == "text only":
        assert images is None
        assert "\ufffc" not in seen[0].messages[0].text
    elif control == "blank video":
        assert images.std() == 0
    elif control == "first frame frozen":
        assert (images == real[0]).all()
    else:
        assert sorted(frame.tobytes() for frame in images) == sorted(frame.tobytes() for frame in real)
        assert not np.array_equal(images, real)


def test_a_wrong_name_is_of_another_action_of_the_same_subset():
    videos = [
        Video(
            id=action.name,
            path=Path("clip.mp4"),
            action=action.name,
            prompt=action.scene,
            subset=action.subset,
        )
        for action in ACTIONS
    ]
    subsets = {video.action: video.subset for video in videos}
    for video, wrong in zip(videos, misname(videos), strict=True):
        assert wrong.action != video.action
        assert subsets[wrong.action] == video.subset
        assert wrong.prompt != video.prompt


def test_yardsticks_are_what_they_say():
    videos = [
        Video(id=f"{maker}{n}", path=Path("clip.mp4"), generator=maker) for maker in "ab" for n in range(3)
    ]
    scores = [1.0, 2.0, 3.0, 10.0, 20.0, 60.0]
    mos = pd.DataFrame(dict.fromkeys(DIMENSIONS, scores), index=[video.id for video in videos])
    assert generator_means(videos, mos)["subject"].tolist() == [2.5, 2.0, 1.5, 40.0, 35.0, 15.0]


def test_a_ridge_on_frame_differences_tells_moving_from_still(tmp_path):
    action = ACTIONS[0]
    chance = np.random.default_rng(0)
    videos, moving = [], []
    for n in range(16):
        defects = [Defect("frozen", 1.0)] if n % 2 else []
        write_clip(tmp_path / f"{n}.mp4", sample_plan(chance, action, defects, (256, 256), (8, 4.0)))
        videos.append(Video(id=str(n), path=tmp_path / f"{n}.mp4"))
        moving.append(100.0 * (n % 2 == 0))
    mos = pd.DataFrame(dict.fromkeys(DIMENSIONS, moving), index=[video.id for video in videos])
    found = ridge(videos[8:], videos[:8], mos)["completeness"].to_numpy()
    assert found[::2].min() > found[1::2].max()


def test_defects_that_are_held_out_are_not_drawn_in_training(tokenizer):
    """Shuffled frames are taught as a movement without an end: no other held-out defect is known."""
    lesson = Lessons(tokenizer, seed=2).lesson(0, 128)
    drawn = {name for name, column in zip(KINDS, lesson.severities.T, strict=True) if column.any()}
    assert drawn - set(DEFECTS) <= {"looping"}
    assert drawn >= set(DEFECTS)
