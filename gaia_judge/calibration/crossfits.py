"""Cross-fitting: each group's scores are mapped by what was fitted on other groups."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from gaia_judge.calibration.mappings import Map, Name, Unfit, fit_map
from gaia_judge.protocols import deal

Numbers = NDArray[np.float64]
Places = NDArray[np.intp]

OUTSIDE = -1
"""The fold of rows whose group has no label: nothing was ever fitted on it."""


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """A rater's scores on one dimension beside people's, row by row."""

    features: Numbers
    """Shape [N, F]; mappings of one score use the first column."""
    mos: Numbers
    """People's scores, NaN where there is none, shape [N]."""
    units: NDArray[np.str_]
    """The group of each row, shape [N]."""

    @property
    def whole(self) -> NDArray[np.bool_]:
        """Rows that miss nothing, shape [N]."""
        return np.isfinite(self.features).all(1) & np.isfinite(self.mos)

    def rows(self, chosen: NDArray[np.bool_] | Places) -> "Sample":
        """Return some of the rows."""
        return Sample(self.features[chosen], self.mos[chosen], self.units[chosen])


def assign(sample: Sample, folds: int, seed: int, what: str = "group") -> Places:
    """Return the fold of each row, shape [N]: labelled groups are dealt out, the rest are ``OUTSIDE``.

    Raises:
        GaiaJudgeError: There are fewer labelled groups than folds.
    """
    labelled = np.isin(sample.units, sample.units[sample.whole])
    found = np.full(len(sample.units), OUTSIDE)
    found[labelled] = deal(sample.units[labelled], folds, seed, f"labelled {what}")
    return found


@dataclass(frozen=True, slots=True, eq=False)
class Fits:
    """A mapping fitted with some folds left out, each combination once."""

    name: Name
    sample: Sample
    folds: Places
    """Of each row, from ``assign``, shape [N]."""
    seed: int = 0
    _made: dict[frozenset[int], Map | Unfit] = field(default_factory=dict)

    @property
    def numbers(self) -> list[int]:
        """The folds that hold labels."""
        return [int(fold) for fold in np.unique(self.folds) if fold != OUTSIDE]

    def without(self, *left_out: int) -> Map:
        """Return the mapping fitted on all labels but those of some folds.

        Raises:
            Unfit: What remains does not determine it.
        """
        key = frozenset(left_out) - {OUTSIDE}
        if key not in self._made:
            self._made[key] = self._fit(key)
        made = self._made[key]
        if isinstance(made, Unfit):
            raise made
        return made

    def _fit(self, left_out: frozenset[int]) -> Map | Unfit:
        used = self.sample.rows(~np.isin(self.folds, list(left_out)))
        try:
            return fit_map(self.name, used.features, used.mos, used.units, self.seed)
        except Unfit as reason:
            return reason


@dataclass(frozen=True, slots=True, eq=False)
class CrossFit:
    """Out-of-fold values."""

    values: Numbers
    """NaN where a score is missing or the other folds determine no mapping, shape [N]."""
    reasons: dict[int, str]
    """Why the rows of a fold have no values."""


def cross_fit(fits: Fits) -> CrossFit:
    """Return each row mapped by what was fitted on the other folds (Stone, 1974).

    Over all folds together a rater without any worth correlates below zero, not at zero, with people: where
    a fold's labels are high, those of the others, whose mean it is given, are low.
    """
    values, reasons = np.full(len(fits.folds), np.nan), {}
    for fold in np.unique(fits.folds).tolist():
        rows = fits.folds == fold
        try:
            values[rows] = fits.without(fold).predict(fits.sample.features[rows])
        except Unfit as reason:
            reasons[fold] = str(reason)
    return CrossFit(values, reasons)
