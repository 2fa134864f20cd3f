"""Tables: votes as they are written, a row each, and mean opinion scores as they are read on."""

from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gaia_judge.agreement.pairs import Numbers, Places
from gaia_judge.errors import GaiaJudgeError
from gaia_judge.opinions.results import Opinion
from gaia_judge.opinions.votes import Votes
from gaia_judge.people.records import GAIA
from gaia_judge.scores.columns import LARGEST
from gaia_judge.scores.files import read_table

if TYPE_CHECKING:
    from pandas import DataFrame, Series

REQUIRED = ("video", "rater", "score")

Dimension = str | None
"""None where the table has no column ``dimension``."""


def read_votes(file: Path) -> dict[Dimension, Votes]:
    """Return the votes of a CSV, JSONL or Parquet file; see ``arrange``."""
    return arrange(read_table(file), str(file))


def arrange(frame: "DataFrame", source: str) -> dict[Dimension, Votes]:
    """Return the votes of each dimension, in the order in which the table names them.

    Args:
        frame: Columns ``video``, ``rater`` and ``score``, and perhaps ``dimension``, ``repeat`` and ``time``
            (seconds; other times are left out), in any case and order. Others do not count.
        source: How errors name it.

    Raises:
        GaiaJudgeError: A column lacks, a cell is empty, a score is not a finite number, or a rater votes
            twice on a video and dimension without another ``repeat``; the row is named.
    """
    import pandas as pd

    frame = frame.rename(columns=lambda name: str(name).strip().casefold()).reset_index(drop=True)
    for name in REQUIRED:
        if name not in frame:
            has = ", ".join(map(str, frame.columns))
            raise GaiaJudgeError(f"{source} has no column {name!r}.", f"It has: {has or 'none'}.")
    if frame.columns.duplicated().any():
        twice = frame.columns[frame.columns.duplicated()][0]
        raise GaiaJudgeError(f"{source} has two columns {twice!r}.", "Rename or remove one.")
    if frame.empty:
        raise GaiaJudgeError(f"{source} has no votes.", "Write a row per vote.")
    (video, videos), (rater, raters) = (_name(frame[name], source) for name in ("video", "rater"))
    scores = _numbers(frame["score"], source)
    dimension: Places = np.zeros(len(frame), np.intp)
    dimensions: tuple[Dimension, ...] = (None,)
    if "dimension" in frame:
        dimension, dimensions = _name(frame["dimension"].map(_dimension), source)
    keys = {"dimension": dimension, "video": video, "rater": rater}
    _refuse_twice(frame, keys, source)
    seconds = pd.to_numeric(frame["time"], errors="coerce").to_numpy(float) if "time" in frame else None
    return {
        name: _select(dimension == at, videos, raters, video, rater, scores, seconds)
        for at, name in enumerate(dimensions)
    }


def scores_table(opinions: Mapping[Dimension, tuple[Votes, Opinion]]) -> "DataFrame":
    """Return mean opinion scores: ``video``, ``dimension`` if there are any, ``mos, low, high, n``."""
    import pandas as pd

    parts = []
    for dimension, (votes, found) in opinions.items():
        part = pd.DataFrame({"video": pd.array(votes.videos, "string")})
        if dimension is not None:
            part["dimension"] = pd.array([dimension] * len(part), "string")
        for name in ("mos", "low", "high"):
            part[name] = getattr(found, name)
        parts.append(part.assign(n=found.n.astype(int)))
    return pd.concat(parts, ignore_index=True)


def _name(cells: "Series[Any]", source: str) -> tuple[Places, tuple[str, ...]]:
    """Return the place of each cell's text among those that occur, and these, in the order of the table."""
    import pandas as pd

    places, raw = pd.factorize(cells, use_na_sentinel=False)
    texts = ["" if one is None or one != one else str(one).strip() for one in raw]
    if "" in texts:
        _refuse(cells, places == texts.index(""), source, "the cell is empty", "Fill it, or remove the row.")
    again, names = pd.factorize(np.array(texts, dtype=object))
    return np.asarray(again[places], np.intp), tuple(map(str, names))


def _dimension(cell: object) -> object:
    """Return a dimension as tables of people's scores have it."""
    name = cell.strip().casefold() if isinstance(cell, str) else cell
    return GAIA.get(name, name) if isinstance(name, str) else name


def _numbers(cells: "Series[Any]", source: str) -> Numbers:
    import pandas as pd

    found = pd.to_numeric(cells, errors="coerce").to_numpy(float)
    if (wrong := ~(np.abs(found) < LARGEST)).any():
        _refuse(cells, wrong, source, "is not a finite number", "Write the score, or remove the row.")
    return found


def _refuse_twice(frame: "DataFrame", keys: Mapping[str, Places], source: str) -> None:
    import pandas as pd

    full = pd.DataFrame(dict(keys))
    if "repeat" in frame:
        full["repeat"] = pd.factorize(frame["repeat"].astype(str).str.strip())[0]
    if (twice := full.duplicated().to_numpy()).any():
        at = int(twice.argmax())
        said = [f"{name} {str(frame[name].iloc[at])!r}" for name in full if name in frame]
        hint = "Remove one, or number them in a column 'repeat'."
        raise GaiaJudgeError(f"{source}, {_row(at)}: a second vote of {', '.join(said)}.", hint)


def _refuse(cells: "Series[Any]", wrong: NDArray[np.bool_], source: str, what: str, hint: str) -> None:
    at = int(wrong.argmax())
    cell: Hashable = cells.iloc[at]
    shown = "" if cell is None or cell != cell or not str(cell).strip() else f"{str(cell)!r} "
    raise GaiaJudgeError(f"{source}, {_row(at)}, column {cells.name!r}: {shown}{what}.", hint)


def _row(at: int) -> str:
    """Return the name of a row; blank lines and line ends in quotes would make lines ambiguous."""
    return f"row {at + 1} after the header"


def _select(
    kept: NDArray[np.bool_],
    videos: tuple[str, ...],
    raters: tuple[str, ...],
    video: Places,
    rater: Places,
    scores: Numbers,
    seconds: Numbers | None,
) -> Votes:
    """Return one dimension's votes; only videos and raters that occur in them."""
    own_videos, video = np.unique(video[kept], return_inverse=True)
    own_raters, rater = np.unique(rater[kept], return_inverse=True)
    return Votes(
        tuple(videos[at] for at in own_videos),
        tuple(raters[at] for at in own_raters),
        video,
        rater,
        scores[kept],
        None if seconds is None else seconds[kept],
    )
