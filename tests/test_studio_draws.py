"""Draws: where a judge is unsure, with probabilities that hold, and labels that may be weighted by them."""

import json

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from gaia_judge.cli import cli
from gaia_judge.errors import GaiaJudgeError
from gaia_judge.leaderboards.labels import weigh_labels
from gaia_judge.people import read_human
from gaia_judge.scores import ScoreTable
from gaia_judge.studio.creations import _ticket
from gaia_judge.studio.draws import EVEN, draw, probabilities, uncertainties
from gaia_judge.studio.exports import read_votes, write_export

WORDS = ["Bad", "Poor", "Fair", "Good", "Excellent"]


def table(distributions, dimension="subject"):
    return pd.DataFrame(
        {
            "video": list(distributions),
            "dimension": dimension,
            "value": 3.0,
            "rater": "judge",
            "generator": [f"maker {int(name[4:]) % 2}" for name in distributions],
            "action": list(distributions),
            "distribution": [one and json.dumps(one) for one in distributions.values()],
        }
    )


@pytest.mark.parametrize("labels", [WORDS, ["1", "2", "3", "4", "5"], ["1", "3", "5", "4", "2"]])
def test_uncertainty_is_the_spread_over_the_levels(labels):
    shares = [0.1, 0.2, 0.4, 0.2, 0.1]
    places = np.array([float(one) for one in labels]) / 4 - 0.25 if labels[0] == "1" else np.arange(5) / 4
    expected = np.sqrt(np.average((places - np.average(places, weights=shares)) ** 2, weights=shares))
    sure = {label: float(label == labels[0]) for label in labels}
    scores = ScoreTable.from_pandas(table({"clip0": dict(zip(labels, shares, strict=True)), "clip1": sure}))
    found = uncertainties(scores, "test")
    assert found == pytest.approx({"clip0": expected, "clip1": 0.0})


def test_dimensions_are_joined_by_the_mean_square():
    half, sure = {"No": 0.5, "Yes": 0.5}, {"No": 0.0, "Yes": 1.0}
    scores = pd.concat([table({"clip0": half}), table({"clip0": sure}, "interaction")])
    assert uncertainties(ScoreTable.from_pandas(scores), "test")["clip0"] == pytest.approx(np.sqrt(0.25 / 2))


@pytest.mark.parametrize("aim", ["uncertainty", "leaderboard"])
@pytest.mark.parametrize("labels", [1, 10, 50, 150, 200])
def test_probabilities_sum_to_the_labels(aim, labels):
    random = np.random.default_rng(0)
    spread = random.gamma(0.5, 1, 200)
    generators = [f"maker {at}" for at in random.integers(0, 4, 200)]
    found = probabilities(spread, generators, labels, aim)
    assert found.sum() == pytest.approx(labels)
    assert (found > 0).all()
    assert (found <= 1).all()
    if labels <= 10:
        assert found.min() >= EVEN * labels / 200 - 1e-12
        assert found[spread.argmax()] > found[spread.argmin()]


def test_leaderboards_get_videos_by_the_square_of_the_uncertainty():
    spread = np.array([0.1] * 50 + [0.2] * 50)
    found = probabilities(spread, ["a"] * 50 + ["b"] * 50, 20, "leaderboard")
    even = EVEN * 20 / 100
    assert ((found[50:] - even).sum() / (found[:50] - even).sum()) == pytest.approx(4)
    assert found.sum() == pytest.approx(20)


def test_without_uncertainty_the_draw_is_even():
    assert probabilities(np.zeros(4), ["a"] * 4, 2, "uncertainty") == pytest.approx([0.5] * 4)


def judged(home, tmp_path, name="run.csv", unsure=("clip0", "clip1")):
    sure, split = {"Bad": 0.0, "Excellent": 1.0}, {"Bad": 0.5, "Excellent": 0.5}
    rows = {f"clip{at}": split if f"clip{at}" in unsure else sure for at in range(8)}
    table(rows).to_csv(tmp_path / name, index=False)
    return tmp_path / name


