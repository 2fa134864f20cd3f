"""Descriptor consistency: descriptors against plain loops, the formula by hand, lower with defects."""

import cv2
import numpy as np
import pytest

from gaia_judge.baselines import Setting, descriptors
from gaia_judge.baselines.descriptors import describe_frame
from gaia_judge.baselines.similarities import consistency
from gaia_judge.errors import GaiaJudgeError
from tests.textures import clip_of, pan


def score(images):
    metric = descriptors.DESCRIPTORS
    ((found,),) = metric.load(metric, Setting()).measure([clip_of(images)])
    return found.value


def plain_consistency(vectors):
    def cosine(one, other):
        return sum(a * b for a, b in zip(one, other, strict=True)) / (
            sum(a * a for a in one) ** 0.5 * sum(b * b for b in other) ** 0.5
        )

    total = 0.0
    for at in range(1, len(vectors)):
        total += (
            max(0, cosine(vectors[at], vectors[at - 1])) / 2 + max(0, cosine(vectors[at], vectors[0])) / 2
        )
    return total / (len(vectors) - 1)


def plain_description(small):
    """Histograms pixel by pixel; ``small`` is the frame at 128 x 128."""
    grey = small.astype(float).mean(axis=2)
    shapes, colours = np.zeros((16, 16, 8)), np.zeros((3, 4, 4, 8))
    for y in range(128):
        for x in range(128):
            above, below, left, right = max(y - 1, 0), min(y + 1, 127), max(x - 1, 0), min(x + 1, 127)
            down = (grey[below, x] - grey[above, x]) / (below - above)
            along = (grey[y, right] - grey[y, left]) / (right - left)
            turn = np.degrees(np.arctan2(down, along)) % 180 / 22.5
            low = int(turn)
            shapes[y // 8, x // 8, low % 8] += (1 - (turn - low)) * np.hypot(down, along)
            shapes[y // 8, x // 8, (low + 1) % 8] += (turn - low) * np.hypot(down, along)
            for hue in range(3):
                level = float(small[y, x, hue]) * 7 / 255
                low = min(int(level), 6)
                colours[hue, y // 32, x // 32, low] += 1 - (level - low)
                colours[hue, y // 32, x // 32, low + 1] += level - low
    shapes -= shapes.mean(axis=2)[:, :, None]
    return np.concatenate([part.ravel() / np.sqrt((part**2).sum()) for part in (shapes, colours)])


@pytest.mark.parametrize(("height", "width"), [(128, 128), (200, 320)])
def test_descriptions_are_what_plain_loops_give(height, width):
    (image,) = pan(1, height=height, width=width)
    small = cv2.resize(image, (128, 128), interpolation=cv2.INTER_AREA)
    np.testing.assert_allclose(describe_frame(image), plain_description(small), atol=1e-12)


def test_the_direction_of_an_edge_is_seen_and_its_side_is_not():
    ramp = np.repeat(np.arange(128, dtype=np.uint8)[None, :, None], 128, axis=0).repeat(3, axis=2)
    shapes = [
        describe_frame(image)[:2048].reshape(256, 8)
        for image in (ramp, ramp[:, ::-1], ramp.transpose(1, 0, 2))
    ]
    assert shapes[0].argmax(axis=1).tolist() == shapes[1].argmax(axis=1).tolist() == [0] * 256
    assert shapes[2].argmax(axis=1).tolist() == [4] * 256


def test_a_frame_of_one_colour_has_no_shapes_and_its_colour_counts():
    grey, red = np.full((64, 64, 3), 128, np.uint8), np.full((64, 64, 3), (255, 0, 0), np.uint8)
    assert not describe_frame(grey)[:2048].any()
    assert np.linalg.norm(describe_frame(red)) == pytest.approx(1)
    assert score(np.stack([grey, grey])) == pytest.approx(1)
    # 128 lies between two of eight levels, 0 and 255 at the ends: red and grey share none.
    assert score(np.stack([red, grey])) == 0


def test_the_formula_is_what_a_plain_loop_gives():
    vectors = np.random.default_rng(0).normal(size=(7, 20))
    assert consistency(vectors) == pytest.approx(plain_consistency(vectors.tolist()), rel=1e-12)
    assert consistency(vectors * np.arange(1, 8)[:, None]) == pytest.approx(consistency(vectors), rel=1e-12)


def test_the_formula_by_hand():
    # Against the frame before: 0.6, 0.8, then opposed; against the first: 0.6, 0, 0.
    vectors = np.array([[1.0, 0.0], [0.6, 0.8], [0.0, 1.0], [0.0, -5.0]])
    assert consistency(vectors) == pytest.approx((0.6 + 0.8 / 2 + 0) / 3, rel=1e-12)


def test_zeros_have_no_direction():
    with pytest.raises(GaiaJudgeError, match="zeros alone"):
        consistency(np.array([[1.0, 0.0], [0.0, 0.0]]))


def test_the_score_of_a_clip_is_the_formula_over_its_descriptions():
    images = pan(4, 2, 1)
    wanted = plain_consistency([describe_frame(image).tolist() for image in images])
    assert score(images) == pytest.approx(wanted, rel=1e-9)
    assert 0 < wanted < 1


def test_a_still_video_is_wholly_consistent_and_faster_motion_is_less():
    values = [score(pan(8, right)) for right in (0, 1, 2, 4)]
    assert values[0] == pytest.approx(1, rel=1e-12)
    assert values == sorted(set(values), reverse=True)


@pytest.mark.parametrize("defect", ["flicker", "tint", "blur", "jump"])
def test_defects_in_time_lower_it(defect):
    images = pan(8, 1)
    spoilt = images.copy()
    for at in range(1, 8, 2):
        if defect == "flicker":
            spoilt[at] = images[at] // 2
        elif defect == "tint":
            spoilt[at, ..., 2] = images[at, ..., 2] // 2
        elif defect == "blur":
            spoilt[at] = cv2.GaussianBlur(images[at], (0, 0), 4)
        else:
            spoilt[at] = images[at][::-1]
    assert score(spoilt) < score(images) - 0.01


@pytest.mark.parametrize("frames", [2, 8])
def test_short_clips_have_a_score(frames):
    assert 0.5 < score(pan(frames, 1)) < 1


def test_one_frame_has_no_score():
    with pytest.raises(GaiaJudgeError, match="one frame"):
        score(pan(1))
