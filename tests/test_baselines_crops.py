"""Frames resized and cut as VBench and mmaction2 do it."""

import numpy as np
import pytest

from gaia_judge.baselines.crops import cut_centre, cut_three, normalise, shorten
from tests.recognisers import make_frames, plain_pixels, plain_resize


@pytest.mark.parametrize(
    ("size", "side", "rounded", "wanted"),
    [
        ((480, 854), 256, False, (256, 455)),  # 455.47
        ((480, 854), 224, True, (224, 399)),  # 398.53
        ((480, 854), 224, False, (224, 398)),
        ((854, 480), 224, True, (399, 224)),
        ((256, 256), 256, False, (256, 256)),
        ((100, 150), 224, True, (224, 336)),
    ],
)
def test_the_shorter_side_is_set_and_the_longer_follows(size, side, rounded, wanted):
    frames = make_frames(2, *size)
    found = shorten(frames, side, rounded=rounded)
    assert found.shape == (2, *wanted, 3)
    assert found.dtype == np.uint8
    if size == wanted:
        np.testing.assert_array_equal(found, frames)


def test_halving_takes_the_mean_of_the_four_middle_pixels():
    frames = np.random.default_rng(0).integers(0, 256, (3, 64, 96, 3), dtype=np.uint8)
    found = shorten(frames, 32, rounded=True)
    for row, column in ((0, 0), (7, 12), (31, 47)):
        four = frames[:, 2 * row : 2 * row + 2, 2 * column : 2 * column + 2].astype(float)
        assert np.abs(found[:, row, column] - four.mean((1, 2))).max() <= 0.5


@pytest.mark.parametrize(("size", "side"), [((60, 90), 24), ((90, 53), 31), ((20, 30), 33)])
def test_pixels_are_read_between_the_four_nearest_and_nothing_is_smoothed(size, side):
    frames = np.random.default_rng(1).integers(0, 256, (2, *size, 3), dtype=np.uint8)
    found = shorten(frames, side, rounded=True)
    wanted = np.stack([plain_resize(frame, *found.shape[1:3]) for frame in frames])
    assert np.abs(found - wanted).max() <= 1  # OpenCV's weights are whole 2048ths


@pytest.mark.parametrize(
    ("size", "left"), [((4, 4), 0), ((4, 6), 1), ((4, 5), 0), ((4, 7), 2), ((4, 9), 2), ((4, 11), 4)]
)
def test_the_centre_is_cut_at_the_even_half(size, left):
    frames = np.arange(np.prod(size) * 3).reshape(1, *size, 3).astype(np.uint8)
    np.testing.assert_array_equal(cut_centre(frames, 4), frames[:, :, left : left + 4])
    tall = frames.transpose(0, 2, 1, 3)
    np.testing.assert_array_equal(cut_centre(tall, 4), tall[:, left : left + 4])


@pytest.mark.parametrize(
    ("width", "starts"), [(10, [0, 6, 3]), (9, [0, 4, 2]), (5, [0]), (4, [0]), (6, [0, 2, 1])]
)
def test_three_squares_are_plain_slices(width, starts):
    wide = np.random.default_rng(0).integers(0, 256, (2, 4, width, 3), dtype=np.uint8)
    found = cut_three(wide)
    assert len(found) == len(starts)
    for one, start in zip(found, starts, strict=True):
        np.testing.assert_array_equal(one, wide[:, :, start : start + 4])
    for one, start in zip(cut_three(wide.transpose(0, 2, 1, 3)), starts, strict=True):
        np.testing.assert_array_equal(one, wide.transpose(0, 2, 1, 3)[:, start : start + 4])


def test_pixels_are_normalised_channel_by_channel():
    frames = make_frames(3, 8, 8)
    np.testing.assert_allclose(normalise(frames).numpy(), plain_pixels(frames).numpy(), atol=1e-5)
    assert normalise(frames[None]).shape == (1, 3, 3, 8, 8)
