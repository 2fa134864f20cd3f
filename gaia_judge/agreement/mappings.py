"""Mappings: correlation and error after a logistic function was fitted to people's scores; outliers too."""

from collections.abc import Iterator
from functools import cache

import numpy as np

from gaia_judge.agreement.correlations import plcc, rmse
from gaia_judge.agreement.intervals import Agreement
from gaia_judge.agreement.logistics import Kind, fit_logistic
from gaia_judge.agreement.outliers import exceed
from gaia_judge.agreement.pairs import Numbers
from gaia_judge.agreement.refits import Refit, outliers_mapped, plcc_mapped, refit, rmse_mapped
from gaia_judge.agreement.replicates import mean_replicates
from gaia_judge.agreement.resamplings import Resampling
from gaia_judge.agreement.samples import Sample

UNKNOWN = "the spread of people's votes is not known"


def measure_outliers(sample: Sample, limits: Numbers) -> Agreement:
    """Return the outlier ratio of scores as they are; ``limits`` are NaN where not known, shape [N]."""
    known = ~np.isnan(limits)
    part = sample.take(known)
    beyond = exceed(part.x, part.y, limits[known])
    value = float(beyond.mean()) if len(beyond) else None
    return part.conclude("outlier_ratio", value, lambda r: mean_replicates(beyond, r), UNKNOWN)


def measure_mapped(sample: Sample, kind: Kind, limits: Numbers | None) -> Iterator[Agreement]:
    """Yield ``plcc_mapped``, ``rmse_mapped`` and, with ``limits``, ``outlier_ratio_mapped``.

    The function is fitted to the very scores it is compared with, as published studies do: that flatters,
    the more so the fewer videos there are. The intervals account for the fit's uncertainty but not for that:
    with few units the one of ``rmse_mapped`` lies too low (``benchmarks/agreement.py coverage``).
    """
    names = ("plcc_mapped", "rmse_mapped", *(["outlier_ratio_mapped"] if limits is not None else []))
    curve, why = fit_logistic(sample.x, sample.y, kind)
    if curve is None:
        yield from (sample.conclude(name, None, None, why) for name in names)
        return
    x, y = sample.x, sample.y
    mapped = curve(x)

    @cache
    def fit(resampling: Resampling) -> Refit:
        return refit(curve, x, y, resampling)

    flat = f"the fitted {kind} is flat"
    yield sample.conclude("plcc_mapped", plcc(mapped, y), lambda r: plcc_mapped(fit(r), y), flat)
    yield sample.conclude("rmse_mapped", rmse(mapped, y), lambda r: rmse_mapped(fit(r), y))
    if limits is not None:
        known = ~np.isnan(limits)
        value = float(exceed(mapped, y, limits)[known].mean()) if known.any() else None
        part, whole = sample.take(known), sample.resampling
        yield part.conclude(
            "outlier_ratio_mapped", value, lambda r: outliers_mapped(fit(whole or r), y, limits), UNKNOWN
        )
