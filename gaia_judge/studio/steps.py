"""Steps: what leads a rater on; each is taken in one transaction, and may come twice."""

import math
from collections.abc import Mapping

from sqlalchemy import Connection, func, insert, select, update

from gaia_judge.studio.raters import Rater, change_rater
from gaia_judge.studio.records import showings, videos, votes
from gaia_judge.studio.sessions import Refusal, find_showing
from gaia_judge.studio.studies import Study

HASTE = 0.9
"""Share of a clip's duration before which it cannot have been seen; clocks and players differ a little."""


def vote(
    connection: Connection, study: Study, rater: Rater, public: str, given: Mapping[str, str], now: float
) -> bool:
    """Store a rater's votes on a clip; return whether they are new.

    A clip is answered once: what comes later for it changes nothing, be it the same or not.

    Args:
        connection: Of a transaction that may write; the votes are safe when it is committed.
        study: Spelt out.
        rater: Who votes.
        public: Of the showing.
        given: What was sent, by dimension.
        now: Seconds since the epoch: a clip may be seen while the server is started again, which no other
            clock outlives. Where the clock has been set back, nothing is known, and nothing refused.

    Raises:
        Refusal: It is none of the rater's clips, a score is missing or not on the scale, or the clip cannot
            have been seen to its end yet.
    """
    showing = find_showing(connection, rater, public)
    if showing.answered is not None:
        return False
    scores = {one.name: read_score(study, given.get(one.name, ""), one.name) for one in study.dimensions}
    if study.full_viewing and 0 <= now - showing.first_shown < HASTE * showing.seconds:
        raise Refusal(409, "Please watch the whole clip once before you rate it.")
    connection.execute(
        insert(votes),
        [{"showing": showing.id, "dimension": name, "score": score} for name, score in scores.items()],
    )
    connection.execute(update(showings).where(showings.c.id == showing.id).values(answered=now))
    if showing.role == "rating":
        more = update(videos).where(videos.c.id == showing.video)
        connection.execute(more.values(votes=videos.c.votes + 1))
    return True


def read_score(study: Study, text: str, name: str) -> float:
    """Return a score that was sent.

    Raises:
        Refusal: It is none, or not on the scale.
    """
    if not text.strip():
        raise Refusal(422, f"Please answer every question: {name} has no answer yet.")
    try:
        score = float(text) if len(text) <= 40 else math.nan
    except ValueError:
        score = math.nan
    if not study.allows(score):
        raise Refusal(422, f"The answer on {name} is not on the scale.")
    return score


def consent(connection: Connection, rater: Rater) -> None:
    """Note that a rater takes part."""
    change_rater(connection, rater, consented=True)


def introduce(connection: Connection, study: Study, rater: Rater, given: Mapping[str, str]) -> None:
    """Store what a rater tells of themselves; what was told once stays.

    Raises:
        Refusal: There is no consent yet, or an answer is none of the options.
    """
    if not rater.consented:
        raise Refusal(409, "Please read the first page and agree to it.")
    told = {one.name: given.get(one.name, "") for one in study.background}
    for one in study.background:
        if told[one.name] not in one.options:
            raise Refusal(422, f"Please answer: {one.question}")
    if rater.background is None:
        change_rater(connection, rater, background=told)


def leave(connection: Connection, study: Study, rater: Rater, public: str) -> None:
    """Go on from an example's answers, or, where ``public`` is a number, from the break of that number.

    Raises:
        Refusal: There is nothing to go on from.
    """
    if public.isascii() and public.isdigit() and len(public) < 6:
        last = connection.execute(
            select(func.max(showings.c.position)).where(showings.c.rater == rater.id)
        ).scalar()
        done = 0 if last is None else last + 1 - len(study.training)
        if not study.pause or int(public) > done // study.pause:
            raise Refusal(409, "There is no break now.")
        change_rater(connection, rater, pauses=max(rater.pauses, int(public)))
        return
    showing = find_showing(connection, rater, public)
    if showing.answered is None:
        raise Refusal(409, "Please rate this clip first.")
    connection.execute(update(showings).where(showings.c.id == showing.id).values(left=True))


def pass_over(connection: Connection, rater: Rater, public: str) -> None:
    """Go on without a clip that does not play; a vote on it would still be taken.

    Without this, one file that is lost would hold up everybody: what has the fewest votes comes first.

    Raises:
        Refusal: The rater has none of that name.
    """
    showing = find_showing(connection, rater, public)
    connection.execute(update(showings).where(showings.c.id == showing.id).values(left=True))
