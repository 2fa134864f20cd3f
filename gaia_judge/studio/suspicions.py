"""Suspicions: raters whose votes an owner should look at; nobody is left out by them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pandas import DataFrame

FEW = 5
"""Clips below which nothing is said of a rater."""

HASTY = 1.0
"""Seconds beside the clip's own, in the median, that nobody needs less of to answer."""

FLAT = 0.9
"""Share of clips with one answer to every question, all the same, that nobody gives who looks."""

ADRIFT = 0.25
"""Mean difference between a rater's two votes on a clip, as a share of the scale, that chance gives as well:
two unrelated votes, spread evenly, differ by 1/3."""


@dataclass(frozen=True, slots=True)
class Habit:
    """How a rater votes."""

    rater: str
    clips: int
    seconds: float
    """Median time of a rating."""
    spare: float
    """Median of that time less the clip's own duration."""
    commonest: float
    """Share of clips whose answers are, one by one, the rater's commonest answers."""
    differs: float | None
    """Mean difference between first vote and repeat, as a share of the scale; None without repeats."""
    checks: int
    failed: int
    whys: tuple[str, ...]
    """What is suspicious."""


def describe_habits(
    votes: "DataFrame",
    durations: Mapping[str, float],
    checks: Mapping[str, tuple[int, int]],
    size: float,
    *,
    full_viewing: bool = True,
) -> list[Habit]:
    """Return how each rater votes, the suspicious first.

    Args:
        votes: As ``read_votes`` returns them.
        durations: Seconds of each video.
        checks: How many checks each rater has answered, and failed.
        size: From the lowest to the highest score of the scale.
        full_viewing: Whether clips had to be seen to the end.
    """
    habits = []
    for rater, own in votes.groupby("rater", sort=True):
        clips = own.drop_duplicates(["video", "repeat"])
        spare = clips["time"] - clips["video"].map(durations).astype(float) * full_viewing
        answers = own.pivot(index=["video", "repeat"], columns="dimension", values="score")
        same = float((answers == answers.mode().iloc[0]).all(axis=1).mean())
        differs = _drift(own, size)
        asked, failed = checks.get(str(rater), (0, 0))
        many = len(clips) >= FEW
        whys = [
            why
            for why, holds in (
                (f"too fast: {spare.median():.1f} s beside the clip", many and spare.median() < HASTY),
                (f"constant: {same:.0%} of clips answered alike", many and same >= FLAT),
                (f"failed {failed} of {asked} checks", failed > 0),
                ("disagrees with itself on repeats", differs is not None and differs > ADRIFT),
            )
            if holds
        ]
        seconds = float(clips["time"].median())
        habits.append(
            Habit(
                str(rater),
                len(clips),
                seconds,
                float(spare.median()),
                same,
                differs,
                asked,
                failed,
                tuple(whys),
            )
        )
    return sorted(habits, key=lambda one: (-len(one.whys), one.rater))


def _drift(own: "DataFrame", size: float) -> float | None:
    """Return how far a rater's votes on one clip lie apart, as a share of the scale."""
    pairs = own.pivot(index=["video", "dimension"], columns="repeat", values="score")
    if not {0, 1} <= set(pairs.columns):
        return None
    apart = (pairs[0] - pairs[1]).abs().dropna()
    return float(apart.mean()) / size if len(apart) else None
