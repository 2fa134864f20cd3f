import copy

import numpy as np
import pytest
import torch
from torch import nn
from torchvision.models.resnet import Bottleneck, ResNet

from gaia_judge.baselines.networks.heads import (
    Bvqa,
    SimpleVqa,
    VqaHead,
    Vsfa,
    bvqa_name,
    simplevqa_name,
    vsfa_name,
)
from gaia_judge.baselines.networks.keys import load_official
from gaia_judge.baselines.networks.losses import correlation_loss, srcc_loss
from gaia_judge.baselines.networks.resnets import PooledResNet, resnet_name
from gaia_judge.errors import GaiaJudgeError
from tests.networks import count, official, stirred, without_gradient

DEPTHS = (1, 1, 1, 1)


@pytest.mark.parametrize(
    ("make", "name", "rename", "dropped", "parameters"),
    [
        (Vsfa, "vsfa", vsfa_name, 2, 540_001),
        (Bvqa, "bvqa", bvqa_name, 10, 605_539),
        (SimpleVqa, "simplevqa", simplevqa_name, 0, 24_720_705),
    ],
)
def test_official_checkpoints_fit(make, name, rename, dropped: int, parameters: int) -> None:
    keys = official(name)
    with torch.device("meta"):
        network = make()
    load_official(network, keys, rename)
    assert sum(rename(key) is None for key in keys) == dropped
    assert count(network) == parameters


def test_facts_of_the_resnet_and_the_head() -> None:
    with torch.device("meta"):
        network = PooledResNet(layers=(2, 3, 4))
        assert count(network) == 23_508_032
        assert network(torch.empty(1, 3, 448, 448)).shape == (1, network.features) == (1, 7168)
        assert PooledResNet().features == 4096
        assert count(VqaHead()) == 49_281


