"""Learning curves: how good calibrated scores are, and how narrow their intervals, after so many labels."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gaia_judge.agreement import plcc, rmse, srcc
from gaia_judge.calibration.bands import check_groups, fit_band
from gaia_judge.calibration.crossfits import Fits, Sample
from gaia_judge.calibration.mappings import Name, Unfit
from gaia_judge.protocols import Spread, deal, summarise

SIZES = (20, 50, 100, 200, 500, 1000, 2000, 5000)
"""Numbers of labels that are tried, as far as there are so many."""

HELD = 0.2
"""Share of the labelled groups, at least two, that each drawing sets apart for the test."""

FIGURES = ("srcc", "plcc", "rmse", "coverage", "width")

Figures = dict[str, float | None]


@dataclass(frozen=True, slots=True)
class Point:
    """What came of one number of labels."""

    labels: float
    """Median over drawings; groups are taken whole."""
    groups: float
    """Median over drawings."""
    figures: Mapping[str, Spread]
    """Over drawings: SRCC, PLCC and RMSE on groups that were not fitted to, and what share of their labels
    the intervals hold, and how wide these are."""


@dataclass(frozen=True, slots=True)
class Course:
    """How a learning curve is drawn."""

    mapping: Name
    folds: int = 5
    level: float = 0.9
    seed: int = 0
    draws: int = 10
    sizes: Sequence[int] = SIZES


def draw_curve(sample: Sample, course: Course) -> list[Point]:
    """Return a point per number of labels; the last one is that of all groups that are not set apart.

    Each drawing puts the labelled groups in random order, sets the first apart, and adds the others one
    after another until there are labels enough. So the points of one drawing share its test.
    """
    whole = sample.rows(sample.whole)
    names, places = np.unique(whole.units, return_inverse=True)
    held = max(2, round(HELD * len(names)))
    if len(names) - held < 2:
        return []
    random = np.random.default_rng(course.seed)
    orders = [random.permutation(len(names)) for _ in range(course.draws)]
    counts = np.bincount(places)
    most = min(int(counts[order[held:]].sum()) for order in orders)
    sizes = [*(size for size in course.sizes if size < most), most]
    return [
        _point(whole, places, [(order[:held], order[held:]) for order in orders], size, course)
        for size in sizes
    ]


def _point(
    sample: Sample,
    places: NDArray[np.intp],
    orders: Sequence[tuple[NDArray[np.intp], NDArray[np.intp]]],
    size: int,
    course: Course,
) -> Point:
    counts, found, taken = np.bincount(places), [], []
    for tested, rest in orders:
        chosen = rest[: int(np.searchsorted(np.cumsum(counts[rest]), size)) + 1]
        taken.append((counts[chosen].sum(), len(chosen)))
        train, test = (sample.rows(np.isin(places, side)) for side in (chosen, tested))
        found.append(_measure(train, test, course))
    labels, groups = np.median(taken, axis=0).tolist()
    return Point(labels, groups, {name: summarise(one[name] for one in found) for name in FIGURES})


def _measure(train: Sample, test: Sample, course: Course) -> Figures:
    found: Figures = dict.fromkeys(FIGURES)
    count = len(np.unique(train.units))
    folds = deal(train.units, min(course.folds, count), course.seed)
    fits = Fits(course.mapping, train, folds, course.seed)
    try:
        values = fits.without().predict(test.features)
        for name, statistic in (("srcc", srcc), ("plcc", plcc), ("rmse", rmse)):
            found[name] = statistic(values, test.mos)
        check_groups(count, course.level)
        low, high = fit_band(fits).bounds(test.features, course.level)
    except Unfit:
        return found
    return found | {
        "coverage": float(np.mean((low <= test.mos) & (test.mos <= high))),
        "width": float(np.mean(high - low)),
    }
