"""VIDEVAL's features against plain references by SciPy and by loops, analytic cases, and short clips."""

import warnings

import cv2
import numpy as np
import pytest
from scipy import ndimage, special, stats

from gaia_judge.baselines.tlvqm import HIGH, LOW, high_complexity, low_complexity
from gaia_judge.baselines.tlvqm.scalings import bicubic
from gaia_judge.baselines.videval import FEATURES, colours, frames, histograms, lumas, pools, videval_features
from gaia_judge.baselines.videval.naturals import Natural, deviation, kurtosis, laplacian, magnitude, skewness
from gaia_judge.baselines.videval.shapes import lopsided, shape_of
from gaia_judge.errors import GaiaJudgeError


def picture(height=66, width=82, seed=0):
    """A colour texture with flat places, edges and noise."""
    rng = np.random.default_rng(seed)
    coarse = rng.uniform(0, 255, (height // 8 + 1, width // 8 + 1, 3))
    found = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC) + rng.normal(
        0, 6, (height, width, 3)
    )
    found[10:30, 20:50] = 40
    return np.clip(found, 0, 255).astype(np.uint8)


def clip(count, size=(96, 128), step=2, seed=0):
    """A texture that moves to the right."""
    wide = picture(size[0], size[1] + step * count, seed)
    return np.stack([wide[:, step * at : step * at + size[1]] for at in range(count)])


@pytest.fixture(scope="module")
def bright():
    return picture()[..., 1].astype(float)


# References: as the papers have it, one pixel at a time or by SciPy, without what the package uses.


def plain_local(plane):
    """Mean and deviation around each pixel, in loops, with zeros beyond the edges."""
    weights = {
        (i, j): np.exp(-(i * i + j * j) / (2 * (7 / 6) ** 2)) for i in range(-3, 4) for j in range(-3, 4)
    }
    total = sum(weights.values())
    mean, squares = np.zeros((2, *plane.shape))
    for y, x in np.ndindex(plane.shape):
        for (i, j), weight in weights.items():
            if 0 <= y + i < plane.shape[0] and 0 <= x + j < plane.shape[1]:
                mean[y, x] += weight / total * plane[y + i, x + j]
                squares[y, x] += weight / total * plane[y + i, x + j] ** 2
    return mean, np.sqrt(np.abs(squares - mean**2))


def window(spread=7 / 6, side=7):
    x = np.arange(side) - side // 2
    found = np.exp(-(x[:, None] ** 2 + x**2) / (2 * spread**2))
    return found / found.sum()


def filtered(plane, kernel):
    return ndimage.correlate(plane, kernel, mode="constant")


def sigma(plane):
    return np.sqrt(np.abs(filtered(plane**2, window()) - filtered(plane, window()) ** 2))


def normal(plane):
    return (plane - filtered(plane, window())) / (sigma(plane) + 1)


def neighbours(plane, down, across):
    return normal(plane) * np.roll(np.roll(normal(plane), down, 0), across, 1)


def plain_shape(values):
    shapes = np.arange(0.2, 10.0005, 0.001)
    table = special.gamma(1 / shapes) * special.gamma(3 / shapes) / special.gamma(2 / shapes) ** 2
    return shapes[np.argmin(np.abs(table - np.mean(values**2) / np.mean(np.abs(values)) ** 2))]


def plain_lopsided(values):
    left, right = np.mean(values[values < 0] ** 2), np.mean(values[values > 0] ** 2)
    lean = np.sqrt(left) / np.sqrt(right)
    ratio = (
        np.mean(np.abs(values)) ** 2 / np.mean(values**2) * (lean**3 + 1) * (lean + 1) / (lean**2 + 1) ** 2
    )
    shapes = np.arange(0.2, 10.0005, 0.001)
    table = special.gamma(2 / shapes) ** 2 / (special.gamma(1 / shapes) * special.gamma(3 / shapes))
    shape = shapes[np.argmin((table - ratio) ** 2)]
    one, two, three = special.gamma(np.array([1, 2, 3]) / shape)
    return shape, left, right, (np.sqrt(right) - np.sqrt(left)) * two / one * np.sqrt(one / three)


def plain_bands(plane):
    return filtered(sigma(plane), window() - window(7 * 1.5 / 6))


def plain_laplacian(plane):
    """One level of the pyramid: blur, take every second, put zeros between, blur four times as strongly."""
    row = np.array([1, 4, 6, 4, 1]) / 16
    kernel = np.outer(row, row)
    small = ndimage.correlate(plane, kernel, mode="mirror")[::2, ::2]
    spread = np.zeros_like(plane)
    spread[::2, ::2] = small
    return plane - 4 * ndimage.correlate(spread, kernel, mode="mirror")


def half(plane):
    return bicubic(plane, 0.5)


# Distributions


@pytest.mark.parametrize("shape", [0.5, 1.0, 2.0, 4.0])
@pytest.mark.parametrize("scales", [(1.0, 1.0), (0.5, 3.0), (2.0, 0.7)])
def test_lopsided_recovers_what_samples_were_drawn_with(shape, scales):
    rng = np.random.default_rng(3)
    sizes = rng.gamma(1 / shape, size=(500, 1000)) ** (1 / shape)
    negative = rng.uniform(size=sizes.shape) < scales[0] / sum(scales)
    found = lopsided(np.where(negative, -scales[0], scales[1]) * sizes)
    one, three = special.gamma(1 / shape), special.gamma(3 / shape)
    assert found.shape == pytest.approx(shape, rel=0.05)
    assert found.left == pytest.approx(scales[0] ** 2 * three / one, rel=0.03)
    assert found.right == pytest.approx(scales[1] ** 2 * three / one, rel=0.03)
    mean = (scales[1] - scales[0]) * special.gamma(2 / shape) / one
    assert found.mean == pytest.approx(mean, rel=0.04, abs=0.03)


@pytest.mark.parametrize("shape", [0.3, 0.8, 1.0, 2.0, 5.0])
def test_shape_recovers_what_samples_were_drawn_with(shape):
    rng = np.random.default_rng(5)
    sizes = rng.gamma(1 / shape, size=(500, 1000)) ** (1 / shape)
    signs = rng.choice([-7.0, 7.0], size=sizes.shape)
    assert shape_of(signs * sizes) == pytest.approx(shape, rel=0.03)


def test_fits_are_the_plain_ones(bright):
    values = neighbours(bright, 0, 1)
    found = lopsided(values)
    assert (found.shape, found.left, found.right, found.mean) == pytest.approx(
        plain_lopsided(values), rel=1e-9
    )
    assert shape_of(values) == pytest.approx(plain_shape(values), abs=1e-9)


def test_what_is_only_rounding_is_no_negative_product():
    values = np.array([[-1.0, 2.0, 1.0, -2.0, -1e-30, 1e-30, 0.0, 3.0]])
    found = lopsided(values)
    assert (found.left, found.right) == pytest.approx(((1 + 4) / 2, (4 + 1 + 9) / 6))


def test_moments_are_those_of_scipy(bright):
    assert skewness(bright) == pytest.approx(stats.skew(bright, axis=None), rel=1e-10)
    assert kurtosis(bright) == pytest.approx(stats.kurtosis(bright, axis=None, fisher=False), rel=1e-10)
    assert deviation(bright) == pytest.approx(np.std(bright), rel=1e-12)
    assert magnitude(bright) == pytest.approx(np.sqrt(np.mean(bright**2)), rel=1e-12)
    flat = np.full((5, 5), 16.1)
    assert np.isnan([skewness(flat), kurtosis(flat), shape_of(flat * 0), lopsided(flat * 0).shape]).all()


# Planes


def test_natural_planes_are_those_of_loops(bright):
    plane = bright[:19, 30:53]
    mean, spread = plain_local(plane)
    natural = Natural(plane)
    np.testing.assert_allclose(natural.deviations, spread, atol=1e-5)
    np.testing.assert_allclose(natural.normal, (plane - mean) / (spread + 1), atol=1e-6)
    for down, across in ((0, 1), (1, 0), (1, 1), (-1, 1)):
        shifted = np.empty_like(plane)
        for y, x in np.ndindex(plane.shape):
            shifted[y, x] = natural.normal[(y - down) % plane.shape[0], (x - across) % plane.shape[1]]
        np.testing.assert_allclose(natural.products(down, across), natural.normal * shifted)


@pytest.mark.parametrize("size", [(12, 16), (14, 18), (12, 18)])
def test_laplacian_is_the_pyramids(bright, size):
    plane = np.ascontiguousarray(bright[: size[0], : size[1]])
    np.testing.assert_allclose(laplacian(plane), plain_laplacian(plane), atol=1e-9)


def test_laplacian_of_a_slope_is_nothing_inside():
    slope = np.add.outer(np.arange(20.0), 2 * np.arange(30.0))
    assert np.abs(laplacian(slope)[4:-4, 4:-4]).max() < 1e-9


# Groups


def test_brisque(bright):
    small = half(bright)
    expected = [
        plain_lopsided(neighbours(bright, 0, 1))[1],
        plain_lopsided(neighbours(bright, 1, 0))[1],
        plain_lopsided(neighbours(small, 0, 1))[1],
        plain_lopsided(neighbours(small, 1, 1))[0],
    ]
    np.testing.assert_allclose(lumas.brisque(Natural(bright)), expected, rtol=1e-6)


def test_higrade(bright):
    lengths = np.hypot(ndimage.sobel(bright, 0, mode="nearest"), ndimage.sobel(bright, 1, mode="nearest"))
    full, small = normal(lengths), normal(half(lengths))
    logs = np.log(np.abs(full) + 0.1)
    cross = logs + np.roll(logs, (1, 1), (0, 1)) - np.roll(logs, 1, 1) - np.roll(logs, 1, 0)

    def around(plane):
        padded = np.pad(plane, 1)
        return padded[:-2, 1:-1] + padded[2:, 1:-1] - padded[1:-1, :-2] - padded[1:-1, 2:]

    def shape(values):
        return plain_shape(values - values.mean())

    expected = [
        full.std(),
        cross.std(),
        shape(cross),
        shape(around(logs)),
        small.std(),
        shape(small - np.roll(small, (1, 1), (0, 1))),
        shape(small - np.roll(small, (-1, 1), (0, 1))),
        around(small).std(),
    ]
    np.testing.assert_allclose(lumas.higrade(bright), expected, rtol=1e-6)


def test_friquee_of_luma(bright):
    bands, fine = plain_bands(bright), plain_laplacian(bright)
    expected = [
        stats.skew(neighbours(bright, 0, 1), axis=None),
        plain_lopsided(neighbours(bright, 1, 0))[3],
        sigma(bright).mean(),
        plain_lopsided(neighbours(bright, 0, 1))[0],
        sigma(half(bright)).mean(),
        stats.skew(normal(half(bright)), axis=None),
        np.sqrt(np.mean(normal(bands) ** 2)),
        stats.kurtosis(normal(bands), axis=None, fisher=False),
        stats.kurtosis(normal(sigma(bands)), axis=None, fisher=False),
        plain_shape(fine),
        np.sqrt(np.mean(fine**2)),
    ]
    np.testing.assert_allclose(lumas.friquee(Natural(bright)), expected, rtol=1e-5)


def test_gmlog(bright):
    """Kernels by formula, bins by comparisons."""
    y, x = np.mgrid[-3:4, -3:4]
    gauss = np.exp(-(x**2 + y**2) / 0.5)
    across = gauss[1:-1, 1:-1] - gauss[1:-1, 2:]
    down = gauss[1:-1, 1:-1] - gauss[2:, 1:-1]
    inner = gauss[1:-1, 1:-1] / gauss[1:-1, 1:-1].sum()
    bump = inner * (x**2 + y**2 - 0.5)[1:-1, 1:-1]
    bump -= bump.mean()
    slopes = [filtered(bright, kernel / np.abs(kernel).sum()) for kernel in (across, down)]
    gradient = np.hypot(*slopes) / 2.5
    bend = np.abs(filtered(bright, bump / np.abs(bump).sum()))
    strength = np.sqrt(filtered((gradient**2 + bend**2) / 2, window(1.0))) + 0.2
    shares = np.zeros((10, 10))
    for one, other in zip(
        *((plane / strength)[2:-2, 2:-2].ravel() for plane in (gradient, bend)), strict=True
    ):
        bins = [sum(value > edge * 0.2 for edge in range(1, 10)) for value in (one, other)]
        shares[tuple(bins)] += 1
    shares /= shares.sum()
    rows, columns = shares.sum(1), shares.sum(0)
    given_bend = [sum(shares[i, j] / (columns[j] + 1e-4) for j in range(10)) for i in range(10)]
    given_gradient = [sum(shares[i, j] / (rows[i] + 1e-4) for i in range(10)) for j in range(10)]
    every = [*rows, *columns, *given_bend / np.sum(given_bend), *given_gradient / np.sum(given_gradient)]
    expected = [every[at - 1] for at in (2, 4, 8, 18, 20, 23, 34, 40)]
    np.testing.assert_allclose(histograms.gmlog(bright), expected, atol=1e-9)
    assert all(value > 0 for value in expected)


def test_gmlog_of_a_slope_is_one_bin():
    """All gradients alike, no Laplacian: the bins follow by hand."""
    slope = 8.0 * np.arange(40.0)[None].repeat(30, 0)
    across, _, _ = histograms.kernels()
    gradient = abs(float((across * (8 * (np.arange(5) - 2))).sum())) / 2.5
    inside = histograms.joint(
        np.full((30, 40), gradient / (np.sqrt(gradient**2 / 2) + 0.2)), np.zeros((30, 40))
    )
    place = np.ceil(gradient / (gradient / np.sqrt(2) + 0.2) / 0.2)
    assert inside[int(place) - 1, 0] == 1
    assert histograms.gmlog(slope).sum() > 0


def test_friquee_of_chroma():
    seen = picture()
    plane = colours.chroma_map(seen)
    small, bands = half(plane), plain_bands(plane)
    expected = [
        plain_lopsided(neighbours(plane, 0, 1))[2],
        plain_lopsided(neighbours(plane, 1, 0))[0],
        plain_lopsided(neighbours(plane, 1, 1))[1],
        stats.kurtosis(neighbours(plane, -1, 1), axis=None, fisher=False),
        stats.skew(sigma(plane), axis=None),
        stats.kurtosis(neighbours(small, 1, 0), axis=None, fisher=False),
        stats.kurtosis(sigma(small), axis=None, fisher=False),
        sigma(small).mean(),
        np.sqrt(np.mean(normal(bands) ** 2)),
        stats.skew(normal(bands), axis=None),
        stats.skew(plain_laplacian(plane), axis=None),
    ]
    found = colours.friquee_chroma(seen)
    # In the flat patch, products are rounding; the reference counts them on whichever side they fall.
    loose = [0, 1, 2]
    np.testing.assert_allclose(np.delete(found, loose), np.delete(expected, loose), rtol=1e-5)
    np.testing.assert_allclose(np.take(found, loose), np.take(expected, loose), rtol=0.05)


def test_friquee_of_cones():
    seen = picture()
    small = half(colours.short_waves(seen))
    expected = np.sqrt(np.mean(normal(sigma(small)) ** 2))
    assert colours.friquee_cones(seen) == pytest.approx([expected], rel=1e-5)


# Colours


def linear(code):
    value = code / 255
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


@pytest.mark.parametrize(
    ("rgb", "a", "b"),
    [((255, 0, 0), 81, 70), ((0, 255, 0), -79, 81), ((0, 0, 255), 68, -112), ((9, 9, 9), 0, 0)],
)
def test_chroma_of_colours_known_in_cielab_of_d50(rgb, a, b):
    """CIELAB of sRGB's primaries under D50, as colour tables print it, in whole numbers."""
    found = colours.chroma_map(np.array([[rgb]], dtype=np.uint8))[0, 0]
    assert found == pytest.approx(np.hypot(a + 128, b + 128), abs=1e-9)


def test_short_waves_are_mostly_blue():
    seen = np.array([[(255, 255, 255), (0, 0, 255), (130, 60, 20)]], dtype=np.uint8)
    red, green, blue = (linear(code) for code in (130, 60, 20))
    x, y, z = (
        0.4124 * red + 0.3576 * green + 0.1805 * blue,
        0.2126 * red + 0.7152 * green + 0.0722 * blue,
        0.0193 * red + 0.1192 * green + 0.9505 * blue,
    )
    expected = [1.0869, 0.9361, 0.0030 * x + 0.0136 * y + 0.9834 * z]
    np.testing.assert_allclose(colours.short_waves(seen)[0], expected, atol=1e-3)


def test_chroma_is_halved_and_enlarged():
    small = np.random.default_rng(0).uniform(0, 255, (7, 9, 2)).astype(np.float32)
    expected = bicubic(small.astype(float), 2)
    np.testing.assert_allclose(colours.doubled(small), expected, atol=1e-3)
    grey = np.repeat(picture()[..., :1], 3, axis=2)
    assert np.abs(colours.decoded(grey).astype(int) - grey).max() <= 1
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[:, ::2, 0], stripes[:, 1::2, 2] = 200, 200
    found = colours.decoded(stripes).astype(int)
    assert np.abs(found[..., 0] - found[..., 2]).max() < 30, "red and blue stripes are both purple"


# Motion and stills


def test_motion_and_stills_are_tlvqms():
    images = clip(7)
    rows = frames.frame_features(images, [1, 3, 5])
    expected = low_complexity(images, [1, 3, 5])
    names = [name.removeprefix("tlvqm.") for name in frames.NAMES[43:]]
    np.testing.assert_allclose(rows[:, 43:], expected[:, [LOW.index(name) for name in names]], rtol=1e-12)
    assert (rows[:, 43] > 0.1).all(), "the clip moves"
    still = high_complexity(images[2])
    found = dict(zip(frames.STILLS, frames.still_features(images[2]), strict=True))
    for name in ("chroma_rms", "sharpness_rings", "sharpness_second_ring", "blurred_deviation"):
        assert found[f"tlvqm.{name}"] == still[HIGH.index(name)]


def test_edges_of_a_step():
    """Black to white: L rises by 100 in one column, seen by two; Sobel's smoothing makes it 1/2 each."""
    step = np.zeros((64, 64, 3), np.uint8)
    step[:, 32:] = 255
    mean, deviation_, chroma, *_ = frames.still_features(step)
    share = 2 * 62 / 64**2
    assert mean == pytest.approx(0.5 * share, rel=2e-3)
    assert deviation_ == pytest.approx(0.5 * np.sqrt(share * (1 - share)), rel=2e-3)
    assert chroma == pytest.approx(0, abs=0.01)


def test_nothing_moves_in_a_still_clip():
    images = np.repeat(picture(96, 128)[None], 5, axis=0)
    intensity, background, _, jerks, temporal, y, flicker = frames.frame_features(images, [2])[0, 43:]
    assert (intensity, background, jerks, temporal, y, flicker) == (0, 0, 0, 0, 0.5, 0)


# Pooling and whole videos


def test_names():
    assert len(FEATURES) == len(set(FEATURES)) == 60
    assert len(frames.NAMES) == 50
    # As the card has them, counted from 1.
    means = [*range(2, 5), 7, 9, 10, *range(12, 21), 25, 27, 29, 30, 32, *range(34, 49)]
    deviations = [1, 5, 6, 8, 11, 12, 17, 21, 22, 23, 24, 26, 28, 29, 31, 33, 45, 49, 50]
    assert [at + 1 for at in pools.MEANS] == means
    assert [at + 1 for at in pools.DEVIATIONS] == deviations
    assert (FEATURES[0], FEATURES[34], FEATURES[35], FEATURES[53], FEATURES[54]) == (
        "brisque.left_down.mean",
        "tlvqm.temporal_activity.mean",
        "brisque.left_across.sd",
        "tlvqm.flicker_deviation.sd",
        "tlvqm.edge_mean",
    )


def test_pooling_by_hand():
    """Three frames a block, the third shared: rows 0-2, 2-4; row 5 begins a block that is not full."""
    vectors = np.arange(6.0)[:, None] ** 2 + np.arange(50) / 100
    found = pools.pooled(vectors, rate=4)
    means, deviations = found[:35], found[35:]
    first, second = (0 + 1 + 4) / 3, (4 + 9 + 16) / 3
    assert means[0] == pytest.approx((first + second) / 2 + 0.01)
    assert means[-1] == pytest.approx((first + second) / 2 + 0.47)
    expected = (np.std([0, 1, 4], ddof=1) + np.std([4, 9, 16], ddof=1)) / 2
    assert deviations == pytest.approx(expected)


@pytest.mark.parametrize(
    ("fps", "rate", "stride"),
    [(29.97, 30, 15), (23.976, 24, 12), (25, 25, 12), (12.5, 13, 6), (24.4, 24, 12), (8, 8, 4), (0.3, 1, 1)],
)
def test_rates_are_rounded_before_they_are_halved(fps, rate, stride):
    """As upstream: round in demo_compute_VIDEVAL_feats.m, floor of the half in calc_VIDEVAL_feats.m."""
    assert pools.rate_of(fps) == rate
    found = pools.blocks(2 * stride + 1, rate)
    assert [(one.start, one.stop) for one in found] == [(0, stride + 1), (stride, 2 * stride + 1)]
    first = max(0, rate // 2 - 1)
    assert pools.stills(first + 2 * rate + 4, rate) == [first, first + rate, first + 2 * rate]


def test_pooling_leaves_out_what_is_undefined():
    vectors = np.ones((5, 50))
    vectors[:, 1] = [np.nan, 2, 4, 6, 8]
    vectors[:, 2] = np.nan
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = pools.pooled(vectors, rate=4)
    assert found[0] == pytest.approx((3 + 6) / 2)
    assert np.isnan(found[1])
    assert np.isfinite(np.delete(found, 1)).all()


def test_video_is_pooled_frames_and_stills():
    images = clip(13)
    found = videval_features(images, fps=4)
    rows = frames.frame_features(images, [1, 3, 5, 7, 9])
    np.testing.assert_array_equal(found[:54], pools.pooled(rows, 4))
    stills = np.mean([frames.still_features(images[at]) for at in (1, 5, 9)], axis=0)
    np.testing.assert_array_equal(found[54:], stills)
    assert np.isfinite(found).all()


def test_rows_do_not_depend_on_their_company_nor_on_threads():
    images = clip(9)
    together = frames.frame_features(images, [1, 3, 5, 7])
    threads = cv2.getNumThreads()
    try:
        for count in (1, 3):
            cv2.setNumThreads(count)
            np.testing.assert_allclose(frames.frame_features(images, [5])[0], together[2], rtol=1e-9)
    finally:
        cv2.setNumThreads(threads)


@pytest.mark.parametrize(("count", "fps"), [(8, 8.0), (8, 4.0), (8, 30.0), (6, 24.0), (9, 0.5)])
def test_short_clips_have_all_features(count, fps):
    assert np.isfinite(videval_features(clip(count), fps)).all()


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5])
def test_shortest_clips_say_what_is_undefined(count):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = dict(zip(FEATURES, videval_features(clip(count), 8), strict=True))
    undefined = {name for name, value in found.items() if np.isnan(value)}
    single = {name for name in FEATURES if name.endswith(".sd")}
    motion = {name for name in FEATURES[:54] if name.startswith("tlvqm.")}
    assert undefined == (single if count >= 3 else single | motion)


