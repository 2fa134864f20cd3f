"""Contrasts: tests of whether two correlations differ, from the correlations and numbers of rows alone.

They suppose independent rows of normal data. Videos of one action are not independent; the bootstrap by
clusters, which ``duels`` prefers, does not need that.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

LEAST = 4
"""Rows that every test needs."""
ROUNDING = 1e-12
RIGID = "the three correlations determine each other, so their difference has no spread"


@dataclass(frozen=True, slots=True)
class Test:
    """A test of one difference."""

    __test__: ClassVar[bool] = False
    """Nothing for pytest, for all its name."""

    name: str
    statistic: float | None
    """Above 0 if the first correlation is greater; None where undefined."""
    p: float | None
    """Two-sided."""
    reason: str | None = None
    """Why the test is undefined, in words for a user."""


def williams(first: float, second: float, between: float, n: int) -> Test:
    """Return Williams' T2, which has Student's distribution with n - 3 degrees of freedom.

    After Williams, Journal of the Royal Statistical Society B 21:396, 1959; the formula is eq. 7 of Steiger,
    Psychological Bulletin 87:245, 1980.

    Args:
        first: Correlation of the first rater with people, as ``second`` is of the second rater.
        second: The same people, the same videos.
        between: Correlation of the two raters.
        n: Videos.

    >>> found = williams(0.40, 0.50, 0.10, 103)
    >>> round(found.statistic, 4), round(found.p, 4)
    (-0.8913, 0.3749)
    """
    from scipy.stats import t

    if reason := _why_undefined(first, second, between, n):
        return Test("williams", None, None, reason)
    spread = 2 * max(_determinant(first, second, between), 0) * (n - 1) / (n - 3)
    spread += ((first + second) / 2) ** 2 * (1 - between) ** 3
    if spread <= 0:
        return Test("williams", None, None, RIGID)
    statistic = (first - second) * math.sqrt((n - 1) * (1 + between) / spread)
    return Test("williams", statistic, 2 * float(t.sf(abs(statistic), n - 3)))


def steiger(first: float, second: float, between: float, n: int) -> Test:
    """Return Steiger's Z of Fisher's z, with the mean of both correlations in their covariance.

    This is Z1* (eq. 14) of Steiger, Psychological Bulletin 87:245, 1980; arguments are those of ``williams``.

    >>> round(steiger(0.40, 0.50, 0.10, 103).statistic, 4)
    -0.8887
    """
    if reason := _why_undefined(first, second, between, n):
        return Test("steiger", None, None, reason)
    square = ((first + second) / 2) ** 2
    shared = between * (1 - 2 * square) - square * (1 - 2 * square - between**2) / 2
    spread = 2 - 2 * shared / (1 - square) ** 2
    return _divide("steiger", first, second, spread / (n - 3))


def meng(first: float, second: float, between: float, n: int) -> Test:
    """Return the Z of Meng, Rosenthal and Rubin, Psychological Bulletin 111:172, 1992 (eq. 1).

    Arguments are those of ``williams``.
    """
    if reason := _why_undefined(first, second, between, n):
        return Test("meng", None, None, reason)
    square = (first**2 + second**2) / 2
    f = min(1.0, (1 - between) / (2 * (1 - square)))
    h = (1 - f * square) / (1 - square)
    spread = 2 * (1 - between) * h
    return _divide("meng", first, second, spread / (n - 3))


def fisher(first: float, n: int, second: float, m: int) -> Test:
    """Return Fisher's z of two correlations of independent samples (Fisher, Metron 1:3, 1921).

    Args:
        first: A correlation.
        n: Its videos.
        second: The other, of other videos.
        m: Its videos.

    >>> round(fisher(0.5, 103, 0.6, 103).statistic, 4)
    -1.0171
    """
    if reason := _why_extreme(first, second) or _why_few(min(n, m)):
        return Test("fisher", None, None, reason)
    return _divide("fisher", first, second, 1 / (n - 3) + 1 / (m - 3))


def correct(p: Sequence[float | None]) -> list[float | None]:
    """Return Holm's corrected p of several tests (Scandinavian Journal of Statistics 6:65, 1979).

    Those that are None stay None and do not count.

    >>> correct([0.01, 0.04, None, 0.03])
    [0.03, 0.06, None, 0.06]
    """
    order = sorted((one, place) for place, one in enumerate(p) if one is not None)
    steps = [min(1.0, one * (len(order) - rank)) for rank, (one, _) in enumerate(order)]
    found: list[float | None] = [None] * len(p)
    for (_, place), value in zip(order, np.maximum.accumulate(steps).tolist(), strict=True):
        found[place] = value
    return found


def _divide(name: str, first: float, second: float, variance: float) -> Test:
    """Return the test that the difference of Fisher's z, of this variance, is 0."""
    if variance <= 0:
        return Test(name, None, None, RIGID)
    statistic = (math.atanh(first) - math.atanh(second)) / math.sqrt(variance)
    return Test(name, statistic, math.erfc(abs(statistic) / math.sqrt(2)))


def _determinant(first: float, second: float, between: float) -> float:
    """Return that of the correlation matrix of people and two raters, which rounding may put below 0."""
    return 1 - first**2 - second**2 - between**2 + 2 * first * second * between


def _why_undefined(first: float, second: float, between: float, n: int) -> str | None:
    if reason := _why_few(n) or _why_extreme(first, second):
        return reason
    if not -1 < between < 1 - ROUNDING:
        return f"the two raters correlate by {between:.6g}; the test needs less than 1"
    if _determinant(first, second, between) < -ROUNDING:
        return f"no three sides correlate by {first:.6g}, {second:.6g} and {between:.6g}"
    return None


def _why_few(n: int) -> str | None:
    return f"{n} videos have all scores; the test needs {LEAST}" if n < LEAST else None


def _why_extreme(*correlations: float) -> str | None:
    """Return why Fisher's z does not exist for one of these, which may also be NaN."""
    for one in correlations:
        if not ROUNDING - 1 < one < 1 - ROUNDING:
            return f"a correlation is {one:.6g}; the test needs one between -1 and 1"
    return None
