"""Starts: the authors' heads are read out of their checkpoints, and training begins with them."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from gaia_judge.agreement.correlations import srcc
from gaia_judge.baselines import Setting, bvqas, dovers, fastvqas, simplevqas, vsfas
from gaia_judge.baselines.loops import NetworkLearner
from gaia_judge.baselines.networks.keys import load_official
from gaia_judge.baselines.starts import Start, under
from gaia_judge.baselines.vsfas import load_pooled
from gaia_judge.baselines.weights import Weights
from gaia_judge.cli import ls
from gaia_judge.cli.materials import _started, read_setting
from gaia_judge.errors import GaiaJudgeError
from tests.learners import NETWORK, TRAINING, lesson, vectors
from tests.networks import official, stirred

METRICS = {
    "vsfa": (vsfas.VSFA, "vsfa", "vsfa"),
    "bvqa": (bvqas.BVQA, "bvqa", "bvqa"),
    "simplevqa": (simplevqas.SIMPLEVQA, "resnet50", "simplevqa"),
    "fast-vqa": (fastvqas.FASTVQA, "fast-vqa", "fastvqa"),
    "dover": (dovers.DOVER, "dover", "dover"),
}
"""Metric, name of its weights, and the list of the official checkpoint's keys."""


@pytest.fixture
def checkpoint(tmp_path):
    """Write the head of an official checkpoint, with one tensor of what it stands beside."""

    def write(keys):
        chance = torch.Generator().manual_seed(1)
        shapes = {name: tensor.shape for name, tensor in official(keys).items() if tensor.numel() < 2e6}
        tensors = {name: torch.randn(shape, generator=chance) for name, shape in shapes.items()}
        file = tmp_path / f"{keys}.pth"
        torch.save({"state_dict": tensors}, file)
        return file, tensors

    return write


@pytest.mark.parametrize("name", METRICS)
def test_a_head_in_own_weights_is_where_training_starts(checkpoint, name):
    metric, weights, keys = METRICS[name]
    file, tensors = checkpoint(keys)
    learner = _started(metric.recipe.learner, metric, Setting(weights={weights: file}))
    module = learner.network.build()
    load_official(module, learner.start)
    expected = metric.recipe.start.rename
    heads = {expected(key): tensor for key, tensor in tensors.items() if expected(key) is not None}
    assert heads.keys() == dict(module.named_parameters()).keys()
    for key, parameter in module.named_parameters():
        factor = 100 if name == "simplevqa" and key.startswith("quality.1.") else 1
        assert torch.allclose(parameter * factor, heads[key])
    assert learner.describe()["start"] not in ("anew", metric.recipe.learner.describe()["start"])


@pytest.mark.parametrize("name", ["fast-vqa", "simplevqa"])
def test_without_a_head_in_the_file_it_starts_anew(tmp_path, name):
    metric, weights, _ = METRICS[name]
    file = tmp_path / "backbone.pth"
    torch.save({"conv1.weight": torch.zeros(3)}, file)
    learner = _started(metric.recipe.learner, metric, Setting(weights={weights: file}))
    assert learner.start is None
    assert learner.describe()["start"] == "anew"


@pytest.mark.parametrize("name", ["vsfa", "bvqa"])
def test_heads_alone_are_never_looked_for_and_their_names_are_known(name):
    metric, weights, _ = METRICS[name]
    assert _started(metric.recipe.learner, metric, Setting()).start is None
    given = {"weights": [f"{weights}=x.pt"], "device": "cpu", "non_commercial": False}
    assert weights in read_setting(given, metric).weights
    with pytest.raises(GaiaJudgeError, match=r"x\.pt is no file"):
        _started(metric.recipe.learner, metric, read_setting(given, metric))


def test_another_head_is_refused_before_any_video_is_decoded(checkpoint):
    file, _ = checkpoint("bvqa")
    with pytest.raises(GaiaJudgeError, match="not of Vsfa"):
        _started(vsfas.VSFA.recipe.learner, vsfas.VSFA, Setting(weights={"vsfa": file}))


def test_training_that_hardly_moves_predicts_as_the_start_does():
    features, scores = vectors(30, seed=5)
    torch.manual_seed(3)
    start = {name: tensor.clone() for name, tensor in NETWORK.build().state_dict().items()}
    still = replace(TRAINING, epochs=2, rate=1e-12)
    found = NetworkLearner(NETWORK, still, start).fit(lesson())
    for name, tensor in start.items():
        assert torch.allclose(found.module.state_dict()[name], tensor, atol=1e-6)
    good = NetworkLearner(NETWORK, replace(TRAINING, epochs=60)).fit(lesson()).module.state_dict()
    began = NetworkLearner(NETWORK, still, good).fit(lesson())
    assert srcc(began.predict(features), scores) > 0.9
    assert srcc(NetworkLearner(NETWORK, still).fit(lesson()).predict(features), scores) < 0.9


def test_a_start_is_part_of_what_a_lesson_teaches(tmp_path, monkeypatch):
    monkeypatch.setattr("gaia_judge.baselines.loops.SAVE_SECONDS", 0.0)
    start = NETWORK.build().state_dict()
    NetworkLearner(NETWORK, TRAINING, start).fit(lesson(folder=tmp_path))
    said = []
    NetworkLearner(NETWORK, TRAINING).fit(lesson(folder=tmp_path, say=said.append))
    assert "another lesson" in said[0]


def test_simplevqas_checkpoint_is_a_resnet_too(tmp_path):
    from gaia_judge.baselines.networks.resnets import PooledResNet

    network = stirred(PooledResNet(layers=(2, 3, 4)))
    head = {"quality.0.weight": torch.zeros(128, 9472), "quality.0.bias": torch.zeros(128)}
    torch.save({**network.state_dict(), **head}, tmp_path / "simple.pth")
    setting = Setting(weights={"resnet50": tmp_path / "simple.pth"})
    images = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        np.testing.assert_array_equal(load_pooled(setting, (2, 3, 4))(images), network(images))


def test_the_last_layer_is_brought_to_scores_between_0_and_1(tmp_path):
    torch.save({"q.0.bias": torch.tensor([3.0]), "q.1.bias": torch.tensor([50.0])}, tmp_path / "head.pth")
    weights = Weights(name="net", licence="")
    start = Start(weights=weights, rename=under("q.", "quality."), last="quality.1.", highest=100.0)
    found = start.read(Setting(weights={"net": tmp_path / "head.pth"}))
    assert {name: one.tolist() for name, one in found.items()} == {
        "quality.0.bias": [3.0],
        "quality.1.bias": [0.5],
    }


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("vsfa", "anew, or from --weights vsfa=PATH"),
        ("dover", "from the head in the file of dover, anew if it holds none"),
        ("core", "anew"),
        ("tlvqm", None),
        ("clip-b32", None),
    ],
)
def test_the_list_of_metrics_says_where_heads_start(name, said):
    rows = json.loads(json.dumps([ls._metric(ls.find_metric(name))]))
    assert rows[0]["head_starts"] == said