def test_constant_clips_are_mostly_undefined():
    found = dict(zip(FEATURES, videval_features(np.full((8, 64, 64, 3), 77, np.uint8), 8), strict=True))
    assert found["tlvqm.motion_intensity.mean"] == 0
    assert found["tlvqm.edge_sd"] < 1e-12
    assert found["tlvqm.temporal_activity.mean"] == 0
    assert found["luma.laplacian_shape.mean"] != found["luma.laplacian_shape.mean"]


def test_refuses_what_is_no_video():
    with pytest.raises(GaiaJudgeError, match="rate"):
        videval_features(clip(8), 0)
    with pytest.raises(GaiaJudgeError, match="0 frames"):
        videval_features(clip(8)[:0], 8)
    with pytest.raises(GaiaJudgeError, match="80x60"):
        videval_features(np.zeros((8, 60, 80, 3), np.uint8), 8)
    odd = clip(8, (97, 129))
    np.testing.assert_array_equal(videval_features(odd, 8), videval_features(odd[:, :96, :128], 8))


# Known distortions


def features_of(image):
    return dict(
        zip(
            (*frames.NAMES, *frames.STILLS),
            [*frames.frame_features(image[None].repeat(3, 0), [1])[0], *frames.still_features(image)],
            strict=True,
        )
    )