def test_only_videos_that_chance_chose_are_asked_about(studio, tmp_path):
    home = studio()
    with home.store.write() as connection:  # else the seed decides what the test sees
        connection.exec_driver_sql("UPDATE videos SET ticket = CAST(substr(name, 5) AS REAL) / 10 + 0.01")
    count = draw(home.store, judged(home, tmp_path), 4, "uncertainty")
    rows = home.rows("SELECT name, probability, uncertainty, ticket FROM videos ORDER BY name")
    expected = probabilities(np.array([0.5] * 2 + [0.0] * 6), ["x"] * 8, 4, "uncertainty")
    assert [row[1] for row in rows] == pytest.approx(expected)
    assert [row[2] for row in rows] == [0.5] * 2 + [0.0] * 6
    drawn = {row[0] for row in rows if row[3] < row[1]}
    assert count == len(drawn)
    assert 2 <= count < 8
    (visitor,) = home.visitors(1)
    assert visitor.finish() == count
    shown = home.rows("SELECT name, showings.probability FROM showings JOIN videos ON video = videos.id")
    chances = {row[0]: row[1] for row in rows}
    assert {name for name, _ in shown} == drawn
    assert all(chance == chances[name] for name, chance in shown)


def test_a_second_draw_adds_and_takes_nothing_away(studio, tmp_path):
    home = studio()
    draw(home.store, judged(home, tmp_path), 3, "uncertainty")
    first = dict(home.rows("SELECT name, probability FROM videos"))
    home.visitors(1)[0].finish()
    draw(home.store, judged(home, tmp_path, "other.csv", ("clip6", "clip7")), 5, "leaderboard")
    second = dict(home.rows("SELECT name, probability FROM videos"))
    assert all(second[name] >= first[name] for name in first)
    assert second["clip7"] > first["clip7"]
    votes = read_votes(home.folder)  # each with the probability of its time
    assert dict(zip(votes["video"], votes["probability"], strict=True)) == {
        name: first[name] for name in votes["video"]
    }
    assert any(first[name] != second[name] for name in votes["video"])
    assert [one["judge"] for one in home.store.setting("draw")] == ["run.csv", "other.csv"]
    home.client.post("/owner/login", data={"secret": home.desk.secret})
    text = home.client.get("/owner").text
    assert "rather where other.csv is unsure" in text
    assert "Probability" in text


def test_a_server_that_is_started_again_draws_the_same(studio, tmp_path):
    home = studio()
    run = judged(home, tmp_path)
    count = draw(home.store, run, 4, "uncertainty")
    first = home.rows("SELECT name, probability FROM videos")
    home.visitors(1)[0].begin()
    assert draw(home.store, run, 4, "uncertainty") == count
    assert home.rows("SELECT name, probability FROM videos") == first
    assert home.store.setting("draw") == [{"judge": "run.csv", "labels": 4, "aim": "uncertainty"}]


def test_several_judges_have_no_common_uncertainty():
    half = table({"clip0": {"No": 0.5, "Yes": 0.5}})
    both = ScoreTable.from_pandas(pd.concat([half, half.assign(rater="other")]))
    with pytest.raises(GaiaJudgeError, match="several raters: judge, other"):
        uncertainties(both, "test")


def test_a_draw_comes_before_the_first_rater(studio, tmp_path):
    home = studio()
    home.visitors(1)[0].begin()
    with pytest.raises(GaiaJudgeError, match="Raters have begun"):
        draw(home.store, judged(home, tmp_path), 4, "uncertainty")
    assert home.rows("SELECT DISTINCT probability FROM videos") == [(1.0,)]


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ({"clip0": None}, "has no distributions"),
        ({"clip99": {"Bad": 0.5, "Good": 0.5}}, "scores of none"),
        ({"clip0": {"Bad": -0.5, "Good": 0.5}}, "is no distribution"),
        ({"clip0": {"Bad": 0.0}}, "is no distribution"),
        ({"clip0": ["Bad"]}, "is no distribution"),
    ],
)
def test_scores_that_say_nothing_are_refused(studio, tmp_path, rows, why):
    home = studio()
    table(rows).to_csv(tmp_path / "run.csv", index=False)
    with pytest.raises(GaiaJudgeError, match=why):
        draw(home.store, tmp_path / "run.csv", 4, "uncertainty")


