"""What a fit was worth on videos that it had not seen: figures over splits, and a table of scores."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from gaia_judge.baselines.fits import Tested
from gaia_judge.calibration.tables import OUT_OF_FOLD
from gaia_judge.protocols import Protocol, Spread, summarise
from gaia_judge.reports import Report
from gaia_judge.scores import Score, ScoreTable

if TYPE_CHECKING:
    from pandas import DataFrame

FIGURES = ("srcc", "plcc", "plcc_mapped")

UPSTREAM = "selected on the test"
"""In the column ``calibration``: by the upstream rule, whose figures flatter; `compare` refuses them."""

NOTE_UPSTREAM = (
    "SELECTED ON THE TEST: the tested videos chose the best epoch, as in the metrics' own repositories. These"
    " figures flatter; they serve reproduction only."
)


def summarise_splits(tested: Sequence[Tested]) -> list[dict[str, Any]]:
    """Return a row per dimension, as JSON values: medians over splits, their mean, sd and extremes, and n.

    ``n`` is the number of different videos that were tested, ``splits`` how often, ``tested`` how many each
    time. ``srcc_undefined`` and the like count splits in which a figure is not defined, with the ``reason``.
    """
    rows = []
    for dimension in dict.fromkeys(one.dimension for one in tested):
        part = [one for one in tested if one.dimension == dimension]
        row: dict[str, Any] = {"dimension": dimension}
        for name in FIGURES:
            row |= _spread(name, summarise(getattr(one, name) for one in part))
        reasons = dict.fromkeys(one.reason for one in part if one.reason)
        told = {
            "n": len({video for one in part for video in one.rows}),
            "splits": len(part),
            "tested": [len(one.rows) for one in part],
            "reason": "; ".join(reasons) or None,
        }
        rows.append({**row, **told})
    return rows


def report_splits(
    title: str, rows: Sequence[Mapping[str, Any]], protocol: Protocol, *, upstream: bool
) -> Report:
    """Return the same as a table for people."""
    parts = [f"{name}{part}" for name in ("SRCC", "PLCC") for part in ("", " mean", " sd")]
    columns = ("dimension", "n", "splits", *parts, "PLCC mapped")
    names = ("dimension", "n", "splits", "srcc", "srcc_mean", "srcc_sd", "plcc", "plcc_mean", "plcc_sd")
    cells = tuple(tuple(row[name] for name in (*names, "plcc_mapped")) for row in rows)
    about = f"Protocol {protocol.name}: {protocol.about}" if protocol.about else f"Protocol {protocol.name}."
    mapped = (
        "SRCC and PLCC are medians over the splits, with mean and sd. PLCC mapped: after the four-parameter"
        " logistic, fitted to the tested videos."
    )
    reasons = tuple(f"{row['dimension']}: {row['reason']}." for row in rows if row["reason"])
    notes = (about, mapped, *reasons, *([NOTE_UPSTREAM] if upstream else []))
    return Report(title, columns, cells, notes)


def held_out_table(
    rater: str,
    held: "DataFrame",
    facts: "DataFrame",
    errors: Mapping[str, str],
    *,
    human_digest: str,
    protocol: str,
    upstream: bool,
) -> ScoreTable:
    """Return held-out scores as a table that ``compare`` takes.

    Args:
        rater: Its name.
        held: A row per video with features, a column per dimension; NaN where no split tested it: no row.
        facts: Of all videos: columns generator, action, category, subset and prompt.
        errors: Why the other videos have no features.
        human_digest: Of people's scores.
        protocol: Its name.
        upstream: Whether the test chose the best epoch.
    """
    rows = []
    kind = UPSTREAM if upstream else OUT_OF_FOLD
    always = {"calibrated_on": human_digest, "calibration": kind}
    whole = facts.astype(object).where(facts.notna(), None)
    for video in facts.index:
        for dimension in held.columns:
            value = held[dimension].get(video)
            value = None if value is None or value != value else float(value)
            error = errors.get(video)
            if value is None and error is None:  # never held out: missing, not failed
                continue
            note = f"mean over the splits of {protocol} that held it out" if value is not None else None
            score = Score(video=video, dimension=dimension, rater=rater, value=value, error=error, note=note)
            rows.append({**score.row(), **whole.loc[video].to_dict(), **always})
    return ScoreTable.from_records(rows)


def _spread(name: str, spread: Spread) -> dict[str, Any]:
    found = asdict(spread)
    parts = {"mean": "mean", "sd": "deviation", "low": "low", "high": "high", "undefined": "undefined"}
    return {name: found["median"], **{f"{name}_{key}": found[part] for key, part in parts.items()}}