def test_noise_is_seen():
    base = cv2.GaussianBlur(picture(96, 128), (0, 0), 2).astype(float)
    noise = np.random.default_rng(1).normal(size=base.shape)
    seen = [features_of(np.clip(base + noise * level, 0, 255).astype(np.uint8)) for level in (0, 4, 12, 30)]
    for name in ("luma.deviation", "luma.laplacian_rms", "tlvqm.edge_mean"):
        values = [one[name] for one in seen]
        assert values == sorted(values), name
        assert values[-1] > 1.2 * values[0], name
    assert seen[-1]["chroma.half_deviation"] > seen[0]["chroma.half_deviation"]


def test_blur_is_seen():
    seen = [
        features_of(cv2.GaussianBlur(picture(96, 128), (0, 0), level) if level else picture(96, 128))
        for level in (0, 1, 2, 4)
    ]
    for name in ("luma.laplacian_rms", "luma.half_deviation", "tlvqm.edge_mean", "tlvqm.spatial_activity"):
        values = [one[name] for one in seen]
        assert values == sorted(values, reverse=True), name
        assert values[-1] < 0.85 * values[0], name
    rings = [one["tlvqm.sharpness_second_ring"] for one in seen]
    assert rings == sorted(rings), "gradients of blurred edges resemble themselves farther away"