def test_resnet_features_are_those_of_torchvision() -> None:
    whole = stirred(ResNet(Bottleneck, list(DEPTHS)))
    network = PooledResNet(layers=(2, 3, 4), depths=DEPTHS).eval()
    load_official(network, whole.state_dict(), resnet_name)
    images = torch.randn(2, 3, 64, 96, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        maps = whole.layer1(whole.maxpool(whole.relu(whole.bn1(whole.conv1(images)))))
        expected = []
        for layer in (whole.layer2, whole.layer3, whole.layer4):
            maps = layer(maps)
            flat = maps.flatten(2).double().numpy()
            expected += [flat.mean(-1), flat.std(-1, ddof=1)]
        found = network(images)
    np.testing.assert_allclose(found, np.concatenate(expected, 1), rtol=1e-4, atol=1e-5)


def test_vsfa_step_by_step() -> None:
    network = stirred(Vsfa(6, 5, 3))
    features = torch.randn(1, 4, 6)
    state = torch.zeros(3)
    rnn = network.rnn
    qualities = []
    for frame in features[0]:
        into = rnn.weight_ih_l0 @ network.ann["fc0"](frame) + rnn.bias_ih_l0
        back = rnn.weight_hh_l0 @ state + rnn.bias_hh_l0
        reset, update = torch.sigmoid(into[:3] + back[:3]), torch.sigmoid(into[3:6] + back[3:6])
        state = (1 - update) * torch.tanh(into[6:] + reset * back[6:]) + update * state
        qualities.append((network.q.weight @ state + network.q.bias).item())
    assert network.frame_qualities(features)[0].tolist() == pytest.approx(qualities, abs=1e-6)


@pytest.mark.parametrize("make", [Vsfa, Bvqa])
def test_padding_changes_no_score(make) -> None:
    network = stirred(make(6, 5, 3))
    features = torch.randn(3, 20, 6)
    lengths = torch.tensor([20, 3, 11])
    together = network(features, lengths)
    alone = [network(one[None, :n]) for one, n in zip(features, lengths, strict=True)]
    for found, expected in zip(
        torch.stack(together).T if make is Bvqa else together[:, None], alone, strict=True
    ):
        expected = torch.cat(expected) if make is Bvqa else expected
        assert torch.allclose(found, expected, atol=1e-6)


def test_bvqa_is_bounded_and_bent() -> None:
    relative, mapped = Bvqa(6, 5, 3)(torch.randn(4, 20, 6) * 10)
    assert ((relative > 0) & (relative < 1)).all()
    assert torch.allclose(mapped, torch.sigmoid(3**0.5 * (2 * relative - 1)))


def test_simplevqa_averages_frames() -> None:
    network = stirred(SimpleVqa(nn.Flatten(), 12 + 2, 4))
    frames, motion = torch.randn(2, 3, 3, 2, 2), torch.randn(2, 3, 2)
    features = torch.cat([frames.flatten(2), motion], -1)
    first, last = network.quality
    weight, bias = last.weight @ first.weight, last.weight @ first.bias + last.bias
    expected = [sum((weight @ frame + bias).item() for frame in video) / 3 for video in features]
    assert network(frames, motion).tolist() == pytest.approx(expected, abs=1e-5)


def test_head_averages_places() -> None:
    head = VqaHead(4, 3).eval()
    maps = torch.randn(2, 4, 2, 3, 5)
    places = maps.flatten(2).transpose(1, 2)
    hidden = nn.functional.gelu(places @ head.fc_hid.weight[:, :, 0, 0, 0].T + head.fc_hid.bias)
    expected = (hidden @ head.fc_last.weight[0, :, 0, 0, 0] + head.fc_last.bias).mean(1)
    assert torch.allclose(head(maps), expected, atol=1e-6)
    head.train()
    assert not torch.allclose(head(maps), expected)


def test_gradients_reach_everything() -> None:
    torch.manual_seed(0)
    features, scores = torch.randn(6, 9, 7), torch.arange(6.0)
    vsfa, bvqa = Vsfa(7, 5, 3), Bvqa(7, 5, 3)
    simple = SimpleVqa(PooledResNet((2, 3, 4), DEPTHS), 7168 + 5, 8)
    assert not without_gradient(vsfa, nn.functional.l1_loss(vsfa(features), scores))
    relative, mapped = bvqa(features)
    assert not without_gradient(bvqa, srcc_loss(relative, scores) + correlation_loss(mapped, scores))
    assert not without_gradient(simple, simple(torch.randn(2, 2, 3, 32, 32), torch.randn(2, 2, 5)).sum())
    head = VqaHead(7, 4)
    assert not without_gradient(head, head(torch.randn(2, 7, 1, 2, 2)).sum())


@pytest.mark.parametrize("wrap", [None, "state_dict", "model_state"])
@pytest.mark.parametrize("prefix", ["", "module."])
def test_wrapped_checkpoints_load(wrap: str | None, prefix: str) -> None:
    source, network = stirred(Vsfa(6, 5, 3)), Vsfa(6, 5, 3)
    tensors: dict = {prefix + name: tensor for name, tensor in source.state_dict().items()}
    load_official(network, {wrap: tensors, "epoch": 3} if wrap else tensors)
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensor, source.state_dict()[name])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda tensors: tensors.pop("q.bias"), "q.bias is missing"),
        (lambda tensors: tensors.update(extra=torch.zeros(1)), "extra is unknown"),
        (lambda tensors: tensors.update({"q.bias": torch.zeros(2)}), r"q.bias is \(2,\), not \(1,\)"),
        (lambda tensors: tensors.clear(), "and 5 more"),
    ],
)
def test_wrong_checkpoints_are_refused(change, said: str) -> None:
    network = Vsfa(6, 5, 3)
    before, tensors = copy.deepcopy(network.state_dict()), stirred(Vsfa(6, 5, 3)).state_dict()
    change(tensors)
    with pytest.raises(GaiaJudgeError, match=said):
        load_official(network, tensors)
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())


def test_counters_of_batches_may_be_missing() -> None:
    source, network = stirred(PooledResNet(depths=DEPTHS)), PooledResNet(depths=DEPTHS)
    tensors = {n: t for n, t in source.state_dict().items() if not n.endswith("num_batches_tracked")}
    load_official(network, tensors)
    assert torch.equal(network.bn1.running_var, source.bn1.running_var)
