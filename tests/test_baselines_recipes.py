"""The recipes of the trained metrics: each learns, restores, goes on, and scores videos one by one."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from gaia_judge.agreement.correlations import srcc
from gaia_judge.baselines import (
    actionnets,
    bvqas,
    cores,
    dovers,
    fastvqas,
    loops,
    simplevqas,
    tsas,
    usdls,
    vsfas,
)
from gaia_judge.baselines.fits import Course, Held, test
from gaia_judge.baselines.loops import NetworkLearner
from gaia_judge.baselines.networks.trees import Leaves
from gaia_judge.baselines.trainings import Training
from gaia_judge.protocols import Protocol
from tests.networks import count
from tests.recipes import SMALL, lesson

test.__test__ = False

METRICS = {
    "usdl": usdls.USDL,
    "usdl-expected": usdls.USDL_EXPECTED,
    "core": cores.CORE,
    "tsa": tsas.TSA,
    "action-net": actionnets.ACTIONNET,
    "vsfa": vsfas.VSFA,
    "bvqa": bvqas.BVQA,
    "simplevqa": simplevqas.SIMPLEVQA,
    "fast-vqa": fastvqas.FASTVQA,
    "dover": dovers.DOVER,
}
SCALE_FREE = ("bvqa", "fast-vqa", "dover")
BY_ACTION = Protocol(name="p", by="action", splits=1, test_share=0.25, seed=7)


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(params=SMALL)
def small(request):
    return SMALL[request.param]


def same(left, right):
    left, right = left.state(), right.state()
    return left.keys() == right.keys() and all(np.array_equal(left[name], right[name]) for name in left)


def brief(small, epochs=4, **more):
    return NetworkLearner(small.network, Training(epochs=epochs, batch=8, rate=0.01, **more))


def test_learners_beat_shuffled_scores_on_held_out_actions(small):
    features, scores = small.draw(48)
    index = pd.Index([f"v{at}" for at in range(48)], name="video")
    facts = pd.DataFrame({"generator": "g", "action": [f"a{at % 12}" for at in range(48)]}, index=index)
    right = Course(
        learner=small.learner,
        features=Held(tuple(features)),
        mos=pd.DataFrame({"subject": scores}, index=index),
        facts=facts,
        division=BY_ACTION,
    )
    shuffled = np.random.default_rng(2).permutation(scores)
    wrong = replace(right, mos=pd.DataFrame({"subject": shuffled}, index=index))
    (good,), (bad,) = (list(test(asked)) for asked in (right, wrong))
    known = scores[list(good.rows)]
    assert good.srcc > 0.7
    assert (srcc(bad.predicted, known) or 0) < good.srcc - 0.2
    assert abs(good.predicted.mean() - known.mean()) < 6  # on people's scale
    assert 0.4 < good.predicted.std() / known.std() < 2


@pytest.mark.parametrize("name", SCALE_FREE)
def test_losses_without_a_scale_get_the_mean_and_deviation_of_the_training_scores(name):
    small = SMALL[name]
    given = lesson(small, 20)
    predicted = brief(small).fit(given).predict(given.features)
    assert predicted.mean() == pytest.approx(given.scores.mean())
    assert predicted.std() == pytest.approx(given.scores.std())


@pytest.mark.parametrize("name", SCALE_FREE)
def test_a_video_alone_in_its_batch_leaves_the_weights_alone(name):
    small = SMALL[name]
    module = small.network.build()
    inputs = small.network.collate(small.draw(1)[0])
    loss = small.network.loss(module, inputs, torch.tensor([0.5]))
    loss.backward()
    assert loss == 0
    assert all(torch.equal(one.grad, torch.zeros_like(one)) for one in module.parameters())


def test_the_state_restores_the_same_predictor(small):
    learner = brief(small)
    fitted = learner.fit(lesson(small, 20))
    features, _ = small.draw(5, seed=1)
    restored = learner.restore(fitted.state())
    assert same(fitted, restored)
    assert np.array_equal(fitted.predict(features), restored.predict(features))


def test_a_stopped_training_goes_on_to_the_very_same_weights(small, tmp_path, monkeypatch):
    monkeypatch.setattr(loops, "SAVE_SECONDS", 0.0)
    learner = brief(small, epochs=4, average=0.5)
    whole = learner.fit(lesson(small, 20))

    def stop(text):
        if text.startswith("epoch 3"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        learner.fit(lesson(small, 20, folder=tmp_path, say=stop))
    again = []
    resumed = learner.fit(lesson(small, 20, folder=tmp_path, say=again.append))
    assert len(again) == 2
    assert same(whole, resumed)


def test_videos_of_any_length_score_the_same_in_a_batch_and_alone(small):
    fitted = brief(small, epochs=1).fit(lesson(small, 20))
    features, _ = small.draw(6, seed=1)
    with torch.inference_mode():
        together = small.network.score(fitted.module, small.network.collate(features))
        alone = [small.network.score(fitted.module, small.network.collate([one]))[0] for one in features]
    assert torch.allclose(together, torch.stack(alone), rtol=1e-5, atol=1e-6)


SHAPES = {
    "usdl": ({"clips": (10, 1024)}, 308_325),
    "usdl-expected": ({"clips": (10, 1024)}, 308_325),
    "core": ({"clips": (10, 1024)}, 2_510_382),
    "tsa": ({"maps": (9, 1024, 16)}, 295_053),
    "action-net": ({"clips": (26, 1024), "images": (80, 2048)}, 3_542_787),
    "vsfa": ({"features": (32, 4096)}, 540_001),
    "bvqa": ({"features": (32, 4608)}, 605_539),
    "simplevqa": ({"space": (8, 7168), "motion": (8, 2304)}, 1_212_673),
    "fast-vqa": ({"maps": (4, 768, 7, 7)}, 49_281),
    "dover": ({"technical": (3, 768, 7, 7), "aesthetic": (1, 768, 7, 7)}, 98_562),
}


@pytest.mark.parametrize("name", METRICS)
def test_official_sizes(name):
    shapes, parameters = SHAPES[name]
    network = METRICS[name].recipe.learner.network
    with torch.device("meta"):
        module = network.build().eval()
        inputs = {one: torch.empty(2, *shape) for one, shape in shapes.items()}
        if name in ("vsfa", "bvqa"):
            inputs["lengths"] = torch.empty(2, dtype=torch.long)
        if name == "core":
            module.exemplars, module.labels = torch.empty(10, 1024), torch.empty(10)
            module.edges = torch.empty(17)
        if name == "tsa":
            module.exemplars, module.labels = torch.empty(10, 9, 1024, 16), torch.empty(10)
        assert network.score(module, inputs).shape == (2,)
    assert count(module) == parameters


@pytest.mark.parametrize("name", METRICS)
def test_metrics_say_what_they_are(name):
    metric = METRICS[name]
    assert metric.name == name
    assert metric.fidelity == ("library-equivalent" if name == "vsfa" else "adapted")
    assert metric.frames.every
    assert metric.family == ("vqa" if name in (*SCALE_FREE, "simplevqa", "vsfa") else "aqa")
    assert metric.weights[-1].non_commercial == (name == "dover")
    assert len(metric.about) < 100


def exemplars_of(fitted, features, name):
    """The rows of the training videos that stand as exemplars."""
    rows = []
    for one in fitted.module.exemplars.numpy():
        made = [video["clips"].mean(0) if name == "core" else video["maps"] for video in features]
        rows.append(next(row for row, array in enumerate(made) if np.array_equal(array, one)))
    return rows


@pytest.mark.parametrize("name", ["core", "tsa"])
def test_exemplars_are_ten_training_videos_with_their_scores(name):
    given = lesson(SMALL[name], 20)
    low, high = given.scores.min(), given.scores.max()
    fitted = brief(SMALL[name]).fit(given)
    rows = exemplars_of(fitted, given.features, name)
    assert len(set(rows)) == 10
    labels = fitted.module.labels.numpy() / 100 * (high - low) + low
    assert labels == pytest.approx(given.scores[rows], rel=1e-5)
    other = brief(SMALL[name]).fit(replace(given, seed=1))
    assert exemplars_of(other, given.features, name) != rows
    few = replace(given, features=given.features[:6], scores=given.scores[:6])
    assert len(brief(SMALL[name]).fit(few).module.labels) == 6


def test_core_is_the_mean_over_exemplars_one_by_one():
    small = SMALL["core"]
    given = lesson(small, 20)
    fitted = brief(small).fit(given)
    module, low, high = fitted.module, given.scores.min(), given.scores.max()
    video = small.draw(1, seed=3)[0][0]
    target = torch.from_numpy(video["clips"]).mean(0)
    found = []
    for exemplar, label in zip(module.exemplars, module.labels, strict=True):
        pair = torch.cat([exemplar, target, label[None] / 100])
        with torch.inference_mode():
            chances, places = (one[0] for one in module.tree(pair[None]))
        leaf = int(chances.argmax())
        left, right = module.edges[leaf], module.edges[leaf + 1]
        found.append(float(label + left + (right - left) * places[leaf]))
    expected = np.mean(found) / 100 * (high - low) + low
    assert fitted.predict([video])[0] == pytest.approx(expected, rel=1e-5)


def test_the_edges_of_core_are_those_of_all_pairs_of_training_videos():
    small = SMALL["core"]
    given = lesson(small, 20)
    points = (given.scores - given.scores.min()) / np.ptp(given.scores) * 100
    pairs = [points[i] - points[j] for i in range(20) for j in range(i)]
    edges = brief(small).fit(given).module.edges
    assert torch.allclose(edges, Leaves.fit(pairs, 4, 100.0).edges.float(), rtol=1e-5)
    assert len(edges) == 5


def test_tsa_is_the_mean_over_exemplars_one_by_one():
    small = SMALL["tsa"]
    given = lesson(small, 20)
    fitted = brief(small).fit(given)
    module, low, high = fitted.module, given.scores.min(), given.scores.max()
    video = small.draw(1, seed=3)[0][0]
    target = torch.from_numpy(video["maps"]).float()[None]
    with torch.inference_mode():
        found = [
            float(label + module.tsa(target, one.float()[None])[0])
            for one, label in zip(module.exemplars, module.labels, strict=True)
        ]
    expected = np.mean(found) / 100 * (high - low) + low
    assert fitted.predict([video])[0] == pytest.approx(expected, rel=1e-5)


def test_usdl_takes_the_likeliest_level_or_the_expected_one():
    module = torch.nn.Module()
    chances = torch.zeros(1, 101)
    chances[0, 20], chances[0, 70], chances[0, 80] = 0.4, 0.3, 0.3
    module.forward = lambda clips: (chances + 1e-30).log()
    inputs = {"clips": torch.zeros(1, 10, 4)}
    assert usdls.score_likeliest(module, inputs).item() == pytest.approx(0.2)
    assert usdls.score_expected(module, inputs).item() == pytest.approx(0.4 * 0.2 + 0.3 * 0.7 + 0.3 * 0.8)


def test_training_of_fast_vqa_sees_one_clip_and_a_test_the_mean_of_all():
    head = torch.nn.Module()
    head.forward = lambda maps: maps.mean((1, 2, 3, 4))
    maps = torch.arange(4.0)[None, :, None, None, None].expand(200, 4, 12, 3, 3)
    torch.manual_seed(0)
    seen = fastvqas.head_scores(head.train(), maps)
    assert sorted(set(seen.tolist())) == [0, 1, 2, 3]
    assert fastvqas.head_scores(head.eval(), maps).tolist() == [1.5] * 200


def test_dover_is_the_sum_of_its_branches():
    small = SMALL["dover"]
    module = small.network.build().eval()
    inputs = small.network.collate(small.draw(3)[0])
    technical, aesthetic = (
        torch.stack([module[name](clip[:, :, None]).mean() for clip in inputs[name]])
        for name in ("technical", "aesthetic")
    )
    assert torch.allclose(small.network.score(module, inputs), technical + aesthetic, atol=1e-6)


def test_simplevqa_counts_the_last_second_until_there_are_eight():
    small = SMALL["simplevqa"]
    module = small.network.build()
    (video,) = (one for one in small.draw(3)[0][2:])
    batch = small.network.collate([video])
    for name in ("space", "motion"):
        rows = [video[name][min(at, len(video[name]) - 1)] for at in range(8)]
        assert np.array_equal(batch[name][0].numpy(), rows)
    with torch.inference_mode():
        each = [module.quality(torch.cat([s, m])) for s, m in zip(*(batch[n][0] for n in batch), strict=True)]
        assert small.network.score(module, batch).item() == pytest.approx(float(sum(each)) / 8, rel=1e-4)
