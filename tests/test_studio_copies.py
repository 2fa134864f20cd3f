"""Copies: unchanged where browsers play the original, else the same pictures at the same times."""

import hashlib
import json

import av
import numpy as np
import pytest

from gaia_judge.errors import GaiaJudgeError
from gaia_judge.frames import FrameSpec
from gaia_judge.frames.samples import sample
from gaia_judge.frames.tracks import read_track
from gaia_judge.studio import copies
from gaia_judge.studio.copies import copy_videos, played_suffix
from gaia_judge.studio.creations import create_study, read_secret
from gaia_judge.studio.stores import open_store
from gaia_judge.studio.studies import Study
from gaia_judge.videos import Video, read_videos
from tests.clips import read_number, write_clip, write_format

PLAYED = ["h264", "h264-b", "h264-vfr", "h264-90", "h264-709", "vp9", "vp8"]

NOT_PLAYED = [
    "h264-mov", "h264-mkv", "h264-444", "h264-10bit", "h264-odd", "h264-270", "hevc", "hevc-10bit", "av1",
    "h264-b-avi", "mpeg4", "mjpeg", "gif",
]  # fmt: skip


def copy(path, folder):
    ((_, found),) = copy_videos([(Video(id="clip", path=path), folder / "copy")])
    return found


@pytest.mark.parametrize("name", PLAYED)
def test_what_plays_is_copied_unchanged(tmp_path, name):
    path = write_format(tmp_path, name, frames=12)
    found = copy(path, tmp_path)
    assert not found.transcoded
    assert found.path.read_bytes() == path.read_bytes()
    assert found.path.suffix == path.suffix
    assert found.sha256 == found.original_sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("name", NOT_PLAYED)
def test_what_does_not_play_is_transcoded(tmp_path, name):
    path = write_format(tmp_path, name, frames=12)
    before = path.read_bytes()
    found = copy(path, tmp_path)
    assert path.read_bytes() == before
    assert found.transcoded
    assert found.original_sha256 == hashlib.sha256(before).hexdigest()
    assert found.sha256 == hashlib.sha256(found.path.read_bytes()).hexdigest()
    track = read_track(found.path, FrameSpec())
    assert (track.codec, track.pixels, track.matrix) == ("h264", "yuv420p", None)
    assert played_suffix(track) == ".mp4"
    spec = FrameSpec(every=True)
    original, own = sample(path, spec), sample(found.path, spec)
    assert [read_number(image) for image in own.images] == [read_number(image) for image in original.images]
    np.testing.assert_allclose(own.seconds, original.seconds, atol=0.002)
    height, width = original.images.shape[1:3]
    apart = own.images[:, :height, :width].astype(float) - original.images
    # colour has half the resolution, so dither, as of GIF, shows in small means only
    rows, columns = height // 4 * 4, width // 4 * 4
    small = apart[:, :rows, :columns].reshape(len(apart), rows // 4, 4, columns // 4, 4, 3).mean(axis=(2, 4))
    assert np.abs(small).mean() < 4
    # the index stands in front, so that a clip begins to play before all of it is there
    data = found.path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


def test_uneven_times_are_kept(tmp_path):
    path = write_format(tmp_path, "h264-mkv-vfr", frames=20)
    found = copy(path, tmp_path)
    spec = FrameSpec(every=True)
    np.testing.assert_allclose(sample(found.path, spec).seconds, sample(path, spec).seconds, atol=0.002)


def test_many_frames_are_decoded_in_parts(tmp_path, monkeypatch):
    path = write_format(tmp_path, "mpeg4", frames=23)
    monkeypatch.setattr(copies, "PART", 7 * 128 * 64 * 3)
    parts = copies._prepare(path, FrameSpec())
    assert json.loads(parts["facts"].tobytes())["transcoded"]
    (tmp_path / "parts.mp4").write_bytes(parts["clip"].tobytes())
    images = sample(tmp_path / "parts.mp4", FrameSpec(every=True)).images
    assert [read_number(image) for image in images] == list(range(23))


def test_matroska_under_another_name_is_transcoded(tmp_path):
    path = write_format(tmp_path, "vp9", frames=5)
    other = path.with_suffix(".mkv")
    path.rename(other)
    assert copy(other, tmp_path).transcoded  # some browsers play VP9 in WebM only


def test_synthetic_clips_keep_their_tag(tmp_path):
    from gaia_judge.videos.origins import SYNTHETIC_TAG

    path = write_clip(tmp_path / "a.mov", frames=4, comment=SYNTHETIC_TAG[1])
    with av.open(str(copy(path, tmp_path).path)) as container:
        assert container.metadata["comment"] == SYNTHETIC_TAG[1]


def test_a_broken_video_is_left_out_and_named(tmp_path):
    videos = tmp_path / "videos"
    videos.mkdir()
    write_clip(videos / "good.mp4", frames=4)
    (videos / "bad.mp4").write_bytes(b"no video at all")
    whole = write_clip(tmp_path / "whole.mp4", frames=40).read_bytes()
    (videos / "cut.mp4").write_bytes(whole[: len(whole) // 2])
    made = create_study(Study().filled(), read_videos(videos), tmp_path / "study")
    assert made.videos == 1
    assert set(made.failed) == {"bad", "cut"}
    store, _ = open_store(tmp_path / "study")
    with store.read() as connection:
        rows = connection.exec_driver_sql("SELECT name, clip, transcoded FROM videos").fetchall()
    assert [(row[0], row[2]) for row in rows] == [("good", 0)]
    assert (tmp_path / "study" / rows[0][1]).read_bytes() == (videos / "good.mp4").read_bytes()
    assert "good" not in rows[0][1]
    store.close()


def test_a_study_appears_whole_or_not_at_all(tmp_path):
    videos = tmp_path / "videos"
    videos.mkdir()
    (videos / "bad.mp4").write_bytes(b"no video at all")
    with pytest.raises(GaiaJudgeError, match="No video is left"):
        create_study(Study().filled(), read_videos(videos), tmp_path / "study")
    assert not (tmp_path / "study" / "study.db").exists()
    write_clip(videos / "good.mp4", frames=4)
    create_study(Study().filled(), read_videos(videos), tmp_path / "study")
    assert sorted(path.name for path in (tmp_path / "study").iterdir()) == [
        "clips",
        "owner-secret.txt",
        "study.db",
    ]
    with pytest.raises(GaiaJudgeError, match="holds a study already"):
        create_study(Study().filled(), read_videos(videos), tmp_path / "study")


@pytest.mark.parametrize(("name", "why"), [("goof", "Did you mean good"), ("bad", "cannot be shown")])
def test_examples_must_be_videos_that_can_be_shown(tmp_path, name, why):
    videos = tmp_path / "videos"
    videos.mkdir()
    (videos / "bad.mp4").write_bytes(b"no video at all")
    write_clip(videos / "good.mp4", frames=4)
    scores = {"subject": 1, "completeness": 2, "interaction": 3}
    study = Study.model_validate({"training": [{"video": name, "scores": scores}]}).filled()
    with pytest.raises(GaiaJudgeError, match=why):
        create_study(study, read_videos(videos), tmp_path / "study")


def test_a_short_secret_is_refused(tmp_path):
    assert len(read_secret(tmp_path)) == 32
    (tmp_path / "owner-secret.txt").write_text("short")
    with pytest.raises(GaiaJudgeError, match="less than 16"):
        read_secret(tmp_path)
