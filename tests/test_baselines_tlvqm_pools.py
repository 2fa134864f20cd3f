"""TLVQM's sharpness and pooling, and the 75 features of a video."""

from itertools import product

import numpy as np
import pytest

from gaia_judge.baselines.tlvqm import FEATURES, LOW, high_complexity, low_complexity, tlvqm_features
from gaia_judge.baselines.tlvqm.filters import gradients
from gaia_judge.baselines.tlvqm.pools import blocks, pooled, representatives, stride_of
from gaia_judge.baselines.tlvqm.scalings import halved
from gaia_judge.baselines.tlvqm.sharpness import extremes, sharpness
from gaia_judge.errors import GaiaJudgeError

RNG = np.random.default_rng


def blurred(plane, sigma):
    import cv2

    return cv2.GaussianBlur(plane, (0, 0), sigma)


def sharpness_by_loops(plane):
    """Follow the published steps block by block, in a table of lags from -8 to 8."""
    down, across = gradients(plane)
    height, width = plane.shape
    rings, tables, deviations, count = [], [], [], 0
    for top in range(7, height - 24, 16):
        for left in range(7, width - 24, 16):
            count += 1
            table = np.zeros((17, 17))
            for i, j in product(range(7), repeat=2):
                if i and j and i != j:
                    continue
                share_across, share_down = (i / (i + j), j / (i + j)) if i + j else (1, 1)
                for share, one in ((share_across, across), (share_down, down)):
                    here = one[top : top + 17, left : left + 17]
                    table[8 + i, 8 + j] += share * np.mean(here * one[top + i :, left + j :][:17, :17])
            if table[8, 8] > 0.0001:
                table /= table[8, 8]
                squares = [table[8 - k : 9 + k, 8 - k : 9 + k].sum() for k in range(7)]
                found = np.diff(squares)
                rings.append(found / found[0] if found[0] > 0 else found)
                tables.append(table)
                block = np.hypot(down, across)[top : top + 17, left : left + 17]
                deviations.append(np.std(block, ddof=1))
    sharp = [one for one in deviations if one > np.mean(deviations)]
    soft = [one for one in deviations if one <= np.mean(deviations)]
    total = sum(tables) + len(sharp) * tables[-1]
    total = total / total[8, 8]
    peak, dip = (0, 0), (0, 0)
    for i, j in product(range(6), repeat=2):
        if not ((i == 0) ^ (j == 0) or (i == j and i)):
            continue
        y, x = (1, 0) if i == 0 else (0, 1) if j == 0 else (1, 1)
        near = total[8 + i - y, 8 + j - x], total[8 + i + y, 8 + j + x]
        value = total[8 + i, 8 + j]
        if value > max(near) and value > peak[0]:
            peak = value, np.hypot(i, j)
        elif value < min(near) and value < dip[0]:
            dip = value, np.hypot(i, j)
    ring = np.mean(rings, axis=0)
    return (
        *(ring[1:6].mean(), ring[1:4].mean(), ring[1], peak[1] / 5, dip[1] / 5),
        *(len(sharp) / count, len(soft) / count, np.mean(sharp), np.mean(soft)),
    )


