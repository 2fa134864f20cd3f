"""Batteries of metrics: one decode, batches, failures, names; which metrics there are."""

import json
import subprocess
import sys
from importlib.metadata import version

import numpy as np
import pytest

from gaia_judge.baselines import EVERY, Clip, Setting, Weights, find_metric, find_metrics, load_battery
from gaia_judge.baselines.registry import metric_entries
from gaia_judge.errors import EngineError, GaiaJudgeError
from gaia_judge.frames import FrameSpec, sample, subset
from gaia_judge.frames.pools import Decoders
from gaia_judge.videos import Video, read_videos
from tests.clips import write_images
from tests.metrics import BRIGHTNESS, metric_of


def ramp(frames, low=0):
    """Frames of one grey each, brighter and brighter."""
    return np.repeat(np.arange(frames, dtype=np.uint8) * 8 + low, 64 * 128 * 3).reshape(frames, 64, 128, 3)


@pytest.fixture
def videos(tmp_path):
    """Six clips, one of which is no video."""
    for number in range(5):
        write_images(tmp_path / f"clip-{number}.mp4", ramp(20, low=number * 10))
    (tmp_path / "clip-2.mp4").write_text("no video")
    write_images(tmp_path / "short.mp4", ramp(3))
    return read_videos(tmp_path)


def indices(clip):
    return float(sum(clip.frames.indices.tolist()))


@pytest.mark.parametrize(
    "spec", [FrameSpec(count=8), FrameSpec(count=30), FrameSpec(fps=2, count=99), FrameSpec(count=1), EVERY]
)
def test_a_subset_of_every_frame_is_what_decoding_would_have_given(videos, spec):
    for video in (videos[0], videos[-1]):
        told = sample(video.path, spec)
        taken = subset(sample(video.path, EVERY), spec)
        assert taken.digest == told.digest
        assert (taken.indices.tolist(), taken.note) == (told.indices.tolist(), told.note)
        assert subset(told, spec).digest == told.digest


def test_every_video_is_decoded_once_whatever_its_metrics_look_at(videos, monkeypatch):
    asked = []
    stream = Decoders.stream

    def counted(self, source):
        for video, answer in stream(self, source):
            asked.append((video.id, self._spec))
            yield video, answer

    monkeypatch.setattr(Decoders, "stream", counted)
    metrics = [
        metric_of("eight", indices),
        metric_of("two", indices, FrameSpec(count=2)),
        metric_of("every", indices, EVERY),
    ]
    with load_battery(metrics) as battery:
        frame = battery.rate(videos).to_pandas()
    assert [name for name, _ in asked] == [video.id for video in videos]
    assert all(spec.every for _, spec in asked)
    wide = frame.pivot(index="video", columns="rater", values="value").loc["clip-0"]
    assert wide["two"] == 5 + 15
    assert wide["eight"] == sum(int((at + 0.5) * 20 / 8) for at in range(8))
    assert wide["every"] == sum(range(20))


def test_metrics_that_look_at_the_same_frames_have_just_those_decoded(videos):
    with load_battery([metric_of("a", indices), metric_of("b", indices)]) as battery:
        assert battery.frames == FrameSpec(count=8)
        row = battery.rate(videos[:1]).to_pandas().iloc[0]
    assert json.loads(row["frame_indices"]) == [int((at + 0.5) * 20 / 8) for at in range(8)]


def test_rows_say_which_frames_a_metric_took_out_of_all(videos):
    metrics = [metric_of("two", indices, FrameSpec(count=2)), metric_of("every", indices, EVERY)]
    with load_battery(metrics) as battery:
        rows = battery.rate([videos[0], videos[-1]]).to_pandas()
    two, every, short, _ = (json.loads(trace) for trace in rows["trace"])
    assert two["frames"] == [5, 15]
    assert "frames" not in every
    assert short["frames"] == [0, 2]
    assert rows["frame_indices"].isna().all()


def test_batches_are_no_larger_than_asked_and_leave_out_what_could_not_be_decoded(videos):
    with load_battery([BRIGHTNESS], batch=4) as battery:
        list(battery.stream(videos))
        assert battery._measurers[0].batches == [3, 2]


def test_batches_are_cut_where_frames_would_fill_the_memory(videos, monkeypatch):
    monkeypatch.setattr("gaia_judge.baselines.batteries.BATCH_BYTES", 1)
    with load_battery([BRIGHTNESS], batch=4) as battery:
        list(battery.stream(videos))
        assert set(battery._measurers[0].batches) == {1}


@pytest.mark.parametrize("batch", [1, 2, 8])
def test_one_failing_clip_costs_its_own_row_and_that_metric_only(videos, batch):
    def picky(clip):
        if clip.video.id == "clip-1":
            raise RuntimeError("out of patience")
        return 1.0

    def lost(clip):
        return float("nan") if clip.video.id == "clip-3" else 2.0

    with load_battery([metric_of("picky", picky), metric_of("lost", lost)], batch=batch) as battery:
        frame = battery.rate(videos).to_pandas().set_index(["video", "rater"])
    assert frame["error"].notna().sum() == 4
    assert frame.loc[("clip-1", "picky"), "error"] == "RuntimeError: out of patience"
    assert frame.loc[("clip-1", "lost"), "value"] == 2.0
    assert frame.loc[("clip-3", "lost"), "error"] == "lost gave nan."
    assert "clip-2.mp4" in frame.loc[("clip-2", "picky"), "error"]
    assert frame.loc[frame["error"].notna(), "value"].isna().all()
    assert list(dict.fromkeys(frame.index.get_level_values(0))) == [video.id for video in videos]


