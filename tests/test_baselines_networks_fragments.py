import pytest
import torch

from gaia_judge.baselines.networks.fragments import cut, enlarged, fragments, normalised, places, taken
from gaia_judge.errors import GaiaJudgeError


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def drawn(frames: int, height: int, width: int) -> torch.Tensor:
    return torch.randint(0, 256, (3, frames, height, width), dtype=torch.uint8, generator=seeded())


@pytest.mark.parametrize(
    ("height", "width", "clips"), [(224, 224, 1), (256, 311, 1), (320, 512, 3), (480, 240, 2)]
)
def test_fragments_are_slices(height: int, width: int, clips: int) -> None:
    frames = drawn(2 * clips, height, width)
    corners = places(height, width, clips=clips, generator=seeded(1))
    found = fragments(frames, clips=clips, generator=seeded(1))
    assert found.shape == (3, 2 * clips, 224, 224)
    for clip in range(clips):
        both = slice(2 * clip, 2 * clip + 2)
        for i in range(7):
            for j in range(7):
                y, x = corners[clip, i, j].tolist()
                here = found[:, both, 32 * i : 32 * i + 32, 32 * j : 32 * j + 32]
                assert torch.equal(here, frames[:, both, y : y + 32, x : x + 32])


@pytest.mark.parametrize(("height", "width"), [(224, 224), (225, 238), (320, 512), (700, 1000)])
def test_patches_lie_in_their_cells(height: int, width: int) -> None:
    corners = torch.stack([places(height, width, generator=seeded(seed))[0] for seed in range(50)])
    for i in range(7):
        for axis, length in ((0, height), (1, width)):
            cell = length // 7
            some = corners[:, i, :, 0] if axis == 0 else corners[:, :, i, 1]
            assert some.min() >= i * cell
            assert some.max() <= max(i * cell, (i + 1) * cell - 32 - 1)
            assert (some.unique().numel() > 1) == (cell - 32 > 1)
    if height == 700:
        assert corners[:, 2, 3, 0].unique().numel() > 20  # of 68 places
        assert not torch.equal(corners[0, ..., 0], corners[0, ..., 1])


def test_each_clip_has_its_own_places_and_a_seed_repeats_them() -> None:
    first, second = (places(480, 480, clips=2, generator=seeded(seed)) for seed in (3, 3))
    assert torch.equal(first, second)
    assert not torch.equal(first[0], first[1])


def test_small_frames_are_enlarged_but_keep_their_grid() -> None:
    frames = drawn(1, 112, 140)
    larger = enlarged(frames)
    assert larger.shape == (3, 1, 224, 280)
    expected = torch.nn.functional.interpolate(frames.float(), scale_factor=2, mode="bilinear")
    assert (larger.float() - expected.floor()).abs().max() <= 1  # rounding of /255*255
    found = fragments(frames)
    # Cells of 16 and 20 pixels are smaller than patches, which start at their corners or at 80 and 108.
    rows, columns = [0, 16, 32, 48, 64, 80, 80], [0, 20, 40, 60, 80, 100, 108]
    for i, y in enumerate(rows):
        for j, x in enumerate(columns):
            here = found[..., 32 * i : 32 * i + 32, 32 * j : 32 * j + 32]
            assert torch.equal(here, larger[..., y : y + 32, x : x + 32])


def test_large_frames_stay() -> None:
    frames = drawn(1, 224, 300)
    assert enlarged(frames) is frames


def test_frames_smaller_than_a_patch_are_refused() -> None:
    with pytest.raises(GaiaJudgeError, match="300x31 are smaller"):
        fragments(drawn(1, 31, 300))


def test_other_grids() -> None:
    frames = drawn(1, 12, 12)
    assert torch.equal(cut(frames, places(12, 12, grid=3, side=4), side=4), frames)


@pytest.mark.parametrize(
    ("total", "length", "parts", "expected"),
    [
        (100, 32, 1, None),
        (64, 32, 1, range(0, 64, 2)),
        (8, 32, 1, [0, 2, 4, 6] * 8),
        (16, 1, 32, [0] * 32),
        (33, 1, 32, range(32)),
        (96, 1, 32, None),
        (60, 32, 3, None),
        (7, 3, 2, [0, 2, 4, 3, 5, 0]),
    ],
)
def test_frames_taken(total: int, length: int, parts: int, expected) -> None:
    runs = [taken(total, length=length, parts=parts, generator=seeded(seed)).tolist() for seed in range(30)]
    if expected is not None:
        assert all(run == list(expected) for run in runs)
        return
    starts = set()
    for run in runs:
        assert len(run) == length * parts
        for part in range(parts):
            here = run[length * part : length * (part + 1)]
            start = here[0] - part * (total // parts)
            starts.add(start)
            assert here == [(here[0] + 2 * step) % total for step in range(length)]
            assert 0 <= start < max(1, total // parts - 2 * length)
    assert (len(starts) > 1) == (total // parts - 2 * length > 1)


def test_normalised() -> None:
    frames = torch.tensor([0, 255, 103.53]).view(3, 1, 1, 1)
    found = normalised(frames).flatten().tolist()
    assert found == pytest.approx([-123.675 / 58.395, (255 - 116.28) / 57.12, 0])
