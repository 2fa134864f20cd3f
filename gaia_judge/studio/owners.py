"""Owners: the page on which the owner of a study watches it, behind a secret."""

import io
import time
from typing import Annotated
from zipfile import ZIP_DEFLATED, ZipFile

from fastapi import APIRouter, Depends, HTTPException, Request
from sqlalchemy import select
from starlette.responses import RedirectResponse, Response

from gaia_judge.studio.desks import At, Form, address, clip_response, read_form, same
from gaia_judge.studio.exports import write_export
from gaia_judge.studio.raters import invite, relink, withdraw
from gaia_judge.studio.records import videos
from gaia_judge.studio.templates import page

router = APIRouter(prefix="/owner")

COOKIE = "studio-owner"

STAY_S = 12 * 3600
"""How long the owner stays signed in."""

MOST_LINKS = 1000
"""That are made at once."""


class Stranger(Exception):
    """Someone who is not signed in."""


def enter(request: Request, desk: At) -> str:
    """Return the owner's cookie.

    Raises:
        Stranger: There is none, or one that is forged or out of date.
    """
    cookie = request.cookies.get(COOKIE, "")
    until, _, signature = cookie.partition(".")
    if not same(signature, desk.sign_owner(until)) or not until.isascii() or int(until) < time.time():
        raise Stranger
    return cookie


Entered = Annotated[str, Depends(enter)]


async def order(cookie: Entered, form: Form, desk: At) -> str:
    """Return the owner's cookie, where the owner's own page has sent a form.

    Raises:
        Stranger: See ``enter``.
        HTTPException: The form is of another page.
    """
    if not same(form.get("csrf", ""), desk.store.sign("owner form", cookie)):
        raise HTTPException(403, "This form is out of date. Please open the page again.")
    return cookie


Ordered = Annotated[str, Depends(order)]


@router.get("")
def show(cookie: Entered, desk: At) -> Response:
    """Return the owner's page."""
    csrf = desk.store.sign("owner form", cookie)
    return page("owner", study=desk.study, now=desk.overviews.now(), csrf=csrf)


@router.post("/login")
def sign_in(form: Annotated[dict[str, str], Depends(read_form)], request: Request, desk: At) -> Response:
    """Sign the owner in; whoever guesses is soon not answered any more."""
    if desk.guesses.spent(address(request)):
        raise HTTPException(429, "Too many wrong secrets. Please wait some minutes.")
    if not same(form.get("secret", "").strip(), desk.secret):
        desk.guesses.allow(address(request))
        return page("login", 403, message="That is not the secret.")
    until = str(int(time.time()) + STAY_S)
    answer = RedirectResponse("/owner", 303)
    # A proxy need not say that it speaks TLS; the browser does.
    secure = "https" in (request.url.scheme, request.headers.get("origin", "").partition(":")[0])
    value = f"{until}.{desk.sign_owner(until)}"
    answer.set_cookie(
        COOKIE, value, max_age=STAY_S, path="/owner", httponly=True, samesite="strict", secure=secure
    )
    return answer


@router.post("/logout")
def sign_out(_: Ordered) -> Response:
    """Sign the owner out of this browser."""
    answer = RedirectResponse("/owner", 303)
    answer.delete_cookie(COOKIE, path="/owner", httponly=True, samesite="strict")
    return answer


@router.post("/invite")
def add(_: Ordered, form: Form, desk: At, request: Request) -> Response:
    """Make links for new raters and show them, this once."""
    count = form.get("count", "")
    if not (count.isascii() and count.isdigit() and len(count) < 5 and 1 <= int(count) <= MOST_LINKS):
        raise HTTPException(422, f"Give a number of links from 1 to {MOST_LINKS}.")
    return _links(desk.home or str(request.base_url).rstrip("/"), invite(desk.store, int(count)))


@router.post("/relink")
def replace(_: Ordered, form: Form, desk: At, request: Request) -> Response:
    """Give a rater a new link in place of a lost one."""
    token = relink(desk.store, form.get("rater", "").strip())
    if token is None:
        raise HTTPException(404, "There is no rater of that name.")
    return _links(desk.home or str(request.base_url).rstrip("/"), [token])


@router.post("/withdraw")
def forget(_: Ordered, form: Form, desk: At) -> Response:
    """Delete a rater who takes back what they gave."""
    if form.get("sure") != "yes":
        raise HTTPException(422, "Tick that all of it is to be deleted, for good.")
    if not withdraw(desk.store, form.get("rater", "")):
        raise HTTPException(404, "There is no rater of that name or link.")
    return RedirectResponse("/owner", 303)


@router.get("/clip/{public}")
def clip(public: str, _: Entered, desk: At) -> Response:
    """Return a clip."""
    with desk.store.read() as connection:
        path = connection.execute(select(videos.c.clip).where(videos.c.public == public)).scalar()
    if path is None:
        raise HTTPException(404, "There is no such clip.")
    return clip_response(desk.store, path)


@router.get("/export.zip")
def export(_: Entered, desk: At) -> Response:
    """Return all tables of the study."""
    from pathlib import Path
    from tempfile import TemporaryDirectory

    packed = io.BytesIO()
    with TemporaryDirectory() as folder, ZipFile(packed, "w", ZIP_DEFLATED) as archive:
        for file in write_export(desk.store, desk.study, Path(folder)):
            archive.write(file, file.name)
    headers = {"Content-Disposition": 'attachment; filename="study.zip"'}
    return Response(packed.getvalue(), media_type="application/zip", headers=headers)


def _links(home: str, tokens: list[str]) -> Response:
    return page("links", links=[f"{home}/r/{token}" for token in tokens])
