"""Human labels that a mean may rest on: how each was drawn must be known."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gaia_judge.comparison.raters import OVERALL, with_overall
from gaia_judge.errors import GaiaJudgeError
from gaia_judge.people import HumanScores, Joined, join
from gaia_judge.scores.files import read_table

if TYPE_CHECKING:
    from pandas import DataFrame

SELECTION = "selection"
"""Column that says how a label was chosen."""

RANDOM, ACTIVE = "random", "active"

FAR = 4.0
"""Standard deviations at which probabilities and the number of labels are said not to fit."""


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """People's scores of some of the videos; both frames have a row per video and a column per dimension."""

    scores: "DataFrame"
    """NaN where there is no label."""
    weights: "DataFrame"
    """Inverse sampling probabilities; equal where the labels are a simple random sample."""
    notes: tuple[str, ...] = ()
    """What a reader of the figures must know."""


def weigh_labels(
    human: HumanScores, facts: "DataFrame", dimensions: Iterable[str], sure: bool = False
) -> Labels:
    """Return the labels of these videos with the weights that their sampling asks for.

    Means of some labels hold for all videos only if it is known how they were drawn. That is so where

    - each label has a sampling probability (column ``probability``, or ``NAME_probability``): labels count
      by its inverse, and may have been chosen actively;
    - the column ``selection`` says ``random`` of all, or the user is ``sure``: a simple random sample of the
      videos of each generator;
    - every video of a generator is labelled, or none.

    Anything else is refused; so are labels marked ``active`` without a probability, however sure one is.

    Args:
        human: People's scores, of some of the videos.
        facts: Index video; columns generator and action.
        dimensions: Those of the rater, without overall, which is derived where all are labelled.
        sure: Labels without a word on their sampling are a simple random sample.

    Raises:
        GaiaJudgeError: It is not known how labels were drawn, or people scored none of the dimensions.
    """
    joined = join(facts, human)
    names = list(dimensions)
    own = [name for name in names if name in joined.mos]
    if not own:
        there = ", ".join(map(str, joined.mos.columns))
        message = f"{human.source} has no scores on {', '.join(names)}; it has {there}."
        raise GaiaJudgeError(message, "Name its columns after the dimensions.")
    scores = joined.mos[own]
    chance = None if joined.probability is None else joined.probability.reindex(columns=own)
    _check(human, facts, scores, chance, sure)
    notes = list(_notes(human, joined, own, names))
    if chance is None:
        chance = scores.notna().astype(float)
    else:
        notes += _misfits(scores, chance)
    if own == names and len(own) > 1:
        scores = with_overall(scores)
        chance = chance.assign(**{OVERALL: chance[own].max(axis=1)})
        if (chance[own].nunique(axis=1) > 1).any():
            scores = scores.assign(**{OVERALL: np.nan})
            notes.append("Overall has no labels: the probabilities of the dimensions differ.")
    return Labels(scores, 1 / chance.where(scores.notna()), tuple(notes))


def _check(
    human: HumanScores, facts: "DataFrame", scores: "DataFrame", chance: "DataFrame | None", sure: bool
) -> None:
    if chance is not None:
        _check_chance(human, scores, chance)
        return
    marks = _selections(Path(human.source))
    if ACTIVE in marks:
        message = f"{human.source} has labels that were chosen actively, without a probability."
        hint = "Write in a column probability how likely each was to be chosen, or leave those labels out."
        raise GaiaJudgeError(message, hint)
    shares = scores.notna().groupby(facts["generator"]).mean()
    if sure or marks == {RANDOM} or shares.isin([0.0, 1.0]).all(axis=None):
        return
    message = f"{human.source} labels some of the videos and does not say how these were drawn."
    hint = "Add a column probability, or confirm with --labels random that they are a simple random sample."
    raise GaiaJudgeError(message, hint)


def _check_chance(human: HumanScores, scores: "DataFrame", chance: "DataFrame") -> None:
    for name in scores:
        drawn = chance[name][scores[name].notna()]
        if (wrong := ~((drawn > 0) & (drawn <= 1))).any():
            message = (
                f"{human.source}: the label of {wrong.idxmax()!r} on {name} has no sampling probability."
            )
            raise GaiaJudgeError(message, "Each label needs one above 0 and at most 1.")


def _selections(file: Path) -> set[str]:
    """Return what the column selection says, in small letters and empty cells too; nothing without one.

    Raises:
        GaiaJudgeError: It says something else than random or active.
    """
    frame = read_table(file)
    column = next((name for name in frame if str(name).strip().casefold() == SELECTION), None)
    if column is None:
        return set()
    marks = {str(cell).strip().casefold() for cell in frame[column].fillna("")}
    if strange := sorted(marks - {RANDOM, ACTIVE, ""}):
        message = f"{file}: {SELECTION} is {strange[0]!r}."
        raise GaiaJudgeError(message, f"Write {RANDOM} or {ACTIVE}.")
    return marks


def _notes(human: HumanScores, joined: Joined, own: list[str], names: list[str]) -> Iterator[str]:
    if joined.surplus:
        count = len(joined.surplus)
        yield f"{count} labels of {human.source} are of other videos, such as {joined.surplus[0]}."
    if lacking := [name for name in names if name not in own]:
        yield f"People scored no {', '.join(lacking)}, so overall has no labels either."


def _misfits(scores: "DataFrame", chance: "DataFrame") -> Iterator[str]:
    """Say where the probabilities would have given far more or fewer labels than there are."""
    for name in scores:
        drawn = chance[name][scores[name].notna()]
        stands, videos = float((1 / drawn).sum()), len(scores)
        spread = float(((1 - drawn) / drawn**2).sum()) ** 0.5
        if abs(stands - videos) > FAR * spread + 0.5:
            yield (
                f"The probabilities of {name} do not fit: its labels would stand for {stands:.0f} videos, and"
                f" there are {videos}. Means hold only if every video could be drawn, with the one written."
            )
