"""Opinions as JSON values for machines and as tables for people."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from gaia_judge.opinions import Analysis, Asking, describe_raters
from gaia_judge.opinions.analyses import known
from gaia_judge.reports import Interval, Report


def as_values(found: Sequence[Analysis], asking: Asking) -> dict[str, Any]:
    """Return everything as JSON values."""
    repeats = "votes of their own" if asking.method in ("p910", "mle") else "averaged"
    settings = {
        "method": asking.method,
        "threshold": asking.least if asking.method == "pearson" else None,
        "repeats": repeats,
        "bootstrap": asking.draws,
        "groups_of_observers": asking.groups,
        "seed": asking.seed,
    }
    return {
        "settings": settings,
        "rejected": [
            {"rater": gone.rater, "dimension": one.dimension, "why": gone.why}
            for one in found
            for gone in one.opinion.rejected
        ],
        "agreement": [
            {
                "dimension": one.dimension,
                "raters": raters,
                **{name: asdict(part) for name, part in of.items()},
            }
            for one in found
            for raters, of in (("all", one.agreement), ("kept", one.kept))
            if of is not None
        ],
        "dimensions": [_dimension(one) for one in found],
    }


def _dimension(one: Analysis) -> dict[str, Any]:
    votes, opinion = one.votes, one.opinion
    counts = votes.sum_videos()
    return {
        "dimension": one.dimension,
        "videos": len(votes.videos),
        "raters": len(votes.raters),
        "votes": len(votes.scores),
        "repeats": len(votes.scores) - len(votes.averaged().scores),
        "votes_per_video": {
            "min": int(counts.min()),
            "median": float(np.median(counts)),
            "max": int(counts.max()),
        },
        "without_score": int(np.isnan(opinion.mos).sum()),
        **_summary(one),
        "lowest_vote": one.scale[0],
        "highest_vote": one.scale[1],
        "fit": dict(opinion.facts),
        "notes": list(opinion.notes),
        "observers": [asdict(point) for point in one.observers],
        "spread": {"levels": [asdict(level) for level in one.levels], "sos": one.sos},
        "rater_facts": describe_raters(votes, opinion),
    }


def _summary(one: Analysis) -> dict[str, float | None]:
    """Return what the scores are like; the half of an interval is its mean over videos that have one."""
    mos, half = one.opinion.mos, (one.opinion.high - one.opinion.low) / 2
    several = half[np.isfinite(half)]
    return {
        "mean_mos": known(float(np.nanmean(mos))) if np.isfinite(mos).any() else None,
        "spread_of_mos": known(float(np.nanstd(mos, ddof=1))) if np.isfinite(mos).sum() > 1 else None,
        "half_interval": float(several.mean()) if len(several) else None,
    }


def list_reports(found: Sequence[Analysis], asking: Asking) -> list[Report]:
    """Return the tables: scores and agreement, rejected raters, and how scores settle; none is empty."""
    tables = (_overview(found, asking), _agreement(found), _rejections(found), _settling(found))
    return [table for table in tables if table.rows]


def _overview(found: Sequence[Analysis], asking: Asking) -> Report:
    heads = ("dimension", "videos", "raters", "rejected", "votes", "mean MOS", "SD of MOS", "± interval")
    rows = []
    for one in found:
        votes, gone = one.votes, len(one.opinion.rejected)
        cells = (one.dimension, len(votes.videos), len(votes.raters), gone, len(votes.scores))
        rows.append((*cells, *_summary(one).values()))
    notes = tuple(f"{one.dimension or 'votes'}: {note}" for one in found for note in one.opinion.notes)
    return Report(f"People's scores by {asking.method}", heads, tuple(rows), notes)


def _agreement(found: Sequence[Analysis]) -> Report:
    parts = [
        (one.dimension, raters, of)
        for one in found
        for raters, of in (("all", one.agreement), ("kept", one.kept))
        if of is not None
    ]
    rows = [
        (name, raters, *(Interval(part.value, part.low, part.high) for part in of.values()))
        for name, raters, of in parts
    ]
    kinds = dict.fromkeys((of["icc"].kind, of["icc_mean"].kind) for *_, of in parts)
    told = " or ".join(f"{single} and {average}" for single, average in kinds)
    note = f"Krippendorff's alpha for interval data; ICC of a vote and of the mean: {told}."
    heads = ("dimension", "raters", "alpha", "ICC of a vote", "ICC of the mean")
    return Report("Agreement", heads, tuple(rows), (note,))


def _rejections(found: Sequence[Analysis]) -> Report:
    rows = [(one.dimension, gone.rater, gone.why) for one in found for gone in one.opinion.rejected]
    return Report("Rejected raters", ("dimension", "rater", "why"), tuple(rows))


def _settling(found: Sequence[Analysis]) -> Report:
    rows = [
        (
            one.dimension,
            point.observers,
            Interval(point.all, point.all_low, point.all_high),
            Interval(point.rest, point.rest_low, point.rest_high),
        )
        for one in found
        for point in one.observers
    ]
    note = "Plain means of random groups of observers; brackets hold 95% of the groups, which all include."
    heads = ("dimension", "observers", "SRCC with all", "SRCC with the rest")
    return Report("Scores as observers increase", heads, tuple(rows), (note,))
