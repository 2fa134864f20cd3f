"""Clips for pages: small, true to time and colour, always the same, and broken videos are told."""

import io
import re
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest

from gaia_judge.errors import GaiaJudgeError
from gaia_judge.frames import FrameSpec
from gaia_judge.pages import clips
from gaia_judge.pages.clips import clip_bytes, fitted, read_clips
from gaia_judge.videos.origins import SYNTHETIC_TAG
from tests.clips import draw, irregular, read_number, write_clip, write_format

BUDGET = 150_000


def _opened(clip: bytes) -> tuple[list[np.ndarray], av.container.InputContainer]:
    container = av.open(io.BytesIO(clip))
    return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)], container


@pytest.fixture(scope="module")
def noise(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a video that no encoder can make small: 1 s of noise."""
    path = tmp_path_factory.mktemp("noise") / "noise.mp4"
    chance = np.random.default_rng(0)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=8, options={"crf": "10", "preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        for _ in range(8):
            image = chance.integers(0, 256, (240, 320, 3), np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize(
    ("size", "rotation", "wanted"),
    [
        ((128, 64), 0, (128, 64)),
        ((960, 480), 0, (480, 240)),
        ((640, 720), 0, (320, 360)),
        ((128, 64), 90, (64, 128)),
    ],
)
def test_size_and_format(
    tmp_path: Path, size: tuple[int, int], rotation: int, wanted: tuple[int, int]
) -> None:
    path = write_clip(tmp_path / "a.mp4", frames=10, size=size, rotation=rotation)
    images, container = _opened(clip_bytes(path, budget=BUDGET))
    stream = container.streams.video[0]
    assert (stream.codec_context.name, stream.pix_fmt, float(stream.average_rate)) == ("h264", "yuv420p", 10)
    assert [image.shape for image in images] == [(wanted[1], wanted[0], 3)] * 10
    assert len(container.streams) == 1


def test_sizes_are_even_and_within_bounds() -> None:
    for width in range(1, 1300, 37):
        for height in range(1, 1300, 41):
            size = fitted(width, height)
            assert size[0] % 2 == size[1] % 2 == 0
            assert size <= (480, size[1])
            assert size[1] <= 360
            if min(size) > 20:
                assert size[0] / size[1] == pytest.approx(width / height, rel=0.15)


def test_frames_come_in_order_and_in_colour(tmp_path: Path) -> None:
    images, _ = _opened(clip_bytes(write_format(tmp_path, "h264-b", frames=30), budget=BUDGET))
    assert [read_number(image) for image in images] == list(range(30))
    for number, image in enumerate(images):
        assert np.abs(image.astype(int) - draw(number)).mean() < 6


def test_uneven_pace_stays_true_to_time(tmp_path: Path) -> None:
    times = irregular(40)
    images, container = _opened(clip_bytes(write_format(tmp_path, "h264-vfr"), budget=BUDGET))
    fps = float(container.streams.video[0].average_rate)
    for number, image in enumerate(images):
        assert read_number(image) == np.searchsorted(times, (number + 0.5) / fps, side="right") - 1


def test_long_and_fast_videos_are_cut_and_thinned(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", frames=63, rate=10)
    images, _ = _opened(clip_bytes(path, budget=BUDGET))
    assert [read_number(image) for image in images] == list(range(60))
    path = write_clip(tmp_path / "b.mp4", frames=60, rate=30)
    images, container = _opened(clip_bytes(path, budget=BUDGET))
    assert float(container.streams.video[0].average_rate) == 16
    assert [read_number(image) for image in images] == [int((at + 0.5) / 16 * 30) for at in range(32)]


def test_one_frame(tmp_path: Path) -> None:
    images, _ = _opened(clip_bytes(write_clip(tmp_path / "a.mp4", frames=1), budget=BUDGET))
    assert [read_number(image) for image in images] == [0]


def test_noise_is_squeezed_until_it_fits(noise: Path) -> None:
    large, small = (clip_bytes(noise, budget=budget) for budget in (150_000, 15_000))
    assert len(small) <= 15_000 < len(large) <= 150_000
    assert _opened(small)[0][0].shape[0] < _opened(large)[0][0].shape[0] <= 240
    with pytest.raises(GaiaJudgeError, match=r"noise\.mp4 cannot be made smaller than .* Raise the budget"):
        clip_bytes(noise, budget=500)


def _ladder(path: Path) -> Iterator[tuple[int, int]]:
    """Yield height and rate factor of ever smaller clips, until there is none."""
    budget = 10**6
    while True:
        clip = clips._recode(path, FrameSpec(), budget=budget)["clip"].tobytes()
        # x264 writes into each stream what it was told.
        yield _opened(clip)[0][0].shape[0], int(re.search(rb"crf=(\d+)", clip)[1])
        budget = len(clip) - 1


def test_quality_falls_before_size_and_both_fall_step_by_step(tmp_path: Path) -> None:
    path, chance, found = tmp_path / "a.mp4", np.random.default_rng(0), []
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=4, options={"crf": "10", "preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
        for image in chance.integers(0, 256, (4, 120, 160, 3), np.uint8):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode(None))
    with pytest.raises(GaiaJudgeError, match="cannot be made smaller"):
        found.extend(_ladder(path))
    assert found == [(120, 26), (120, 30), (120, 34), (90, 34), (60, 36), (42, 42)]


def test_the_same_bytes_with_the_index_in_front(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", frames=10)
    clip = clip_bytes(path, budget=BUDGET)
    assert clip == clip_bytes(path, budget=BUDGET)
    assert 0 < clip.index(b"moov") < clip.index(b"mdat")


@pytest.mark.parametrize("comment", ["", SYNTHETIC_TAG[1]])
def test_synthetic_clips_stay_tagged(tmp_path: Path, comment: str) -> None:
    clip = clip_bytes(write_clip(tmp_path / "a.mp4", frames=4, comment=comment), budget=BUDGET)
    assert _opened(clip)[1].metadata.get("comment", "") == comment


def test_broken_videos_are_told_and_others_go_on(tmp_path: Path) -> None:
    good = write_clip(tmp_path / "good.mp4", frames=10)
    cut, text = tmp_path / "cut.mp4", tmp_path / "text.mp4"
    cut.write_bytes(good.read_bytes()[:-500])
    text.write_text("no video")
    paths = [cut, tmp_path / "missing.mp4", text, good]
    found = dict(read_clips(paths, budget=BUDGET))
    assert list(found) == paths
    for path in paths[:3]:
        assert isinstance(found[path], GaiaJudgeError)
        assert str(path) in str(found[path])
        with pytest.raises(GaiaJudgeError, match=path.name):
            clip_bytes(path, budget=BUDGET)
    assert found[good] == clip_bytes(good, budget=BUDGET)
