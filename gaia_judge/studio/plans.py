"""Plans: what a rater's session is made of, and which clip comes next."""

import hashlib
import random
import secrets
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Literal

from sqlalchemy import Connection, func, select

from gaia_judge.studio.raters import Rater
from gaia_judge.studio.records import showings, videos
from gaia_judge.studio.studies import Study

Role = Literal["rating", "repeat", "check"]

GAP = 5
"""Clips between a clip and its repeat, where the session is long enough."""

STALE_S = 1800.0
"""Seconds after which a clip that was shown and not rated no longer counts as being rated."""

TOLERANCE = 0.05
"""How far from the target, as a share of the scale, a slider may be at a check."""


def lay_out(study: Study, seed: int, drawn: int) -> list[Role]:
    """Return the role of each place of a session; another seed, another order.

    Repeats stand in the second half, where there is something to repeat; no check comes first. Where
    there are fewer videos than a session has room for, it is shorter.

    Args:
        study: For its numbers.
        seed: The rater's.
        drawn: Videos that are asked about.

    >>> lay_out(Study(session=8, repeats=0.25, checks=1), seed=0, drawn=100).count("repeat")
    2
    >>> len(lay_out(Study(session=60, repeats=0, checks=2), seed=0, drawn=10))
    12
    """
    repeats = round(study.repeats * min(study.session, drawn / (1 - study.repeats)))
    ratings = min(drawn, study.session - repeats - study.checks)
    size = ratings + repeats + study.checks
    chance = random.Random(f"plan {seed}")
    plan: list[Role] = ["rating"] * size
    for place in chance.sample(range(1, size), study.checks) if size > study.checks else []:
        plan[place] = "check"
    late = [at for at in range(1, size) if plan[at] == "rating" and at >= size / 2]
    for place in chance.sample(late, min(repeats, len(late))):
        plan[place] = "repeat"
    return plan


def count_drawn(connection: Connection) -> int:
    """Return how many videos are asked about."""
    return connection.execute(select(func.count()).select_from(videos).where(*DRAWN)).scalar_one()


DRAWN = (videos.c.role == "rated", videos.c.ticket < videos.c.probability)
"""Which videos are asked about."""


def next_clip(
    connection: Connection, study: Study, rater: Rater, role: Role, place: int, now: float
) -> dict[str, Any] | None:
    """Return video, role, repeat, target and probability of the next showing, or None if nothing is left.

    Args:
        connection: Of a transaction that may write, so that no other rater gets in between.
        study: For the scale of checks.
        rater: Who is to see it.
        role: What the plan says. A repeat becomes a rating where there is nothing to repeat.
        place: In the session, from 0.
        now: Seconds since the epoch.
    """
    seen = connection.execute(
        select(showings.c.video, showings.c.role, showings.c.answered, videos.c.generator)
        .join(videos)
        .where(showings.c.rater == rater.id)
        .order_by(showings.c.position)
    ).all()
    chance = random.Random(f"clip {rater.seed} {place}")
    if role != "rating" and (video := _again(seen, role, chance)):
        target = _target(study, chance) if role == "check" else None
        return _showing(connection, video, role, repeat=int(role == "repeat"), target=target)
    video = None if role == "check" else _needed(connection, rater, seen, now)
    return _showing(connection, video, "rating") if video else None


def _again(seen: Sequence[Any], role: Role, chance: random.Random) -> int | None:
    """Return a video that the rater has seen, rather not one of the last few; None if there is none."""
    rated = [row.video for row in seen if row.role == "rating" and row.answered is not None]
    shown = Counter(row.video for row in seen if row.role == role)
    # Right beside its clip, a repeat or a check would be known at once.
    far, near = ([video for video in rated[:-gap] if not shown[video]] for gap in (GAP, 1))
    left = far or near or (rated if role == "check" else [])
    return chance.choice(left) if left else None


def _needed(connection: Connection, rater: Rater, seen: Sequence[Any], now: float) -> int | None:
    """Return the unseen video with the fewest votes; of equals, of the generator that the rater knows least.

    Votes that others are just giving count, so that raters who come together are spread over the videos.
    """
    coming = Counter(
        connection.execute(
            select(showings.c.video).where(
                showings.c.answered.is_(None),
                ~showings.c.left,
                showings.c.role == "rating",
                showings.c.made > now - STALE_S,
            )
        ).scalars()
    )
    known = {row.video for row in seen}
    generators = Counter(row.generator for row in seen if row.role == "rating")
    rows = connection.execute(select(videos.c.id, videos.c.votes, videos.c.generator).where(*DRAWN)).all()
    left = [row for row in rows if row.id not in known]
    # One after the other, since of thousands few come to the costly last.
    left = _least(left, lambda row: row.votes + coming[row.id])
    left = _least(left, lambda row: generators[row.generator])
    return int(min(left, key=lambda row: _shuffle(rater.seed, row.id)).id) if left else None


def _least(rows: Sequence[Any], key: Callable[[Any], int]) -> list[Any]:
    """Return the rows of which ``key`` is least."""
    keys = [key(row) for row in rows]
    least = min(keys, default=0)
    return [row for row, one in zip(rows, keys, strict=True) if one == least]


def _shuffle(seed: int, video: int) -> bytes:
    """Return where a video stands in a rater's own random order."""
    return hashlib.sha256(f"{seed} {video}".encode()).digest()


def _target(study: Study, chance: random.Random) -> float:
    """Return what a check asks for: a level, of a slider one of its tenths."""
    values = study.levels.values
    return chance.choice(values[:: max(1, len(values) // 10)])


def _showing(
    connection: Connection, video: int, role: str, *, repeat: int = 0, target: float | None = None
) -> dict[str, Any]:
    chance = connection.execute(select(videos.c.probability).where(videos.c.id == video)).scalar_one()
    return {"video": video, "role": role, "repeat": repeat, "target": target, "probability": chance}


def passed(study: Study, target: float, scores: Sequence[float]) -> bool:
    """Return whether a rater did as a check told them.

    >>> passed(Study(), 30, [30, 32, 35]), passed(Study(), 30, [30, 30, 50])
    (True, False)
    >>> passed(Study(scale="one-to-five"), 3, [3, 3, 4])
    False
    """
    scale = study.levels
    reach = TOLERANCE * (scale.high - scale.low) if study.slider else 0.0
    return all(abs(score - target) <= reach for score in scores)


def new_public() -> str:
    """Return a random name of a showing."""
    return secrets.token_urlsafe(16)
