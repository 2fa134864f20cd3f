"""Features: extracted once, kept by content, in processes or here, and never lost to a stop."""

import threading
import time
from dataclasses import replace

import numpy as np
import pytest

from gaia_judge.baselines import Setting
from gaia_judge.baselines import features as module
from gaia_judge.baselines.features import Extractor, Found, extract
from gaia_judge.baselines.metrics import EVERY
from gaia_judge.baselines.stores import FeatureStore
from gaia_judge.baselines.weights import Weights
from gaia_judge.errors import GaiaJudgeError
from gaia_judge.frames import FrameSpec, sample
from gaia_judge.videos import read_videos
from tests.clips import write_images
from tests.learners import brightness, inside


@pytest.fixture
def videos(tmp_path):
    folder = tmp_path / "videos"
    folder.mkdir()
    for number in range(4):
        write_images(
            folder / f"clip-{number}.mp4", np.full((6 + number, 64, 128, 3), 30 * number + 20, np.uint8)
        )
    (folder / "broken.mp4").write_text("no video")
    return read_videos(folder)


def outside(calls=None, fail=""):
    """An extractor that runs in this process and remembers what it was given."""

    def load(extractor, setting):
        def run(frames):
            if calls is not None:
                calls.append(len(frames.images))
            if fail and len(frames.images) == 7:
                raise RuntimeError(fail)
            return brightness(frames)

        return run

    return Extractor(name="here", revision=1, load=load, frames=EVERY)


@pytest.mark.parametrize("processes", [1, 3])
def test_inside_processes_and_here_features_are_those_of_the_frames(tmp_path, videos, processes):
    store = FeatureStore(tmp_path / "store")
    for extractor in (inside(), outside()):
        found = extract(videos, extractor, store, Setting(), processes=processes)
        assert list(found) == [video.id for video in videos]
        for video in videos:
            if video.id == "broken":
                assert "broken.mp4" in str(found[video.id])
                continue
            expected = brightness(sample(video.path, EVERY))["vector"]
            assert np.array_equal(store.read(found[video.id])["vector"], expected)


def test_a_second_extraction_decodes_nothing_and_reads_no_video(tmp_path, videos, monkeypatch):
    first = extract(videos, inside(), FeatureStore(tmp_path / "store"), Setting())
    whole = [video for video in videos if video.id != "broken"]

    def refuse(*_, **__):
        raise AssertionError("decoded again")

    monkeypatch.setattr(module, "Decoders", refuse)
    monkeypatch.setattr("gaia_judge.baselines.stores.hashlib.file_digest", refuse)
    skipped = []
    again = extract(whole, inside(), FeatureStore(tmp_path / "store"), Setting(), skip=skipped.append)
    assert again == {video.id: first[video.id] for video in whole}
    assert skipped == [4]


def test_rows_keep_the_order_of_the_videos_whatever_was_there_before(tmp_path, videos):
    store = FeatureStore(tmp_path / "store")
    extract([videos[4], videos[2]], inside(), store, Setting())
    found = extract(videos, inside(), store, Setting())
    assert list(found) == [video.id for video in videos]


