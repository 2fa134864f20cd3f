"""Correlations and errors of whole samples, by their textbook definitions."""

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from gaia_judge.agreement.pairs import Numbers, is_constant, pair, why_undefined

Name = Literal["srcc", "plcc", "krcc", "rmse"]
Kendall = Literal["b", "c"]


def srcc(x: ArrayLike, y: ArrayLike) -> float | None:
    """Return Spearman's rank correlation, ties at their mean rank; None if undefined.

    >>> srcc([1, 2, 3, float("nan")], [10, 30, 20, 40])
    0.5
    """
    x, y, _ = pair(x, y)
    return None if why_undefined(x, y) else correlate(rank(x), rank(y))


def plcc(x: ArrayLike, y: ArrayLike) -> float | None:
    """Return Pearson's correlation; None if a side is constant or fewer than three pairs are whole."""
    x, y, _ = pair(x, y)
    return None if why_undefined(x, y) else correlate(x, y)


def krcc(x: ArrayLike, y: ArrayLike, kendall: Kendall = "b") -> float | None:
    """Return Kendall's rank correlation; None if undefined.

    Args:
        x: Shape [N].
        y: Shape [N].
        kendall: ``b`` corrects for ties (Kendall, Biometrika 33:239, 1945); ``c`` is Stuart's, for sides
            with different numbers of levels (Stuart, Biometrika 40:105, 1953).
    """
    from scipy.stats import kendalltau

    x, y, _ = pair(x, y)
    return None if why_undefined(x, y) else float(kendalltau(x, y, variant=kendall).statistic)


def rmse(x: ArrayLike, y: ArrayLike) -> float | None:
    """Return the root of the mean squared difference; None without pairs. Both need one scale."""
    x, y, _ = pair(x, y)
    return float(np.sqrt(np.mean((x - y) ** 2))) if len(x) else None


STATISTICS = {"srcc": srcc, "plcc": plcc, "krcc": krcc, "rmse": rmse}


def rank(values: Numbers, ties: Literal["average", "dense"] = "average") -> Numbers:
    """Return ranks from 1, ties at their mean rank or without gaps; shape [N]."""
    from scipy.stats import rankdata

    return np.asarray(rankdata(values, ties), np.float64)


def correlate(x: Numbers, y: Numbers) -> float | None:
    """Return Pearson's correlation of finite values, from -1 to 1; None if a side is constant."""
    if is_constant(x) or is_constant(y):
        return None
    x, y = (side - side.mean() for side in (x, y))
    # Scaled first, so that squares of tiny or huge deviations stay within range.
    x, y = (side / np.abs(side).max() for side in (x, y))
    return float(np.clip(x @ y / np.sqrt((x @ x) * (y @ y)), -1.0, 1.0))