def test_failures_of_the_judge_count_as_most_unsure(studio, tmp_path):
    home = studio()
    rows = {f"clip{at}": {"Bad": 0.9, "Good": 0.1} for at in range(4)} | {"clip4": {"Bad": 0.5, "Good": 0.5}}
    table(rows).to_csv(tmp_path / "run.csv", index=False)
    draw(home.store, tmp_path / "run.csv", 4, "uncertainty")
    found = dict(home.rows("SELECT name, uncertainty FROM videos"))
    assert found["clip7"] == found["clip4"] == 0.5


def test_tickets_are_even_and_of_the_seed():
    many = np.sort([_ticket(1, f"clip{at}") for at in range(2000)])
    assert np.abs(many - (np.arange(2000) + 0.5) / 2000).max() < 1.63 / np.sqrt(2000)  # Kolmogorov, 1%
    assert _ticket(1, "a") == _ticket(1, "a") != _ticket(2, "a")


def test_weighted_labels_have_the_mean_of_all(studio):
    """Over many draws, the weighted mean of the drawn is that of all, although the unsure are the worst."""
    random = np.random.default_rng(0)
    spread = random.uniform(0, 0.5, 400)
    quality = 80 - 100 * spread + random.normal(0, 5, 400)
    chances = probabilities(spread, ["x"] * 400, 80, "uncertainty")
    means, plain = [], []
    for seed in range(400):
        drawn = np.array([_ticket(seed, str(at)) for at in range(400)]) < chances
        means.append(np.average(quality[drawn], weights=1 / chances[drawn]))
        plain.append(quality[drawn].mean())
    error = np.std(means, ddof=1) / np.sqrt(len(means))
    assert np.mean(means) == pytest.approx(quality.mean(), abs=4 * error)
    assert np.mean(plain) < quality.mean() - 5


def test_an_export_says_what_lacks_a_label(studio, tmp_path):
    home = studio()
    (visitor,) = home.visitors(1)

    def told():
        return CliRunner().invoke(cli, ["study", "export", str(home.folder)], catch_exceptions=False).stderr

    assert "no vote yet" not in told()  # nothing was drawn
    count = draw(home.store, judged(home, tmp_path), 8, "uncertainty")
    assert f"{count} of the videos that the judge chose have no vote yet" in told()
    visitor.begin()
    visitor.vote()
    assert f"{count - 1} of the videos that the judge chose have no vote yet" in told()
    visitor.finish()
    assert "no vote yet" not in told()


def test_labels_are_what_a_leaderboard_takes(studio, tmp_path):
    home = studio(repeats=0.2, session=8)
    draw(home.store, judged(home, tmp_path), 6, "uncertainty")
    for visitor in home.visitors(3):
        visitor.finish(lambda _: str(np.random.default_rng().integers(0, 101)))
    files = write_export(home.store, home.study, tmp_path / "out")
    human = read_human(next(file for file in files if file.name == "labels.csv"))
    votes = pd.read_csv(tmp_path / "out" / "votes.csv")
    once = votes.groupby(["video", "dimension", "rater"])["score"].mean()
    expected = once.groupby(["video", "dimension"]).mean().unstack()
    pd.testing.assert_frame_equal(human.mos.sort_index()[expected.columns], expected, check_names=False)
    facts = ScoreTable.read(tmp_path / "run.csv").facts()
    labels = weigh_labels(human, facts, ["subject", "completeness", "interaction"])
    chances = dict(home.rows("SELECT name, probability FROM videos"))
    weights = labels.weights["subject"].dropna()
    assert {name: 1 / chances[name] for name in weights.index} == pytest.approx(weights.to_dict())