@pytest.mark.parametrize("batch", [1, 8])
def test_an_engine_that_is_dead_stops_the_run_and_what_was_measured_stands(videos, batch):
    def dead(clip):
        if clip.video.id == "clip-3":
            raise EngineError("The engine is dead.")
        return 1.0

    done = []
    with load_battery([metric_of("m", dead)], batch=batch) as battery:
        measured = (done.append(one.video.id) for one in battery.stream(videos))
        with pytest.raises(EngineError, match="The engine is dead"):
            list(measured)
    assert done == (["clip-0", "clip-1", "clip-2"] if batch == 1 else [])


def test_a_clip_computes_once_what_several_metrics_need(videos):
    calls = []

    def value(clip):
        return clip.once(("flow", clip.video.id), lambda: calls.append(clip.video.id) or 3.0)

    with load_battery([metric_of("a", value), metric_of("b", value, EVERY)]) as battery:
        frame = battery.rate([videos[0], videos[1]]).to_pandas()
    assert frame["value"].tolist() == [3.0] * 4
    assert calls == ["clip-0", "clip-1"]


def test_the_text_of_a_clip_is_its_prompt_else_its_action_else_missing(tmp_path):
    path = tmp_path / "a.mp4"
    assert Clip(Video(id="a", path=path, prompt="p", action="a"), None).text == "p"
    assert Clip(Video(id="a", path=path, action="a"), None).text == "a"
    with pytest.raises(GaiaJudgeError, match=r"a\.mp4 has no prompt and no action"):
        _ = Clip(Video(id="a", path=path), None).text


def test_a_name_says_what_every_table_must_say(tmp_path):
    (tmp_path / "config.json").write_text('{"random_weights": true}')
    weights = Weights(name="net", licence="MIT", repo="a/b")
    official = metric_of("m", indices, weights=(weights,))
    assert official.rater(Setting()) == "m"
    assert official.rater(Setting(weights={"net": tmp_path})) == "m (random weights)"
    adapted = metric_of("m", indices, weights=(weights,), fidelity="adapted")
    assert adapted.rater(Setting(weights={"net": tmp_path})) == "m (adapted, random weights)"
    assert BRIGHTNESS.rater(Setting()) == "brightness (substitute)"
    (tmp_path / "config.json").write_text("{}")
    assert official.rater(Setting(weights={"net": tmp_path})) == "m (own weights)"


def test_the_manifest_holds_what_determines_the_scores(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    weights = Weights(name="net", licence="MIT", repo="a/b", revision="c0ffee")
    metric = metric_of("m", indices, weights=(weights,), facts={"rule": "mean"})
    with load_battery([metric], Setting(weights={"net": tmp_path})) as battery:
        first = battery.manifest()
    assert first["gaia_judge"] == version("gaia-judge")
    told = first["metrics"]["m (own weights)"]
    assert (told["rule"], told["revision"], told["frames"]["count"]) == ("mean", 1, 8)
    (tmp_path / "config.json").write_text('{"other": 1}')
    with load_battery([metric], Setting(weights={"net": tmp_path})) as battery:
        assert battery.manifest()["metrics"]["m (own weights)"]["weights"] != told["weights"]


def test_a_battery_closes_its_metrics(videos):
    with load_battery([BRIGHTNESS]) as battery:
        (measurer,) = battery._measurers
        assert not measurer.closed
    assert measurer.closed


def test_nothing_is_loaded_if_one_metric_cannot_run(tmp_path):
    loaded = []
    weights = Weights(name="net", licence="MIT", repo="nobody/nothing-of-that-name", file="net.pth")
    fine = metric_of("fine", indices, needs=("no_such_package",))
    object.__setattr__(fine, "load", lambda *_: loaded.append(1))
    with pytest.raises(EngineError) as caught:
        load_battery([fine, metric_of("m", indices, weights=(weights,))])
    told = str(caught.value)
    assert "fine needs the package no_such_package" in told
    assert "nobody/nothing-of-that-name/net.pth" in told
    assert "--weights net=PATH" in told
    assert not loaded


def test_every_registered_metric_is_listed_under_its_own_name():
    for name in metric_entries():
        metric = find_metric(name)
        assert metric.name == name
        assert metric.dimensions
        assert metric.licence
        assert metric.citation
        assert metric.about


def test_an_unknown_metric_suggests_near_ones():
    with pytest.raises(GaiaJudgeError, match=r"no metric 'clip-b23'\. Did you mean clip-b32"):
        find_metric("clip-b23")
    with pytest.raises(GaiaJudgeError, match="clip-b32 takes nothing, so not 'nano'"):
        find_metric("clip-b32:nano")
    with pytest.raises(GaiaJudgeError, match="lacks the JUDGE"):
        find_metric("vqascore:")
    with pytest.raises(GaiaJudgeError, match="asked for twice"):
        find_metrics(["clip-b32", "xclip", "clip-b32"])


def test_listing_metrics_imports_nothing_heavy():
    code = "import sys; from gaia_judge.baselines.registry import *\n"
    code += "[find_metric(name) for name in metric_entries()]\n"
    code += "print([m for m in ('torch', 'cv2', 'transformers', 'scipy.stats') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
