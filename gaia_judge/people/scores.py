"""People's scores: mean opinion scores, and what is known of the votes behind them."""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from gaia_judge.errors import GaiaJudgeError
from gaia_judge.people.tables import read_people
from gaia_judge.scores.columns import check_size

if TYPE_CHECKING:
    from pandas import DataFrame

MOS, VOTES = "MOS.csv", "votes.csv"


@dataclass(frozen=True, slots=True, eq=False)
class HumanScores:
    """What people said of videos. All frames have a row per video and a column per dimension."""

    source: str
    """The file, for messages."""
    digest: str
    """The first 12 hex digits of the file's SHA-256."""
    mos: "DataFrame"
    """Mean opinion scores on the file's own scale, NaN where there is none."""
    spread: "DataFrame | None" = None
    """Standard deviation between people, with n - 1; None where the file does not tell."""
    counts: "DataFrame | None" = None
    """Votes per score."""
    votes: "DataFrame | None" = None
    """Every vote: columns video, rater, dimension and score."""
    probability: "DataFrame | None" = None
    """With which probability each score was chosen to be asked for, above 0 and at most 1."""


def read_human(path: Path) -> HumanScores:
    """Return people's scores from a table (CSV, JSONL or Parquet), or from a folder with GAIA's MOS.csv.

    The table has, in columns named in any case:

    - wide: ``video`` (or filename, id, path) and a column of numbers per dimension, and perhaps
      ``NAME_std``, ``NAME_n`` and ``NAME_probability`` beside a dimension NAME; ``n`` and ``probability``
      alone are of all dimensions. GAIA's names of its three are known. Columns of text are left out.
    - long: ``video``, ``dimension``, ``value``, and perhaps ``std``, ``n`` and ``probability``;
    - votes: ``video``, ``rater``, ``dimension``, ``score``: means, spreads and counts are computed.

    A folder's ``votes.csv``, if there is one, tells spreads and counts of its MOS.csv.

    Raises:
        GaiaJudgeError: There is no such table, a score is no number or stands twice, or there is none.
    """
    if not path.is_dir():
        return _read(path)
    if not (path / MOS).is_file():
        raise GaiaJudgeError(f"{path} has no {MOS}.", "Give a folder or table with people's scores.")
    means = _read(path / MOS)
    if not (path / VOTES).is_file():
        return means
    votes = _read(path / VOTES)
    if votes.votes is None or votes.spread is None or votes.counts is None:
        raise GaiaJudgeError(f"{path / VOTES} has no columns rater, dimension and score.", "Add or move it.")
    spread, counts = (
        part.reindex(index=means.mos.index, columns=means.mos.columns)
        for part in (votes.spread, votes.counts)
    )
    return replace(means, spread=spread, counts=counts, votes=votes.votes)


def bound_means(mos: "DataFrame", spread: "DataFrame", counts: "DataFrame") -> "tuple[DataFrame, DataFrame]":
    """Return the ends of each mean's 95% interval by Student's t; NaN below two votes.

    Args:
        mos: Mean votes; a row per video and a column per dimension, as all three.
        spread: Standard deviation of the votes, with n - 1.
        counts: Number of votes.
    """
    from scipy.stats import t

    several = counts.where(counts > 1)
    reach = spread / several**0.5 * t.ppf(0.975, several - 1)
    return mos - reach, mos + reach


def read_mos(folder: Path) -> "DataFrame":
    """Return the mean opinion scores of a GAIA folder, under the ids that ``read_videos`` gives.

    Raises:
        GaiaJudgeError: As ``read_human``.
    """
    return read_human(folder / MOS if (folder / MOS).is_file() else folder).mos


def _read(file: Path) -> HumanScores:
    parts = read_people(file)
    for name, frame in parts.items():
        for column in frame.select_dtypes("number"):
            check_size(f"{file}, {name} of {column}", frame[column])
    return HumanScores(str(file), hashlib.sha256(file.read_bytes()).hexdigest()[:12], **parts)
