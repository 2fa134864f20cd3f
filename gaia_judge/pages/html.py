"""Pages as one HTML file that opens anywhere: nothing is loaded, and nothing leaves the machine."""

import base64
import hashlib
import re
from functools import cache
from itertools import count
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from gaia_judge.figures import Figure
from gaia_judge.pages.cells import gallery_axis, percent, show
from gaia_judge.pages.data import downloads
from gaia_judge.pages.sections import Gallery, Page
from gaia_judge.pages.vectors import inline_svg
from gaia_judge.reports import Report, upright
from gaia_judge.scores.files import replacing

FILTERED, TALL = 12, 30
"""Rows above which a table gets a box to filter by, and a frame to scroll in."""

BREAKS = re.compile(r"(?<=[/_])(?=\w)|(?<=[^\s/_-]{24})(?=[^\s/_-])")
"""Where a line of a cell may end: within names, and after so many letters of one word."""


def write_page(page: Page, file: Path) -> None:
    """Write a page; the file appears whole or not at all.

    Raises:
        GaiaJudgeError: It cannot be written.
    """
    # A file's name may hold bytes that are no text.
    text = page_html(page).encode(errors="replace")
    with replacing(file) as out:
        out.write(text)


def page_html(page: Page) -> str:
    """Return a page as HTML5, with its figures, clips, tables, style and script inside.

    The same page gives the same text. All that comes from users is escaped; besides, the page's content
    security policy forbids every request and every script but its own.
    """
    names = (f"{one}-" for one in count(1))
    return (
        _templates()
        .get_template("page.html.j2")
        .render(
            page=page,
            style=Markup(_style()),
            script=Markup(_theme("page.js")),
            policy=_policy(_style(), _theme("page.js")),
            downloads=downloads(page.data),
            numbered=lambda: next(names),
        )
    )


@cache
def _templates() -> Environment:
    templates = Environment(
        loader=PackageLoader("gaia_judge.pages", "theme"),
        autoescape=True,
        finalize=lambda value: upright(value) if type(value) is str else value,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.tests.update(
        {
            "report": lambda part: isinstance(part, Report),
            "figure": lambda part: isinstance(part, Figure),
            "gallery": lambda part: isinstance(part, Gallery),
        }
    )
    templates.filters.update(
        {
            "shown": show,
            "axis": gallery_axis,
            "percent": percent,
            "breakable": lambda text: Markup("<wbr>").join(BREAKS.split(upright(text))),
            "svg": lambda figure, prefix: Markup(inline_svg(figure, f"{prefix}{figure.name}-")),
            "base64": lambda raw: base64.b64encode(raw).decode(),
        }
    )
    templates.globals.update({"FILTERED": FILTERED, "TALL": TALL})
    return templates


@cache
def _theme(name: str) -> str:
    return (Path(__file__).parent / "theme" / name).read_text()


def _style() -> str:
    return _theme("page.css") + _theme("print.css")


def _policy(style: str, script: str) -> str:
    """Return the content security policy of a page."""
    return "; ".join(
        [
            "default-src 'none'",
            f"style-src '{_hash(style)}'",
            f"script-src '{_hash(script)}'",
            "img-src data:",
            "media-src blob:",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
