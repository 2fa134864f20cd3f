"""Overviews: what the owner of a study sees of it while it runs."""

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, func, select

from gaia_judge.opinions import Analysis, Asking, analyse, arrange
from gaia_judge.opinions.plots import plot
from gaia_judge.pages.vectors import inline_svg
from gaia_judge.studio.exports import read_checks, votes_table
from gaia_judge.studio.plans import DRAWN
from gaia_judge.studio.records import raters, showings, videos
from gaia_judge.studio.records import votes as votes_records
from gaia_judge.studio.stores import Store, read_setting
from gaia_judge.studio.studies import Study
from gaia_judge.studio.suspicions import Habit, describe_habits

if TYPE_CHECKING:
    from pandas import DataFrame

NEXT = 200
"""Videos that are listed: those to label next."""

UNPLAYED = (showings.c.answered.is_(None), showings.c.left)
"""Clips that raters went on without."""

Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Overview:
    """A study as it stands."""

    counts: dict[str, int]
    videos: Rows
    """The first of those asked about, by number of votes: name, generator, public, probability and so on, and
    for how many raters it did not play."""
    draws: Rows
    """By which judge, for how many labels, with which aim videos were chosen."""
    dimensions: Rows
    """Votes, alpha, icc, icc_mean and mean half interval of each."""
    habits: list[Habit]
    seconds: float | None
    """Median time of a rating."""
    curve: str
    """SVG of how scores settle with the number of observers; empty where there is too little."""
    caption: str


class Overviews:
    """The overview of a study, made anew only where votes have come in since."""

    def __init__(self, store: Store, study: Study) -> None:
        self._store, self._study = store, study
        self._lock = threading.Lock()
        self._known: tuple[tuple[int, ...], Overview] | None = None

    def now(self) -> Overview:
        """Return the overview; several who ask at once wait for one."""
        with self._lock:
            with self._store.read() as connection:
                state = _state(connection)
                if self._known and self._known[0] == state:
                    return self._known[1]
                parts = _read(connection, self._study)
            found = _survey(self._study, *parts)
            self._known = (state, found)
            return found


def _state(connection: Connection) -> tuple[int, ...]:
    """Return numbers that change whenever the overview does."""
    asked = (
        select(func.count()).select_from(votes_records),
        select(func.count()).select_from(showings),
        select(func.count()).select_from(raters),
        select(func.count()).select_from(raters).where(raters.c.consented),
        select(func.count()).select_from(videos).where(*DRAWN),
        select(func.count()).select_from(showings).where(*UNPLAYED),
    )
    return tuple(int(connection.execute(one).scalar_one()) for one in asked)


def _read(connection: Connection, study: Study) -> tuple[dict[str, int], Rows, Rows, "DataFrame", Any, Any]:
    names = ("name", "public", "generator", "votes", "probability", "uncertainty")
    columns = [getattr(videos.c, name) for name in names]
    misses = select(func.count()).where(showings.c.video == videos.c.id, *UNPLAYED).scalar_subquery()
    wanted = select(*columns, misses.label("unplayed")).where(*DRAWN)
    wanted = wanted.order_by(videos.c.votes, videos.c.uncertainty.desc(), videos.c.id)
    rows = [dict(row._mapping) for row in connection.execute(wanted)]
    invited, agreed = (
        connection.execute(select(func.count()).select_from(raters).where(*where)).scalar_one()
        for where in ((), (raters.c.consented,))
    )
    people = {row.id: row.name for row in connection.execute(select(raters.c.id, raters.c.name))}
    checks: dict[str, tuple[int, int]] = {}
    for rater, well in read_checks(connection, study):
        asked, failed = checks.get(people[rater], (0, 0))
        checks[people[rater]] = asked + 1, failed + (not well)
    durations = {row.name: row.seconds for row in connection.execute(select(videos.c.name, videos.c.seconds))}
    counts = {
        "videos": len(rows),
        "done": sum(row["votes"] >= study.votes for row in rows),
        "votes": sum(row["votes"] for row in rows),
        "useful": sum(min(row["votes"], study.votes) for row in rows),
        "fewest": min((row["votes"] for row in rows), default=0),
        "most": max((row["votes"] for row in rows), default=0),
        "wanted": study.votes * len(rows),
        "invited": invited,
        "agreed": agreed,
    }
    draws = read_setting(connection, "draw") or []
    return counts, rows[:NEXT], draws, votes_table(connection, study), durations, checks


def _survey(
    study: Study,
    counts: dict[str, int],
    rows: Rows,
    draws: Rows,
    frame: "DataFrame",
    durations: Any,
    checks: Any,
) -> Overview:
    if not len(frame):
        return Overview(counts, rows, draws, [], [], None, "", "")
    asking = Asking(draws=0)
    found = [analyse(name, one, asking) for name, one in arrange(frame, "the study").items()]
    scale = study.levels
    size = scale.high - scale.low
    habits = describe_habits(frame, durations, checks, size, full_viewing=study.full_viewing)
    seconds = float(frame.drop_duplicates(["video", "rater", "repeat"])["time"].median())
    drawable = all(any(point.all is not None for point in one.observers) for one in found)
    figure = plot(found)[0]
    curve = inline_svg(figure, "curve-") if drawable else ""
    dimensions = [_dimension(one) for one in found]
    return Overview(counts, rows, draws, dimensions, habits, seconds, curve, figure.caption)


def _dimension(one: Analysis) -> dict[str, Any]:
    import numpy as np

    half = (one.opinion.high - one.opinion.low) / 2
    known = half[np.isfinite(half)]
    return {
        "name": one.dimension,
        "votes": len(one.votes.scores),
        **{name: part.value for name, part in one.agreement.items()},
        "half": float(known.mean()) if len(known) else None,
    }
