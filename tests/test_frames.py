"""Sampling: which frames are taken, what is said of short, broken and oversized files, and contact sheets."""

import struct

import numpy as np
import pytest
from PIL import Image

from gaia_judge.errors import GaiaJudgeError
from gaia_judge.frames import Decoders, FrameSpec, contact_sheet, sample
from gaia_judge.videos import Video
from tests.clips import (
    cut,
    draw,
    irregular,
    packets,
    read_number,
    scratch,
    spoil,
    trim,
    write_clip,
    write_format,
    write_sound,
)


def numbers(frames):
    return [read_number(image) for image in frames.images]


@pytest.mark.parametrize(
    ("length", "count", "expected"), [(40, 4, [5, 15, 25, 35]), (10, 3, [1, 5, 8]), (5, 5, [0, 1, 2, 3, 4])]
)
def test_a_count_takes_the_middles_of_equal_stretches(tmp_path, length, count, expected):
    frames = sample(write_clip(tmp_path / "a.mp4", frames=length), FrameSpec(count=count))
    assert frames.indices.tolist() == numbers(frames) == expected
    np.testing.assert_allclose(frames.seconds, np.array(expected) / 10)
    assert (frames.total, frames.duration, frames.fps) == (length, length / 10, 10)
    assert not frames.note


def test_a_short_clip_gives_each_frame_once_and_says_so(tmp_path):
    frames = sample(write_clip(tmp_path / "a.mp4", frames=3), FrameSpec(count=8))
    assert frames.indices.tolist() == numbers(frames) == [0, 1, 2]
    assert frames.note == "too short for 8 frames: gives 3"


@pytest.mark.parametrize("name", ["a.mp4", "a.webm", "a.gif", "a.avi", "a.mov", "a.mkv"])
def test_a_single_frame_is_a_video(tmp_path, name):
    codec, pixels = {"a.gif": ("gif", "rgb8"), "a.webm": ("libvpx-vp9", "yuv420p")}.get(
        name, ("mpeg4", "yuv420p")
    )
    frames = sample(write_clip(tmp_path / name, frames=1, codec=codec, pixels=pixels), FrameSpec(count=4))
    assert (frames.indices.tolist(), frames.seconds.tolist(), frames.total) == ([0], [0.0], 1)
    assert frames.note == "too short for 4 frames: gives 1"


def test_a_rate_takes_what_is_on_screen_at_the_middle_of_each_stretch(tmp_path):
    frames = sample(write_clip(tmp_path / "a.mp4", frames=40), FrameSpec(count=20, fps=2))
    assert frames.indices.tolist() == numbers(frames) == [2, 7, 12, 17, 22, 27, 32, 37]
    assert not frames.note


def test_a_rate_is_capped_by_the_count_and_the_note_says_so(tmp_path):
    frames = sample(write_clip(tmp_path / "a.mp4", frames=40), FrameSpec(count=2, fps=5))
    assert numbers(frames) == [10, 30]
    assert frames.note == "too long for 5 frames per second: capped at 2"


def test_a_rate_above_the_videos_own_gives_each_frame_once(tmp_path):
    frames = sample(write_clip(tmp_path / "a.mp4", frames=6), FrameSpec(count=100, fps=30))
    assert numbers(frames) == [0, 1, 2, 3, 4, 5]
    assert frames.note == "too short for 18 frames: gives 6"


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.mov"])
@pytest.mark.parametrize("start", [0.0, 1.5])
def test_times_of_a_variable_rate_are_true(tmp_path, name, start):
    times = np.array(irregular(30))
    clip = write_clip(tmp_path / name, seconds=(times + start).tolist(), options={"bf": "2"})
    frames = sample(clip, FrameSpec(count=10))
    np.testing.assert_allclose(frames.seconds, times[frames.indices], atol=0.0015)
    by_rate = sample(clip, FrameSpec(count=100, fps=2))
    middles = (np.arange(len(by_rate.indices)) + 0.5) * by_rate.duration / len(by_rate.indices)
    assert (by_rate.seconds <= middles).all()
    assert (np.append(times, 99)[by_rate.indices + 1] > middles - 0.0015).all()
    assert numbers(by_rate) == by_rate.indices.tolist()


