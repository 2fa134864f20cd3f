"""What stands on one side only: videos without people's scores, scores without videos, empty dimensions."""

from pathlib import Path
from typing import TYPE_CHECKING

from gaia_judge.cli.screens import err
from gaia_judge.errors import GaiaJudgeError
from gaia_judge.people import HumanScores, Joined
from gaia_judge.people.records import read_rows
from gaia_judge.people.tables import FACTS

if TYPE_CHECKING:
    from pandas import DataFrame

NAMED = 5
"""Videos that are named where there are many."""


def scored(joined: Joined, human: HumanScores) -> "DataFrame":
    """Return people's scores on the dimensions that have any.

    Raises:
        GaiaJudgeError: There is none.
    """
    mos = joined.mos.dropna(axis=1, how="all")
    if not len(mos.columns):
        raise GaiaJudgeError(
            f"{human.source} has no score of any of these videos.", "Fill in what people said."
        )
    return mos


def tell_strays(joined: Joined, human: HumanScores) -> None:
    """Say which videos have only one side, and which dimensions none, by name."""
    strays = {
        f"videos have no score in {human.source}": joined.missing,
        f"videos of {human.source} have no features": joined.surplus,
        "dimensions have no score": [
            *(name for name in joined.mos if joined.mos[name].isna().all()),
            *(name for name in read_rows(Path(human.source)).empty() if name not in {*joined.mos, *FACTS}),
        ],
    }
    for told, names in strays.items():
        if names:
            shown = ", ".join(map(str, names[:NAMED])) + (", ..." if len(names) > NAMED else "")
            err.print(f"{len(names)} {told}: {shown}", markup=False, highlight=False, soft_wrap=True)
