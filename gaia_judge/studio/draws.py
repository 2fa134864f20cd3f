"""Draws: which videos are asked about where a judge chooses some, and with which probability each."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, delete, func, insert, select, update

from gaia_judge.errors import GaiaJudgeError
from gaia_judge.scores import ScoreTable
from gaia_judge.studio.records import settings, showings, videos
from gaia_judge.studio.stores import Store, read_setting

Aim = Literal["uncertainty", "leaderboard"]

EVEN = 0.25
"""Share of the draw that is even, so that no label counts for more than 1 / EVEN of an even draw's."""

Numbers = NDArray[np.float64]


def draw(store: Store, run: Path, labels: int, aim: Aim) -> int:
    """Choose which videos are asked about by a judge's uncertainty; return how many they are now.

    Each video has a random number for life and is asked about if that is below its probability (Poisson
    sampling with permanent random numbers; Ohlsson, Business Survey Methods, 1995). Probabilities follow the
    spread of the judge's distributions, the best rule there is for a mean if that is the spread of people
    about the judge (Zrnic and Candes, Active Statistical Inference, arXiv 2403.03208), mixed with an even
    share. A second draw only raises probabilities, so what was drawn stays, and each probability is that of
    the whole. No vote is looked at, so each label may be weighted by the inverse of its probability.

    Args:
        store: Of the study.
        run: The judge's scores of its videos: a run's folder or a score table, with distributions.
        labels: How many videos are expected to be asked about.
        aim: ``uncertainty``: the mean of all videos becomes as sure as it can; ``leaderboard``: generators
            get videos by the square of their uncertainty, so that the widest intervals narrow most.

    Raises:
        GaiaJudgeError: The scores have no distributions, are of other videos, or people have voted already
            on videos that no judge chose.
    """
    known = uncertainties(ScoreTable.read(run), str(run))
    with store.write() as connection:
        before = read_setting(connection, "draw") or []
        if not before and connection.execute(select(func.count()).select_from(showings)).scalar_one():
            message = "Raters have begun on videos that no judge chose, so probabilities cannot be known."
            raise GaiaJudgeError(message, "Make a new study, and give --judge before the first link is used.")
        asked = select(videos.c.id, videos.c.name, videos.c.generator, videos.c.probability)
        rows = connection.execute(asked.where(videos.c.role == "rated").order_by(videos.c.id)).all()
        spread = np.array([known.get(row.name, np.nan) for row in rows])
        if np.isnan(spread).all():
            message = f"{run} has scores of none of the study's videos."
            raise GaiaJudgeError(message, "Score the videos that the study was made of.")
        # Where the judge has failed, nothing is known.
        spread = np.where(np.isnan(spread), np.nanmax(spread), spread)
        chances = probabilities(spread, [row.generator for row in rows], labels, aim)
        if before:
            chances = np.maximum(chances, [row.probability for row in rows])
        for row, chance, width in zip(rows, chances.tolist(), spread.tolist(), strict=True):
            change = update(videos).where(videos.c.id == row.id)
            connection.execute(change.values(probability=chance, uncertainty=width))
        this = {"judge": run.name, "labels": labels, "aim": aim}
        _note(connection, before if this in before else [*before, this])  # a server may be started again
        drawn = videos.c.ticket < videos.c.probability
        count = select(func.count()).select_from(videos).where(videos.c.role == "rated", drawn)
        if not (found := int(connection.execute(count).scalar_one())):
            raise GaiaJudgeError("Chance has chosen no video.", "Ask for more --labels.")
        return found


def _note(connection: Connection, draws: Sequence[Mapping[str, Any]]) -> None:
    connection.execute(delete(settings).where(settings.c.name == "draw"))
    connection.execute(insert(settings).values(name="draw", value=list(draws)))


