"""The tables of a calibration, and the same as plain JSON values."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from gaia_judge.agreement import Agreement
from gaia_judge.calibration.calibrations import Calibration
from gaia_judge.calibration.learning import Course, Point, draw_curve
from gaia_judge.calibration.results import STATISTICS, Coverage, Gain, measure_coverage, measure_gains
from gaia_judge.calibration.tables import SYNTHETIC
from gaia_judge.protocols import Spread
from gaia_judge.reports import Cell, Interval, Report

NAMED = 5
"""Videos that are named where there are many; JSON names all."""

SHOWN = (*STATISTICS, "width")
"""Figures of the learning curve that stand in the table; JSON has all."""


@dataclass(frozen=True, slots=True)
class Worth:
    """All that is measured of a calibration."""

    gains: Sequence[Gain]
    coverage: Sequence[Coverage]
    by_generator: Sequence[Coverage]
    curves: Mapping[str, Sequence[Point]]
    """By dimension."""


def measure(found: Calibration, *, draws: int = 1000, curve_draws: int = 10) -> Worth:
    """Return what a calibration is worth.

    Args:
        found: The calibration.
        draws: Bootstrap replicates.
        curve_draws: Random orders of groups per learning curve; none for 0.
    """
    plan = found.plan
    course = Course(plan.mapping, plan.folds, plan.level, plan.seed, curve_draws)
    curves = {name: draw_curve(one.sample, course) for name, one in found.results.items() if curve_draws}
    everywhere, apart = (measure_coverage(found, draws, by_generator=part) for part in (False, True))
    return Worth(measure_gains(found, draws), everywhere, apart, curves)


def list_reports(found: Calibration, worth: Worth) -> list[Report]:
    """Return the tables for people, those without rows left out."""
    notes = _notes(found)
    reports = [
        _gain_report(found, worth.gains, notes),
        _coverage_report(found, [*worth.coverage, *worth.by_generator]),
        _curve_report(worth.curves),
    ]
    return [report for report in reports if report.rows]


def to_json(found: Calibration, worth: Worth) -> dict[str, Any]:
    """Return the same for machines."""
    fitted = found.calibrator
    return {
        "rater": fitted.rater,
        "human": fitted.human.model_dump(),
        **asdict(found.plan),
        "digest": fitted.digest,
        "unfitted": dict(fitted.unfitted),
        "notes": _notes(found),
        "missing": found.missing,
        "surplus": found.surplus,
        "agreement": [asdict(one) for one in worth.gains],
        "coverage": [asdict(one) for one in (*worth.coverage, *worth.by_generator)],
        "learning_curve": [
            {"dimension": name, **asdict(point)} for name, points in worth.curves.items() for point in points
        ],
    }


def _notes(found: Calibration) -> tuple[str, ...]:
    group = found.plan.group
    told = [
        f"Calibrated scores are out-of-fold: no clip was mapped by what was fitted to its {group}.",
        f"Intervals of agreement and coverage are 95%, whole {group}s drawn anew (bootstrap).",
        "Raw RMSE compares two scales, unless the rater used people's.",
    ]
    for names, what in (
        (found.missing, "videos have no human score"),
        (found.surplus, "human scores no video"),
    ):
        if names:
            told.append(f"{len(names)} {what}: {', '.join(names[:NAMED])}{', ...' if names[NAMED:] else '.'}")
    if any(any(result.calibrated.errors) for result in found.results.values()):
        told.append(f"{found.plan.mapping} does not fit everywhere; linear, isotonic and cubic always do.")
    if found.calibrator.world:
        told.append(f"This demonstrates the machinery alone: {SYNTHETIC}.")
    return tuple(told)


def _gain_report(found: Calibration, gains: Sequence[Gain], notes: tuple[str, ...]) -> Report:
    rows: list[tuple[Cell, ...]] = [
        (
            one.dimension,
            when,
            one.calibrated["srcc"].n,
            one.missing,
            *(_shown(side[name]) for name in STATISTICS),
        )
        for one in gains
        for when, side in (("raw", one.raw), ("calibrated", one.calibrated))
    ]
    reasons = [f"{one.dimension}: {one.reason}." for one in gains if one.reason]
    title = f"{found.calibrator.rater}, {found.plan.mapping} by {found.plan.group}"
    heads = ("dimension", "scores", "n", "missing", *(name.upper() for name in STATISTICS))
    return Report(title, heads, tuple(rows), (*notes, *reasons))


def _coverage_report(found: Calibration, coverage: Sequence[Coverage]) -> Report:
    """Return a table with a row for each dimension, and for each generator that has intervals."""
    rows: list[tuple[Cell, ...]] = [
        (
            one.dimension,
            one.generator or "all",
            one.n,
            one.groups,
            Interval(one.value, one.low, one.high),
            one.width,
        )
        for one in coverage
        if one.n or one.generator is None
    ]
    reasons = {f"{one.dimension}: {one.reason}.": None for one in coverage if one.reason}
    group = found.plan.group
    title = f"Conformal intervals of {100 * found.plan.level:g}% on new {group}s"
    heads = ("dimension", "generator", "n", f"{group}s", "coverage", "mean width")
    return Report(title, heads, tuple(rows), tuple(reasons))


def _curve_report(curves: Mapping[str, Sequence[Point]]) -> Report:
    rows: list[tuple[Cell, ...]] = [
        (
            name,
            round(point.labels),
            round(point.groups),
            point.figures["rmse"].n,
            *(_band(point.figures[figure]) for figure in SHOWN),
        )
        for name, points in curves.items()
        for point in points
    ]
    heads = ("dimension", "labels", "groups", "drawings", *(name.upper() for name in STATISTICS), "width")
    title = "Learning curve: groups that were not fitted to, against the number of labels"
    note = "Median over the drawings that determine the mapping, with the least and the greatest."
    return Report(title, heads, tuple(rows), (note,))


def _shown(one: Agreement) -> Interval:
    return Interval(one.value, one.low, one.high)


def _band(one: Spread) -> Interval:
    return Interval(one.median, one.low, one.high, decimals=2)
