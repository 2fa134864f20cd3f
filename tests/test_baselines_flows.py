"""Optical flow: RAFT against a plain loop over torchvision's network, DIS against motion that is known."""

import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torchvision.models.optical_flow import raft_large

from gaia_judge.baselines import Setting, flows
from gaia_judge.baselines.flows import RAFT_WEIGHTS, Dis, Raft, load_flow
from gaia_judge.errors import GaiaJudgeError
from tests.textures import pan

PAIRS = [(0, 1), (1, 2), (2, 0)]


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return raft_large(weights=None).eval()


def plain(network, first, second, updates):
    """One pair through torchvision's network, padded as the authors' InputPadder counts it."""
    height, width = first.shape[:2]
    down, across = ((height // 8 + 1) * 8 - height) % 8, ((width // 8 + 1) * 8 - width) % 8
    top, left = down // 2, across // 2
    edges = ((top, down - top), (left, across - left), (0, 0))
    inputs = []
    for image in (first, second):
        padded = np.pad(image, edges, mode="edge").astype(np.float32)
        inputs.append(torch.from_numpy((2 * (padded / 255.0) - 1).transpose(2, 0, 1)[None]))
    with torch.no_grad():
        flow = network(*inputs, num_flow_updates=updates)[-1][0].numpy().transpose(1, 2, 0)
    return flow[top : top + height, left : left + width]


@pytest.mark.parametrize(("height", "width", "updates"), [(128, 128, 2), (125, 141, 1)])
def test_raft_gives_what_a_plain_loop_over_the_network_gives(network, height, width, updates):
    images = pan(3, 3, 1, height=height, width=width)
    found = list(Raft(network, updates=updates).stream(images, PAIRS))
    assert len(found) == len(PAIRS)
    for flow, (first, second) in zip(found, PAIRS, strict=True):
        wanted = plain(network, images[first], images[second], updates)
        assert flow.shape == (height, width, 2)
        assert np.abs(wanted).mean() > 1e-3
        np.testing.assert_allclose(flow, wanted, rtol=1e-5, atol=1e-5 * np.abs(wanted).max())


@pytest.mark.parametrize(("pixels", "batches"), [(1, [1, 1, 1]), (2 * 128 * 130, [2, 1]), (10**9, [3])])
def test_how_many_pairs_go_together_changes_nothing(network, pixels, batches, monkeypatch):
    images = pan(3, 3, 1, height=128, width=130)
    wanted = [plain(network, images[first], images[second], 1) for first, second in PAIRS]
    sizes = []
    inner = network.forward
    monkeypatch.setattr(network, "forward", lambda *a, **k: sizes.append(len(a[0])) or inner(*a, **k))
    found = list(Raft(network, updates=1, pixels=pixels).stream(images, PAIRS))
    assert sizes == batches
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5 * np.abs(wanted).max())


def test_raft_leaves_no_correlations_behind(network):
    next(Raft(network, updates=1).stream(pan(2, height=128, width=128), [(0, 1)]))
    assert network.corr_block.corr_pyramid == []


def test_raft_takes_as_many_steps_as_upstream(network, monkeypatch):
    asked = []
    inner = network.forward
    monkeypatch.setattr(network, "forward", lambda *a, **k: asked.append(k) or inner(*a, num_flow_updates=1))
    next(Raft(network).stream(pan(2, height=128, width=128), [(0, 1)]))
    assert asked == [{"num_flow_updates": 20}]


@pytest.mark.parametrize(("height", "fine"), [(120, False), (121, True)])
def test_raft_says_what_is_too_small_after_padding(network, height, fine):
    stream = Raft(network, updates=1).stream(pan(2, height=height, width=128), [(0, 1)])
    if fine:
        assert next(stream).shape == (121, 128, 2)
    else:
        with pytest.raises(GaiaJudgeError, match="RAFT cannot see motion below 128 pixels"):
            next(stream)


def test_one_network_serves_all_metrics_of_a_run_and_is_let_go_after_it(network, tmp_path):
    path = tmp_path / "raft.safetensors"
    save_file(network.state_dict(), path, metadata={"random_weights": "true"})
    setting = Setting(weights={"raft": path})
    first = load_flow("raft", setting)
    assert load_flow("raft", setting) is first
    assert first.describe()["updates"] == 20
    assert RAFT_WEIGHTS.is_random(path)
    loaded = first._network.state_dict()
    assert all(torch.equal(tensor, loaded[name]) for name, tensor in network.state_dict().items())
    assert not first._network.training
    del first, loaded
    assert len(flows.LOADED) == 0


@pytest.mark.parametrize("content", [{"a": torch.zeros(1)}, torch.zeros(1)])
def test_weights_of_something_else_are_refused(tmp_path, content):
    path = tmp_path / "raft.pth"
    torch.save(content, path)
    with pytest.raises(GaiaJudgeError, match=r"raft\.pth does not hold the large RAFT"):
        load_flow("raft", Setting(weights={"raft": path}))


def test_the_weights_are_the_ones_torchvision_names():
    from torchvision.models.optical_flow import Raft_Large_Weights

    official = Raft_Large_Weights.C_T_V1.value
    assert RAFT_WEIGHTS.url == official.url
    assert f"-{RAFT_WEIGHTS.sha256}.pth" in official.url
    assert RAFT_WEIGHTS.size_mb == pytest.approx(official.meta["_file_size"], abs=0.1)


@pytest.mark.parametrize(
    ("right", "down"), [(1, 0), (0, 1), (-2, 0), (3, -4), (-5, 2), (0, -8), (8, 6), (0, 0)]
)
def test_dis_finds_how_far_a_texture_moves(right, down):
    (flow,) = Dis().stream(pan(2, right, down), [(0, 1)])
    assert flow.shape == (128, 160, 2)
    np.testing.assert_allclose(np.median(flow, axis=(0, 1)), [right, down], atol=0.02)
    assert np.hypot(*(flow.mean(axis=(0, 1)) - [right, down])) <= 0.02 * np.hypot(right, down)


def test_dis_takes_pairs_as_they_are_asked_for():
    images = pan(4, 2, 0)
    there, back, far = Dis().stream(images, [(0, 1), (1, 0), (0, 3)])
    found = [float(np.median(flow[..., 0])) for flow in (there, back, far)]
    assert found == pytest.approx([2, -2, 6], abs=0.02)


def test_dis_depends_neither_on_threads_nor_on_what_it_saw_before():
    images = pan(4, 3, 1, jitter=2)
    before = cv2.getNumThreads()
    try:
        found = []
        for threads in (1, 2, 5):
            cv2.setNumThreads(threads)
            found.append(list(Dis().stream(images, [(0, 1), (2, 3)])))
            found.append(list(Dis().stream(images, [(2, 3), (0, 1)]))[::-1])
    finally:
        cv2.setNumThreads(before)
    assert all(np.array_equal(found[0], other) for other in found[1:])
    assert np.abs(found[0]).max() > 1


def test_dis_is_kept_from_sizes_at_which_it_crashes():
    assert next(Dis().stream(pan(2, height=32, width=160), [(0, 1)])).shape == (32, 160, 2)
    with pytest.raises(GaiaJudgeError, match="DIS cannot see motion below 32 pixels"):
        next(Dis().stream(pan(2, height=31, width=160), [(0, 1)]))
