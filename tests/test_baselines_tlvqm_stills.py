"""TLVQM's high-complexity features, against plain loops, known pictures, and numbers worked out by hand."""

from itertools import product

import numpy as np
import pytest

from gaia_judge.baselines.tlvqm.colours import chromas, contrast
from gaia_judge.baselines.tlvqm.edges import edges, spatial
from gaia_judge.baselines.tlvqm.grids import autocorrelation, blockiness
from gaia_judge.baselines.tlvqm.noises import noise
from gaia_judge.baselines.tlvqm.planes import lab, luma
from gaia_judge.baselines.tlvqm.scalings import bicubic
from gaia_judge.baselines.tlvqm.segments import saturation
from gaia_judge.baselines.tlvqm.sharpness import sharpness
from gaia_judge.baselines.tlvqm.spectra import spectrum
from gaia_judge.baselines.tlvqm.stills import HIGH, high_complexity

RNG = np.random.default_rng


def nothing(plane):
    return np.zeros(plane.shape, dtype=bool)


def told(image):
    return dict(zip(HIGH, high_complexity(image), strict=True))


def blurred(plane, sigma):
    import cv2

    return cv2.GaussianBlur(plane, (0, 0), sigma)


def test_edges_are_slopes_of_scaled_colours():
    rows, columns = np.mgrid[:20, :30]
    found = edges(np.stack([2.0 * columns, 1.0 * rows, 0.5 * columns]))
    inner = np.s_[2:-2, 2:-2]
    np.testing.assert_allclose(found.down[inner], 0.02, atol=1e-12)
    np.testing.assert_allclose(found.across[inner], np.hypot(0.02, 0.01), atol=1e-12)
    np.testing.assert_allclose(found.length[inner], np.sqrt(9e-4), atol=1e-12)
    assert not found.length[0].any() | found.length[:, -1].any()


def test_spatial_features_equal_loops():
    length = RNG(1).random((12, 15)) * np.where(RNG(2).random((12, 15)) < 0.3, 0.012, 0.5)
    saturated = RNG(3).random((12, 15)) < 0.2
    kept, strengths, ys, xs = length.copy(), [], [], []
    for y, x in product(range(12), range(15)):
        if not saturated[y, x]:
            if length[y, x] < 0.01:
                kept[y, x] = 0
            else:
                strengths.append(length[y, x])
                ys.append((y + 1) / 12 - 0.5)
                xs.append((x + 1) / 15 - 0.5)
    assert 0 < len(strengths) < (~saturated).sum()
    total = sum(strengths)
    far = [s * np.sqrt(y * y + x * x) for s, y, x in zip(strengths, ys, xs, strict=True)]
    expected = (
        kept.mean(),
        kept.std(ddof=1),
        np.hypot(np.dot(strengths, ys) / total, np.dot(strengths, xs) / total),
        np.sqrt(sum((one - np.mean(far)) ** 2 for one in far) / total),
    )
    assert spatial(length, saturated) == pytest.approx(expected, rel=1e-12)
    assert spatial(length, ~nothing(length)) == spatial(np.full((12, 15), 0.009), saturated) == (0, 0, 0, 0)


def test_saturated_areas_are_found():
    luma = np.full((60, 80), 0.5)
    luma[5:17, 10:22] = 0.95  # 144
    luma[30:40, 40:46] = 0.91  # 60, within 0.05 of the brightest
    luma[50:57, 60:67] = 0.95  # 49: too few
    luma[22, :] = 0.95  # a line has no 3x3 square
    share, each, where = saturation(luma, bright=True)
    assert share == pytest.approx(204 / 4800)
    assert each == pytest.approx(share / 2)
    assert where.sum() == 204
    assert where[5, 10] & where[39, 45] & ~where[50, 60]
    assert saturation(1 - luma, bright=False)[:2] == (share, each)
    assert saturation(luma, bright=False)[:2] == saturation(luma * 0.9, bright=True)[:2] == (0, 0)
    assert saturation(np.full((60, 80), 0.02), bright=False)[:2] == (1, 1)


