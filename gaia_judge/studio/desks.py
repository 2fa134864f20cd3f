"""Desks: who is let in by a link, and how often; what the routes of raters and owner share."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Annotated

from fastapi import Depends, HTTPException, Request
from starlette.responses import FileResponse, Response

from gaia_judge.studio.copies import TYPES
from gaia_judge.studio.guards import Limits
from gaia_judge.studio.overviews import Overviews
from gaia_judge.studio.raters import Rater, find_rater
from gaia_judge.studio.stores import Store
from gaia_judge.studio.studies import Study

MOST_FIELDS = 60
"""Of a form."""


@dataclass(frozen=True, slots=True)
class Desk:
    """A study that is being served."""

    store: Store
    study: Study
    secret: str
    """Opens the owner's page."""
    overviews: Overviews
    home: str = ""
    """How raters reach the server; where it is empty, as the owner does."""
    pages: Limits = field(default_factory=partial(Limits, rate=5.0, burst=60.0))
    """Requests of a rater per second, and at once."""
    clips: Limits = field(default_factory=partial(Limits, rate=20.0, burst=200.0))
    """The same of parts of clips."""
    strangers: Limits = field(default_factory=partial(Limits, rate=0.5, burst=30.0))
    """Unknown links from one address."""
    guesses: Limits = field(default_factory=partial(Limits, rate=1 / 60, burst=5.0))
    """Wrong secrets from one address."""

    def sign_owner(self, until: str) -> str:
        """Return what proves that the owner is signed in until a second since the epoch.

        Another secret makes it worthless, as does another study.
        """
        return self.store.sign("owner", self.secret, until)


async def find_desk(request: Request) -> Desk:
    """Return the study that the application serves."""
    desk: Desk = request.app.state.desk
    return desk


At = Annotated[Desk, Depends(find_desk)]


async def read_form(request: Request) -> dict[str, str]:
    """Return the fields of a form, each once.

    Raises:
        HTTPException: It is none, or has too many.
    """
    form = await request.form(max_files=0, max_fields=MOST_FIELDS)
    if len(form.multi_items()) > MOST_FIELDS:
        raise HTTPException(400, "The form has too many fields.")
    return {name: value for name, value in form.items() if isinstance(value, str)}


Form = Annotated[Mapping[str, str], Depends(read_form)]


def know(token: str, request: Request, desk: At) -> Rater:
    """Return the rater of a link.

    Raises:
        HTTPException: There is none.
    """
    with desk.store.read() as connection:
        rater = find_rater(connection, token)
    if rater is None:
        status = 404 if desk.strangers.allow(address(request)) else 429
        raise HTTPException(status, "This link is not known. Please check it, or ask for another.")
    return rater


async def admit(rater: Annotated[Rater, Depends(know)], desk: At) -> Rater:
    """Return the rater of a link that asks for a page.

    Raises:
        HTTPException: There is none, or they ask too often.
    """
    if not desk.pages.allow(rater.name):
        raise HTTPException(429, "That was very quick. Please wait a moment and try again.")
    return rater


async def hear(rater: Annotated[Rater, Depends(admit)], form: Form, desk: At) -> Rater:
    """Return the rater of a link whose page has sent a form.

    Raises:
        HTTPException: The form is not of that rater's pages.
    """
    if not same(form.get("csrf", ""), desk.store.sign("form", rater.name)):
        raise HTTPException(403, "This form is not yours, or out of date. Please open your link again.")
    return rater


Known = Annotated[Rater, Depends(know)]
Admitted = Annotated[Rater, Depends(admit)]
Heard = Annotated[Rater, Depends(hear)]


def same(one: str, other: str) -> bool:
    """Return whether two texts are the same, in a time that does not tell where they differ."""
    return hmac.compare_digest(one.encode(errors="replace"), other.encode(errors="replace"))


def address(request: Request) -> str:
    """Return where a request comes from."""
    return request.client.host if request.client else ""


def wants_json(request: Request) -> bool:
    """Return whether a script asks rather than a page."""
    return request.headers.get("accept", "").startswith("application/json")


def clip_response(store: Store, clip: str) -> Response:
    """Return a clip, or the part of it that is asked for.

    Args:
        store: Of the study.
        clip: Its path below the folder, as study.db has it; nothing of it comes from a request.

    Raises:
        HTTPException: The file is gone.
    """
    path = store.folder / clip
    if not path.is_file():
        raise HTTPException(404, "The clip is gone.")
    headers = {"Cache-Control": "private, max-age=3600"}
    return FileResponse(path, media_type=TYPES[path.suffix], headers=headers)
