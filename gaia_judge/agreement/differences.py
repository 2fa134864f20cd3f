"""Differences: which of two raters agrees better with people, on the same videos."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from itertools import combinations
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from gaia_judge.agreement.contrasts import Test, correct, meng, steiger, williams
from gaia_judge.agreement.correlations import STATISTICS
from gaia_judge.agreement.intervals import Agreement, bound, conclude, why_unresampled
from gaia_judge.agreement.pairs import Numbers, why_undefined
from gaia_judge.agreement.replicates import plcc_replicates, srcc_replicates, sum_ranks
from gaia_judge.agreement.resamplings import Resampling, resample

ROUNDING = 1e-12
"""Differences that vary by less do not vary."""

Correlation = Literal["srcc", "plcc"]
Testing = Literal["bootstrap", "williams", "steiger", "meng"]
TESTS: dict[str, Callable[..., Test]] = {
    "williams": williams,
    "steiger": steiger,
    "meng": meng,
}


@dataclass(frozen=True, slots=True)
class Duel:
    """Two raters on the videos that both, and people, have scored."""

    first: str
    second: str
    difference: float | None
    """The first rater's correlation with people less the second's; None where undefined."""
    low: float | None
    high: float | None
    """Ends of the 95% bootstrap interval of the difference; None without replicates."""
    statistic: float | None
    p: float | None
    """Two-sided, of no difference."""
    p_holm: float | None
    """The same, corrected by Holm for all duels of the table."""
    n: int
    """Videos."""
    reason: str | None = None
    """Why something is undefined, in words for a user."""


def duels(
    raters: Mapping[str, ArrayLike],
    y: ArrayLike,
    *,
    test: Testing = "bootstrap",
    resampling: Resampling | None = None,
    correlation: Correlation = "srcc",
) -> list[Duel]:
    """Return for each two raters which agrees better with people.

    Args:
        raters: Scores by name; shape [N] each.
        y: People; shape [N].
        test: ``williams``, ``steiger`` or ``meng`` suppose independent videos. ``bootstrap`` divides the
            difference by the standard deviation of its replicates, and takes Student's distribution with
            one degree of freedom less than there are units (rows or clusters; of two kinds, the fewer):
            a p that is counted among replicates could not be smaller than 2 / draws, which no correction
            for hundreds of pairs survives.
        resampling: The replicates of all N rows. ``bootstrap`` needs them; the intervals are theirs,
            whatever the test.
        correlation: What is compared.
    """
    sides = {name: np.asarray(one, np.float64) for name, one in raters.items()}
    people = np.asarray(y, np.float64)

    @cache
    def compare(name: str, mask: bytes) -> Side:
        kept = np.frombuffer(mask, bool)
        return _measure(sides[name][kept], people[kept], correlation, resampling and resampling.take(kept))

    def fight(first: str, second: str) -> Duel:
        kept = np.isfinite(np.stack([sides[first], sides[second], people])).all(0)
        own, other = compare(first, kept.tobytes()), compare(second, kept.tobytes())
        between = STATISTICS[correlation](sides[first][kept], sides[second][kept]) if test in TESTS else None
        return _judge((first, second), (own, other), between, test, int(kept.sum()))

    found = [fight(*two) for two in combinations(raters, 2)]
    corrected = correct([one.p for one in found])
    return [replace(one, p_holm=p) for one, p in zip(found, corrected, strict=True)]


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """How one rater of a duel agrees with people."""

    value: float | None
    replicates: Numbers | None
    units: int
    reason: str | None
    """Why there is no value, or no interval."""


def _measure(x: Numbers, y: Numbers, correlation: Correlation, resampling: Resampling | None) -> Side:
    value = STATISTICS[correlation](x, y)
    if value is None:
        return Side(None, None, 0, why_undefined(x, y))
    if resampling is None or resampling.units < 2:
        return Side(value, None, 0, why_unresampled(resampling))
    return Side(value, _replicate(x, y, correlation, resampling), resampling.units, None)


def _replicate(x: Numbers, y: Numbers, correlation: Correlation, resampling: Resampling) -> Numbers:
    if correlation == "plcc":
        return plcc_replicates(x, y, resampling)
    return srcc_replicates(sum_ranks(x, y, resampling))


def _judge(
    names: tuple[str, str], sides: tuple[Side, Side], between: float | None, test: Testing, n: int
) -> Duel:
    """Return the duel of two sides, not yet corrected for others."""
    values = [side.value for side in sides]
    difference, drawn = _subtract(*sides)
    if difference is None:
        name, side = next((a, b) for a, b in zip(names, sides, strict=True) if b.value is None)
        return Duel(*names, None, None, None, None, None, None, n, f"{name}: {side.reason}")
    low, high, reason = (None, None, sides[0].reason) if drawn is None else bound(drawn)
    if test in TESTS:
        correlations = [math.nan if one is None else one for one in (*values, between)]
        found = TESTS[test](*correlations, n=n)
    else:
        found = studentize(difference, drawn, sides[0].units, reason)
    return Duel(*names, difference, low, high, found.statistic, found.p, None, n, found.reason or reason)


def _subtract(first: Side, second: Side) -> tuple[float | None, Numbers | None]:
    """Return the difference of two sides, and of their replicates where both have some."""
    value = None if first.value is None or second.value is None else first.value - second.value
    if first.replicates is None or second.replicates is None:
        return value, None
    return value, first.replicates - second.replicates


def studentize(difference: float, replicates: Numbers | None, units: int, reason: str | None = None) -> Test:
    """Return the test of a difference by the standard deviation of its replicates.

    The statistic is the difference over that deviation; p is Student's with ``units`` - 1 degrees of freedom,
    as is usual for few clusters (Cameron and Miller, Journal of Human Resources 50:317, 2015).

    Args:
        difference: Of the sample.
        replicates: Shape [draws], NaN where undefined; None where there are none.
        units: Rows or clusters that were drawn.
        reason: Why there can be no test.
    """
    from scipy.stats import t

    if replicates is None or reason:
        return Test("bootstrap", None, None, reason or "the bootstrap test needs replicates")
    deviation = float(np.nanstd(replicates, ddof=1))
    if deviation < ROUNDING:
        return Test("bootstrap", None, None, "the difference is the same in every bootstrap replicate")
    statistic = difference / deviation
    return Test("bootstrap", statistic, 2 * float(t.sf(abs(statistic), units - 1)))


def advantage(
    x: ArrayLike,
    other: ArrayLike,
    y: ArrayLike,
    *,
    clusters: ArrayLike | None = None,
    draws: int = 2000,
    seed: int = 0,
) -> Agreement:
    """Return by how much the SRCC of ``x`` with ``y`` exceeds that of ``other``, with its 95% interval.

    Both are measured on the same pairs in each bootstrap sample; those that ``other`` lacks are left out.

    Args:
        x: Shape [N], as all arrays.
        other: The rater it is compared with.
        y: People.
        clusters: Draw these whole instead of pairs.
        draws: Bootstrap samples; as in ``interval``.
        seed: Equal seeds give equal intervals.
    """
    sides = [np.asarray(side, np.float64) for side in (x, other, y)]
    kept = np.isfinite(np.stack(sides)).all(0)
    left, right, people = (side[kept] for side in sides)
    labels = [] if clusters is None else [np.asarray(clusters)[kept]]
    resampling = resample(len(left), labels, draws=draws, seed=seed)
    ours, theirs = (_measure(side, people, "srcc", resampling) for side in (left, right))
    value, found = _subtract(ours, theirs)
    reason = ours.reason or theirs.reason
    return conclude("srcc advantage", value, found, n=len(left), missing=int(np.sum(~kept)), reason=reason)
