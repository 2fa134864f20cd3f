"""The training loop: it learns, chooses by validation, goes on after a stop, repeats itself to the bit."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch

from gaia_judge.agreement.correlations import srcc
from gaia_judge.baselines import loops
from gaia_judge.baselines.checkpoints import read_parts
from gaia_judge.baselines.loops import NetworkLearner
from gaia_judge.baselines.trainings import Training, make_optimiser
from gaia_judge.errors import GaiaJudgeError
from tests.learners import NETWORK, TRAINING, lesson, vectors


def learnt(training=TRAINING, network=NETWORK, **more):
    return NetworkLearner(network, training).fit(replace(lesson(), **more))


def same(left, right):
    left, right = left.state(), right.state()
    return left.keys() == right.keys() and all(np.array_equal(left[name], right[name]) for name in left)


def test_it_learns_what_can_be_learnt_and_nothing_of_shuffled_scores():
    features, scores = vectors(40, seed=1)
    training = replace(TRAINING, epochs=60)
    assert srcc(learnt(training).predict(features), scores) > 0.9
    shuffled = replace(lesson(), scores=np.random.default_rng(3).permutation(lesson().scores))
    assert abs(srcc(NetworkLearner(NETWORK, training).fit(shuffled).predict(features), scores)) < 0.5


def test_predictions_are_on_peoples_scale():
    features, scores = vectors(40, seed=1)
    predicted = learnt(replace(TRAINING, epochs=60)).predict(features)
    assert np.abs(predicted - scores).mean() < 4
    assert 40 < predicted.mean() < 60


def test_equal_seeds_repeat_to_the_bit_and_others_do_not():
    assert same(learnt(seed=4), learnt(seed=4))
    assert not same(learnt(seed=4), learnt(seed=5))


def test_the_callers_random_numbers_are_left_alone():
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    learnt()
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize("optimiser", ["adam", "adamw", "sgd"])
@pytest.mark.parametrize("stop", [1, 5, 11])
def test_a_stopped_training_goes_on_to_the_very_same_weights(tmp_path, monkeypatch, optimiser, stop):
    monkeypatch.setattr(loops, "SAVE_SECONDS", 0.0)
    features, scores = vectors(20, seed=2)
    training = replace(TRAINING, optimiser=optimiser, momentum=0.9, average=0.9, factor=0.5, step=4)
    chosen = (features, scores)
    whole = learnt(training, chosen_by=chosen)

    class StopError(Exception):
        pass

    said = []

    def say(text):
        said.append(text)
        if len(said) > stop:
            raise StopError

    with pytest.raises(StopError):
        learnt(training, chosen_by=chosen, folder=tmp_path, say=say)
    again = []
    resumed = learnt(training, chosen_by=chosen, folder=tmp_path, say=again.append)
    assert len(again) == training.epochs - stop
    assert same(whole, resumed)


def test_what_was_begun_of_another_lesson_is_not_continued(tmp_path, monkeypatch):
    monkeypatch.setattr(loops, "SAVE_SECONDS", 0.0)
    begun = lesson(folder=tmp_path)
    NetworkLearner(NETWORK, TRAINING).fit(begun)
    for changed, training in [
        (replace(begun, scores=-begun.scores), TRAINING),
        (replace(begun, features=begun.features[::-1]), TRAINING),
        (replace(begun, chosen_by=vectors(9)), TRAINING),
        (replace(begun, seed=1), TRAINING),
        (begun, replace(TRAINING, rate=0.01)),
    ]:
        said = []
        found = NetworkLearner(NETWORK, training).fit(replace(changed, say=said.append))
        assert "another lesson" in said[0]
        assert same(found, NetworkLearner(NETWORK, training).fit(replace(changed, folder=None)))


@pytest.mark.parametrize("keep", [0, 100, -1])
def test_what_was_begun_and_damaged_begins_anew(tmp_path, monkeypatch, keep):
    monkeypatch.setattr(loops, "SAVE_SECONDS", 0.0)
    whole, file = learnt(TRAINING, folder=tmp_path), tmp_path / "training.safetensors"
    file.write_bytes(file.read_bytes()[:keep])
    said = []
    assert same(whole, learnt(TRAINING, folder=tmp_path, say=said.append))
    assert "damaged, so it begins anew" in said[0]
    assert len(said) == 1 + TRAINING.epochs


def test_the_epoch_is_kept_that_ranks_the_videos_to_choose_by_best():
    features, scores = vectors(30, seed=5)
    training = replace(TRAINING, epochs=8, rate=0.05)
    found = []
    for epochs in range(1, 9):
        one = learnt(replace(training, epochs=epochs))
        found.append(srcc(one.predict(features), -scores))
    best = int(np.argmax(found))
    assert best < 7  # else the last would do, and nothing were tested
    chosen = learnt(training, chosen_by=(features, -scores))
    assert same(chosen, learnt(replace(training, epochs=best + 1)))


@pytest.mark.parametrize("chosen", [vectors(1), (vectors(9)[0], np.full(9, 3.0))])
@pytest.mark.parametrize("patience", [None, 2])
def test_where_no_ranking_is_defined_the_last_epoch_is_kept(chosen, patience):
    training = replace(TRAINING, average=0.9, patience=patience)
    assert same(learnt(training, chosen_by=chosen), learnt(training))


class Counted(Sequence):
    """Features that count how often one was looked at."""

    def __init__(self, features):
        self.features, self.looks = features, 0

    def __getitem__(self, at):
        self.looks += 1
        return self.features[at]

    def __len__(self):
        return len(self.features)


def test_features_that_fit_into_memory_are_read_once_however_many_epochs(monkeypatch):
    def looks():
        taught, judged = (Counted(vectors(count)[0]) for count in (60, 9))
        learnt(features=taught, chosen_by=(judged, vectors(9)[1]))
        return taught.looks, judged.looks

    few = looks()
    assert max(few[0] / 60, few[1] / 9) < 2
    monkeypatch.setattr(loops, "MEMORY_BYTES", 0)
    many = looks()
    assert min(many[0] / 60, many[1] / 9) >= TRAINING.epochs


def test_a_stopped_training_goes_on_where_its_weights_are(tmp_path, monkeypatch):
    """A file knows no device, so that tensors of other types stand for those of another device."""
    monkeypatch.setattr(loops, "SAVE_SECONDS", 0.0)
    training = replace(TRAINING, average=0.9)
    asked = {"folder": tmp_path, "chosen_by": vectors(9)}
    whole = learnt(training, **asked)

    def elsewhere(file):
        parts, told = read_parts(file)
        wide = {part: {name: one.double() for name, one in parts[part].items()} for part in parts}
        return {**parts, "average": wide["average"], "kept": wide["kept"]}, {**told, "epoch": 11}

    monkeypatch.setattr(loops, "read_parts", elsewhere)
    again = learnt(training, **asked).state()
    assert {array.dtype for array in again.values()} == {array.dtype for array in whole.state().values()}


def test_training_stops_when_nothing_gets_better():
    features, scores = vectors(30, seed=5)
    said = []
    training = replace(TRAINING, epochs=200, rate=0.05, patience=5)
    learnt(training, chosen_by=(features, -scores), say=said.append)
    assert len(said) < 60


def test_the_moving_average_is_what_has_been_learnt():
    slow = learnt(replace(TRAINING, average=0.9999999))
    start = learnt(replace(TRAINING, rate=0.0))
    for name, array in start.state().items():
        assert np.allclose(array, slow.state()[name], atol=1e-4)
    assert not same(learnt(replace(TRAINING, average=0.5)), learnt())


def test_the_state_restores_the_same_predictor():
    features, _ = vectors(10, seed=6)
    learner = NetworkLearner(NETWORK, TRAINING)
    fitted = learner.fit(lesson())
    restored = learner.restore(fitted.state())
    assert np.array_equal(fitted.predict(features), restored.predict(features))


def test_what_is_prepared_stands_in_buffers_of_any_size_and_is_restored():
    def prepare(module, features, scores, given):
        module.register_buffer("exemplars", torch.tensor(scores[:5]))

    network = replace(NETWORK, prepare=prepare)

    def build():
        module = NETWORK.build()
        module.register_buffer("exemplars", torch.zeros(0, dtype=torch.float64))
        return module

    learner = NetworkLearner(replace(network, build=build), TRAINING)
    fitted = learner.fit(lesson())
    low, high = lesson().scores.min(), lesson().scores.max()
    restored = learner.restore(fitted.state()).module.exemplars.numpy()
    assert np.allclose(restored * (high - low) + low, lesson().scores[:5])


def test_a_video_is_scored_the_same_whoever_is_asked_for_beside_it():
    features, _ = vectors(10, seed=6)
    fitted = learnt()
    assert fitted.predict(features)[3] == fitted.predict(features[3:4])[0]


def test_rates():
    assert Training(epochs=9, batch=1, rate=2.0, warmup=4).rate_at(1) == 0.5
    half = Training(epochs=9, batch=1, rate=2.0, cosine=True, warmup=1).rate_at(5)
    assert half == pytest.approx(1.0)
    assert Training(epochs=9, batch=1, rate=2.0, cosine=True).rate_at(9) == pytest.approx(0.0)
    assert [
        Training(epochs=9, batch=1, rate=8.0, factor=0.5, step=2).rate_at(at) for at in (0, 1.9, 2, 5)
    ] == [
        8.0,
        8.0,
        4.0,
        2.0,
    ]


def test_each_step_takes_the_rate_of_its_moment(monkeypatch):
    training = Training(epochs=4, batch=8, rate=0.5, warmup=1, cosine=True)
    rates = []

    def spied(module, training):
        optimiser = make_optimiser(module, training)
        optimiser.register_step_pre_hook(lambda one, *_: rates.append(one.param_groups[0]["lr"]))
        return optimiser

    monkeypatch.setattr(loops, "make_optimiser", spied)
    learnt(training)  # 60 videos: 8 steps an epoch
    expected = [0.5 * at / 8 for at in range(8)]
    expected += [0.25 * (1 + np.cos(np.pi * at / 24)) for at in range(24)]
    assert rates == pytest.approx(expected)


@pytest.mark.parametrize(
    ("name", "kind", "momentum"),
    [("adam", torch.optim.Adam, None), ("adamw", torch.optim.AdamW, None), ("sgd", torch.optim.SGD, 0.7)],
)
def test_optimisers_have_the_settings_of_the_training(name, kind, momentum):
    module = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Linear(2, 1))
    module[0].requires_grad_(False)
    training = Training(epochs=1, batch=1, rate=0.3, optimiser=name, weight_decay=0.02, momentum=0.7)
    made = make_optimiser(module, training)
    assert type(made) is kind
    (group,) = made.param_groups
    assert (group["lr"], group["weight_decay"], group.get("momentum")) == (0.3, 0.02, momentum)
    assert [id(one) for one in group["params"]] == [id(one) for one in module[1].parameters()]


def test_a_network_without_a_scale_gets_peoples_by_all_training_videos():
    network = replace(NETWORK, scale_free=True)
    features, scores = vectors(60)
    found = learnt(network=network).predict(features)
    assert found.mean() == pytest.approx(scores.mean(), rel=1e-5)
    assert found.std() == pytest.approx(scores.std(), rel=1e-5)


def test_scores_that_are_all_equal_teach_nothing():
    flat = replace(lesson(), scores=np.full(60, 3.0))
    with pytest.raises(GaiaJudgeError, match="all equal"):
        NetworkLearner(NETWORK, TRAINING).fit(flat)
