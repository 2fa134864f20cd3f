"""Sessions: where a rater stands, and which clip that is about."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, insert, select, update

from gaia_judge.studio.plans import count_drawn, lay_out, new_public, next_clip
from gaia_judge.studio.raters import Rater
from gaia_judge.studio.records import showings, videos, votes
from gaia_judge.studio.studies import Study

Stage = Literal["consent", "background", "training", "feedback", "rating", "pause", "thanks"]


class Refusal(Exception):
    """A step that cannot be taken.

    Args:
        status: Of the answer, as HTTP has it.
        message: For the rater.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


@dataclass(frozen=True, slots=True)
class Showing:
    """A clip on a rater's way, and what is known of its video."""

    id: int
    public: str
    position: int
    video: int
    role: str
    target: float | None
    first_shown: float
    answered: float | None
    left: bool
    action: str
    prompt: str
    clip: str
    """The file, below the study's folder."""
    seconds: float


COLUMNS = [
    getattr(showings.c if name in showings.c else videos.c, name) for name in Showing.__dataclass_fields__
]


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a rater stands."""

    stage: Stage
    showing: Showing | None = None
    """The clip, with what is known of its video, where the stage is about one."""
    done: int = 0
    """Clips of the session that are rated, of ``total``; in training, examples."""
    total: int = 0


def stand(connection: Connection, study: Study, rater: Rater, now: float) -> Standing:
    """Return where a rater stands; a clip that is due is drawn now, once, however often this is asked.

    Args:
        connection: Of a transaction that may write.
        study: Spelt out.
        rater: As just read.
        now: Seconds since the epoch.
    """
    if not rater.consented:
        return Standing("consent")
    if study.background and rater.background is None:
        return Standing("background")
    last = _find(connection, showings.c.rater == rater.id)
    trainings = len(study.training)
    if last and last.role == "training" and not last.left:
        stage: Stage = "training" if last.answered is None else "feedback"
        return Standing(stage, _shown(connection, last, now), last.position, trainings)
    position = last.position + 1 if last else 0
    if position < trainings:
        return Standing("training", _train(connection, study, rater, position, now), position, trainings)
    plan = lay_out(study, rater.seed, count_drawn(connection))
    if last and last.answered is None and not last.left:
        return Standing("rating", _shown(connection, last, now), last.position - trainings, len(plan))
    place = position - trainings
    if study.pause and 0 < place < len(plan) and rater.pauses < place // study.pause:
        return Standing("pause", None, place, len(plan))
    for at in range(place, len(plan)):
        if clip := next_clip(connection, study, rater, plan[at], at, now):
            found = _show(connection, rater, at + trainings, clip, now)
            return Standing("rating", found, at, len(plan))
    return Standing("thanks", None, len(plan), len(plan))


def _train(connection: Connection, study: Study, rater: Rater, position: int, now: float) -> Showing:
    name = study.training[position].video
    video = connection.execute(select(videos.c.id).where(videos.c.name == name)).scalar_one()
    clip = {"video": video, "role": "training", "repeat": 0, "target": None, "probability": 1.0}
    return _show(connection, rater, position, clip, now)


def _show(
    connection: Connection, rater: Rater, position: int, clip: Mapping[str, Any], now: float
) -> Showing:
    public = new_public()
    times = {"made": now, "first_shown": now, "last_shown": now}
    row = {"public": public, "rater": rater.id, "position": position, **clip, **times}
    connection.execute(insert(showings).values(row))
    return find_showing(connection, rater, public)


def _shown(connection: Connection, showing: Showing, now: float) -> Showing:
    if showing.answered is None:
        connection.execute(update(showings).where(showings.c.id == showing.id).values(last_shown=now))
    return showing


def find_showing(connection: Connection, rater: Rater, public: str) -> Showing:
    """Return one of a rater's own clips, with what is known of its video.

    Raises:
        Refusal: The rater has none of that name.
    """
    found = _find(connection, showings.c.rater == rater.id, showings.c.public == public)
    if found is None:
        raise Refusal(404, "There is no such clip on your way.")
    return found


def _find(connection: Connection, *where: Any) -> Showing | None:
    asked = select(*COLUMNS).select_from(showings.join(videos)).where(*where)
    row = connection.execute(asked.order_by(showings.c.position.desc()).limit(1)).first()
    return Showing(*row) if row else None


def answers(connection: Connection, showing: int) -> dict[str, float]:
    """Return the votes that were given to a clip."""
    rows = connection.execute(select(votes.c.dimension, votes.c.score).where(votes.c.showing == showing))
    return {row.dimension: row.score for row in rows}