def test_weights_that_are_downloaded_leave_features_for_the_next_fit(tmp_path, videos, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    weights = Weights(name="net", licence="", url="https://example.org/net.pth")

    def load(extractor, setting):
        weights.home.mkdir(parents=True, exist_ok=True)
        (weights.home / "net.pth").write_bytes(b"weights")
        return brightness

    extractor = Extractor(name="here", revision=1, load=load, frames=EVERY, weights=(weights,))
    store = FeatureStore(tmp_path / "store")
    first = extract(videos[1:], extractor, store, Setting())
    monkeypatch.setattr(module, "Decoders", None)
    assert extract(videos[1:], extractor, store, Setting()) == first


def test_pixels_of_another_decoder_or_version_of_it_are_kept_apart(tmp_path, videos, monkeypatch):
    auto = inside()
    other = replace(auto, frames=FrameSpec(every=True, decoder="pyav"))
    assert auto.key(Setting()) == other.key(Setting())
    store = FeatureStore(tmp_path / "store")
    places = [extract(videos[1:2], one, store, Setting())[videos[1].id] for one in (auto, other)]
    assert places[0] != places[1]
    shelves = {auto.shelf(Setting()), other.shelf(Setting())}
    monkeypatch.setattr(module, "version", lambda name: "999")
    assert len(shelves | {auto.shelf(Setting()), other.shelf(Setting())}) == 4


def test_features_are_those_of_the_content_whatever_it_is_called(tmp_path, videos):
    store = FeatureStore(tmp_path / "store")
    first = extract(videos[1:2], inside(), store, Setting())
    videos[1].path.rename(tmp_path / "renamed.mp4")
    calls = []
    extractor = inside()
    renamed = read_videos(tmp_path / "renamed.mp4")
    again = extract(renamed, extractor, store, Setting(), advance=lambda **_: calls.append(1))
    assert list(again.values()) == list(first.values())
    assert calls == []
    write_images(tmp_path / "renamed.mp4", np.full((6, 64, 128, 3), 200, np.uint8))
    other = extract(read_videos(tmp_path / "renamed.mp4"), extractor, store, Setting())
    assert list(other.values()) != list(first.values())


def test_features_of_other_settings_are_kept_apart(tmp_path):
    weights = Weights(name="net", licence="", repo="a/b", file="net.pth")
    own = tmp_path / "net.pth"
    own.write_bytes(b"weights")
    keys = {
        inside().key(Setting()),
        inside(revision=2).key(Setting()),
        inside(facts={"seed": 1}).key(Setting()),
        inside(weights=(weights,)).key(Setting()),
        inside(weights=(weights,)).key(Setting(weights={"net": own})),
        Extractor(name="brightness", revision=1, load=inside().load, frames=FrameSpec(count=3)).key(
            Setting()
        ),
    }
    assert len(keys) == 6
    assert inside().key(Setting()) == inside().key(Setting(device="cuda"))


def test_one_video_that_cannot_be_described_stops_no_other(tmp_path, videos):
    found = extract(videos, outside(fail="no"), FeatureStore(tmp_path / "store"), Setting())
    failed = {name: str(one) for name, one in found.items() if isinstance(one, GaiaJudgeError)}
    assert set(failed) == {"broken", "clip-1"}
    assert "RuntimeError: no" in failed["clip-1"]


def test_a_stopped_extraction_keeps_what_it_has(tmp_path, videos):
    store, seen = FeatureStore(tmp_path / "store"), []

    def stop(*, failed):
        seen.append(failed)
        if len(seen) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        extract(videos, outside(), store, Setting(), advance=stop)
    calls = []
    extract(videos, outside(calls), FeatureStore(tmp_path / "store"), Setting())
    kept = sum(not failed for failed in seen)
    assert kept == 2
    assert len(calls) == 4 - kept


def test_processes_describe_side_by_side(tmp_path, videos):
    """Four videos that each take half a second must not take two seconds with four processes."""
    store = FeatureStore(tmp_path / "store")
    busy, most, lock = 0, 0, threading.Lock()

    class Slow:
        def ask(self, path, spec):
            nonlocal busy, most
            with lock:
                busy += 1
                most = max(most, busy)
            time.sleep(0.3)
            with lock:
                busy -= 1
            return brightness(sample(path, spec))

        alive = True

        def __init__(self, decode):
            pass

        def kill(self):
            pass

        def stop(self):
            return ""

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gaia_judge.frames.pools.Worker", Slow)
        extract([video for video in videos if video.id != "broken"], inside(), store, Setting(), processes=4)
    assert most >= 2


def test_features_are_read_when_they_are_looked_at(tmp_path, videos):
    store = FeatureStore(tmp_path / "store")
    places = extract(videos[1:], inside(), store, Setting())
    found = Found(store, tuple(places.values()))
    assert len(found) == 4
    assert found[2]["vector"][2] == 8
    assert [one["vector"][2] for one in found.take([3, 0])] == [9, 6]
    assert [one["vector"][2] for one in found[1:3]] == [7, 8]
    next(iter(places.values())).write_bytes(b"damaged")
    with pytest.raises(GaiaJudgeError, match="holds no features"):
        found[0]


def test_a_line_cut_short_in_the_list_of_contents_costs_nothing(tmp_path, videos):
    store = FeatureStore(tmp_path / "store")
    first = extract(videos[1:], inside(), store, Setting())
    contents = tmp_path / "store" / "contents.jsonl"
    contents.write_bytes(contents.read_bytes()[:-9])
    assert extract(videos[1:], inside(), FeatureStore(tmp_path / "store"), Setting()) == first