@pytest.mark.parametrize(("width", "halves"), [(1000, False), (1280, False), (1282, True)])
def test_only_frames_wider_than_1280_are_halved_for_sharpness(width, halves):
    plane = blurred(RNG(8).random((64, width)), 0.7) * 3
    seen = halved(plane) if halves else plane
    assert sharpness(plane) == pytest.approx(sharpness_by_loops(seen), rel=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_sharpness_equals_loops(seed):
    plane = blurred(RNG(seed).random((70, 90)), 0.4 + 0.5 * seed) * np.linspace(0, 3, 90) ** 2
    plane[:34] *= 0.001  # some blocks are too flat to be looked at
    found = sharpness(plane)
    assert found == pytest.approx(sharpness_by_loops(plane), rel=1e-9)
    assert found[5] + found[6] < 1


def test_rings_fade_faster_the_sharper_a_picture_is():
    plane = RNG(6).random((160, 200))
    for which in (0, 1, 2):
        values = [sharpness(blurred(plane, sigma) * 3)[which] for sigma in (0.6, 1, 2, 3)]
        assert values == sorted(values)
        assert values[-1] > 2 * values[0]
    assert sharpness(np.zeros((64, 64))) == (0,) * 9
    assert sharpness(np.full((64, 64), 0.3))[5:7] == (0, 0)
    wide = RNG(7).random((80, 1300))
    assert sharpness(wide) == sharpness(halved(wide)) != sharpness(wide[:, :1280])


def test_extremes_by_hand():
    table = np.zeros((3, 7))
    table[:, 0] = 2
    table[0] = 2, 0.2, 0.6, 0, 0, 0, 9
    table[1] = 2, -0.1, 0, -0.4, 0, 0, -9
    table[2] = 2, 0.8, 0.1, 0.3, 0.2, 0.5, 0.4
    # down 2 (0.6) is beside zeros, diagonal 5 (0.5) and 3 (0.3) are peaks; across 3 is the lowest dip
    assert extremes(table) == (2, 3)
    table[0, 2] = 0.4
    assert extremes(table) == pytest.approx((5 * np.sqrt(2), 3))
    table[0, 1] = 0.7  # less than the diagonal's first, beside it
    assert extremes(table)[0] == pytest.approx(5 * np.sqrt(2))
    assert extremes(np.ones((3, 7)) * [1, 0, 0, 0, 0, 0, 0]) == (0, 0)


def table(count=5):
    """Return vectors that rise in step but for four columns worked out by hand."""
    vectors = np.arange(count)[:, None] * np.ones(28)
    vectors[:, 0] = [0, 1, 2, 4, 6][:count]
    vectors[:, 10] = [0, 1, 2, 2, 5][:count]
    return vectors


def test_pooling_by_hand():
    assert blocks(5, 2) == [slice(0, 3), slice(2, 5)]
    found = pooled(table(), 2)
    assert found.shape == (45,)
    assert found[0] == pytest.approx((1 + 4) / 2)
    assert found[1] == pytest.approx((1 + 3) / 2)
    assert found[10] == pytest.approx((1 + 3) / 2)
    assert found[22] == pytest.approx((1 + 2) / 2)
    assert found[32] == pytest.approx((1 + np.sqrt(3)) / 2)
    # the second block: 2, 4, 6 with 2, 2, 5: 6 over the root of 8 times 6
    assert found[44] == pytest.approx((1 + 6 / np.sqrt(48)) / 2)
    assert pooled(table(4), 2)[0] == 1  # the fourth vector fills no block


def test_pooling_of_few_vectors():
    assert blocks(2, 4) == [slice(0, 2)]
    one, two = pooled(table(1), 4), pooled(table(2), 4)
    assert one[22:].tolist() == [0] * 23
    assert two[0] == 0.5
    assert two[22] == pytest.approx(np.sqrt(0.5))
    assert two[44] == 0
    for constant in (0, 1, 10, 11):
        vectors = table()
        vectors[:, constant] = 0.1
        assert pooled(vectors, 2)[44] == 0


@pytest.mark.parametrize(("count", "stride"), [(28, 12), (29, 4), (40, 6), (13, 12), (3, 4), (6, 1), (10, 2)])
def test_representatives_equal_the_published_steps(count, stride):
    vectors = RNG(count).random((count, 28))
    chosen, at, earliest = [], 1, 1  # counted from 1
    while at < count - stride:
        span = range(max(at, earliest), at + stride + 1)
        mean = sum(vectors[k - 1] for k in span) / len(span)
        best = min(span, key=lambda k: abs(vectors[k - 1] - mean).sum())
        chosen.append(best - 1)
        earliest = best + min(5, stride - 1)
        at += stride
    if not chosen:
        away = np.abs(vectors - vectors.mean(axis=0)).sum(axis=1)
        chosen = [int(away.argmin())]
    assert representatives(vectors, stride) == chosen


def clip(count, height=96, width=128):
    base = blurred(RNG(8).random((height + 2 * count, width + 2 * count, 3)), 1.5)
    base = ((base - base.min()) / np.ptp(base) * 255).astype(np.uint8)
    return np.stack([base[t : t + height, 2 * t : 2 * t + width] for t in range(count)])


def test_a_video_has_75_features_in_order():
    images = clip(26)
    found = tlvqm_features(images, 8.9)
    assert len(FEATURES) == len(set(FEATURES)) == 75
    low = low_complexity(images)
    assert stride_of(8.9) == 4
    np.testing.assert_array_equal(found[:45], pooled(low, 4))
    frames = [1 + 2 * row for row in representatives(low, 4)]
    assert len(frames) == 2
    np.testing.assert_allclose(found[45:], np.mean([high_complexity(images[i]) for i in frames], axis=0))
    assert found[FEATURES.index("blur.mean")] == pytest.approx(
        np.mean([low[s, LOW.index("blur")].mean() for s in (slice(0, 5), slice(4, 9))])
    )
    np.testing.assert_array_equal(found, tlvqm_features(images.copy(), 8.9))


@pytest.mark.parametrize("fps", [0.5, 1, 4, 8, 24, 60])
@pytest.mark.parametrize("count", [6, 8, 16])
def test_short_clips_and_any_rate_have_defined_features(count, fps):
    found = tlvqm_features(clip(count, 64, 64), fps)
    assert np.isfinite(found).all()
    if count == 8:
        assert found[FEATURES.index("motion_blur_correlation")] == 0


def test_flat_videos_and_odd_sides():
    for level in (0, 128, 255):
        assert np.isfinite(tlvqm_features(np.full((8, 64, 64, 3), level, dtype=np.uint8), 8)).all()
    images = clip(8, 97, 129)
    np.testing.assert_array_equal(tlvqm_features(images, 8), tlvqm_features(images[:, :96, :128], 8))


@pytest.mark.parametrize(
    ("count", "side", "fps", "told"),
    [
        (5, 64, 8, "5 frames"),
        (1, 64, 8, "one frame"),
        (8, 63, 8, "too small"),
        (8, 64, 0, "rate"),
        (8, 64, np.nan, "rate"),
        (8, 64, np.inf, "rate"),
    ],
)
def test_what_cannot_be_measured_is_an_error(count, side, fps, told):
    with pytest.raises(GaiaJudgeError, match=told):
        tlvqm_features(np.zeros((count, 64, side, 3), dtype=np.uint8), fps)
