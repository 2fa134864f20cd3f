"""Spoilt videos and bombs through every decoder: frames or an error of their own row, within limits."""

import importlib.util
import sys
from collections import Counter
from collections.abc import Collection
from pathlib import Path

import pytest

from gaia_judge.frames import FrameSpec
from tests.mutations import SOURCES, SPOILS, write_bombs, write_sources, write_spoilt
from tests.surveys import Survey, survey

SPOILT = 5 * len(SPOILS)
"""Spoilt videos for each decoder; ``benchmarks.faults`` tries more."""

LIMITS = {"timeout_s": 10, "memory_gib": 0.5}

GROWTH = 1.5 * 0.5 * 2**30 + 50 * 2**20
"""Bytes by which a worker may grow: what a video may take, what earlier ones may leak, and the libraries."""

DECORD_READS = {"h264", "h264-b", "hevc", "av1", "h264-mkv", "vp9"}
"""Sources on which decord is used; the other decoders read all."""

DECODERS = ["auto", "decord", "pyav", *(["torchcodec"] if importlib.util.find_spec("torchcodec") else [])]


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return write_sources(tmp_path_factory.mktemp("sources"))


@pytest.fixture(scope="module")
def spoilt(sources: list[Path], tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    step = len(SPOILS) + 1
    return list(write_spoilt(tmp_path_factory.mktemp("spoilt"), sources, SPOILT, seed=3, step=step))


@pytest.fixture(scope="module")
def bombs(sources: list[Path], tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return write_bombs(tmp_path_factory.mktemp("bombs"), sources[0].read_bytes())


def check(found: Survey, count: int) -> None:
    assert not found.wrong
    assert found.videos == count
    assert found.slowest_s < LIMITS["timeout_s"] + 5
    assert found.left == 0
    assert found.parent_grown < 100 * 2**20
    if sys.platform == "linux":
        assert found.grown < GROWTH


def lost(found: Survey, sound: Collection[Path], decoder: str = "auto") -> list[tuple[str, str]]:
    """Return the sound videos that gave no frames though the decoder reads their kind, and how they ended."""
    readable = [path for path in sound if decoder != "decord" or path.stem in DECORD_READS]
    ends = [(path, end) for path, end in found.answers if path in readable]
    assert {path for path, _ in ends} == set(readable)
    return [(path.name, end) for path, end in ends if end != "frames"]


def test_all_formats_are_spoilt_in_all_ways(sources: list[Path], spoilt: list[Path]) -> None:
    assert [path.stem for path in sources] == list(SOURCES)
    pairs = {tuple(path.stem.split("-", 2)[1:]) for path in spoilt}
    assert len(pairs) == len(spoilt)
    assert {kind for kind, _ in pairs} == set(SPOILS)
    assert {source for _, source in pairs} == set(SOURCES)


@pytest.mark.parametrize("decoder", DECODERS)
def test_spoilt_videos_give_sound_frames_or_an_error_of_their_own(
    decoder: str, sources: list[Path], spoilt: list[Path]
) -> None:
    paths = [path for pair in zip(spoilt, sources * len(spoilt), strict=False) for path in pair]
    found = survey(paths, FrameSpec(decoder=decoder, **LIMITS), sources[0], processes=2)
    check(found, len(paths))
    assert lost(found, sources, decoder) == []
    ends = Counter(end for path, end in found.answers if path in spoilt)
    assert ends["refused"] > len(spoilt) // 3


@pytest.mark.parametrize("decoder", DECODERS)
def test_bombs_give_an_error_within_the_limits(decoder: str, sources: list[Path], bombs: list[Path]) -> None:
    assert all(path.stat().st_size < 3_000_000 for path in bombs)
    found = survey(bombs, FrameSpec(decoder=decoder, **LIMITS), sources[0])
    check(found, len(bombs))
    assert found.ends["too big"]


@pytest.mark.parametrize("gib", [0.05, 0.2])
def test_bombs_under_a_tighter_limit_cost_no_more_than_it(
    gib: float, sources: list[Path], bombs: list[Path]
) -> None:
    found = survey(bombs, FrameSpec(memory_gib=gib, timeout_s=10), sources[0])
    assert not found.wrong
    assert found.grown < 1.5 * gib * 2**30 + 50 * 2**20
    assert found.ends["too big"]


def test_the_pool_goes_on_after_every_bomb(sources: list[Path], bombs: list[Path]) -> None:
    paths = [path for bomb in bombs for path in (bomb, sources[0])]
    found = survey(paths, FrameSpec(**LIMITS), sources[0])
    check(found, len(paths))
    assert lost(found, sources[:1]) == []


def test_one_seed_spoils_alike(sources: list[Path], tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        list(write_spoilt(tmp_path / name, sources, 24, seed=3))
    first, second = ({path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in "ab")
    assert first == second
    assert len(set(first.values())) > 20
