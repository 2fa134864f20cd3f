"""Motion Smoothness: which frames are compared and how, and what has no score."""

from pathlib import Path

import numpy as np
import pytest
import torch

from gaia_judge.baselines import Clip, Setting, find_metric, load_battery
from gaia_judge.baselines.amt import AMT, Smoothness, check, load_interpolator, midpoints
from gaia_judge.baselines.amt.networks import Interpolator
from gaia_judge.errors import EngineError, GaiaJudgeError
from gaia_judge.frames import Frames
from gaia_judge.videos import Video, read_videos
from tests.clips import write_images
from tests.interpolators import one_thread, waves


def clip_of(images):
    total = len(images)
    frames = Frames(
        images=images,
        seconds=np.arange(total) / 8,
        indices=np.arange(total),
        total=total,
        duration=total / 8,
        decoder="none",
    )
    return Clip(Video(id=f"of {total}", path=Path("a.mp4")), frames)


def drawn(total, height, width, step=3):
    """Frames of a smooth texture that moves."""
    rows, columns = np.mgrid[:height, :width]
    waves = [np.sin((columns - step * at) / 9) * np.cos((rows + step * at) / 7) for at in range(total)]
    return np.stack([np.uint8(127 + 120 * wave) for wave in waves])[..., None].repeat(3, axis=3)


@pytest.fixture
def measurer(tmp_path):
    """A measurer whose network is the mean of both frames and keeps what it was given."""
    torch.save({"state_dict": Interpolator().state_dict(), "optim": {}}, tmp_path / "amt-s.pth")
    measurer = Smoothness(AMT, Setting(weights={"amt-s": tmp_path / "amt-s.pth"}, non_commercial=True))
    measurer.given = []

    def mean(first, second):
        measurer.given.append((first, second))
        return (first + second) / 2

    measurer.network = mean
    with one_thread():
        yield measurer


@pytest.mark.parametrize(("total", "compared"), [(3, [1]), (4, [1]), (5, [1, 3]), (8, [1, 3, 5])])
def test_odd_frames_are_compared_with_the_middle_of_their_neighbours(measurer, total, compared):
    images = np.random.default_rng(total).integers(0, 256, (total, 113, 120, 3), dtype=np.uint8)
    ((score,),) = measurer.measure([clip_of(images)])
    wide = images.astype(int)
    apart = [np.abs((wide[at - 1] + wide[at + 1]) // 2 - wide[at]).mean() for at in compared]
    # Where the sum is even, the middle may come out a hair below a whole level and lose it.
    assert score.value == pytest.approx(1 - np.mean(apart) / 255, abs=2e-3)
    assert score.trace["compared"] == len(compared)


def test_a_score_by_hand_and_whole_levels_are_cut_down(measurer):
    images = np.zeros((5, 128, 128, 3), dtype=np.uint8)
    images[:] = np.array([10, 100, 21, 0, 40])[:, None, None, None]
    measurer.network = lambda first, second: 0.3 * first + 0.7 * second  # 17.7 and 34.3
    ((score,),) = measurer.measure([clip_of(images)])
    assert score.value == pytest.approx(1 - ((100 - 17) + (34 - 0)) / 2 / 255, abs=1e-12)


def test_borders_are_repeated_to_multiples_of_sixteen_and_cut_off_again(measurer):
    images = drawn(3, 115, 130)
    measurer.measure([clip_of(images)])
    ((first, second),) = measurer.given
    assert first.shape == second.shape == (1, 3, 128, 144)
    told = np.pad(images[[0, 2]], ((0, 0), (6, 7), (7, 7), (0, 0)), mode="edge") / 255
    assert first[0].permute(1, 2, 0).numpy() == pytest.approx(told[0], abs=1e-6)
    assert second[0].permute(1, 2, 0).numpy() == pytest.approx(told[1], abs=1e-6)
    middle = midpoints(lambda one, other: other, first[:, :, 6:-7, 7:-7], second[:, :, 6:-7, 7:-7])
    assert np.abs(middle[0].numpy().astype(int) - images[2]).max() <= 1


def test_pairs_at_once_change_nothing(measurer, monkeypatch):
    clips = [clip_of(drawn(total, 128, 128, total)) for total in (5, 3)]
    measurer.network = load_interpolator(waves(), "waves")
    several = [score.value for (score,) in measurer.measure(clips)]
    monkeypatch.setattr("gaia_judge.baselines.amt.STEP", 1)
    single = [score.value for clip in clips[::-1] for (score,) in measurer.measure([clip])][::-1]
    assert several == pytest.approx(single, rel=1e-5)
    assert len({round(value, 3) for value in several}) == 2


@pytest.mark.parametrize(
    ("shape", "told"),
    [
        ((1, 128, 128), "video of 1 frame has no odd one"),
        ((2, 128, 128), "video of 2 frames has no odd one"),
        ((5, 112, 300), "needs 113 pixels a side; these frames have 300x112"),
        ((5, 300, 112), "needs 113 pixels a side; these frames have 112x300"),
    ],
)
def test_too_few_or_too_small_frames_have_no_score(measurer, shape, told):
    with pytest.raises(GaiaJudgeError, match=told):
        measurer.measure([clip_of(np.zeros((*shape, 3), np.uint8))])
    assert not measurer.given


def test_frames_whose_correlations_have_no_room_are_refused(monkeypatch):
    frame = np.broadcast_to(np.uint8(0), (3, 1080, 1920, 3))
    needed = (1088 // 8 * 1920 // 8) ** 2 * 4 * 2 * 4 / 3

    class Memory:
        available = needed - 1

    monkeypatch.setattr("psutil.virtual_memory", Memory)
    with pytest.raises(GaiaJudgeError, match=r"1920x1080 in 10\.6 GiB, which are not free"):
        check(frame, "cpu")
    check(frame, "cuda")
    Memory.available = needed + 1
    check(frame, "cpu")


def test_own_weights_from_end_to_end(tmp_path):
    for total in (2, 3):
        write_images(tmp_path / f"clip-{total}.mp4", drawn(total, 128, 128))
    from safetensors.torch import save_file

    path = tmp_path / "waves.safetensors"
    save_file(waves(), path, metadata={"random_weights": "yes"})
    setting = Setting(weights={"amt-s": path})
    with one_thread(), load_battery([find_metric("motion-smoothness")], setting) as battery:
        assert battery.frames.every
        short, longer = battery.rate(read_videos(tmp_path)).to_pandas().to_dict("records")
    assert short["rater"] == longer["rater"] == "motion-smoothness (random weights)"
    assert "2 frames has no odd one" in short["error"]
    assert 0 < longer["value"] < 1
    assert longer["dimension"] == "smoothness"


def test_the_weights_are_not_for_commerce():
    with pytest.raises(EngineError, match=r"may not be used commercially \(CC BY-NC 4\.0\)") as caught:
        load_battery([AMT])
    assert "--non-commercial" in str(caught.value)
