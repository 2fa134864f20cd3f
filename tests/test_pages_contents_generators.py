"""Generators on a page: means within classes, how scores are spread, and where people agree."""

import numpy as np
import pandas as pd
import pytest

from gaia_judge.comparison.agreements import Asking
from gaia_judge.figures import Figure
from gaia_judge.pages.contents.generators import (
    distributions_section,
    generators_section,
    people_section,
)
from gaia_judge.pages.contents.materials import read_material
from gaia_judge.people import read_human
from tests.panels import DIMENSIONS, write_mos, write_rater


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("generators")
    people = write_mos(folder, actions=8)
    write_rater(folder / "judge.csv", people, 4, rater="judge")
    frame = pd.read_csv(folder / "judge.csv")
    metric = frame[frame["dimension"] == "subject"].assign(dimension="sharpness", rater="metric")
    metric.to_csv(folder / "metric.csv", index=False)
    return folder


def material(home, *names, human=None):
    people = read_human(human or home / "MOS.csv")
    return read_material([str(home / name) for name in names], people, Asking(draws=20))


def test_a_metric_of_one_value_has_one_panel(home):
    found = material(home, "judge.csv", "metric.csv")
    figures = {one.title: one for one in distributions_section(found).parts if isinstance(one, Figure)}
    drawn = {
        who: [axes.get_title(loc="left") for axes in figures[f"{who}, by class"].draw().axes]
        for who in ("people", "judge", "metric")
    }
    assert drawn == {"people": [*DIMENSIONS], "judge": [*DIMENSIONS], "metric": ["sharpness"]}
    assert figures["metric, by class"].caption.endswith("Ordered by the median of sharpness.")


def test_boards_of_classes_are_overall(home):
    boards = {one.title: one for one in generators_section(material(home, "judge.csv")).parts}
    mos = read_human(home / "MOS.csv").mos[list(DIMENSIONS)].mean(axis=1)
    facts = pd.read_csv(home / "judge.csv").drop_duplicates("video").set_index("video")
    for name in sorted(facts["category"].unique()):
        board = boards[f"Generators by people, class {name}: overall"]
        videos = facts.index[facts["category"] == name]
        means = mos[videos].groupby(facts["generator"][videos]).mean()
        assert {row[3]: row[4].value for row in board.rows} == pytest.approx(means.to_dict())


def test_the_line_through_the_spread_is_the_polynomial_of_least_squares(home, tmp_path):
    frame = pd.read_csv(home / "MOS.csv").rename(columns=lambda one: one.replace("final action ", ""))
    for name in DIMENSIONS:
        frame[f"{name}_std"] = 5 + (frame[name] / 40 - 1) ** 3 + np.arange(len(frame)) % 3
    frame.to_csv(tmp_path / "MOS.csv", index=False)
    section = people_section(material(home, "judge.csv", human=tmp_path / "MOS.csv"))
    for name, figure in zip(DIMENSIONS, section.parts, strict=True):
        x, y = figure.draw().axes[0].lines[0].get_xydata().T
        fit = np.polyfit(frame[name], frame[f"{name}_std"], 4)
        assert y == pytest.approx(np.polyval(fit, x), rel=1e-6)
        assert np.ptp(y) > 1
