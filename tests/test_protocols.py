"""Protocols: what is fitted on and tested on, wholly on one side, the same each time."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaia_judge.assets import list_assets
from gaia_judge.errors import GaiaJudgeError
from gaia_judge.protocols import Protocol, deal, load_protocol, splits, summarise, units_of


def facts(generators: int = 6, actions: int = 10) -> pd.DataFrame:
    pairs = [(f"g{g}", f"a{a}") for g in range(generators) for a in range(actions)]
    frame = pd.DataFrame(pairs, columns=["generator", "action"], dtype="string")
    return frame.set_index(pd.Index([f"({g})_({a})" for g, a in pairs], name="video"))


def test_every_shipped_protocol_divides_a_benchmark():
    names = [asset.name for asset in list_assets("protocols")]
    assert {"whole", "gaia", "gaia-by-action", "gaia-by-generator"} <= set(names)
    for name in names:
        protocol = load_protocol(name)
        assert protocol.name == name
        assert protocol.about
        assert splits(protocol, facts())


def test_the_whole_set_is_tested_on_and_nothing_is_fitted():
    (only,) = splits(load_protocol("whole"), facts())
    assert only.test.tolist() == list(range(60))
    assert len(only.train) == len(only.validation) == 0


def test_gaia_is_ten_random_splits_with_a_fifth_of_the_videos_tested():
    found = splits(load_protocol("gaia"), facts())
    assert [split.seed for split in found] == list(range(10))
    assert {len(split.test) for split in found} == {12}
    assert {len(split.train) for split in found} == {48}
    assert len({tuple(split.test) for split in found}) == 10


shapes = st.fixed_dictionaries(
    {
        "by": st.sampled_from(["video", "action", "generator"]),
        "seed": st.integers(0, 9),
        "validation_share": st.sampled_from([0.0, 0.2, 0.5]),
    }
)
kinds = st.one_of(
    st.fixed_dictionaries({"splits": st.integers(1, 4), "test_share": st.floats(0.05, 0.7)}),
    st.fixed_dictionaries({"folds": st.integers(2, 4)}),
)


@given(shapes, kinds)
def test_each_unit_stands_on_one_side_and_each_video_somewhere(shape, kind):
    protocol, table = Protocol(**shape, **kind), facts()
    units = units_of(table, protocol.by)
    for split in splits(protocol, table):
        sides = [split.train, split.test, split.validation]
        assert sorted(np.concatenate(sides)) == list(range(60))
        assert sum(len(set(units[side])) for side in sides) == len(set(units))
        assert len(split.train)
        assert len(split.test)
        assert bool(len(split.validation)) == bool(protocol.validation_share)


@given(kinds, st.randoms())
def test_the_order_of_the_videos_changes_nothing(kind, random):
    table = facts()
    order = list(range(60))
    random.shuffle(order)
    protocol = Protocol(by="action", validation_share=0.2, **kind)
    for here, there in zip(splits(protocol, table), splits(protocol, table.iloc[order]), strict=True):
        for side in ("train", "test", "validation"):
            assert set(table.index[getattr(here, side)]) == set(table.iloc[order].index[getattr(there, side)])


def test_selection_moves_no_test():
    plain = Protocol(by="action", splits=3, test_share=0.2)
    nested = plain.model_copy(update={"validation_share": 0.25})
    for without, with_ in zip(splits(plain, facts()), splits(nested, facts()), strict=True):
        assert without.test.tolist() == with_.test.tolist()
        assert len(with_.validation) == 12


def test_folds_test_each_unit_once_and_differ_by_one_unit_at_most():
    found = splits(Protocol(by="action", folds=4), facts())
    assert sorted(np.concatenate([split.test for split in found])) == list(range(60))
    assert sorted(len(split.test) for split in found) == [12, 12, 18, 18]
    assert deal(units_of(facts(), "action"), 4, seed=0).max() == 3


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("tests: 3", "tests"),
        ("by: colour", "by"),
        ("splits: 10", "splits and test_share"),
        ("test_share: 0.2", "splits and test_share"),
        ("splits: 10\ntest_share: 1.5", "test_share"),
        ("splits: 10\ntest_share: 0.2\nfolds: 5", "not both"),
        ("folds: 1", "folds"),
        ("validation_share: 0.2", "validation_share"),
    ],
)
def test_what_a_protocol_cannot_say_is_named_in_one_line(tmp_path, monkeypatch, text, named):
    folder = tmp_path / "calibration" / "protocols"
    folder.mkdir(parents=True)
    (folder / "mine.yaml").write_text(text)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(GaiaJudgeError) as caught:
        load_protocol("mine")
    assert "mine.yaml" in str(caught.value)
    assert named in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_unknown_protocol_is_answered_with_near_ones():
    with pytest.raises(GaiaJudgeError, match=r"protocol 'gaia-by-actions'.*gaia-by-action"):
        load_protocol("gaia-by-actions")


def test_a_video_without_the_unit_is_named():
    table = facts()
    table.loc["(g1)_(a2)", "action"] = pd.NA
    assert len(splits(load_protocol("gaia"), table)) == 10
    with pytest.raises(GaiaJudgeError, match=r"1 of 60 videos have no action, such as '\(g1\)_\(a2\)'"):
        splits(load_protocol("gaia-by-action"), table)


def test_too_few_units_are_counted():
    with pytest.raises(GaiaJudgeError, match="There are 3 actions, too few to divide: needed are 5"):
        splits(load_protocol("folds-by-action"), facts(actions=3))
    with pytest.raises(GaiaJudgeError, match="There are 1 generators"):
        splits(load_protocol("gaia-by-generator"), facts(generators=1))


def test_spread_over_splits_agrees_with_numpy():
    values = [0.31, 0.5, 0.44, 0.9]
    found = summarise([*values, None, float("nan")])
    assert (found.mean, found.median) == (np.mean(values), np.median(values))
    assert found.deviation == pytest.approx(np.std(values, ddof=1), abs=1e-15)
    assert (found.low, found.high, found.n, found.undefined) == (0.31, 0.9, 4, 2)


def test_no_split_with_a_figure_has_no_summary():
    found = summarise([None, None])
    assert found.mean is found.median is found.deviation is None
    assert found.undefined == 2
    assert summarise([0.5]).deviation is None
