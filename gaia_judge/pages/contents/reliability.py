"""Reliability: how often the intervals of calibrated scores hold people's."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gaia_judge.calibration.calibrators import read_calibrator
from gaia_judge.comparison.agreements import draw, settle
from gaia_judge.comparison.raters import Rater
from gaia_judge.errors import GaiaJudgeError
from gaia_judge.figures import Figure
from gaia_judge.figures.groups import Mean, Means, bars
from gaia_judge.pages.contents.materials import Material, Numbers
from gaia_judge.pages.sections import Part
from gaia_judge.reports import Interval, Report

if TYPE_CHECKING:
    from pandas import DataFrame, Series

ALL = "all"


def read_coverages(material: Material) -> list[Part]:
    """Return a table and a plot for each rater whose scores have intervals."""
    if material.panel is None:
        return []
    levels = dict(filter(None, map(_level, material.places)))
    found: list[Part] = []
    for rater in material.raters:
        frame = rater.table.to_pandas()
        if "low" in frame and frame["low"].notna().any():
            found += _coverage(material, rater, frame, levels.get(str(frame["rater"].iloc[0])))
    return found


def _level(place: str) -> tuple[str, float] | None:
    """Return the name of a calibrated table's rater, and what its intervals promise, from its calibrator."""
    path = Path(place if Path(place).exists() else place.partition("=")[2])
    folder = (path if path.is_dir() else path.parent).resolve()
    try:
        found = read_calibrator(folder.with_name(f"{folder.name}.json"))
    except GaiaJudgeError:
        return None
    return f"{found.rater} calibrated ({found.mapping})", found.level


def _coverage(material: Material, rater: Rater, frame: "DataFrame", level: float | None) -> list[Part]:
    assert material.panel is not None
    panels: dict[str, Means] = {}
    for dimension in material.own:
        own = frame[frame["dimension"] == dimension].set_index("video").reindex(material.panel.people.index)
        people = material.panel.people[dimension]
        bounds = own[["low", "high"]].astype(float)
        held = (bounds["low"] <= people) & (people <= bounds["high"])
        makers = material.panel.facts["generator"]
        inside = held[bounds["low"].notna() & people.notna()].astype(float)
        groups = {str(name): _wilson(np.asarray(part)) for name, part in inside.groupby(makers)}
        panels[dimension] = {ALL: _clustered(material, inside)} | groups
    rows = tuple(
        (dimension, name, level, Interval(*share))
        for dimension, groups in panels.items()
        for name, share in groups.items()
    )
    promised = "unknown (no calibrator beside the table)" if level is None else f"{level:.0%}"
    unit = settle(material.panel.facts, material.asking).unit
    note = (
        f"Promised: {promised}. Found: share of videos whose MOS the interval holds, with its 95% interval:"
        f" over all by the bootstrap (unit: {unit}), within a generator Wilson's."
    )
    table = Report(
        f"Intervals of {rater.name}", ("dimension", "generator", "promised", "found"), rows, (note,)
    )
    caption = "Share of videos whose MOS lies inside the interval, by generator; dashed: what is promised."
    stem = f"reliability-{material.raters.index(rater) + 1}"
    return [table, Figure(stem, rater.name, caption, lambda: bars(panels, "share inside", level))]


def _clustered(material: Material, inside: "Series[float]") -> Mean:
    """Return a share with the interval that draws whole clusters anew: clips of one action are alike."""
    assert material.panel is not None
    if not len(inside):
        return None, None, None
    share = float(inside.mean())
    drawn = draw(material.panel.facts.loc[inside.index], settle(material.panel.facts, material.asking))
    if drawn.units < 2:
        return share, None, None
    held, sizes = drawn.total(np.stack([inside.to_numpy(), np.ones(len(inside))], axis=1)).T
    low, high = np.quantile(held / sizes, [0.025, 0.975]).tolist()
    return share, low, high


def _wilson(inside: Numbers) -> Mean:
    """Return a share with Wilson's interval, which takes clips as independent."""
    from scipy.stats import binomtest

    bounds = binomtest(int(inside.sum()), len(inside)).proportion_ci(method="wilson")
    return float(inside.mean()), float(bounds.low), float(bounds.high)
