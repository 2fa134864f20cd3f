"""Protocols: which videos something is fitted on, selected on and tested on, so that anyone can repeat it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, PositiveInt, model_validator

from gaia_judge.assets import find_asset
from gaia_judge.errors import GaiaJudgeError
from gaia_judge.scales import read_yaml

if TYPE_CHECKING:
    from pandas import DataFrame

Unit = Literal["video", "action", "generator"]
Places = NDArray[np.intp]


class Protocol(BaseModel):
    """How videos are divided: at random into training and test, into folds, or not at all."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = ""
    """The file's stem; not written in the file."""
    about: str = ""
    """One line for people."""
    by: Unit = "video"
    """What stays together: all videos of an action or of a generator stand on one side."""
    splits: PositiveInt | None = None
    """Random divisions into training and test, independent of each other: division N, from 0, is drawn by
    ``seed`` + N."""
    test_share: float | None = Field(None, gt=0, lt=1)
    """Share of the units that each of the ``splits`` tests on."""
    folds: int | None = Field(None, ge=2)
    """Instead of ``splits``: this many parts of nearly one number of units, each tested on once."""
    validation_share: float = Field(0.0, ge=0, lt=1)
    """Share of the training units set apart for selection, which must never look at the test."""
    seed: NonNegativeInt = 0
    """Of all that is drawn. Two seeds that are nearer to each other than ``splits`` share divisions: for
    others altogether, take one at least so far away."""

    @model_validator(mode="after")
    def _be_one_kind(self) -> "Protocol":
        if self.splits and self.folds:
            raise ValueError("give splits or folds, not both")
        if (self.splits is None) != (self.test_share is None):
            raise ValueError("splits and test_share are given together")
        if self.validation_share and not (self.splits or self.folds):
            raise ValueError("validation_share needs splits or folds")
        return self


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Rows of the facts, as rising indices; no unit stands in two of the three."""

    train: Places
    test: Places
    validation: Places
    """Part of the training side, kept apart for selection; empty unless the protocol asks for it."""
    seed: int
    """Of the random order of units that this split comes from."""


@dataclass(frozen=True, slots=True)
class Spread:
    """One figure over all splits."""

    mean: float | None
    median: float | None
    deviation: float | None
    """Standard deviation with n - 1; None below two splits."""
    low: float | None
    """The least of the splits."""
    high: float | None
    """The greatest of the splits."""
    n: int
    """Splits in which the figure is defined."""
    undefined: int
    """Splits in which it is not."""


def load_protocol(name: str) -> Protocol:
    """Return the protocol of that name from calibration/protocols.

    Raises:
        GaiaJudgeError: There is none, or its file says something that does not fit.
    """
    asset = find_asset("protocols", name)
    return read_yaml(asset.path, Protocol).model_copy(update={"name": asset.name})


def splits(protocol: Protocol, facts: "DataFrame") -> list[Split]:
    """Return the divisions of a table of videos; equal tables and seeds give equal divisions.

    Args:
        protocol: What is asked.
        facts: A row per video; index video, columns generator and action. Their order does not matter.

    Returns:
        One split that tests on everything for a protocol without splits or folds.

    Raises:
        GaiaJudgeError: A video lacks the unit, or there are too few units to divide.
    """
    units = units_of(facts, protocol.by)
    names, places = np.unique(units, return_inverse=True)
    everything = np.arange(len(units))
    if protocol.folds:
        parts = deal(units, protocol.folds, protocol.seed, protocol.by)
        tested = [(np.unique(places[parts == part]), protocol.seed) for part in range(protocol.folds)]
    elif protocol.splits and protocol.test_share:
        _check_enough(len(names), 2, protocol.by)
        count = _share(len(names), protocol.test_share)
        seeds = [protocol.seed + number for number in range(protocol.splits)]
        tested = [(np.random.default_rng(seed).permutation(len(names))[:count], seed) for seed in seeds]
    else:
        return [Split(everything[:0], everything, everything[:0], protocol.seed)]
    return [_split(protocol, places, test, seed) for test, seed in tested]


def deal(units: NDArray[np.str_], count: int, seed: int, what: str = "unit") -> Places:
    """Return the fold of each row, from 0, shape [N]: units in random order are dealt out in turn.

    Args:
        units: What stays together, shape [N].
        count: Number of folds.
        seed: Equal seeds give equal folds, in whatever order the rows come.
        what: How an error names the units.

    Raises:
        GaiaJudgeError: There are fewer units than folds.

    >>> deal(np.array(["a", "b", "a", "c", "d"]), count=2, seed=0).tolist()
    [1, 0, 1, 0, 1]
    """
    names, places = np.unique(units, return_inverse=True)
    _check_enough(len(names), count, what)
    folds = np.empty(len(names), np.intp)
    folds[np.random.default_rng(seed).permutation(len(names))] = np.arange(len(names)) % count
    return folds[places]


def units_of(facts: "DataFrame", by: Unit) -> NDArray[np.str_]:
    """Return what stays together for each row of the facts, shape [N].

    Raises:
        GaiaJudgeError: A video has no such fact.
    """
    if by == "video":
        return np.asarray(facts.index, str)
    if (unknown := facts[by].isna()).any():
        message = f"{unknown.sum()} of {len(facts)} videos have no {by}, such as {facts.index[unknown][0]!r}."
        raise GaiaJudgeError(message, f"Name every {by} in the table, or divide by something else.")
    return np.asarray(facts[by], str)


def summarise(values: Iterable[float | None]) -> Spread:
    """Return mean, median and spread of one figure over the splits; None and NaN count as undefined.

    >>> summarise([0.0, 2.0, 4.0, None])
    Spread(mean=2.0, median=2.0, deviation=2.0, low=0.0, high=4.0, n=3, undefined=1)
    """
    given = np.array([np.nan if value is None else value for value in values], float)
    found = given[np.isfinite(given)]
    undefined = len(given) - len(found)
    if not len(found):
        return Spread(None, None, None, None, None, 0, undefined)
    deviation = float(found.std(ddof=1)) if len(found) > 1 else None
    ends = float(found.min()), float(found.max())
    return Spread(float(found.mean()), float(np.median(found)), deviation, *ends, len(found), undefined)


def _split(protocol: Protocol, places: Places, test: Places, seed: int) -> Split:
    rest = np.setdiff1d(np.unique(places), test)
    chosen = rest[:0]
    if protocol.validation_share:
        _check_enough(len(rest), 2, f"training {protocol.by}")
        # A stream of its own, so that asking for validation moves no test.
        order = np.random.default_rng([seed, 1]).permutation(rest)
        chosen = order[: _share(len(rest), protocol.validation_share)]
    sides: Sequence[Places] = (np.setdiff1d(rest, chosen), test, chosen)
    train, tested, validation = (np.flatnonzero(np.isin(places, side)) for side in sides)
    return Split(train, tested, validation, seed)


def _share(count: int, share: float) -> int:
    """Return how many of ``count`` units a share is, leaving at least one on either side."""
    return min(max(1, round(count * share)), count - 1)


def _check_enough(count: int, least: int, what: str) -> None:
    if count < least:
        message = f"There are {count} {what}s, too few to divide: needed are {least}."
        raise GaiaJudgeError(message, "Ask for fewer folds, divide by something finer, or take more videos.")
