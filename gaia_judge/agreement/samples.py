"""Samples: whole pairs of scores with the replicates of these rows."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gaia_judge.agreement.intervals import Agreement, conclude, why_unresampled
from gaia_judge.agreement.pairs import Numbers, pair
from gaia_judge.agreement.resamplings import Resampling

Replicate = Callable[[Resampling], Numbers]
"""What a statistic is in each replicate; shape [draws]."""


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """Whole pairs, and the replicates of them."""

    x: Numbers
    y: Numbers
    missing: int
    """Pairs that are not whole."""
    resampling: Resampling | None
    """None where no intervals are asked for, or none are possible."""

    def take(self, kept: NDArray[np.bool_]) -> "Sample":
        """Return those of the pairs, the others counted as missing; shape [N] booleans."""
        own = None if self.resampling is None else self.resampling.take(kept)
        return Sample(self.x[kept], self.y[kept], self.missing + int(np.sum(~kept)), own)

    def conclude(
        self, name: str, value: float | None, replicate: Replicate | None, reason: str | None = None
    ) -> Agreement:
        """Return a statistic with its interval.

        Args:
            name: Of the statistic.
            value: Of the sample, None where undefined.
            replicate: Called only where there is a value and can be an interval.
            reason: Why there is no value.
        """
        why = reason if value is None else why_unresampled(self.resampling)
        usable = None if value is None or why else self.resampling
        again = None if usable is None or replicate is None else replicate(usable)
        return conclude(name, value, again, n=len(self.x), missing=self.missing, reason=why)


def gather(x: ArrayLike, y: ArrayLike, resampling: Resampling | None) -> Sample:
    """Return the whole pairs of two sides, shape [N] each, with the replicates of all N rows cut to these."""
    left, right, kept = pair(x, y)
    own = None if resampling is None else resampling.take(kept)
    return Sample(left, right, int(np.sum(~kept)), own)
