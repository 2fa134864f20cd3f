"""The synthetic tag, in real files."""

import pytest

from gaia_judge.frames import FrameSpec, sample
from gaia_judge.videos.origins import SYNTHETIC_TAG
from tests.clips import write_clip

TAG = SYNTHETIC_TAG[1]


@pytest.mark.parametrize(("comment", "expected"), [(TAG, True), ("", False), ("synthetic", False)])
def test_the_tag_counts_and_not_the_name(tmp_path, comment, expected):
    clip = write_clip(tmp_path / "(Blobber)_(a synthetic jump).mp4", frames=8, comment=comment)
    assert sample(clip, FrameSpec(count=4)).synthetic is expected


def test_the_tag_changes_nothing_that_a_model_sees(tmp_path):
    tagged = write_clip(tmp_path / "tagged.mp4", frames=8, comment=TAG)
    bare = write_clip(tmp_path / "bare.mp4", frames=8)
    assert sample(tagged, FrameSpec(count=4)).digest == sample(bare, FrameSpec(count=4)).digest
