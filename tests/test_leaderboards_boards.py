"""Boards and labels: what is grouped, what is refused, and what the figures rest on."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from gaia_judge.comparison.raters import Rater, read_raters
from gaia_judge.errors import GaiaJudgeError
from gaia_judge.leaderboards.boards import Standing, stand
from gaia_judge.leaderboards.labels import Labels, weigh_labels
from gaia_judge.people import read_human

DIMENSIONS = ("subject", "interaction")


def scores(generators: int = 3, actions: int = 20, seed: int = 0) -> pd.DataFrame:
    """Return a score table in which generator 2 is best and judges see what people will say."""
    random = np.random.default_rng(seed)
    rows = [
        {
            "video": f"({maker})_({action})",
            "dimension": name,
            "value": 3 * maker + action % 5 + random.normal(),
            "generator": f"g{maker}",
            "action": f"act {action}",
        }
        for maker in range(generators)
        for action in range(actions)
        for name in DIMENSIONS
    ]
    return pd.DataFrame(rows)


def rater(folder: Path, frame: pd.DataFrame) -> Rater:
    file = folder / "scores.csv"
    frame.to_csv(file, index=False)
    return read_raters([str(file)])[0]


def people(frame: pd.DataFrame, every: int = 2) -> pd.DataFrame:
    """Return people's wide table of each so-many-th video: ten times the judge's scores, and some."""
    wide = frame.pivot(index="video", columns="dimension", values="value")
    return (10 * wide + np.random.default_rng(1).normal(size=wide.shape)).iloc[::every].reset_index()


def weighed(folder: Path, one: Rater, table: pd.DataFrame, sure: bool = False) -> Labels:
    file = folder / "people.csv"
    table.to_csv(file, index=False)
    return weigh_labels(read_human(file), one.facts, map(str, one.values.columns), sure)


def of(rows: Iterable[Standing], dimension: str) -> dict[str, Standing]:
    return {row.generator: row for row in rows if row.dimension == dimension}


def test_means_failures_and_overall_are_those_of_pandas(tmp_path: Path) -> None:
    frame = scores()
    frame.loc[frame.index[:5], "value"] = np.nan
    rows = stand(rater(tmp_path, frame))
    wide = frame.pivot(index=["generator", "action"], columns="dimension", values="value")
    wide["overall"] = wide.sum(axis=1, skipna=False) / 2
    for name in ("subject", "interaction", "overall"):
        for maker, row in of(rows, name).items():
            values = wide[name].loc[maker]
            assert row.mean.value == pytest.approx(values.mean(), rel=1e-12)
            assert row.mean.error == pytest.approx(values.sem(), rel=1e-12)
            assert (row.mean.n, row.videos) == (values.count(), 20)
            assert row.failures == pytest.approx(values.isna().mean())
    assert [row.generator for row in rows if row.dimension == "overall"] == ["g2", "g1", "g0"]


def test_the_order_of_rows_does_not_matter(tmp_path: Path) -> None:
    frame = scores()
    before, after = (stand(rater(tmp_path, one)) for one in (frame, frame.sample(frac=1, random_state=3)))
    for name in DIMENSIONS:
        for maker, row in of(before, name).items():
            other = of(after, name)[maker]
            assert row.mean.low == pytest.approx(other.mean.low, rel=1e-12)
            assert (row.place.rank.low, row.place.rank.high) == (other.place.rank.low, other.place.rank.high)


@pytest.mark.parametrize("kept", [["act 1"], []])
def test_a_generator_of_few_actions_has_no_ranks_and_says_why(tmp_path: Path, kept: list[str]) -> None:
    frame = scores()
    frame.loc[(frame["generator"] == "g1") & ~frame["action"].isin(kept), "value"] = np.nan
    found = of(stand(rater(tmp_path, frame)), "subject")
    assert (found["g1"].mean.low, found["g1"].place.rank.low) == (None, None)
    assert found["g1"].mean.reason == found["g1"].place.rank.reason
    assert found["g1"].place.groups == ()
    assert found["g2"].place.rank.value == 1
    assert found["g2"].place.rank.high == 1 + len(kept)


def test_generators_of_other_actions_are_not_compared(tmp_path: Path) -> None:
    frame = scores(2)
    frame.loc[frame["generator"] == "g1", "action"] += " again"
    found = of(stand(rater(tmp_path, frame)), "subject")
    assert [row.place.rank.low for row in found.values()] == [None, None]
    assert all("2 actions in common" in (row.place.rank.reason or "") for row in found.values())
    assert found["g1"].mean.low is not None


def test_without_actions_videos_are_drawn(tmp_path: Path) -> None:
    found = of(stand(rater(tmp_path, scores(2).drop(columns="action"))), "subject")
    assert [row.mean.actions for row in found.values()] == [20, 20]
    assert found["g1"].place.rank.high == 1


def test_without_generators_there_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(GaiaJudgeError, match="no generator"):
        stand(rater(tmp_path, scores().drop(columns="generator")))


def test_labels_of_a_random_sample_give_peoples_means(tmp_path: Path) -> None:
    frame = scores()
    one = rater(tmp_path, frame)
    table = people(frame)
    rows = stand(one, weighed(tmp_path, one, table, sure=True), width=4.0)
    wide = table.set_index("video")
    wide["overall"] = wide.mean(axis=1)
    for name in (*DIMENSIONS, "overall"):
        for maker, row in of(rows, name).items():
            labels = wide[name][wide.index.str.startswith(f"({maker[1:]})")]
            assert row.people is not None
            found = row.people.estimates
            assert found.classical.value == pytest.approx(labels.mean(), rel=1e-12)
            assert found.classical.error == pytest.approx(labels.sem(), rel=1e-12)
            assert (found.powered.error or 0) < (found.classical.error or 0)
            assert row.people.needs is not None
    best = of(rows, "overall")["g2"].people
    assert best is not None
    assert (best.place.rank.value, best.place.rank.high) == (1, 1)


def test_a_metric_of_one_dimension_guesses_all_that_people_scored(tmp_path: Path) -> None:
    frame = scores()
    metric = rater(tmp_path, frame[frame["dimension"] == "subject"].assign(dimension="clip"))
    file = tmp_path / "people.csv"
    people(frame).to_csv(file, index=False)
    labels = weigh_labels(read_human(file), metric.facts, DIMENSIONS, sure=True)
    rows = stand(metric, labels)
    assert {row.dimension for row in rows} == {"subject", "interaction", "overall"}
    assert all(row.people and row.people.estimates.powered.low for row in rows)
    assert {row.dimension for row in stand(metric)} == {"clip"}


def with_selection(table: pd.DataFrame, *marks: str) -> pd.DataFrame:
    return table.assign(selection=[marks[at % len(marks)] for at in range(len(table))])


def with_chance(table: pd.DataFrame, **chances: Any) -> pd.DataFrame:
    return table.assign(**{f"{name}_probability": chance for name, chance in chances.items()})


def test_labels_that_do_not_say_how_they_were_drawn_are_refused(tmp_path: Path) -> None:
    frame = scores()
    one = rater(tmp_path, frame)
    with pytest.raises(GaiaJudgeError, match=r"does not say how these were drawn.*--labels random"):
        weighed(tmp_path, one, people(frame))
    with pytest.raises(GaiaJudgeError, match="does not say"):
        weighed(tmp_path, one, with_selection(people(frame), "random", ""))
    for table, sure in ((people(frame), True), (with_selection(people(frame), "Random"), False)):
        weights = weighed(tmp_path, one, table, sure).weights
        assert set(weights.stack().dropna()) == {1.0}
    whole = weighed(tmp_path, one, people(frame, every=1))
    assert whole.scores.notna().all(axis=None)


def test_actively_chosen_labels_without_a_probability_are_refused_however_sure(tmp_path: Path) -> None:
    frame = scores()
    one = rater(tmp_path, frame)
    marked = with_selection(people(frame), "random", "active")
    for sure in (False, True):
        with pytest.raises(GaiaJudgeError, match=r"chosen actively.*probability"):
            weighed(tmp_path, one, marked, sure)
    chances = with_chance(marked, subject=0.5, interaction=0.5)
    assert set(weighed(tmp_path, one, chances).weights.stack().dropna()) == {2.0}
    with pytest.raises(GaiaJudgeError, match="selection is 'maybe'"):
        weighed(tmp_path, one, with_selection(people(frame), "maybe"), True)


def test_each_label_needs_its_probability(tmp_path: Path) -> None:
    frame = scores()
    one = rater(tmp_path, frame)
    chances = with_chance(people(frame), subject=0.5, interaction=0.5)
    chances.loc[3, "subject_probability"] = np.nan
    with pytest.raises(GaiaJudgeError, match="on subject has no sampling probability"):
        weighed(tmp_path, one, chances)


def test_one_column_of_probabilities_counts_for_all_dimensions(tmp_path: Path) -> None:
    frame = scores()
    one = rater(tmp_path, frame)
    labels = weighed(tmp_path, one, people(frame).assign(probability=0.25))
    assert set(labels.weights.stack().dropna()) == {4.0}
    assert set(labels.scores) == {*DIMENSIONS, "overall"}


def test_probabilities_that_do_not_fit_the_number_of_labels_are_told(tmp_path: Path) -> None:
    frame = scores()
    one = rater(tmp_path, frame)
    fit = weighed(tmp_path, one, with_chance(people(frame), subject=0.5, interaction=0.5))
    assert fit.notes == ()
    far = weighed(tmp_path, one, with_chance(people(frame), subject=1.0, interaction=0.5))
    assert any("subject do not fit: its labels would stand for 30 videos" in note for note in far.notes)
    assert any(note.startswith("Overall has no labels") for note in far.notes)
    assert far.scores["overall"].isna().all()


def test_what_people_did_not_score_is_told(tmp_path: Path) -> None:
    frame = scores()
    one = rater(tmp_path, frame)
    part = weighed(tmp_path, one, people(frame).drop(columns="interaction"), sure=True)
    assert "overall" not in part.scores
    assert any("interaction" in note for note in part.notes)
    found = of(stand(one, part), "interaction")
    assert all(row.people is None for row in found.values())
    beauty = people(frame)[["video", "subject"]].rename(columns={"subject": "beauty"})
    with pytest.raises(GaiaJudgeError, match="has no scores on subject, interaction; it has beauty"):
        weighed(tmp_path, one, beauty, sure=True)
