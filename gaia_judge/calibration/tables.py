"""Tables of calibrated scores, which say how each score came about, and what they may be compared with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gaia_judge.calibration.sources import Source
from gaia_judge.errors import GaiaJudgeError
from gaia_judge.scores import FACTS, ScoreTable
from gaia_judge.scores import SEEN as TRAINED

if TYPE_CHECKING:
    from pandas import DataFrame

    from gaia_judge.people import HumanScores

OUT_OF_FOLD, APPLIED, SEEN = "out-of-fold", "applied", "applied to what it was fitted to"
"""In the column ``calibration``: mapped by what other groups were fitted to, or by a finished calibrator,
which has not or has seen people's scores of the video."""

NAMESAKE = "has the name of a video that it was fitted to by people's scores"
"""The note on a score of a fitted metric, before the digest of these scores."""

SYNTHETIC = "synthetic world: no evidence about real judges"

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Calibrated:
    """One dimension's calibrated scores, rows as in the source's values."""

    values: Numbers
    """NaN where there is none, shape [N]."""
    low: Numbers
    """Lower end of the conformal interval, NaN where there is none, shape [N]."""
    high: Numbers
    notes: Sequence[str]
    """Such as the fold, shape [N]."""
    errors: Sequence[str | None]
    """Why a row whose score is known has no calibrated one, shape [N]."""


def calibrated_table(
    source: Source,
    found: Mapping[str, Calibrated],
    *,
    mapping: str,
    kinds: Sequence[str],
    human_digest: str,
    marks: Sequence[str] = (),
) -> ScoreTable:
    """Return calibrated scores with their intervals (columns ``low`` and ``high``) and how they came about.

    Args:
        source: The scores that were calibrated; their notes and errors are kept.
        found: By people's dimensions.
        mapping: Its name.
        kinds: ``OUT_OF_FOLD``, ``APPLIED`` or ``SEEN``, for each row of the source's values.
        human_digest: Of the scores that the mapping was fitted to.
        marks: What every row's note says besides.
    """
    rater = f"{source.rater} calibrated ({mapping})"
    always = {"rater": rater, "calibrated_on": human_digest}
    every = [*marks, *([SYNTHETIC] if source.world else [])]
    old = source.table.to_pandas()
    rows: list[dict[str, Any]] = []
    for dimension, one in found.items():
        before = _before(source, dimension, old)
        for at, row in enumerate(before):
            note = "; ".join([*([row["note"]] if row["note"] else []), one.notes[at], *every])
            numbers = {"value": one.values[at], "low": one.low[at], "high": one.high[at]}
            error = row["error"] or one.errors[at]
            told = {"dimension": dimension, "note": note, "error": error, "calibration": kinds[at]}
            rows.append({**row, **always, **numbers, **told})
    return ScoreTable.from_records(_in_order(rows, list(source.values.index)))


def check_comparison(table: ScoreTable, human: "HumanScores") -> None:
    """Refuse to compare calibrated or trained scores with the human scores they were fitted to.

    Those that are out-of-fold may be: each was mapped by what other groups were fitted to. The others are
    refused where they were fitted to this very file, or to any scores of the same video: these may stand in
    another file too. A video that differs but has the name of one that a metric was fitted to counts as that
    one if its score comes from the very file: it may be re-encoded, say.

    Raises:
        GaiaJudgeError: A score was fitted to these human scores and is not out-of-fold.
    """
    frame = table.to_pandas()
    told = (TRAINED, f"{NAMESAKE} {human.digest}")
    flattered = frame["note"].astype("string").str.startswith(told).fillna(False)
    if "calibrated_on" in frame:
        kinds = frame["calibration"] if "calibration" in frame else frame["calibrated_on"]
        same = frame["calibrated_on"].eq(human.digest) & ~kinds.eq(OUT_OF_FOLD)
        flattered |= (same | kinds.eq(SEEN)).fillna(False)
    if flattered.any():
        rater, video = frame.loc[flattered, ["rater", "video"]].iloc[0]
        message = f"{rater} was fitted to human scores of {video!r}, which would flatter it."
        hint = "Compare its out-of-fold scores, or other videos."
        raise GaiaJudgeError(message, hint)


def _before(source: Source, dimension: str, old: "DataFrame") -> list[dict[str, Any]]:
    """Return the facts, notes and errors of the scores that were mapped, rows as in the source's values."""
    kept = ["video", *FACTS, "note", "error"]
    part = old.loc[old["dimension"] == (source.column(dimension) or ""), kept].set_index("video")
    part = part.reindex(source.values.index)
    facts = source.table.facts().loc[part.index]
    whole = part.assign(**{name: facts[name] for name in FACTS}).reset_index(names="video")
    records = whole.astype(object).where(whole.notna(), None).to_dict("records")
    return [{str(name): cell for name, cell in record.items()} for record in records]


def _in_order(rows: list[dict[str, Any]], videos: Sequence[str]) -> list[dict[str, Any]]:
    """Return the rows video by video; within one, dimensions keep their order."""
    places = {video: at for at, video in enumerate(videos)}
    return sorted(rows, key=lambda row: places[row["video"]])
