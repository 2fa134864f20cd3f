"""Galleries: whose disagreements are shown, and by what they are measured."""

import pandas as pd
import pytest

from gaia_judge.comparison.agreements import Asking
from gaia_judge.pages.contents.galleries import gallery_section
from gaia_judge.pages.contents.materials import read_material
from gaia_judge.people import read_human


def write(folder, people, raters):
    """Write people's scores and each rater's, dimension by dimension, of clips a, b, c and so on."""
    videos = [chr(ord("a") + at) for at in range(len(next(iter(people.values()))))]
    pd.DataFrame({"video": videos, **people}).to_csv(folder / "MOS.csv", index=False)
    for name, (scores, others) in raters.items():
        rows = [
            {"video": video, "dimension": dimension, "value": value, "rater": name} | others
            for dimension, values in scores.items()
            for video, value in zip(videos, values, strict=True)
        ]
        pd.DataFrame(rows).to_csv(folder / f"{name}.csv", index=False)
    return folder


def galleries(home, *names, count=24):
    places = [str(home / f"{name}.csv") for name in names]
    section = gallery_section(read_material(places, read_human(home / "MOS.csv"), Asking(draws=10)), count)
    return [] if section is None else list(section.parts)


MOS = [10.0, 20, 31, 39, 52, 60, 69, 81, 90, 100]


def test_a_dimension_without_a_map_cannot_win_by_its_scale(tmp_path):
    off = [1.0, 2, 3, 4, 5, 6, 7, 9, 8, 10]
    scores = {"one": off, "two": [3.0] * 10}
    home = write(tmp_path, {"one": MOS, "two": MOS}, {"r": (scores, {})})
    (gallery,) = galleries(home, "r")
    assert {one.dimension for one in gallery.exhibits} == {"one"}
    assert {one.video for one in gallery.exhibits[:2]} == {"h", "i"}
    assert all(abs(one.judge - one.people) < 20 for one in gallery.exhibits)
    assert "two is left out: the rater gave every video the same score" in gallery.notes[0]


def test_where_nothing_can_be_mapped_ranks_tell(tmp_path):
    home = write(tmp_path, {"one": [1.0, 50, 99]}, {"r": ({"one": [4.0, 5, 1]}, {})})
    (gallery,) = galleries(home, "r")
    assert [one.video for one in gallery.exhibits] == ["c", "a", "b"]
    assert [one.judge for one in gallery.exhibits] == [1, 4, 5]
    assert "rank" in gallery.notes[0]


def test_a_rater_that_never_changes_has_no_gallery(tmp_path):
    home = write(tmp_path, {"one": MOS}, {"r": ({"one": [3.0] * 10}, {})})
    assert galleries(home, "r") == []


@pytest.mark.parametrize(("count", "shown"), [(1, [1]), (2, [1, 1]), (6, [3, 3]), (24, [10, 10])])
def test_so_many_clips_as_asked_for_the_best_raters_first(tmp_path, count, shown):
    best, good = [*MOS[:-2], 100.0, 90], [*MOS[:-3], 100.0, 81, 90]
    raters = {"good": ({"one": good}, {}), "best": ({"one": best}, {}), "poor": ({"one": MOS[::-1]}, {})}
    home = write(tmp_path, {"one": MOS}, raters)
    found = galleries(home, "good", "poor", "best", count=count)
    assert [len(gallery.exhibits) for gallery in found] == shown
    assert [gallery.title for gallery in found] == ["best and people", "good and people"][: len(shown)]


def test_all_clips_share_one_budget(tmp_path, monkeypatch):
    asked = []

    def read(paths, *, budget):
        asked.append(budget)
        return iter(())

    monkeypatch.setattr("gaia_judge.pages.contents.galleries.read_clips", read)
    home = write(tmp_path, {"one": MOS}, {"r": ({"one": [*MOS[:-2], 100.0, 90]}, {})})
    for count in (1, 6, 24):
        galleries(home, "r", count=count)
    assert asked == [4_000_000, 666_666, 166_666]


def test_calibrated_scores_come_after_all_others(tmp_path):
    other = {"calibration": "out-of-fold", "calibrated_on": "x"}
    raters = {
        "raw": ({"one": [*MOS[:-2], 100.0, 90]}, {}),
        "calibrated": ({"one": [*MOS[:-2], 100.0, 95]}, other),
    }
    home = write(tmp_path, {"one": MOS}, raters)
    assert [one.title for one in galleries(home, "calibrated", "raw", count=1)] == ["raw and people"]
