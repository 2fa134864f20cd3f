"""Scores: what any rater says of a video on one dimension, and tables of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gaia_judge.errors import GaiaJudgeError, unknown
from gaia_judge.scores.columns import COLUMNS, check_size, typed
from gaia_judge.scores.files import BLOCK, read_table, write_csv, write_parquet

if TYPE_CHECKING:
    from pandas import DataFrame

FACTS = ("generator", "action", "category", "subset")
"""Columns that describe the video."""

SEEN = "was fitted to people's score of this very video"
"""The note on a score that would flatter its rater."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One rating; ``value`` is None with an ``error`` when it could not be had."""

    video: str
    dimension: str
    rater: str
    value: float | None
    """On the scale of the prompt set or metric."""
    distribution: Mapping[str, float] | None = None
    """Probability of each level, summing to 1."""
    off_scale: float | None = None
    """Probability mass outside the scale, in [0, 1]; None where unknown."""
    error: str | None = None
    note: str | None = None
    """What a reader of the value must know, such as that the judge knows nothing of such videos."""
    rationale: str | None = None
    trace: Mapping[str, Any] = field(default_factory=dict)
    """How the value came about: readout, chaining, premises, notes."""

    def row(self) -> dict[str, Any]:
        """Return the score as a row for ``ScoreTable.from_records``; readout and chain leave the trace."""
        trace = dict(self.trace)
        return {
            "video": self.video,
            "dimension": self.dimension,
            "value": self.value,
            "rater": self.rater,
            "distribution": self.distribution,
            "off_scale_mass": self.off_scale,
            "rationale": self.rationale,
            "error": self.error,
            "note": self.note,
            "readout": trace.pop("readout", None),
            "chain": trace.pop("chain", None),
            "trace": trace or None,
        }


def missing(dimensions: Iterable[str], video: str, rater: str, error: str) -> list[Score]:
    """Return the scores of a video that could not be rated: no value, and the reason."""
    return [Score(video=video, dimension=name, rater=rater, value=None, error=error) for name in dimensions]


@dataclass(frozen=True, slots=True, eq=False)
class ScoreTable:
    """One row per video and dimension, in the columns of ``COLUMNS``; any further column is text.

    What is missing is NaN or NA, never a number; empty text counts as missing. Judges, baselines and people
    all arrive in this form.

    >>> table = ScoreTable.from_records([Score(video="a", dimension="subject", rater="me", value=4.5).row()])
    >>> table.summary()[["dimension", "n", "mean", "failures"]].to_dict("records")
    [{'dimension': 'subject', 'n': 1, 'mean': 4.5, 'failures': 0}]
    """

    _frame: "DataFrame"

    @classmethod
    def from_records(cls, rows: Iterable[Mapping[str, Any]]) -> "ScoreTable":
        """Return the table of these rows; objects and lists become JSON text.

        Raises:
            GaiaJudgeError: A number is none, or video, dimension or value is not among the columns.
        """
        import pandas as pd

        # A row as objects takes some ten times the memory that it takes in its column.
        rest, blocks = iter(rows), []
        while block := list(islice(rest, BLOCK)):
            blocks.append(typed(pd.DataFrame(block, dtype=object), "The table"))
        if not blocks:
            return cls.from_pandas(pd.DataFrame(columns=list(COLUMNS), dtype=object))
        return cls(pd.concat(blocks, ignore_index=True))

    @classmethod
    def from_pandas(cls, frame: "DataFrame", source: str = "The table") -> "ScoreTable":
        """Return the table of a data frame's rows; its index is dropped.

        Args:
            frame: Any column order and types; columns of ``COLUMNS`` that it lacks are missing throughout.
            source: How errors name it.

        Raises:
            GaiaJudgeError: As ``from_records``, or two columns have one name.
        """
        return cls(typed(frame, source))

    @classmethod
    def read(cls, path: Path) -> "ScoreTable":
        """Return the table in a CSV or Parquet file, or in the folder of a run.

        Raises:
            GaiaJudgeError: There is no such file, or it cannot be read as a score table.
        """
        file = path / "scores.parquet" if path.is_dir() else path
        below = [] if file.is_file() else [str(one.parent) for one in sorted(path.glob("*/scores.parquet"))]
        if below:
            raise GaiaJudgeError(f"{path} holds no scores itself.", f"Give {' or '.join(below[:3])}.")
        return cls.from_pandas(read_table(file), source=str(file))

    def to_pandas(self) -> "DataFrame":
        """Return a copy of the table as a data frame."""
        return self._frame.copy()

    def wide(self) -> "DataFrame":
        """Return the values with a row per video and a column per dimension, both in order of appearance.

        Returns:
            Floats, NaN where a video has no value; the index is called video.

        Raises:
            GaiaJudgeError: A video has two rows for one dimension, or a value is too large to reckon with.
        """
        check_size("value", self._frame["value"])
        keys = self._frame[["video", "dimension"]]
        if (twice := keys.duplicated()).any():
            video, dimension = keys[twice].iloc[0]
            message = f"Video {video!r} has two rows for {dimension}."
            raise GaiaJudgeError(message, "Keep one rater's scores in a table, each once.")
        wide = self._frame.pivot(index="video", columns="dimension", values="value").rename_axis(columns=None)
        return wide.loc[keys["video"].unique(), keys["dimension"].unique()]

    def facts(self) -> "DataFrame":
        """Return what is known of each video, under its id: generator, action, category and subset."""
        return self._frame.groupby("video", sort=False)[list(FACTS)].first()

    def write(self, folder: Path) -> None:
        """Write ``scores.csv`` and ``scores.parquet``, each whole or not at all; either reads back the same.

        Raises:
            GaiaJudgeError: The disk is full, or the folder cannot be written.
        """
        write_csv(self._frame, folder / "scores.csv")
        write_parquet(self._frame, folder / "scores.parquet")

    def summary(self, by: Sequence[str] = ("dimension",)) -> "DataFrame":
        """Return, per group in order of appearance, what the values are like.

        Args:
            by: Columns that make the groups, such as dimension and generator; missing is a group too.

        Returns:
            The columns of ``by``, then n (values), mean, spread (standard deviation with n - 1; NaN below two
            values) and failures (rows without a value).

        Raises:
            GaiaJudgeError: There is no such column.
        """
        import pandas as pd

        for name in by:
            if name not in self._frame:
                raise unknown("column", name, self._frame.columns)
        values = self._frame.groupby(list(by), sort=False, dropna=False)["value"]
        n, mean, spread = values.count(), values.mean(), values.std()
        columns = {"n": n, "mean": mean, "spread": spread, "failures": values.size() - n}
        return pd.DataFrame(columns).reset_index()

    def __len__(self) -> int:
        return len(self._frame)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ScoreTable) and self._frame.equals(other._frame)

    __hash__ = None  # type: ignore[assignment]
