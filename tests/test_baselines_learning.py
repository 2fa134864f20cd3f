"""On drawn clips, with random frozen backbones, each recipe learns what carries over to other actions."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.stats import spearmanr

from benchmarks import backbones, learning
from gaia_judge.agreement.correlations import srcc

SEED = 1
"""Another than the one that sizes, backbones and trainings were chosen with."""
MOST = {name: 80 for name in learning.LEARNERS if name != "action-net"}
"""Clips of the 120 that recipes look at, for speed.

ACTION-NET gets them all: on a draw of 80 with this very seed it reached .21, on another .58.
"""
LEAST = 0.35


@pytest.fixture(scope="session")
def drawn(tmp_path_factory):
    """Clips drawn and described once."""
    threads = torch.get_num_threads()
    with pytest.MonkeyPatch.context() as patch:
        backbones.make_smaller(patch.setattr)
        torch.set_num_threads(1)  # the layers are small
        try:
            return learning.draw(tmp_path_factory.mktemp("learning"), seed=SEED, most=MOST)
        finally:
            torch.set_num_threads(threads)


@pytest.mark.slow
@pytest.mark.parametrize("name", learning.LEARNERS)
def test_a_recipe_ranks_clips_of_other_actions_and_better_than_from_shuffled_scores(drawn, name):
    right = learning.held_out(drawn, name)
    assert srcc(*right) >= LEAST
    assert learning.advantage(drawn, right, learning.held_out(drawn, name, shuffle=0))[0] > 0


@pytest.mark.slow
@pytest.mark.parametrize(("name", "count"), [("usdl", 80), ("action-net", 120)])
def test_each_clip_is_held_out_once(drawn, name, count):
    people, ridge = learning.held_out(drawn, name, learning.Ridge())
    assert len(people) == count
    assert np.isfinite(ridge).all()


class Reader:
    """Knows the clips that it was taught, by the one number of each, and answers 1 for those."""

    def fit(self, lesson):
        self.taught = {one["vector"][0] for one in lesson.features}
        return self

    def predict(self, features):
        return np.array([float(one["vector"][0] in self.taught) for one in features])


class Line:
    """Takes the first number of a clip for its score, up or down as in what it was taught."""

    def fit(self, lesson):
        numbers = [one["vector"][0] for one in lesson.features]
        self.slope = np.polyfit(numbers, lesson.scores, 1)[0]
        return self

    def predict(self, features):
        return np.array([self.slope * one["vector"][0] for one in features])


def made(tells=1.0, seed=0):
    """Return clips with one number each, which tells the score, and no features else."""
    chance = np.random.default_rng(seed)
    names = [f"(maker {generator})_(action {action})" for generator in range(4) for action in range(20)]
    numbers = chance.normal(size=len(names))
    scores = 50 + 10 * (tells * numbers + chance.normal(size=len(names)))
    facts = pd.DataFrame(
        {
            "generator": [name.split(")")[0] for name in names],
            "action": [name.split("(")[2] for name in names],
        },
        index=pd.Index(names, name="video"),
    )
    features = {"made": [{"vector": np.array([number])} for number in numbers]}
    return learning.Drawn(pd.Series(scores, names), facts, features)


def test_no_clip_is_predicted_by_what_was_taught_it():
    assert learning.held_out(made(), "made", Reader())[1].sum() == 0


def test_shuffled_scores_teach_and_those_of_people_test():
    clips = made(tells=3.0)
    people, _ = learning.held_out(clips, "made", Line(), shuffle=0)
    assert people.tolist() == clips.mos.tolist()


@pytest.mark.parametrize(("tells", "established"), [(3.0, True), (0.0, False)])
def test_an_advantage_is_established_where_features_tell_the_score_alone(tells, established):
    clips = made(tells)
    right = learning.held_out(clips, "made", Line())
    chance = np.random.default_rng(1).normal(size=len(clips.mos))
    low, high = learning.advantage(clips, right, np.stack([right[0], chance]))
    assert (low > 0) == established
    assert low < srcc(*right) - srcc(right[0], chance) < high


def test_whole_actions_are_drawn_again():
    """With one action nothing can vary: the interval is the difference itself."""
    chance = np.random.default_rng(0)
    better, worse = chance.normal(size=(2, 2, 12))
    facts = pd.DataFrame({"action": ["one"] * 12}, index=pd.Index(range(12), name="video"))
    expected = spearmanr(*better)[0] - spearmanr(*worse)[0]
    found = learning.advantage(SimpleNamespace(facts=facts), better, worse, draws=20)
    assert found == pytest.approx([expected, expected])


def test_a_clip_that_stands_still_does_not_change():
    clip = torch.rand(1, 3, 1, 8, 8).expand(1, 3, 4, 8, 8).clone()
    clip[:, :, 2:] += 0.1
    found = backbones.changes(clip)
    assert found.abs().amax((0, 1, 3, 4)).tolist() == pytest.approx([0, 0, 0.1 * backbones.GAIN, 0])
    assert backbones.changes(clip[0].transpose(0, 1)).equal(found[0].transpose(0, 1))


class Look(torch.nn.Module):
    """Counts how often it is asked."""

    asked = 0

    def forward(self, clips):
        self.asked += 1
        return clips * 3 + 5


def test_a_levelled_network_gives_deviations_and_looks_once_at_the_same_clip():
    network = backbones.Levelled(Look())
    clips = torch.randn(4, 2, 1, 6, 6)
    network.level([network(clips[at : at + 1])[:, :, 0].numpy() for at in range(4)])
    found = torch.cat([network(clips[at : at + 1]) for at in range(4)])
    assert network.network.asked == 4
    assert found.mean((0, 2, 3, 4)).tolist() == pytest.approx([0, 0], abs=1e-5)
    assert found.std((0, 2, 3, 4)).tolist() == pytest.approx([1, 1], abs=1e-2)
