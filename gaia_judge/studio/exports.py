"""Exports: a study's votes as tables, under random names and without a date."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, func, select

from gaia_judge.errors import GaiaJudgeError
from gaia_judge.scores.files import write_csv
from gaia_judge.studio.plans import DRAWN, passed
from gaia_judge.studio.records import raters, showings, videos, votes
from gaia_judge.studio.stores import Store, open_store, read_setting
from gaia_judge.studio.studies import Study

if TYPE_CHECKING:
    from pandas import DataFrame

COLUMNS = ("video", "rater", "score", "dimension", "repeat", "time", "probability")


def read_votes(folder: Path) -> "DataFrame":
    """Return the votes of a study's folder, those of training and of checks left out.

    Returns:
        A row per rater, video, dimension and repeat, in this order: ``video`` (its id), ``rater`` (a random
        name), ``score`` (on the study's scale), ``dimension``, ``repeat`` (0, of hidden repeats 1), ``time``
        (seconds from when the page was last loaded to the vote; missing where the clock was set back
        meanwhile), ``probability`` (with which the video was
        chosen to be asked about, at the time of the vote).

    Raises:
        GaiaJudgeError: There is no study in the folder.
    """
    store, study = open_store(folder)
    try:
        with store.read() as connection:
            return votes_table(connection, study)
    finally:
        store.close()


def votes_table(connection: Connection, study: Study) -> "DataFrame":
    """Return the votes as ``read_votes`` does."""
    import pandas as pd

    asked = (
        select(
            videos.c.name,
            raters.c.name,
            votes.c.score,
            votes.c.dimension,
            showings.c.repeat,
            showings.c.answered - showings.c.last_shown,
            showings.c.probability,
        )
        .select_from(votes.join(showings).join(videos).join(raters, raters.c.id == showings.c.rater))
        .where(showings.c.role.in_(("rating", "repeat")))
    )
    rows = [tuple(row) for row in connection.execute(asked)]
    places = {one.name: at for at, one in enumerate(study.dimensions)}
    # By name, since the order of time would tell who came when.
    rows.sort(key=lambda row: (row[0], row[1], places[row[3]], row[4]))
    frame = pd.DataFrame.from_records(rows, columns=list(COLUMNS))
    types: Any = {
        **dict.fromkeys(("video", "rater", "dimension"), "string"),
        **dict.fromkeys(("score", "time", "probability"), "float64"),
        "repeat": "int64",
    }
    frame = frame.astype(types).round({"time": 2})
    return frame.assign(time=frame["time"].where(frame["time"] >= 0))


def raters_table(connection: Connection, study: Study) -> "DataFrame":
    """Return what raters have told of themselves, and how many clips they rated or left, and checks."""
    import pandas as pd

    names = [one.name for one in study.background]
    counts = ("clips", "unplayed", "checks", "checks_passed")
    found: dict[int, dict[str, Any]] = {}
    people = select(raters.c.id, raters.c.name, raters.c.background).where(raters.c.consented)
    for row in connection.execute(people.order_by(raters.c.name)):
        told = row.background or {}
        answers = {f"background_{name}": told.get(name) for name in names}
        found[row.id] = {"rater": row.name, **answers, **dict.fromkeys(counts, 0)}
    facts = (showings.c.rater, showings.c.role, showings.c.answered, showings.c.left)
    for shown in connection.execute(select(*facts)):
        if shown.answered is not None:
            found[shown.rater]["clips"] += shown.role in ("rating", "repeat")
        else:
            found[shown.rater]["unplayed"] += shown.left
    for rater, passed_it in read_checks(connection, study):
        found[rater]["checks"] += 1
        found[rater]["checks_passed"] += passed_it
    told_columns = ["rater", *(f"background_{name}" for name in names)]
    frame = pd.DataFrame(list(found.values()), columns=[*told_columns, *counts])
    texts: Any = dict.fromkeys(told_columns, "string")
    return frame.astype(texts)


def read_checks(connection: Connection, study: Study) -> list[tuple[int, bool]]:
    """Return for every answered check the rater's number, and whether they did as they were told."""
    asked = (
        select(showings.c.id, showings.c.rater, showings.c.target, votes.c.score)
        .select_from(showings.join(votes))
        .where(showings.c.role == "check")
    )
    scores: dict[tuple[int, int, float], list[float]] = {}
    for row in connection.execute(asked):
        scores.setdefault((row.id, row.rater, row.target), []).append(row.score)
    return [(rater, passed(study, target, given)) for (_, rater, target), given in scores.items()]


def videos_table(connection: Connection) -> "DataFrame":
    """Return what is known of the videos: texts, digests of original and copy, votes and probability."""
    import pandas as pd

    facts = ("action", "prompt", "generator", "category", "subset", "role", "original_sha256", "clip_sha256")
    numbers = ("transcoded", "seconds", "votes", "probability", "uncertainty")
    columns = [videos.c.name.label("video"), *(getattr(videos.c, name) for name in (*facts, *numbers))]
    rows = [tuple(row) for row in connection.execute(select(*columns).order_by(videos.c.id))]
    frame = pd.DataFrame.from_records(rows, columns=["video", *facts, *numbers])
    texts: Any = dict.fromkeys(("video", *facts), "string")
    return frame.astype(texts).astype({"uncertainty": "float64"})


def labels_table(connection: Connection, study: Study) -> "DataFrame":
    """Return mean scores with the probability of each, for ``gaia-judge leaderboard --human``.

    Returns:
        A row per video and dimension: ``video, dimension, value, std, n, probability``; a rater's repeats
        are averaged first. The probability is that of the draw as it stands now: whatever was drawn before
        would have been drawn with it too.
    """
    frame = (
        votes_table(connection, study).groupby(["video", "rater", "dimension"], sort=False)["score"].mean()
    )
    found = frame.groupby(["video", "dimension"], sort=False).agg(["mean", "std", "count"]).reset_index()
    found.columns = ["video", "dimension", "value", "std", "n"]
    chances = {
        row.name: row.probability for row in connection.execute(select(videos.c.name, videos.c.probability))
    }
    return found.assign(probability=found["video"].map(chances).astype("float64"))


def count_unlabelled(connection: Connection) -> int:
    """Return of how many videos that a judge chose nobody has said anything yet.

    Until each has a vote, those that have are no sample by the probabilities that are written beside them.
    """
    if not read_setting(connection, "draw"):
        return 0
    asked = select(func.count()).select_from(videos).where(*DRAWN, videos.c.votes == 0)
    return int(connection.execute(asked).scalar_one())


def write_export(store: Store, study: Study, folder: Path) -> list[Path]:
    """Write the tables of a study as CSV and return their paths.

    ``votes.csv``, ``raters.csv``, ``videos.csv`` and, where a judge has drawn videos, ``labels.csv``; all of
    one moment.

    Raises:
        GaiaJudgeError: They cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"{folder} cannot be made: {error.strerror}."
        raise GaiaJudgeError(message, "Give another folder with --out.") from error
    with store.read() as connection:
        tables = {
            "votes.csv": votes_table(connection, study),
            "raters.csv": raters_table(connection, study),
            "videos.csv": videos_table(connection),
        }
        if read_setting(connection, "draw"):
            tables["labels.csv"] = labels_table(connection, study)
    for name, frame in tables.items():
        write_csv(frame, folder / name)
    return [folder / name for name in tables]
