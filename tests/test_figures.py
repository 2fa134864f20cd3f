"""Figures: what is drawn is what was given."""

import io

import numpy as np
import pytest

from gaia_judge.figures.axes import plain
from gaia_judge.figures.groups import bars, boxes
from gaia_judge.figures.scatters import MOST, binned, scatter

CHANCE = np.random.default_rng(0)


def test_few_points_are_drawn_one_by_one_and_missing_ones_are_not():
    x, y = CHANCE.normal(size=50), CHANCE.normal(size=50)
    y[[3, 9]] = np.nan
    (axes,) = scatter(x, y, ("judge", "MOS")).axes
    (points,) = axes.collections
    kept = np.isfinite(y)
    assert np.array_equal(points.get_offsets(), np.stack([x[kept], y[kept]], axis=1))
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("judge", "MOS")
    assert not axes.lines


@pytest.mark.parametrize("extra", [0, 1])
def test_above_the_most_points_hexagons_hold_all_of_them(extra):
    x, y = CHANCE.normal(size=MOST + extra), CHANCE.normal(size=MOST + extra)
    axes = scatter(x, y, ("judge", "MOS")).axes[0]
    (held,) = axes.collections
    if extra:
        assert held.get_array().sum() == MOST + 1
        assert len(held.get_array()) < MOST
        assert "binned" in binned(MOST + 1)
    else:
        assert len(held.get_offsets()) == MOST
        assert "binned" not in binned(MOST)


def test_the_curve_spans_the_values_and_is_the_function():
    x = np.array([1.0, 4.0, np.nan, 2.0])
    axes = scatter(x, np.ones(4), ("a", "b"), lambda at: at**2).axes[0]
    line = axes.lines[0].get_xydata()
    assert (line[0, 0], line[-1, 0]) == (1.0, 4.0)
    assert np.allclose(line[:, 1], line[:, 0] ** 2)


def test_nothing_at_all_can_be_drawn():
    scatter(np.array([np.nan]), np.array([1.0]), ("a", "b"), lambda at: at).savefig(
        io.BytesIO(), format="svg"
    )


def test_boxes_show_the_quartiles_of_each_group_from_top_to_bottom():
    first, second = np.r_[CHANCE.normal(size=99), 9], np.r_[CHANCE.normal(3, 1, 50), 12, np.nan]
    panels = {"subject": {"A": first, "B": second}, "interaction": {"A": second, "B": np.array([np.nan])}}
    drawing = boxes(panels, "score")
    left, right = drawing.axes
    assert [label.get_text() for label in left.get_yticklabels()] == ["B", "A"]
    for place, values in ((1, second), (2, first)):
        box = next(one for one in left.patches if abs(one.get_path().vertices[:, 1].mean() - place) < 0.4)
        low, high = np.nanquantile(values, [0.25, 0.75])
        assert box.get_path().vertices[:, 0].min() == pytest.approx(low)
        assert box.get_path().vertices[:, 0].max() == pytest.approx(high)
        # Whiskers end at the last value within 1.5 times the box, as captions say.
        near = values[(values >= low - 1.5 * (high - low)) & (values <= high + 1.5 * (high - low))]
        lines = [one for one in left.lines if set(one.get_ydata()) == {place} and one.get_linestyle() == "-"]
        ends = np.concatenate([one.get_xdata() for one in lines])
        assert (ends.min(), ends.max()) == (near.min(), near.max())
        assert near.max() < np.nanmax(values)
    assert [left.get_title(loc="left"), right.get_title(loc="left")] == ["subject", "interaction"]


def test_bars_show_means_intervals_and_the_mark_and_leave_out_what_is_missing():
    panels = {"subject": {"A": (0.5, 0.4, 0.6), "B": (0.7, None, None), "C": (None, None, None)}}
    (axes,) = bars(panels, "share", mark=0.9).axes
    drawn = [tuple(map(tuple, line.get_xydata())) for line in axes.lines]
    assert ((0.5, 3.0),) in drawn
    assert ((0.4, 3.0), (0.6, 3.0)) in drawn
    assert ((0.7, 2.0),) in drawn
    assert any(line[0][0] == line[1][0] == 0.9 for line in drawn if len(line) == 2)
    assert len(drawn) == 4


@pytest.mark.parametrize("name", ["$x$ & \\frac", "<b>ü</b>", "a" * 80])
def test_names_of_users_are_drawn_as_they_are(name):
    drawing = bars({name: {name: (1.0, 0.5, 1.5)}}, name)
    file = io.BytesIO()
    drawing.savefig(file, format="pdf")
    assert file.getvalue().startswith(b"%PDF")
    assert len(plain(name)) <= 42
