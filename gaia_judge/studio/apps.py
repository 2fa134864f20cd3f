"""Apps: the web application of a study."""

from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from gaia_judge.studio import owners, ratings
from gaia_judge.studio.desks import Desk, wants_json
from gaia_judge.studio.guards import Guards
from gaia_judge.studio.overviews import Overviews
from gaia_judge.studio.sessions import Refusal
from gaia_judge.studio.stores import Store
from gaia_judge.studio.studies import Study
from gaia_judge.studio.templates import ASSETS, asset, page

KEPT = "public, max-age=31536000, immutable"


def make_app(store: Store, study: Study, secret: str, home: str = "") -> FastAPI:
    """Return the application that shows a study to raters and to its owner.

    Args:
        store: As ``open_store`` returns it.
        study: The same.
        secret: Opens the owner's page.
        home: Address by which raters reach it, for links; as the owner does, if it is not given.
    """
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    app.add_middleware(Guards, home=home)
    app.state.desk = Desk(store, study, secret, Overviews(store, study), home)
    app.include_router(ratings.router)
    app.include_router(owners.router)

    @app.get("/theme/{name}")
    def theme(name: str) -> Response:
        if name not in ASSETS:
            raise HTTPException(404)
        return Response(asset(name), media_type=ASSETS[name], headers={"Cache-Control": KEPT})

    @app.get("/")
    def door() -> Response:
        return page("message", title="A study", message="Please open the link that you were given.")

    @app.exception_handler(HTTPException)
    def refuse(request: Request, error: HTTPException) -> Response:
        return _explain(request, error.status_code, error.detail)

    @app.exception_handler(Refusal)
    def refuse_step(request: Request, error: Refusal) -> Response:
        return _explain(request, error.status, error.message)

    @app.exception_handler(owners.Stranger)
    def ask(request: Request, error: owners.Stranger) -> Response:
        return page("login", 401, message="")

    return app


def _explain(request: Request, status: int, message: str) -> Response:
    if wants_json(request):
        return JSONResponse({"saved": False, "message": message}, status)
    return page("message", status, title="This did not work", message=message)
