"""Boards: how each generator stands on each dimension."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gaia_judge.agreement import resample
from gaia_judge.comparison.raters import OVERALL, Rater, with_overall
from gaia_judge.errors import GaiaJudgeError
from gaia_judge.leaderboards.labels import Labels
from gaia_judge.leaderboards.means import Mean, Places, mean_by_action
from gaia_judge.leaderboards.predictions import Estimates, Need, count_labels, estimate
from gaia_judge.leaderboards.ranks import Rank, differ, letter, rank

if TYPE_CHECKING:
    from pandas import DataFrame, Series


@dataclass(frozen=True, slots=True)
class Place:
    """A generator's rank, which others it is not distinguishable from, and the groups that it is in."""

    rank: Rank
    ties: tuple[str, ...]
    groups: tuple[int, ...]
    """Numbered from 0, the best first; two share one exactly where they are not distinguishable."""


@dataclass(frozen=True, slots=True, eq=False)
class People:
    """What people's labels say of a generator, alone and with the rater's guesses of the rest."""

    estimates: Estimates
    place: Place
    """By the prediction-powered means."""
    needs: tuple[Need, Need] | None
    """Labels for the width that was asked for: alone, and with the rater."""


@dataclass(frozen=True, slots=True, eq=False)
class Standing:
    """How a generator stands on a dimension."""

    generator: str
    dimension: str
    videos: int
    mean: Mean
    """On the rater's scale."""
    place: Place
    people: People | None

    @property
    def failures(self) -> float:
        """Share of its videos, 0 to 1, that have no value."""
        return (self.videos - self.mean.n) / self.videos


@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """The generators that are ranked: which video is whose, and of which action."""

    generators: tuple[str, ...]
    owners: Places
    """Shape [N]: the generator of each video; -1 where it is not known."""
    actions: Places
    """Shape [N]: the action of each video; one of its own where it is not known."""
    known: bool
    """Whether any action is known; if not, differences are not paired."""
    counts: NDArray[np.integer]
    """How often each action is drawn in the replicates that all share; shape [draws, actions]."""

    @property
    def size(self) -> int:
        """Actions in all."""
        return int(self.counts.shape[1])

    def shared(self, kept: NDArray[np.bool_]) -> NDArray[np.integer]:
        """Return how many actions any two generators share among some videos; shape [G, G]."""
        held = np.zeros((len(self.generators), self.size), np.int64)
        here = kept & (self.owners >= 0)
        held[self.owners[here], self.actions[here]] = 1
        counts = np.asarray(held @ held.T)
        return counts if self.known else np.minimum.outer(np.diag(counts), np.diag(counts))


def lay_out(facts: "DataFrame", draws: int, seed: int) -> Field:
    """Return the generators of some videos, and what bootstrap and standard errors draw.

    Args:
        facts: Index video; columns generator and action.
        draws: Bootstrap replicates.
        seed: Of these.

    Raises:
        GaiaJudgeError: No generator is known.
    """
    import pandas as pd

    owners, names = pd.factorize(facts["generator"])
    if not len(names):
        message = "The scores name no generator, so there is nothing to rank."
        raise GaiaJudgeError(message, "Fill the column generator, or name videos (GENERATOR)_(ACTION).mp4.")
    actions, labels = pd.factorize(facts["action"])
    lacking = actions < 0
    actions[lacking] = len(labels) + np.arange(lacking.sum())
    counts = resample(int(actions.max()) + 1, draws=draws, seed=seed).counts
    return Field(tuple(map(str, names)), np.asarray(owners), np.asarray(actions), len(labels) > 0, counts)


def values_of(rater: Rater, labels: Labels | None = None) -> "DataFrame":
    """Return a rater's values, with overall beside them.

    A rater of one dimension, such as a metric, stands for all that people have scored.
    """
    import pandas as pd

    values = rater.values
    if len(values.columns) > 1:
        return values if OVERALL in values else with_overall(values)
    if labels is None:
        return values
    return pd.DataFrame(dict.fromkeys(labels.scores, values.iloc[:, 0]))


def stand(
    rater: Rater,
    labels: Labels | None = None,
    *,
    width: float | None = None,
    draws: int = 1000,
    seed: int = 0,
) -> list[Standing]:
    """Return how generators stand, dimension by dimension, each from the highest mean to the lowest.

    Args:
        rater: Whose scores rank them; higher is better.
        labels: People's scores of some of the videos, as ``weigh_labels`` returns them.
        width: Of the 95% interval for which the labels needed are told, in points of people's scale.
        draws: Bootstrap replicates behind ranks; all generators share the actions of each.
        seed: Of the replicates.

    Raises:
        GaiaJudgeError: No generator is known.
    """
    field = lay_out(rater.facts, draws, seed)
    values = values_of(rater, labels)
    return [one for name in values for one in _stand(str(name), values[name], field, labels, width)]


def _stand(
    dimension: str, values: "Series[float]", field: Field, labels: Labels | None, width: float | None
) -> list[Standing]:
    found = np.asarray(values, np.float64)
    kept = np.isfinite(found)
    owned = _parts(field)
    means = [
        mean_by_action(found[own], field.actions[own], field.size) for own in (kept & own for own in owned)
    ]
    people: Sequence[People | None] = [None] * len(owned)
    if labels is not None and dimension in labels.scores:
        people = _people(dimension, found, field, labels, width)
    rows = [
        Standing(name, dimension, int(own.sum()), mean, place, said)
        for name, own, mean, place, said in zip(
            field.generators, owned, means, locate(means, field, kept), people, strict=True
        )
    ]
    return sorted(rows, key=lambda row: (row.place.rank.value or math.inf, row.generator))


def locate(means: Sequence[Mean], field: Field, kept: NDArray[np.bool_]) -> list[Place]:
    """Return the places that means give to their generators.

    Args:
        means: Of the field's generators.
        field: Which actions they share, and how these are drawn.
        kept: Videos that the means rest on; shape [N].
    """
    ranks = rank(means, differ(means, field.counts, field.shared(kept)))
    names = field.generators
    return [
        Place(one, tuple(names[at] for at in one.ties), groups)
        for one, groups in zip(ranks, letter(ranks), strict=True)
    ]


def _people(
    dimension: str,
    guesses: NDArray[np.float64],
    field: Field,
    labels: Labels,
    width: float | None,
) -> list[People]:
    scores, weights = (np.asarray(one[dimension], np.float64) for one in (labels.scores, labels.weights))
    found = [
        estimate(scores[own], guesses[own], field.actions[own], field.size, weights[own])
        for own in _parts(field)
    ]
    places = locate([one.powered for one in found], field, np.ones(len(guesses), bool))
    return [
        People(one, place, None if width is None else count_labels(one, width))
        for one, place in zip(found, places, strict=True)
    ]


def _parts(field: Field) -> list[NDArray[np.bool_]]:
    return [field.owners == at for at in range(len(field.generators))]