def test_segments_are_chains_of_squares_that_overlap():
    plane = (blurred(RNG(4).random((70, 90)), 1.6) > 0.5) * 0.95
    middles = [
        (y, x) for y in range(1, 69) for x in range(1, 89) if plane[y - 1 : y + 2, x - 1 : x + 2].min() > 0.9
    ]
    left, sizes, covered = set(middles), [], np.zeros(plane.shape, dtype=bool)
    while left:
        chain = [left.pop()]
        for y, x in chain:
            near = {(y + i, x + j) for i, j in product(range(-2, 3), repeat=2)} & left
            left -= near
            chain.extend(near)
        pixels = {(y + i, x + j) for y, x in chain for i, j in product((-1, 0, 1), repeat=2)}
        if len(pixels) >= 50:
            sizes.append(len(pixels))
            covered[tuple(np.array(list(pixels)).T)] = True
    share, each, where = saturation(plane, bright=True)
    assert len(sizes) > 3
    assert share == pytest.approx(sum(sizes) / plane.size)
    assert each == pytest.approx(share / len(sizes))
    np.testing.assert_array_equal(where, covered)


def test_noise_equals_loops():
    steps = 0.5 * 255 + 8 * RNG(5).normal(size=(26, 31))
    steps[:, 20] += 40 * RNG(5).normal(size=26)  # no place near this column is smooth
    luma = np.round(steps) / 255
    colours = RNG(6).normal(0, 20, (3, 26, 31))
    saturated = RNG(7).random((26, 31)) < 0.1
    looked, distances, count = 0, [], 0
    for y, x in product(range(4, 22), range(4, 27)):
        if saturated[y, x]:
            continue
        looked += 1
        others = np.delete(luma[y - 2 : y + 3, x - 2 : x + 3].ravel(), 12)
        columns = [np.std(luma[y - 4 : y + 5, x + j], ddof=1) for j in range(-4, 5)]
        if not others.min() <= luma[y, x] <= others.max() and max(columns) < 0.05:
            count += 1
            for j in range(-3, 4):
                mean = colours[:, y - 3 : y + 4, x + j].mean(axis=1)
                distances.append(np.linalg.norm(mean - colours[:, y, x]) / 100)
    assert 5 < count < 50
    expected = (count / looked, np.mean(distances), np.std(distances, ddof=1))
    assert noise(luma, saturated, colours) == pytest.approx(expected, rel=1e-12)
    assert noise(luma, ~nothing(luma), colours) == (0, 0, 0)


@pytest.mark.parametrize("sigma", [0.005, 0.01, 0.02])
def test_noise_on_grey_tells_its_standard_deviation(sigma):
    luma = 0.5 + RNG(8).normal(0, sigma, (200, 200))
    density, mean, _ = noise(luma, nothing(luma), np.stack([100 * luma, 0 * luma, 0 * luma]))
    # an extreme of 25 normal values is 1.965 deviations out; a seventh of one in seven means is its own
    assert mean / (1.965 * (6 + 6 / 7) / 7) == pytest.approx(sigma, rel=0.05)
    assert density == pytest.approx(2 / 25, rel=0.1)


def test_the_side_of_blocks_is_the_lag():
    means = np.kron(np.indices((20, 24)).sum(axis=0) % 2 * 0.5, np.ones((8, 8)))
    found = edges(np.stack([100 * means, 0 * means, 0 * means]))
    rise, lag, peaks = blockiness(found.down, found.across)
    assert round(lag * 21) == 8
    assert rise > 0.5
    assert peaks >= 2 * 2 / 42
    plain = RNG(9).random(means.shape)
    soft = edges(np.stack([100 * plain, 0 * means, 0 * means]))
    assert blockiness(soft.down, soft.across)[0] < rise / 2
    assert blockiness(0 * means, 0 * means) == (0, 0, 0)


@pytest.mark.parametrize("seed", range(12))
def test_blockiness_equals_loops(seed):
    down, across = RNG(seed).random((2, 34, 47)) + 0.3 * np.sin(np.arange(47) * (0.4 + seed / 5))
    if seed > 5:  # trends, whose correlations are negative at long lags
        across += np.linspace(-1, 1, 47) + 0.3 * np.linspace(-1, 1, 34)[:, None]
    rows = [np.mean(down[y] - across[y]) for y in range(2, 32)]
    columns = [np.mean(across[:, x] - down[:, x]) for x in range(2, 45)]
    both = [[sum(v[i] * v[i + k] for i in range(len(v) - k)) for k in range(23)] for v in (rows, columns)]
    low, best, high, last, peaks = [v[0] for v in both], [0, 0], [0, 0], 0, 0
    for k in range(1, 22):
        for d, values in enumerate(both):
            near = values[k - 1], values[k + 1]
            if values[k] < min(near) and values[k] < low[d]:
                low[d] = values[k]
            elif values[k] > max(near):
                peaks += 1
                if values[k] - low[d] > best[d]:
                    best[d], high[d], last = values[k] - low[d], values[k], k
    rises = [best[d] / both[d][0] for d in (0, 1) if high[d] > 0]
    np.testing.assert_allclose(autocorrelation(np.array(rows)), both[0], rtol=1e-12, atol=1e-15)
    expected = (max(rises, default=0) ** 0.5, last / 21, peaks / 42)
    assert blockiness(down, across) == pytest.approx(expected, rel=1e-9)


