"""Ratings: the pages that raters see, all behind the token of their link."""

import time
from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, HTTPException, Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from gaia_judge.studio.desks import Admitted, At, Form, Heard, Known, clip_response, wants_json
from gaia_judge.studio.sessions import Standing, answers, find_showing, stand
from gaia_judge.studio.steps import consent, introduce, leave, pass_over, vote
from gaia_judge.studio.studies import Study, anchors_of
from gaia_judge.studio.templates import page

router = APIRouter(prefix="/r/{token}")


@router.get("")
def show(token: str, rater: Admitted, desk: At) -> Response:
    """Return the page at which a rater stands."""
    with desk.store.write() as connection:
        where = stand(connection, desk.study, rater, time.time())
        told = where.stage == "feedback" and where.showing is not None
        given = answers(connection, where.showing.id) if told and where.showing else {}
    values = {"home": f"/r/{token}", "name": rater.name, "csrf": desk.store.sign("form", rater.name)}
    return _render(desk.study, where, given, values)


@router.api_route("/clip/{public}", methods=["GET", "HEAD"])
def clip(public: str, rater: Known, desk: At) -> Response:
    """Return one of a rater's own clips."""
    if not desk.clips.allow(rater.name):
        raise HTTPException(429, "Too many requests.")
    with desk.store.read() as connection:
        showing = find_showing(connection, rater, public)
    return clip_response(desk.store, showing.clip)


@router.post("/consent")
def agree(token: str, rater: Heard, desk: At) -> Response:
    """Note that a rater takes part."""
    with desk.store.write() as connection:
        consent(connection, rater)
    return _onward(token)


@router.post("/background")
def tell(token: str, rater: Heard, form: Form, desk: At) -> Response:
    """Store what a rater tells of themselves."""
    with desk.store.write() as connection:
        introduce(connection, desk.study, rater, _named(form, "about-"))
    return _onward(token)


@router.post("/vote/{public}")
def rate(token: str, public: str, rater: Heard, form: Form, desk: At, request: Request) -> Response:
    """Store votes; what is answered here is on the disk."""
    with desk.store.write() as connection:
        new = vote(connection, desk.study, rater, public, _named(form, "score-"), time.time())
    return JSONResponse({"saved": True, "new": new}) if wants_json(request) else _onward(token)


@router.post("/onward/{public}")
def go_on(token: str, public: str, rater: Heard, desk: At) -> Response:
    """Leave an example's answers, or a break."""
    with desk.store.write() as connection:
        leave(connection, desk.study, rater, public)
    return _onward(token)


@router.post("/pass/{public}")
def go_on_without(token: str, public: str, rater: Heard, desk: At) -> Response:
    """Leave a clip that does not play."""
    with desk.store.write() as connection:
        pass_over(connection, rater, public)
    return _onward(token)


def _named(form: Mapping[str, str], prefix: str) -> dict[str, str]:
    """Return the fields with a prefix, without it: as it is, a name might mean something to a browser."""
    return {name.removeprefix(prefix): value for name, value in form.items() if name.startswith(prefix)}


def _onward(token: str) -> Response:
    return RedirectResponse(f"/r/{token}", 303)


def _render(study: Study, where: Standing, given: Mapping[str, float], values: dict[str, Any]) -> Response:
    values = {**values, "study": study, "where": where}
    if where.showing is not None:
        values |= {
            "showing": where.showing,
            "clip": f"{values['home']}/clip/{where.showing.public}",
            "anchors": {one.name: anchors_of(study, one) for one in study.dimensions},
            "target": _label(study, where.showing.target),
            "given": {name: _label(study, score) for name, score in given.items()},
        }
    if where.stage == "feedback" and where.showing is not None:
        example = study.training[where.showing.position]
        meant = {name: _label(study, score) for name, score in example.scores.items()}
        values |= {"example": example, "meant": meant}
    if where.stage == "pause":
        values["number"] = where.done // study.pause
    return page("rating" if where.stage == "training" else where.stage, **values)


def _label(study: Study, score: float | None) -> str:
    """Return how the page names a score: the level's label, or the number on a slider."""
    scale = study.levels
    return "" if score is None else scale.labels[scale.values.index(score)]
