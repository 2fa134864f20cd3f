"""Agreement as rows for machines and as tables for people."""

from collections.abc import Mapping
from typing import Any

from gaia_judge.agreement import Agreement
from gaia_judge.reports import Interval

LABELS = {
    "srcc": "SRCC",
    "krcc": "KRCC",
    "plcc": "PLCC",
    "plcc_mapped": "PLCC mapped",
    "rmse": "RMSE",
    "rmse_mapped": "RMSE mapped",
    "pairwise_accuracy": "pairwise accuracy",
    "outlier_ratio": "outlier ratio",
    "outlier_ratio_mapped": "outlier ratio mapped",
}
"""How statistics are headed."""


def agreement_row(found: Mapping[str, Agreement]) -> dict[str, Any]:
    """Return statistics as JSON values: each with ``_low`` and ``_high``, and why any is undefined.

    Args:
        found: By statistic; all of the same pairs.
    """
    first = next(iter(found.values()))
    row: dict[str, Any] = {"n": first.n, "missing": first.missing}
    for name, one in found.items():
        row |= {name: one.value, f"{name}_low": one.low, f"{name}_high": one.high}
    reasons = dict.fromkeys(one.reason for one in found.values() if one.reason)
    undefined = {name: one.undefined for name, one in found.items() if one.undefined}
    return {**row, "undefined_replicates": undefined, "reason": "; ".join(reasons) or None}


def interval(one: Agreement | None) -> Interval:
    """Return a statistic as a cell; one that was not measured is missing."""
    return Interval(None) if one is None else Interval(one.value, one.low, one.high)