def uncertainties(table: ScoreTable, source: str) -> dict[str, float]:
    """Return how unsure a judge is of each video, 0 to 0.5; videos without a distribution are left out.

    That is the standard deviation of its distribution over the levels, these evenly from 0 to 1, as the root
    mean square over dimensions.

    Args:
        table: One judge's scores.
        source: How errors name it.

    Raises:
        GaiaJudgeError: There is no distribution, or one that is none, or there are several judges' scores.
    """
    frame = table.to_pandas().dropna(subset="distribution")
    if len(raters := sorted(map(str, frame["rater"].unique()))) > 1:
        message = f"{source} has distributions of several raters: {', '.join(raters[:5])}."
        raise GaiaJudgeError(message, "Give the scores of one judge.")
    rows = [
        (str(video), _parse(str(text), f"{source}, {video}"))
        for video, text in zip(frame["video"], frame["distribution"], strict=True)
    ]
    if not rows:
        message = f"{source} has no distributions, so it does not say how sure it is."
        raise GaiaJudgeError(message, "Give a judge's run: gaia-judge score.")
    places = _places({label: None for _, one in rows for label in one})
    squares: dict[str, list[float]] = {}
    for video, shares in rows:
        squares.setdefault(video, []).append(_variance(shares, places))
    return {video: float(np.sqrt(np.mean(many))) for video, many in squares.items()}


def _parse(text: str, where: str) -> dict[str, float]:
    try:
        shares = {str(label): float(share) for label, share in json.loads(text).items()}
        if not (all(share >= 0 for share in shares.values()) and 0 < sum(shares.values()) < np.inf):
            raise ValueError(text)
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        message = f"{where}: {str(text)[:40]!r} is no distribution."
        raise GaiaJudgeError(message, "Write JSON with the probability of each level.") from error
    return shares


def _places(labels: Mapping[str, None]) -> dict[str, float]:
    """Return where each level lies from 0 to 1: numbers by their value, words in the order of the scale.

    >>> _places(dict.fromkeys(["0", "100", "50"]))
    {'0': 0.0, '100': 1.0, '50': 0.5}
    """
    try:
        values = [float(label) for label in labels]
    except ValueError:
        values = [float(at) for at in range(len(labels))]
    low, size = min(values), max(values) - min(values)
    return {label: (value - low) / size if size else 0.0 for label, value in zip(labels, values, strict=True)}


def _variance(shares: Mapping[str, float], places: Mapping[str, float]) -> float:
    total = sum(shares.values())
    mean = sum(share * places[label] for label, share in shares.items()) / total
    return sum(share * (places[label] - mean) ** 2 for label, share in shares.items()) / total


def probabilities(spread: Numbers, generators: Sequence[str], labels: int, aim: Aim) -> Numbers:
    """Return the probability of each video to be asked about; they sum to ``labels`` where there are as many.

    Args:
        spread: Of the judge's distributions, shape [N].
        generators: Of the videos, shape [N].
        labels: Expected number of videos.
        aim: See ``draw``.

    >>> probabilities(np.array([0.1, 0.3]), ["a", "b"], 1, "uncertainty").round(4).tolist()
    [0.3125, 0.6875]
    """
    if aim not in get_args(Aim):
        raise ValueError(aim)
    sizes = spread.copy()
    if aim == "leaderboard":
        names = np.array(generators)
        for name in set(generators):
            own = names == name
            # n videos by the square of the mean, divided among them by their own spread.
            sizes[own] = spread[own] * spread[own].mean() / own.mean()
    mean = sizes.mean()
    sizes = EVEN + (1 - EVEN) * (sizes / mean if mean > 0 else np.ones_like(sizes))
    found = np.zeros_like(sizes)
    while True:
        # Whoever would be above 1 is sure, and the rest share what is left.
        free = found < 1
        left = labels - (~free).sum()
        if left <= 0 or not free.any():
            return found
        found[free] = np.minimum(1.0, sizes[free] * left / sizes[free].sum())
        if not (found[free] >= 1).any():
            return found
