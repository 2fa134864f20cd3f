"""Frames: which are taken, from which formats, by which decoder, and by which rules of colour and rotation."""

from pathlib import Path

import numpy as np
import pytest

from gaia_judge.frames import FrameSpec, sample
from tests.clips import FORMATS, read_number, write_format


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("clips")
    return {name: write_format(folder, name) for name in FORMATS}


@pytest.mark.parametrize("name", FORMATS)
def test_sample_returns_the_frames_it_names(clips, name):
    frames = sample(clips[name], FrameSpec(count=7))
    turned = np.rot90(frames.images, -FORMATS[name].get("rotation", 0) // 90, axes=(1, 2))
    assert [read_number(image) for image in turned] == [2, 8, 14, 20, 25, 31, 37]
    assert frames.indices.tolist() == [2, 8, 14, 20, 25, 31, 37]
