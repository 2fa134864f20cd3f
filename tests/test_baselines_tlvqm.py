"""What TLVQM's features stand on, against plain loops or numbers worked out by hand."""

from itertools import product

import numpy as np
import pytest

from gaia_judge.baselines.tlvqm.filters import boxes, correlated, gradients, highest
from gaia_judge.baselines.tlvqm.halves import activity
from gaia_judge.baselines.tlvqm.matches import choose, costs, matches
from gaia_judge.baselines.tlvqm.planes import chroma, grey, lab_of, luma, rgb
from gaia_judge.baselines.tlvqm.scalings import bicubic, halved
from gaia_judge.baselines.tlvqm.textures import bluntness, corners, gridding, interlacing

RNG = np.random.default_rng


def texture(height, width, seed=0, cell=3):
    """Return a grey random picture whose details are a few pixels large."""
    import cv2

    small = RNG(seed).integers(0, 256, (height // cell + 1, width // cell + 1)).astype(np.uint8)
    grey = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.repeat(grey[..., None], 3, axis=2)


def at(plane, y, x):
    return plane[y, x] if 0 <= y < plane.shape[0] and 0 <= x < plane.shape[1] else 0.0


def filtered(plane, kernel):
    """Correlate by loops, with zeros beyond the edges."""
    half = len(kernel) // 2
    out = np.zeros_like(plane)
    for y, x, i, j in product(*map(range, plane.shape), *map(range, kernel.shape)):
        out[y, x] += kernel[i, j] * at(plane, y + i - half, x + j - half)
    return out


def test_luma_and_chroma_are_those_of_bt601():
    image = RNG(1).integers(0, 256, (4, 6, 3), dtype=np.uint8)
    r, g, b = np.moveaxis(image.astype(float), -1, 0) / 255
    np.testing.assert_array_equal(luma(image), np.round(16 + 65.481 * r + 128.553 * g + 24.966 * b) / 255)
    blue = np.round(128 - 37.797 * r - 74.203 * g + 112.0 * b)
    red = np.round(128 + 112.0 * r - 93.786 * g - 18.214 * b)
    for plane, found in ((blue, chroma(image)[..., 0]), (red, chroma(image)[..., 1])):
        for y, x in product(range(2), range(3)):
            mean = plane[2 * y : 2 * y + 2, 2 * x : 2 * x + 2].mean()
            assert found[y, x] == round(mean) / 255
    y, cb, cr = (
        16 + 65.481 * r + 128.553 * g + 24.966 * b,
        *(
            128 + r * one[0] + g * one[1] + b * one[2]
            for one in ((-37.797, -74.203, 112), (112, -93.786, -18.214))
        ),
    )
    np.testing.assert_allclose(rgb(y / 255, np.stack([cb, cr], axis=-1) / 255) * 255, image, atol=1e-9)


@pytest.mark.parametrize(
    ("colour", "lab"),
    [
        ((0, 1, 0), (87.73, -86.18, 83.18)),
        ((0, 0, 1), (32.30, 79.19, -107.86)),
        ((0.5, 0.5, 0.5), (53.39, 0, 0)),
        ((0.02, 0.02, 0.02), (1.4, 0, 0)),
    ],
)
def test_lab_has_the_textbook_values(colour, lab):
    np.testing.assert_allclose(lab_of(np.array([[colour]], dtype=float)).ravel(), lab, atol=0.02)


@pytest.mark.parametrize(("scale", "shape"), [(0.5, (14, 11)), (0.25, (13, 22)), (2, (11, 12))])
def test_bicubic_is_keys_kernel_over_a_mirrored_plane(scale, shape):
    def kernel(t):
        t = abs(t)
        if t <= 1:
            return 1.5 * t**3 - 2.5 * t**2 + 1
        return -0.5 * t**3 + 2.5 * t**2 - 4 * t + 2 if t < 2 else 0.0

    def line(values):
        out, wide = [], max(1, 1 / scale)
        for k in range(int(np.ceil(len(values) * scale))):
            middle, total, weight = (k + 0.5) / scale - 0.5, 0.0, 0.0
            for i in range(-10, len(values) + 10):
                mirrored = -1 - i if i < 0 else i if i < len(values) else 2 * len(values) - 1 - i
                share = kernel((middle - i) / wide)
                total, weight = total + share * values[mirrored], weight + share
            out.append(total / weight)
        return out

    plane = RNG(2).random(shape)
    expected = np.array([line(row) for row in np.array([line(row) for row in plane.T]).T])
    np.testing.assert_allclose(bicubic(plane, scale), expected, atol=1e-12)
    np.testing.assert_allclose(halved(plane), bicubic(plane, 0.5), atol=1e-12)
    both = bicubic(np.stack([plane, 2 * plane], axis=-1), scale)
    np.testing.assert_allclose(both, np.stack([expected, 2 * expected], axis=-1), atol=1e-12)


def test_filters_see_zeros_beyond_the_edges():
    plane = RNG(3).random((7, 9))
    down, across = np.array([1.0, -2.0, 4.0]), np.array([3.0, 1.0, 0.5])
    np.testing.assert_allclose(
        correlated(plane, down, across), filtered(plane, np.outer(down, across)), atol=1e-12
    )
    np.testing.assert_allclose(boxes(plane, 5), filtered(plane, np.ones((5, 5))), atol=1e-12)
    ramp = 0.03 * np.arange(8.0)[:, None] + 0.01 * np.arange(9.0)
    for found, slope in zip(gradients(ramp, 0.5), (0.06, 0.02), strict=True):
        np.testing.assert_allclose(found[1:-1, 1:-1], slope, atol=1e-12)
    assert highest(np.array([1.0, 5.0, 3.0]), 0.1) == 5.0


def test_corners_are_the_four_kernels():
    plane = RNG(4).random((9, 11))
    kernel = np.ones((5, 5))
    kernel[2:, :3] = -2
    kernel[2, 2] = 0
    four = [
        np.abs(filtered(plane, one / 32))
        for one in (kernel, kernel[::-1], kernel[:, ::-1], kernel[::-1, ::-1])
    ]
    strongest, response = corners(plane)
    np.testing.assert_allclose(strongest, np.max(four, axis=0), atol=1e-12)
    np.testing.assert_allclose(response, np.max(four, axis=0) - np.min(four, axis=0), atol=1e-12)


def test_interlacing_is_the_ratio_of_row_and_column_differences():
    rows, columns = np.mgrid[:64, :80]
    woven = (50 * (rows % 2) + 10 * (columns % 2)).astype(np.uint8)
    assert interlacing(woven) == interlacing(woven.T) == pytest.approx(0.04)
    assert interlacing(np.full((64, 64), 77, dtype=np.uint8)) == 0
    picture = grey(texture(128, 128))
    halves = picture * 1.0
    expected = (halves[::2] - halves[1::2]) ** 2, (halves[:, ::2] - halves[:, 1::2]) ** 2
    rows, columns = (np.sort(one.ravel())[-8:].mean() for one in expected)  # 0.1% of 8192
    assert interlacing(picture) == pytest.approx(min(rows, columns) / max(rows, columns), rel=1e-12)
    woven = picture.copy()
    woven[1::2] = np.roll(picture, 9, axis=1)[1::2]
    assert interlacing(woven) < 0.75 * interlacing(picture)


def test_bluntness_falls_with_blur_and_equals_loops():
    import cv2

    picture = RNG(5).choice([0, 7, 100, 255], (24, 28)).astype(np.uint8)
    kernel = np.array([[-1, -2, -1], [1, 2, 1], [0, 0, 0]]) / 8
    down, across = filtered(picture / 255, kernel), filtered(picture / 255, kernel.T)
    first = np.sort(((down**2 + across**2)[3:-3, 3:-3]).ravel())[::-1]
    second = np.sort((filtered(down, kernel) ** 2 + filtered(across, kernel.T) ** 2)[2:-2, 2:-2].ravel())[
        ::-1
    ]
    expected = second[: len(second) // 10].mean() / first[: len(first) // 10].mean()
    assert bluntness(picture) == pytest.approx(expected, rel=1e-12)
    blurred = [cv2.GaussianBlur(picture, (0, 0), sigma) for sigma in (0.5, 1, 1.5)]
    values = [bluntness(one[5:-5, 5:-5]) for one in [picture, *blurred]]
    assert values == sorted(values, reverse=True)
    assert bluntness(np.full((64, 64), 77, dtype=np.uint8)) == 0


def test_gridding_and_activity_by_hand():
    values = np.array([1.0] * 99 + [3.0] * 99 + [50.0] * 2).reshape(10, 20)
    assert gridding(values) == pytest.approx(0.5 * 2**2 / (198 / 197))
    assert gridding(np.ones((10, 20))) == 0
    plane = RNG(6).random((12, 13))
    kernel = np.array([[-1, -2, -1], [0, 0, 0], [1, 2, 1]]) / 8
    lengths = np.hypot(filtered(plane, kernel), filtered(plane, kernel.T))
    kept = [lengths[y, x] if 4 <= y < 8 and 4 <= x < 9 else 0.0 for y, x in product(range(12), range(13))]
    assert activity(gradients(plane)) == pytest.approx(np.std(kept, ddof=1) ** 0.25)


def exhaustive(points, this, before, after, reach):
    """Match by loops over all shifts: for each direction shifts, costs, and how many points are uncertain."""

    def cost(point, other, shift):
        total = 0.0
        for one, seen in zip(this, other, strict=True):
            for i, j in product((-1, 0, 1), repeat=2):
                y, x = point[0] + i, point[1] + j
                total += (one[y, x] - seen[y + shift[0], x + shift[1]]) ** 2
        return total

    shifts = [(y, x) for x in range(-reach, reach + 1) for y in range(-reach, reach + 1)]
    answers = []
    for other in (before, after):
        found, uncertain = [], 0
        for point in points:
            start, chosen = cost(point, other, (0, 0)), (0, 0)
            if start > 0.005:
                all_costs = [cost(point, other, shift) for shift in shifts]
                order = sorted(range(len(shifts)), key=all_costs.__getitem__)
                best, second = order[:2]
                low = all_costs[best]
                pick = best
                if low > 0.8 * all_costs[second] and np.hypot(*shifts[best]) >= np.hypot(*shifts[second]):
                    uncertain += 1
                    alike = [k for k in range(len(shifts)) if 0.8 * all_costs[k] <= low]
                    near = min(alike, key=lambda k: np.hypot(*shifts[k]))
                    if cost(point, after, shifts[near]) < 1.1 * low:
                        pick = near
                    elif low >= 0.9 * start:
                        pick = None
                if pick is not None and all_costs[pick] * 1.01 < start:
                    chosen = shifts[pick]
            found.append((*chosen, start, cost(point, other, chosen)))
        answers.append((np.array(found), uncertain))
    return answers


@pytest.mark.parametrize("seed", range(4))
def test_matches_are_those_of_an_exhaustive_search(seed):
    rng, reach = RNG(seed), 4
    rows, columns = np.mgrid[:48, :64]
    if seed % 2:  # stripes: many places look alike
        base = 0.5 + 0.3 * np.sin(columns * 1.1) * np.sin(rows * 0.2) + rng.normal(0, 0.05, (48, 64))
    else:
        base = luma(texture(48, 64, seed))
    frames = [np.roll(base, (2 * k, -k), (0, 1)) + rng.normal(0, 0.04, base.shape) for k in (-1, 0, 1)]
    for frame in frames:
        frame[:, 48:] = base[:, 48:]
    before, this, after = (gradients(one) for one in frames)
    points = np.stack([rng.integers(7, 41, 60), rng.integers(7, 57, 60)], axis=1)
    found = matches(points, this, before, after, reach)
    for got, (expected, uncertain) in zip(found, exhaustive(points, this, before, after, reach), strict=True):
        np.testing.assert_array_equal(got.shifts, expected[:, :2])
        np.testing.assert_allclose(got.unmoved, expected[:, 2], atol=1e-12)
        np.testing.assert_allclose(got.matched, expected[:, 3], atol=1e-12)
        assert got.uncertain == uncertain > 0
        assert 0 < (got.shifts == 0).all(axis=1).sum() < len(points)
    assert costs(points[:0], this, after, reach).shape == (0, 81)


@pytest.mark.parametrize(
    ("costs", "ahead", "shift", "matched", "uncertain"),
    [
        ({0: 0.7, 5: 0.9}, {}, (-1, -1), 0.7, 0),  # a quarter better
        ({5: 0.8, 6: 0.85}, {}, (1, 0), 0.8, 0),  # nearer than the second
        ({0: 0.7, 5: 0.75}, {5: 0.76}, (1, 0), 0.75, 1),  # a nearer one is about as good, forwards too
        ({0: 0.7, 5: 0.75}, {5: 0.78}, (-1, -1), 0.7, 1),  # not forwards
        ({0: 0.95, 5: 0.96}, {4: 1.1}, (0, 0), 1.0, 1),  # saves less than a tenth
        ({0: 0.995, 5: 0.992}, {}, (0, 0), 1.0, 0),  # saves less than a hundredth
    ],
)
def test_uncertain_points_take_the_nearest(costs, ahead, shift, matched, uncertain):
    both = np.full((2, 1, 9), 2.0)
    both[0, 0, 4] = both[1, 0, 4] = 1.0
    for row, changes in zip(both, (costs, ahead), strict=True):
        row[0, list(changes)] = list(changes.values())
    found = choose(both[0], both[1], np.ones(1), np.array([True]), reach=1)
    assert tuple(found.shifts[0]) == shift
    assert (found.matched[0], found.uncertain) == (matched, uncertain)
