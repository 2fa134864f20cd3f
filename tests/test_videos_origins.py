"""The synthetic tag, in real files."""

import pytest

from gaia_judge.frames import FrameSpec, sample
from gaia_judge.videos.origins import SYNTHETIC_TAG, is_synthetic
from tests.clips import write_clip

TAG = SYNTHETIC_TAG[1]


@pytest.mark.parametrize(("comment", "expected"), [(TAG, True), ("", False), ("synthetic", False)])
def test_the_tag_counts_and_not_the_name(tmp_path, comment, expected):
    clip = write_clip(tmp_path / "(Blobber)_(a synthetic jump).mp4", frames=8, comment=comment)
    assert is_synthetic(clip) is expected
    assert sample(clip, FrameSpec(count=4)).synthetic is expected


def test_what_cannot_be_read_is_not_known_to_be_synthetic(tmp_path):
    (tmp_path / "text.mp4").write_text(TAG, encoding="utf-8")
    assert not is_synthetic(tmp_path / "text.mp4")
    assert not is_synthetic(tmp_path / "absent.mp4")


def test_the_tag_changes_nothing_that_a_model_sees(tmp_path):
    tagged = write_clip(tmp_path / "tagged.mp4", frames=8, comment=TAG)
    bare = write_clip(tmp_path / "bare.mp4", frames=8)
    assert sample(tagged, FrameSpec(count=4)).digest == sample(bare, FrameSpec(count=4)).digest