@pytest.mark.parametrize("decoder", ["auto", "pyav"])
def test_a_trimmed_video_shows_what_is_left_of_it(tmp_path, decoder):
    clip = trim(write_clip(tmp_path / "a.mp4", options={"bf": "0", "g": "10"}), 1.2, 2)
    frames = sample(clip, FrameSpec(count=4, decoder=decoder))
    assert numbers(frames) == [14, 19, 24, 29]
    assert frames.indices.tolist() == [2, 7, 12, 17]
    np.testing.assert_allclose(frames.seconds, [0.2, 0.7, 1.2, 1.7])
    assert (frames.total, frames.duration) == (20, 2)


def text(path):
    path.write_text("This is no video.\n" * 100)
    return path


def script(path):
    write_clip(path.with_name("hidden.mp4"))
    path.write_text("ffconcat version 1.0\nfile hidden.mp4\n")
    return path


def faststart(path):
    return write_clip(path, options={"bf": "2", "g": "10"}, container_options={"movflags": "faststart"})


def without_last_packets(path):
    faststart(path)
    path.write_bytes(path.read_bytes()[: packets(path)[30][0]])
    return path


BROKEN = {
    "zero.mp4": (lambda path: path.write_bytes(b""), "cannot be decoded|no frames"),
    "text.mp4": (text, "cannot be decoded"),
    "text.gif": (text, "cannot be decoded"),
    "script.mp4": (script, "cannot be decoded"),
    "sound.mp4": (lambda path: write_sound(path), "no video stream"),
    "half.mp4": (lambda path: cut(faststart(path), 0.8), "breaks off: frame .* of 40"),
    "most.mp4": (lambda path: cut(faststart(path), 0.98), "breaks off"),
    "30.mp4": (without_last_packets, "breaks off: 30 of 40 frames are there"),
    "headless.mp4": (lambda path: cut(write_clip(path), 0.5), "cannot be decoded"),
    "half.mkv": (lambda path: cut(write_clip(path), 0.6), r"breaks off: 0?\d\.\d+ of 4\.00 seconds"),
    "half.webm": (lambda path: cut(write_clip(path, codec="libvpx-vp9"), 0.6), "breaks off"),
    "half.avi": (lambda path: cut(write_clip(path, codec="mjpeg", pixels="yuvj420p"), 0.5), "breaks off"),
    "half.gif": (lambda path: cut(write_clip(path, codec="gif", pixels="rgb8"), 0.5), "trailer"),
    "spoilt.mp4": (lambda path: spoil(faststart(path), 20, 24), "cannot be decoded|damaged"),
    "scratched.mp4": (
        lambda path: scratch(write_clip(path, size=(192, 128), options={"g": "40", "bf": "0"}), 30, 0.3),
        "frame 30 is damaged",
    ),
    "scratched.avi": (lambda path: scratch(write_clip(path, codec="mpeg4"), 20, 0.5), "frame 20 is damaged"),
    "spoilt.avi": (lambda path: spoil(write_clip(path, codec="mpeg4"), 20, 24), "cannot be decoded|damaged"),
}


@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.parametrize("decoder", ["auto", "pyav"])
def test_a_broken_file_is_an_error_that_names_it(tmp_path, name, decoder):
    make, reason = BROKEN[name]
    make(tmp_path / name)
    with pytest.raises(GaiaJudgeError, match=reason) as caught:
        sample(tmp_path / name, FrameSpec(decoder=decoder))
    assert str(tmp_path / name) in caught.value.message
    assert caught.value.hint


def test_damage_that_decord_covers_up_is_noticed_all_the_same(tmp_path):
    clip = write_clip(tmp_path / "a.mp4", size=(192, 128), options={"g": "40", "bf": "0"})
    with pytest.raises(GaiaJudgeError, match=r"decord complains about .*a\.mp4: error while decoding"):
        sample(scratch(clip, 30, 0.3), FrameSpec(decoder="decord"))


