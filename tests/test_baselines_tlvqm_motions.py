"""How TLVQM sees motion, against motion that is known, and numbers worked out by hand."""

from itertools import product

import numpy as np
import pytest

from gaia_judge.baselines.tlvqm.filters import gradients
from gaia_judge.baselines.tlvqm.halves import activity
from gaia_judge.baselines.tlvqm.keypoints import keypoints, reach_of
from gaia_judge.baselines.tlvqm.matches import Matches, matches
from gaia_judge.baselines.tlvqm.motions import Motions, Summary
from gaia_judge.baselines.tlvqm.planes import grey
from gaia_judge.baselines.tlvqm.scalings import halved
from gaia_judge.baselines.tlvqm.textures import bluntness, corners, gridding, interlacing
from gaia_judge.baselines.tlvqm.vectors import LOW, centres, flicker, low_complexity
from gaia_judge.errors import GaiaJudgeError

RNG = np.random.default_rng


def texture(height, width, seed=0, cell=3):
    """Return a grey random picture whose details are a few pixels large."""
    import cv2

    small = RNG(seed).integers(0, 256, (height // cell + 1, width // cell + 1)).astype(np.uint8)
    grey = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.repeat(grey[..., None], 3, axis=2)


def moving(down, right, count=3, height=96, width=160):
    """Return frames of a texture that moves so many pixels per frame."""
    y, x = abs(down) * count, abs(right) * count
    base = texture(height + 2 * y, width + 2 * x, seed=8)
    starts = [(y - down * t, x - right * t) for t in range(count)]
    return np.stack([base[top : top + height, left : left + width] for top, left in starts])


def told(images, at=(1,)):
    """Return features of one centre by name."""
    return dict(zip(LOW, low_complexity(images, at)[0], strict=True))


@pytest.mark.parametrize("reach", [1, 3])
def test_keypoints_are_chosen_greedily(reach):
    response = RNG(7).random((30, 40)) ** 3 * np.where(np.arange(40) < 30, 1, 0.005)
    left, margin = response.copy(), reach + 3
    expected = []
    while True:
        inside = [
            (left[y, x], -x, -y) for y in range(margin, 30 - margin) for x in range(margin, 40 - margin)
        ]
        value, x, y = max(inside)
        if value <= 0.01:
            break
        expected.append((-y, -x))
        for i, j in product(range(30), range(40)):
            if max(abs(i + y), abs(j + x)) <= reach:
                left[i, j] = 0
    assert len(expected) > 5
    assert keypoints(response, reach).tolist() == [list(one) for one in expected]
    assert keypoints(np.zeros((30, 40)), reach).shape == keypoints(np.ones((8, 8)), 5).shape == (0, 2)


@pytest.mark.parametrize(("down", "right"), [(-2, 4), (6, -6), (0, 8)])
def test_a_texture_that_moves_has_known_motion(down, right):
    found = told(moving(down, right))
    # half size, so half the pixels per frame; the reach of 160 pixels' width is 4
    y, x = down / 2 / 4, right / 2 / 4
    assert found["motion_y"] == pytest.approx(0.5 + y / 2, abs=0.02)
    assert found["motion_x"] == pytest.approx(0.5 + x / 2, abs=0.02)
    assert found["motion_density"] > 0.1
    length = np.hypot(y, x) / np.sqrt(2)
    assert found["motion_intensity"] == pytest.approx((found["motion_density"] * length) ** 0.25, rel=0.02)
    assert found["jerkiness"] < 0.05
    assert found["motion_area"] > 0.5
    assert found["prediction_gain"] > 0.05


def test_a_still_texture_has_none_and_a_jump_is_jerky():
    images = moving(0, 0)
    found = told(images)
    for name in (
        "motion_intensity",
        "jerkiness",
        "temporal_activity",
        "flicker",
        "prediction_gain",
        "motion_area",
    ):
        assert found[name] == 0
    assert found["motion_y"] == found["motion_x"] == 0.5
    assert found["motion_density"] > 0.1
    there = moving(4, 0)
    back = told(there[[0, 1, 0]])
    assert back["motion_y"] == pytest.approx(0.5, abs=0.02)
    assert back["jerkiness"] == pytest.approx(np.sqrt(2 / 4), abs=0.05)
    assert told(there)["jerkiness"] < 0.1


def test_the_background_is_what_moves_as_most_does():
    images = moving(0, 4, height=128, width=256)
    images[:, 40:80, 60:120] = texture(40, 60, seed=9)  # a still thing before a moving ground
    found = told(images)
    assert found["background_x"] == pytest.approx(0.5 + 2 / 6 / 2, abs=0.03)
    assert found["background_x"] > found["motion_x"]


def hand():
    """Return four points of a frame of 40x60: two move right by 2, one down by 2, one stays."""
    points = np.array([[10, 20], [20, 30], [30, 40], [20, 10]])
    ahead = np.array([[0, 2], [0, 2], [2, 0], [0, 0]])
    unmoved, matched = np.array([0.5, 0.3, 0.2, 0.0]), np.array([0.1, 0.1, 0.0, 0.0])
    return Motions(
        points,
        Matches(-ahead, unmoved, matched, 0),
        Matches(ahead, unmoved, matched, 0),
        reach=4,
        shape=(40, 60),
    )


def test_summaries_by_hand():
    motions = hand()
    length = np.sqrt(8 / 4) / 4  # of the three that move
    found = motions.summary()
    assert motions.most == 150
    assert found.intensity == pytest.approx((3 * length / 150) ** 0.25)
    assert found.intensity_sd == pytest.approx(np.std([length, length, length, 0], ddof=1))
    # counted from 1, they stand at rows 11, 21, 31 and columns 21, 31, 41, around 21 and 31
    assert found.offset == pytest.approx(np.hypot(1 / 20, 1 / 30))
    deviation = np.sqrt(200 / 3)
    assert found.spread == pytest.approx(np.hypot(deviation / 40, deviation / 60))
    assert found.gain == pytest.approx(0.5 * np.sqrt(2 * (0.4 + 0.2 + 0.2) / 4))
    assert found.y == pytest.approx(0.5 + 0.5 / 8)
    assert found.x == pytest.approx(0.5 + 1 / 8)
    assert motions.jerks().tolist() == [0, 0, 0, 0]
    # means 0.5 and 1, deviations 1 and 1.15: the third is 1.5 away down
    assert motions.background().tolist() == [True, True, False, True]
    ground = motions.summary(motions.background())
    assert ground.x == pytest.approx(0.5 + 4 / 3 / 8)
    assert ground.intensity == pytest.approx((2 * length / 150) ** 0.25)
    assert motions.summary(np.zeros(4, dtype=bool)) == Summary()


def test_still_is_what_lies_off_all_moving_points():
    motions = hand()
    expected = np.ones((40, 60), dtype=bool)
    for (y, x), (down, right) in zip(motions.points, motions.forward.shifts, strict=True):
        for step in (-1, 0, 1):
            if down or right:
                top, left = y + step * down - 4, x + step * right - 4
                expected[max(0, top) : top + 9, max(0, left) : left + 9] = False
    np.testing.assert_array_equal(motions.still(), expected)
    unlike = Motions(motions.points, motions.backward, motions.backward, 4, (40, 60))
    np.testing.assert_allclose(unlike.jerks(), np.sqrt([0.5, 0.5, 0.5, 0]))


def test_flicker_is_the_change_of_what_stays():
    still = np.array([[True, True], [True, False]])
    back, ahead = np.array([[0.1, 0.2], [0.3, 9]]), np.array([[0.2, 0.2], [0.0, 9]])
    mean = (0.2 + 0.4 / 3) / 2
    larger = np.array([0.2, 0.2, 0.3])
    assert flicker([back, ahead], still) == pytest.approx((mean, np.abs(larger - mean).mean()))
    assert flicker([back, ahead], ~np.ones_like(still)) == (0, 0)


def test_a_scene_that_lights_up_flickers_by_what_it_gains():
    dark = (texture(96, 160) // 128 * 85).astype(np.uint8)  # a step of 85 is one of 73 in luma
    found = told(np.stack([dark, dark + 85, dark]))
    inner = 73 / 255
    assert found["flicker"] == pytest.approx(inner)
    assert found["flicker_deviation"] == pytest.approx(0)
    assert found["temporal_activity"] == pytest.approx(inner**0.25)
    once = told(np.stack([dark, dark, dark + 85]))
    assert (once["flicker"], once["flicker_deviation"]) == pytest.approx((inner / 2, inner / 2))


def test_colourfulness_is_that_of_the_most_colourful_tenth():
    image = np.full((96, 160, 3), 90, dtype=np.uint8)
    assert told(np.stack([image] * 3))["colourfulness"] < 0.01
    image[:, :40] = (250, 50, 50)
    assert told(np.stack([image] * 3))["colourfulness"] == pytest.approx(200 / 255, abs=0.01)
    image[:, 8:40] = 90  # a twentieth
    assert told(np.stack([image] * 3))["colourfulness"] == pytest.approx(100 / 255, abs=0.05)


def test_vectors_share_frames_but_do_not_depend_on_it():
    images = moving(2, 4, count=9)
    together = low_complexity(images)
    assert together.shape == (2, 28)
    assert list(centres(9)) == [1, 3]
    assert np.isfinite(together).all()
    for row, i in zip(together, (1, 3), strict=True):
        np.testing.assert_array_equal(low_complexity(images[i - 1 : i + 2], [1])[0], row)
    np.testing.assert_array_equal(low_complexity(images, [2, 3, 6])[1], together[1])
    odd = np.pad(images, ((0, 0), (0, 1), (0, 1), (0, 0)), constant_values=200)
    np.testing.assert_array_equal(low_complexity(odd), together)


def test_vectors_are_put_together_from_their_parts():
    noisy = np.clip(moving(2, 3, height=128, width=240) + RNG(10).normal(0, 6, (3, 128, 240, 3)), 0, 255)
    images = noisy.astype(np.uint8)
    found = told(images)
    before, this, after = (halved(grey(image)) / 255 for image in images)
    strongest, response = corners(this)
    points = keypoints(response, 6)
    pair = matches(points, gradients(this), gradients(before), gradients(after), 6)
    motions = Motions(points, *pair, reach=6, shape=(64, 120))
    near = motions.background()
    every, ground = motions.summary(), motions.summary(near)
    still = motions.still()
    assert pair[0].uncertain + pair[1].uncertain > 0 < near.sum() < len(points)
    changes = [np.abs(this - one) for one in (before, after)]
    expected = {
        **{"motion_intensity": every.intensity, "background_density": near.sum() * 36 / 64 / 120},
        **{"background_intensity": ground.intensity, "motion_intensity_sd": every.intensity_sd},
        **{"background_intensity_sd": ground.intensity_sd, "motion_offset": every.offset},
        **{"motion_spread": every.spread, "background_offset": ground.offset},
        **{"background_spread": ground.spread, "prediction_gain": every.gain},
        **{"blur": bluntness(grey(images[1])), "spatial_activity": activity(gradients(this))},
        **{"interlacing": interlacing(grey(images[1])), "gridding": gridding(strongest)},
        "uncertainty": (pair[0].uncertain + pair[1].uncertain) / 2 / (64 * 120 / 36),
        **{"jerkiness": np.mean(motions.jerks()), "jerkiness_sd": np.std(motions.jerks(), ddof=1)},
        **{"temporal_activity": np.mean(changes) ** 0.25, "motion_y": every.y, "motion_x": every.x},
        **dict(zip(("flicker", "flicker_deviation"), flicker(changes, still), strict=True)),
        **{"background_y": ground.y, "background_x": ground.x, "background_gain": ground.gain},
        **{"motion_density": len(points) * 36 / 64 / 120, "motion_area": np.mean(~still)},
        "colourfulness": found["colourfulness"],
    }
    assert found == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("level", [0, 128, 255])
def test_frames_without_detail_have_defined_features(level):
    found = told(np.full((3, 64, 64, 3), level, dtype=np.uint8))
    assert np.isfinite(list(found.values())).all()
    assert found["motion_density"] == found["blur"] == found["interlacing"] == found["flicker"] == 0
    assert found["background_y"] == found["motion_x"] == 0.5


def test_what_cannot_be_measured_is_an_error():
    assert [len(centres(count)) for count in (6, 7, 8, 60)] == [1, 1, 2, 28]
    with pytest.raises(GaiaJudgeError, match="5 frames is too short"):
        low_complexity(np.zeros((5, 64, 64, 3), dtype=np.uint8))
    with pytest.raises(GaiaJudgeError, match="64x62 are too small"):
        low_complexity(np.zeros((8, 62, 64, 3), dtype=np.uint8))
    assert (reach_of(512), reach_of(39)) == (12, 1)
