"""What a calibration is worth: agreement before and after, and how well its intervals keep their promise."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gaia_judge.agreement import Agreement, Resampling, agree, resample
from gaia_judge.calibration.calibrations import Calibration, Result

if TYPE_CHECKING:
    from pandas import Series

STATISTICS = ("srcc", "plcc", "rmse")

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Gain:
    """How one dimension agrees with people, before and after; on the same videos."""

    dimension: str
    raw: Mapping[str, Agreement]
    """By statistic. RMSE compares two scales unless the rater used people's."""
    calibrated: Mapping[str, Agreement]
    """Out-of-fold."""
    missing: int
    """Labelled videos that lack a score, before or after."""
    reason: str | None
    """Why calibrated scores are missing that could have been had."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """What share of labels the intervals hold, on groups that they were not made from."""

    dimension: str
    generator: str | None
    """None for all."""
    level: float
    """As promised."""
    value: float | None
    low: float | None
    """Of the 95% interval of the coverage, whole groups drawn anew."""
    high: float | None
    width: float | None
    """Mean width of the intervals, on people's scale."""
    n: int
    """Labels."""
    groups: int
    reason: str | None
    """Why there are no intervals, if there are none."""


def measure_gains(found: Calibration, draws: int = 1000) -> list[Gain]:
    """Return, by dimension, the agreement with intervals clustered by the calibration's groups."""
    return [_gain(name, result, found.plan.seed, draws) for name, result in found.results.items()]


def measure_coverage(found: Calibration, draws: int = 1000, *, by_generator: bool = False) -> list[Coverage]:
    """Return, by dimension, how many labels the intervals hold, over all videos or by generator."""
    generators = found.facts["generator"]
    parts = [str(name) for name in generators.dropna().unique()] if by_generator else [None]
    return [
        _coverage(found, name, result, part, _rows(generators, part), draws)
        for name, result in found.results.items()
        for part in parts
    ]


def _gain(name: str, result: Result, seed: int, draws: int) -> Gain:
    labelled = np.isfinite(result.sample.mos)
    kept = labelled & np.isfinite(result.raw) & np.isfinite(result.calibrated.values)
    mos, drawn = result.sample.mos[kept], _resample(result.sample.units[kept], draws, seed)
    raw, after = (
        agree(side[kept], mos, statistics=STATISTICS, resampling=drawn)
        for side in (result.raw, result.calibrated.values)
    )
    reasons = [one for one in result.calibrated.errors if one]
    return Gain(name, raw, after, int(np.sum(labelled & ~kept)), next(iter(reasons), None))


def _coverage(
    found: Calibration, name: str, result: Result, part: str | None, rows: NDArray[np.bool_], draws: int
) -> Coverage:
    low, high, mos = result.calibrated.low, result.calibrated.high, result.sample.mos
    kept = np.isfinite(low) & np.isfinite(mos) & rows
    units, n = result.sample.units[kept], int(kept.sum())
    level, groups = found.plan.level, len(np.unique(units))
    if not n:
        reason = result.reason or "no label"
        return Coverage(name, part, level, None, None, None, None, 0, 0, reason)
    held = ((low <= mos) & (mos <= high))[kept].astype(float)
    bottom, top = _ends(held, _resample(units, draws, found.plan.seed)) if groups > 1 else (None, None)
    width = float(np.mean((high - low)[kept]))
    return Coverage(name, part, level, float(held.mean()), bottom, top, width, n, groups, result.reason)


def _ends(values: Numbers, drawn: Resampling) -> tuple[float, float]:
    """Return the 95% interval of a mean, by the percentile bootstrap."""
    sums, sizes = drawn.total(np.stack([values, np.ones_like(values)], axis=1)).T
    low, high = np.quantile(sums / sizes, [0.025, 0.975]).tolist()
    return low, high


def _resample(units: NDArray[np.str_], draws: int, seed: int) -> Resampling:
    return resample(len(units), (units,), draws=draws, seed=seed)


def _rows(generators: "Series[str]", part: str | None) -> NDArray[np.bool_]:
    if part is None:
        return np.ones(len(generators), bool)
    return np.asarray(generators.eq(part).fillna(False), bool)