def test_a_missing_file_is_an_error_that_names_it(tmp_path):
    with pytest.raises(GaiaJudgeError, match=r"no file .*gone\.mp4"):
        sample(tmp_path / "gone.mp4", FrameSpec())


def test_broken_files_among_others_cost_only_themselves(tmp_path):
    videos, whole = [], []
    for number, (name, (make, _)) in enumerate(BROKEN.items()):
        make(tmp_path / name)
        good = write_clip(tmp_path / f"good{number}.mp4", frames=10 + number)
        whole.append(Video(id=good.stem, path=good))
        videos += [Video(id=name, path=tmp_path / name), whole[-1]]
    with Decoders(FrameSpec(count=2)) as decoders:
        answers = {video.id: answer for video, answer in decoders.stream(videos)}
    assert list(answers) == [video.id for video in videos]
    assert all(isinstance(answers[name], GaiaJudgeError) for name in BROKEN)
    assert [answers[video.id].total for video in whole] == list(range(10, 10 + len(BROKEN)))


def test_damaged_files_never_give_other_frames_than_they_name(tmp_path):
    whole = write_clip(tmp_path / "whole.mkv", size=(192, 128), options={"g": "12"}).read_bytes()
    random = np.random.default_rng(0)
    outcomes = set()
    for _ in range(30):
        data = bytearray(whole)
        start = int(random.integers(2000, len(data) - 40))
        data[start : start + 30] = random.bytes(30)
        (tmp_path / "a.mkv").write_bytes(data)
        try:
            frames = sample(tmp_path / "a.mkv", FrameSpec(count=40))
        except GaiaJudgeError:
            outcomes.add("error")
            continue
        outcomes.add("frames")
        assert frames.total <= 40
        assert len(set(frames.seconds.tolist())) == frames.total
    assert "error" in outcomes


def test_absurd_dimensions_are_refused_before_anything_is_allocated(tmp_path):
    clip = write_clip(tmp_path / "a.gif", frames=2, codec="gif", pixels="rgb8")
    data = bytearray(clip.read_bytes())
    data[6:10] = struct.pack("<HH", 15000, 15000)
    clip.write_bytes(data)
    with Decoders(FrameSpec(memory_gib=1)) as decoders:
        [(_, answer)] = decoders.stream([Video(id="a", path=clip)])
    assert isinstance(answer, GaiaJudgeError)
    assert "needs 1.26 GiB of memory for 1 frames of 15000x15000, more than memory_gib=1." in answer.message


def test_more_frames_than_memory_allows_are_refused(tmp_path):
    clip = write_clip(tmp_path / "a.mp4", size=(640, 480))
    with pytest.raises(
        GaiaJudgeError, match=r"0\.04 GiB of memory for 40 frames of 640x480.*memory_gib=0\.02"
    ):
        sample(clip, FrameSpec(count=40, memory_gib=0.02))


def test_the_digest_tells_frames_apart(tmp_path):
    clip = write_clip(tmp_path / "a.mp4")
    digests = [sample(clip, FrameSpec(count=count)).digest for count in (4, 4, 5)]
    assert digests[0] == digests[1] != digests[2]


def test_a_contact_sheet_shows_exactly_the_frames(tmp_path):
    frames = sample(write_format(tmp_path, "h264-odd"), FrameSpec(count=6))
    sheet = np.asarray(contact_sheet(frames))
    height, width = frames.images.shape[1:3]
    row = sheet.shape[0] // 2
    for place, image in enumerate(frames.images):
        top, left = place // 4 * row, place % 4 * width
        assert (sheet[top : top + height, left : left + width] == image).all()
        label = sheet[top + height : top + row, left : left + width]
        assert label.min() < 128


def test_a_contact_sheet_of_one_frame(tmp_path):
    sheet = contact_sheet(sample(write_clip(tmp_path / "a.mp4", frames=1), FrameSpec()))
    assert isinstance(sheet, Image.Image)
    assert sheet.width == draw(0).shape[1]
