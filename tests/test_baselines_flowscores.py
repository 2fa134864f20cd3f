"""Flow-Score: by hand with a known flow, and with DIS and random RAFT on real videos."""

import json

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torchvision.models.optical_flow import raft_large

from gaia_judge.baselines import Setting, find_metrics, flows, flowscores, load_battery
from gaia_judge.baselines.flows import Raft
from gaia_judge.errors import GaiaJudgeError
from gaia_judge.frames import FrameSpec, sample
from gaia_judge.videos import read_videos
from tests.clips import write_images
from tests.textures import Known, clip_of, pan, uniform

DIS_METRICS = ["dis-flow-score", "dis-dynamic-degree", "dis-smoothness", "descriptor-consistency"]
RAFT_METRICS = ["flow-score", "dynamic-degree", "dynamic-degree-continuous", "raft-smoothness"]


def score(images, metric=flowscores.DIS, fps=8):
    ((found,),) = metric.load(metric, Setting()).measure([clip_of(images, fps)])
    return found


def test_the_score_is_the_mean_over_pairs_of_the_mean_length(monkeypatch):
    fields = {0: uniform(2), 1: uniform(0), 2: np.concatenate([uniform(4, height=16), uniform(0, height=48)])}
    known = Known(lambda first, second: fields[first])
    monkeypatch.setattr("gaia_judge.baselines.motions.load_flow", lambda name, setting: known)
    found = score(np.zeros((4, 64, 64, 3), np.uint8), flowscores.RAFT)
    assert known.asked == [(0, 1), (1, 2), (2, 3)]
    assert found.value == pytest.approx((2 + 0 + 4 / 4) / 3, rel=1e-12)
    assert found.trace["pairs"] == 3
    assert found.note is None


@pytest.mark.parametrize(("right", "down"), [(1, 0), (-1, 1), (3, 0), (0, -4), (4, 3), (-6, 0), (0, 0)])
@pytest.mark.parametrize("frames", [2, 8])
def test_a_moving_texture_gives_its_speed(right, down, frames):
    assert score(pan(frames, right, down)).value == pytest.approx(np.hypot(right, down), rel=0.02)


def test_faster_motion_scores_higher_whatever_the_frame_rate():
    speeds = [score(pan(5, right), fps=fps).value for fps in (8, 30) for right in (0, 1, 2, 4, 8)]
    assert speeds[:5] == sorted(set(speeds[:5]))
    assert speeds[:5] == speeds[5:]


def test_one_frame_has_no_score():
    with pytest.raises(GaiaJudgeError, match="A video of one frame shows no motion"):
        score(pan(1))


def test_what_raft_averages_leaves_padding_out_and_the_row_says_so(monkeypatch):
    known = Known(lambda *_: uniform(1))
    known.padded = 8
    monkeypatch.setattr("gaia_judge.baselines.motions.load_flow", lambda name, setting: known)
    assert "leave the padding out" in score(np.zeros((2, 60, 64, 3), np.uint8), flowscores.RAFT).note


@pytest.fixture
def videos(tmp_path):
    """Pans of 3 and 4 pixels right and down per frame, and shorter ones."""
    for frames in (1, 2, 8):
        write_images(tmp_path / f"{frames}.mp4", pan(frames, 3, 4, height=128, width=128))
    return read_videos(tmp_path)


@pytest.mark.parametrize("batch", [1, 4])
def test_dis_metrics_measure_real_videos_however_short(videos, batch):
    with load_battery(find_metrics(DIS_METRICS), batch=batch) as battery:
        assert battery.frames.every
        rows = battery.rate(videos).to_pandas()
        told = battery.manifest()["metrics"]
    assert told["dis-flow-score (substitute)"]["preset"] == "medium"
    assert told["dis-flow-score (substitute)"]["flow"] == "dis"
    values = rows.pivot(index="video", columns="rater", values="value")
    assert values["dis-flow-score (substitute)"].tolist() == pytest.approx(
        [np.nan, 5, 5], rel=0.02, nan_ok=True
    )
    assert values["dis-dynamic-degree (substitute)"].tolist() == pytest.approx([np.nan, 1, 1], nan_ok=True)
    smooth, alike = values["dis-smoothness (substitute)"], values["descriptor-consistency (substitute)"]
    assert smooth.isna().tolist() == [True, True, False]
    assert smooth["8"] > 0.97
    assert alike.isna().tolist() == [True, False, False]
    assert 0.5 < alike["8"] < alike["2"] < 0.95
    errors = rows.set_index(["video", "rater"])["error"].dropna()
    assert len(errors) == 5
    assert "no motion" in errors["1", "dis-flow-score (substitute)"]
    assert "none between two others" in errors["2", "dis-smoothness (substitute)"]


def test_raft_metrics_of_one_run_share_network_and_flow(videos, tmp_path, monkeypatch):
    torch.manual_seed(0)
    network = raft_large(weights=None).eval()
    path = tmp_path / "random.safetensors"
    save_file(network.state_dict(), path, metadata={"random_weights": "true"})
    monkeypatch.setattr(flows, "UPDATES", 1)
    made, seen = [], []
    load, flow = flows._network, Raft._flow
    monkeypatch.setattr(flows, "_network", lambda given: made.append(given) or load(given))
    monkeypatch.setattr(Raft, "_flow", lambda self, *a: seen.append(len(a[0])) or flow(self, *a))
    short = [video for video in videos if video.id == "8"]
    images = sample(short[0].path, FrameSpec(every=True)).images[:4]
    short[0].path.unlink()
    write_images(short[0].path, images)
    with load_battery(find_metrics(RAFT_METRICS), Setting(weights={"raft": path})) as battery:
        rows = battery.rate(short).to_pandas().set_index("rater")
    assert made == [path]
    # Three steps for three metrics, and there and back over one dropped frame for the fourth.
    assert seen == [3, 2]
    assert [name.split(" ")[0] for name in rows.index] == RAFT_METRICS
    assert all("random weights" in name for name in rows.index)
    assert rows["error"].isna().all()
    shown = sample(short[0].path, FrameSpec(every=True)).images
    wanted = []
    for first, second in ((0, 1), (1, 2), (2, 3)):
        pair = [torch.from_numpy(shown[at]).permute(2, 0, 1)[None] / 127.5 - 1 for at in (first, second)]
        with torch.no_grad():
            lengths = network(*pair, num_flow_updates=1)[-1].norm(dim=1)
        longest = lengths.flatten().sort().values[-819:]  # of 128 * 128, a twentieth
        wanted.append((lengths.mean().item(), longest.mean().item()))
    # Tables keep values to 4 decimals.
    mean, top = np.mean(wanted, axis=0)
    assert rows.loc["flow-score (adapted, random weights)", "value"] == pytest.approx(mean, abs=6e-6)
    continuous = rows.loc["dynamic-degree-continuous (adapted, random weights)"]
    assert continuous["value"] == pytest.approx(top * 256 / 128, abs=6e-6)
    assert json.loads(continuous["trace"])["pairs"] == 3
