"""Raters: who holds a link, and what they have told of themselves."""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, insert, or_, select, update

from gaia_judge.studio.records import raters as table
from gaia_judge.studio.records import showings, videos, votes
from gaia_judge.studio.stores import Store


@dataclass(frozen=True, slots=True)
class Rater:
    """One who rates, under a random name."""

    id: int
    name: str
    seed: int
    consented: bool
    background: Mapping[str, str] | None
    pauses: int
    """Breaks that are over."""


COLUMNS = [getattr(table.c, name) for name in Rater.__slots__]


def invite(store: Store, count: int) -> list[str]:
    """Add raters and return the token of each one's link; only digests of these are kept.

    Which token got which name is kept nowhere, so an export cannot be laid beside a list of who got a link.
    """
    tokens = [secrets.token_urlsafe(24) for _ in range(count)]
    rows = [
        {"name": f"r{secrets.token_hex(5)}", "token_digest": digest(token), "seed": secrets.randbits(31)}
        for token in tokens
    ]
    if rows:
        with store.write() as connection:
            connection.execute(insert(table), rows)
    return tokens


def digest(token: str) -> str:
    """Return what is kept of a token: its SHA-256 in hex."""
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


def find_rater(connection: Connection, token: str) -> Rater | None:
    """Return the rater whose link has this token, if there is one."""
    row = connection.execute(select(*COLUMNS).where(table.c.token_digest == digest(token))).first()
    return Rater(*row) if row else None


def relink(store: Store, name: str) -> str | None:
    """Give a rater, by name, a new link; return its token, or None if there is no such rater."""
    token = secrets.token_urlsafe(24)
    with store.write() as connection:
        change = update(table).where(table.c.name == name).values(token_digest=digest(token))
        return token if connection.execute(change).rowcount else None


def withdraw(store: Store, who: str) -> bool:
    """Delete a rater, by name or link, with votes and all else that is kept; return whether there was one.

    What their votes have changed goes with them: videos want another vote instead. The database overwrites
    what it deletes.
    """
    word = who.strip().rstrip("/").rsplit("/", 1)[-1]
    known = select(table.c.id).where(or_(table.c.name == word, table.c.token_digest == digest(word)))
    with store.write() as connection:
        rater = connection.execute(known).scalar()
        if rater is None:
            return False
        own = showings.c.rater == rater
        rated = select(showings.c.video).where(
            own, showings.c.role == "rating", showings.c.answered.is_not(None)
        )
        fewer = update(videos).where(videos.c.id.in_(rated)).values(votes=videos.c.votes - 1)
        connection.execute(fewer)  # nobody rates a video twice
        connection.execute(delete(votes).where(votes.c.showing.in_(select(showings.c.id).where(own))))
        connection.execute(delete(showings).where(own))
        connection.execute(delete(table).where(table.c.id == rater))
    return True


def change_rater(connection: Connection, rater: Rater, **values: Any) -> None:
    """Write what has become known of a rater."""
    connection.execute(update(table).where(table.c.id == rater.id).values(**values))