def test_contrast_and_chroma_by_hand():
    plane = np.full((10, 10), 50.7)
    assert contrast(plane, nothing(plane)) == pytest.approx((0.49745, 0.50255))  # 51 of 101 less 51.51
    assert contrast(plane, ~nothing(plane)) == (1, 0)
    half = nothing(plane)
    half[:5] = True
    plane[:5] = 3.2
    assert contrast(plane, half) == pytest.approx((0.49745, 0.50255))
    assert contrast(plane, nothing(plane))[0] == pytest.approx(0.5 + (0.5 * (98 + 51) - 51.51) / 200)
    colours = np.stack([plane, np.full((10, 10), 30.0), np.full((10, 10), -40.0)])
    assert chromas(colours) == pytest.approx((1, 0))
    colours[1, :5] = -30
    assert chromas(colours) == pytest.approx((1, 0.01 * 30 * np.sqrt(100 / 99)))
    colours[0] = 50
    assert chromas(colours) == pytest.approx((1, 0))


def test_a_spectrum_is_quartered():
    def quarter(turned):
        return turned[: turned.shape[0] // 2, : turned.shape[1] // 2]

    plane = RNG(10).random((48, 64))
    bases = [
        np.cos(np.pi / n * (np.arange(n) + 0.5) * np.arange(n)[:, None]) * np.sqrt(2 / n) for n in plane.shape
    ]
    for basis in bases:
        basis[0] /= np.sqrt(2)
    roots = np.sqrt(np.abs(bases[0] @ plane @ bases[1].T))
    one, two, three, four = (
        bicubic(np.ascontiguousarray(quarter(roots[::down, ::right])), 0.25)
        for down, right in ((1, 1), (1, -1), (-1, 1), (-1, -1))
    )
    alike = max(0, *(np.corrcoef(one.ravel(), other.ravel())[0, 1] for other in (two, three)))
    means = [np.mean(quarter, axis=0) for quarter in (one, two, three, four)]
    high = np.linalg.lstsq(means[0][:, None], means[3], rcond=None)[0][0]
    less, more = np.minimum(means[1], means[2]), np.maximum(means[1], means[2])
    balance = np.linalg.lstsq(more[:, None], less, rcond=None)[0][0]
    assert spectrum(plane) == pytest.approx((alike, high, balance), rel=1e-9)
    assert spectrum(blurred(plane, 1.5))[1] < 0.5 * spectrum(plane)[1]
    assert spectrum(np.full((64, 64), 0.4)) == (0, 0, 0)
    assert spectrum(np.repeat(plane[:, :1], 64, axis=1))[1:] == (0, 0)  # but for rounding, one column


def test_a_picture_has_all_thirty_in_order():
    image = RNG(11).integers(90, 130, (96, 128, 3), dtype=np.uint8)
    image[10:30, 20:60] = 255
    image[50:60, 20:60] = 0
    found = told(image)
    assert len(found) == len(set(HIGH)) == 30
    assert found["bright_area"] == found["bright_area_each"] == pytest.approx(800 / 12288)
    assert found["dark_area"] == pytest.approx(400 / 12288)
    assert found["chroma_rms"] == pytest.approx(np.sqrt((lab(image)[1:] ** 2).sum(axis=0).mean()) / 50)
    saturated = image.min(axis=2) // 255 + (image.max(axis=2) == 0) > 0
    grey, colours = luma(image), lab(image)
    seen = edges(colours)
    np.testing.assert_allclose(list(found.values())[:4], spatial(seen.length, saturated))
    np.testing.assert_allclose(list(found.values())[8:11], noise(grey, saturated, colours))
    np.testing.assert_allclose(list(found.values())[11:14], blockiness(seen.down, seen.across))
    np.testing.assert_allclose(list(found.values())[14:16], contrast(colours[0], saturated))
    np.testing.assert_allclose(list(found.values())[18:21], spectrum(grey))
    np.testing.assert_allclose(list(found.values())[21:], sharpness(seen.length))
    for level in (0, 128, 255):
        assert np.isfinite(high_complexity(np.full((64, 64, 3), level, dtype=np.uint8))).all()
