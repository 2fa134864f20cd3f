"""Controls: each changes what it says, and nothing else."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gaia_judge.controls import CONTROLS, Controlled, exchange, find_control, leak, misname
from gaia_judge.engines import Labels, Message, Request
from gaia_judge.errors import GaiaJudgeError
from gaia_judge.frames import Frames
from gaia_judge.videos import Video
from gaia_judge.videos.entries import VIDEO_MARK
from tests.scripted import ScriptedEngine, certain


def frames_of(images):
    count = len(images)
    return Frames(
        images=images,
        seconds=np.arange(count) / 8,
        indices=np.arange(count),
        total=count,
        duration=count / 8,
        decoder="test",
        synthetic=True,
    )


@pytest.fixture
def frames():
    smooth = np.linspace(0, 255, 6 * 40 * 50 * 3).reshape(6, 40, 50, 3)
    return frames_of(np.random.default_rng(0).permutation(smooth).astype(np.uint8))


def seen(name, frames, times=1):
    """Return the requests that reach the engine."""
    engine = ScriptedEngine(lambda request: certain("Good", request))
    judge = Controlled(engine, CONTROLS[name])
    request = Request((Message("user", f"{VIDEO_MARK} What is it?"),), frames, Labels(("Bad", "Good")))
    for key in range(times):
        judge.submit(key, request)
    while judge.collect():
        pass
    return engine.asked


EXPECTED = {
    "blank video": lambda images: np.full_like(images, 128),
    "frames reversed": lambda images: images[[5, 4, 3, 2, 1, 0]],
    "first frame frozen": lambda images: images[[0] * 6],
    "half resolution": lambda images: images.reshape(6, 20, 2, 25, 2, 3).mean(axis=(2, 4)),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_frames_become_what_a_plain_reference_makes_of_them(name, frames):
    (request,) = seen(name, frames)
    assert np.abs(request.frames.images - EXPECTED[name](frames.images)).max() <= 1
    assert request.frames.digest != frames.digest
    assert request.frames.synthetic
    assert request.messages[0].text == f"{VIDEO_MARK} What is it?"


def test_shuffled_frames_are_the_same_in_an_order_that_only_they_decide(frames):
    first, second = seen("frames shuffled", frames, times=2)
    images = list(map(bytes, frames.images))
    shuffled = list(map(bytes, first.frames.images))
    assert sorted(shuffled) == sorted(images)
    assert shuffled != images
    assert first.frames.digest == second.frames.digest
    assert seen("frames shuffled", frames)[0].frames.digest == first.frames.digest


@pytest.mark.parametrize("size", [(40, 50), (41, 51), (64, 64)])
def test_reencoded_frames_are_like_the_others_but_coarser_and_always_the_same(size):
    height, width = size
    ramp = np.linspace(0, 200, width)[None, None, :, None] + np.arange(4)[:, None, None, None] * 10
    noise = np.random.default_rng(1).normal(0, 12, (4, height, width, 3))
    frames = frames_of(np.clip(ramp + noise, 0, 255).astype(np.uint8))
    (once,), (again,) = (seen("re-encoded", frames) for _ in range(2))
    found = once.frames.images
    assert found.shape == frames.images.shape
    assert found.dtype == np.uint8
    assert np.array_equal(found, again.frames.images)
    near = np.abs(found.mean(axis=(2, 3)) - frames.images.mean(axis=(2, 3))).max()
    assert near < 8
    assert (
        np.diff(found.astype(float), axis=2).std() < 0.7 * np.diff(frames.images.astype(float), axis=2).std()
    )


def test_text_only_takes_the_video_and_its_place_away(frames):
    (request,) = seen("text only", frames)
    assert request.frames is None
    assert request.messages[0].text == " What is it?"


@pytest.mark.parametrize(
    "name", ["none", "asked again", "one at a time", "scale reversed", "wrong action named"]
)
def test_other_controls_leave_requests_alone(name, frames):
    (request,) = seen(name, frames)
    assert request.frames is frames


def test_what_was_made_of_frames_is_made_once_for_all_questions(frames):
    first, second = seen("half resolution", frames, times=2)
    assert first.frames is second.frames


VIDEOS = [
    Video(id=f"{maker}{n}", path=Path("x.mp4"), prompt=f"prompt {n}", action=f"act {n}", generator=maker)
    for maker in "ab"
    for n in range(3)
]


@pytest.mark.parametrize("change", [misname, exchange, leak])
def test_ids_files_and_order_stay(change):
    changed = change(VIDEOS)
    assert [(one.id, one.path, one.generator) for one in changed] == [
        (one.id, one.path, one.generator) for one in VIDEOS
    ]
    assert changed == change(VIDEOS)


def test_exchanged_texts_are_those_of_all_others_each_once():
    changed = exchange(VIDEOS)
    assert sorted(one.prompt for one in changed) == sorted(one.prompt for one in VIDEOS)
    assert all(one.prompt.split()[-1] == one.action.split()[-1] for one in changed)
    pairs = [next(own for own in VIDEOS if own.id == one.id) for one in changed]
    assert sum(one.prompt != own.prompt for one, own in zip(changed, pairs, strict=True)) >= 3


def test_a_wrong_action_is_of_the_same_subset():
    kinds = [replace(one, subset="hand" if one.action == "act 0" else "face") for one in VIDEOS]
    for seed in range(5):
        for own, told in zip(kinds, misname(kinds, seed), strict=True):
            assert told.prompt.split()[-1] == told.action.split()[-1]
            if own.subset == "hand":  # there is no other action of it
                assert told == own
            else:
                assert {own.action, told.action} == {"act 1", "act 2"}


def test_a_single_video_keeps_its_texts():
    assert exchange(VIDEOS[:1]) == VIDEOS[:1]
    assert misname(VIDEOS[:1]) == VIDEOS[:1]


def test_the_generator_is_named_in_the_prompt_or_else_in_the_action():
    bare = replace(VIDEOS[0], prompt="")
    unknown = replace(VIDEOS[0], generator="")
    assert [one.prompt for one in leak([VIDEOS[0], bare, unknown])] == [
        "prompt 0 (made by a)",
        "",
        "prompt 0",
    ]
    assert leak([bare])[0].action == "act 0 (made by a)"


def test_an_unknown_control_names_near_ones():
    with pytest.raises(GaiaJudgeError, match="blank video"):
        find_control("blank vidoe")
