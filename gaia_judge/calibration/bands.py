"""Conformal bands: intervals that hold people's scores of clips of new groups with a stated probability.

Clips of one action are alike, so that clips are not exchangeable; whole actions are. The bands are those of
CV+ (Barber, Candes, Ramdas and Tibshirani, Predictive inference with the jackknife+, Annals of Statistics
49:486, 2021) with groups in place of clips, each group weighing the same however many clips it has (the
hierarchical jackknife+ of Lee, Barber and Willett, Distribution-free inference with hierarchical data, 2023).

What is promised: let K groups be exchangeable with a new one, whatever happens inside them. A band for level
1 - a holds the score of a random clip of the new group with probability at least 1 - 2a, less at most
sqrt(2 / K) where folds hold several groups. In practice the probability is near 1 - a, which
benchmarks/conformal.py measures. It is one over all groups and clips, not one for each kind of clip.
"""

from math import ceil

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from gaia_judge.calibration.crossfits import Fits
from gaia_judge.calibration.mappings import Map, Unfit

Numbers = NDArray[np.float64]

HALVINGS = 60
"""Of the bracket around a bound: as fine as floating point, and always on the outer side."""

SLACK = 1e-9
"""By which sums of weights may miss a level through rounding."""


class Part(BaseModel):
    """One fold: a mapping fitted without it, and how far it was off there."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    map: Map
    residuals: tuple[float, ...]
    """Absolute errors on the fold, rising."""
    sizes: tuple[int, ...]
    """How many residuals the group of each has: it weighs one over that."""

    def sums(self) -> tuple[Numbers, Numbers]:
        """Return the residuals, shape [R], and the weight of the first 0 to R of them, shape [R + 1]."""
        return np.array(self.residuals), np.cumsum(np.concatenate(([0.0], 1 / np.array(self.sizes))))


class Band(BaseModel):
    """Intervals around a mapping, from the errors of every fold."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    parts: tuple[Part, ...]
    groups: int
    """Groups with labels: what the promise rests on."""

    def bounds(self, features: Numbers, level: float) -> tuple[Numbers, Numbers]:
        """Return the lower and upper ends, each of shape [N], NaN where features are missing.

        Args:
            features: Of clips of groups that the band was not fitted on, shape [N, F].
            level: Such as 0.9.

        Raises:
            Unfit: There are too few groups for a bounded interval.
        """
        check_groups(self.groups, level)
        values = np.stack([part.map.predict(features) for part in self.parts])
        return -self._quantile(-values, level), self._quantile(values, level)

    def _quantile(self, values: Numbers, level: float) -> Numbers:
        """Return the ``level`` quantile of values plus residuals, infinity weighing as one more group.

        Args:
            values: What each part's mapping says, shape [parts, N].
            level: Share of the weight of K + 1 groups.
        """
        sides = [part.sums() for part in self.parts]
        need = level * (self.groups + 1) - SLACK
        low, high = values.min(0), values.max(0) + max(residuals[-1] for residuals, _ in sides)
        low = low - 1e-9 * (high - low) - 1e-12
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            weight = sum(
                sums[np.searchsorted(residuals, middle - value, side="right")]
                for (residuals, sums), value in zip(sides, values, strict=True)
            )
            enough = weight >= need
            low, high = np.where(enough, low, middle), np.where(enough, middle, high)
        return np.where(np.isnan(values).any(0), np.nan, high)


def least_groups(level: float) -> int:
    """Return how many groups a bounded interval of this level needs.

    >>> least_groups(0.9), least_groups(0.95)
    (9, 19)
    """
    return ceil(1 / (1 - level) - SLACK) - 1


def check_groups(groups: int, level: float) -> None:
    """Refuse an interval whose bounds would be infinite.

    Raises:
        Unfit: There are fewer groups than ``least_groups``.
    """
    if groups < least_groups(level):
        need = f"intervals of {100 * level:g}% need {least_groups(level)}"
        raise Unfit(f"{groups} groups with labels are too few: {need}")


def fit_band(fits: Fits, left_out: int | None = None) -> Band:
    """Return the band from all folds, or from all but one, for the clips of that one.

    Raises:
        Unfit: Some folds without others determine no mapping, or there is but one fold.
    """
    away = () if left_out is None else (left_out,)
    inner = [fold for fold in fits.numbers if fold not in away]
    if len(inner) < 2:
        raise Unfit("intervals need at least three folds")
    parts, groups = [], 0
    for fold in inner:
        part, count = _part(fits, fold, fits.without(fold, *away))
        parts.append(part)
        groups += count
    return Band(parts=tuple(parts), groups=groups)


def _part(fits: Fits, fold: int, map: Map) -> tuple[Part, int]:
    """Return a fold's part of a band, and the number of its groups."""
    held = fits.sample.rows((fits.folds == fold) & fits.sample.whole)
    residuals = np.abs(held.mos - map.predict(held.features))
    names, places, counts = np.unique(held.units, return_inverse=True, return_counts=True)
    order = np.argsort(residuals, kind="stable")
    sizes = counts[places][order]
    part = Part(map=map, residuals=tuple(residuals[order].tolist()), sizes=tuple(sizes.tolist()))
    return part, len(names)
