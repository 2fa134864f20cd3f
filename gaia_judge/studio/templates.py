"""Templates: pages filled in, everything that comes from people escaped."""

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse

ASSETS = {"studio.css": "text/css", "studio.js": "text/javascript"}
"""Files that pages load, and their media types."""


def page(template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """Return a page."""
    text = _templates().get_template(f"{template}.html.j2").render(**values)
    return HTMLResponse(text, status)


@cache
def asset(name: str) -> bytes:
    """Return a file that pages load."""
    return (Path(__file__).parent / "theme" / name).read_bytes()


def asset_url(name: str) -> str:
    """Return its address, which changes with its content, so that browsers may keep it."""
    return f"/theme/{name}?{hashlib.sha256(asset(name)).hexdigest()[:12]}"


def paragraphs(text: str) -> list[str]:
    r"""Return the paragraphs of a text.

    >>> paragraphs("One\nline.\n\nAnother.\n")
    ['One line.', 'Another.']
    """
    return [" ".join(part.split()) for part in text.split("\n\n") if part.strip()]


@cache
def _templates() -> Environment:
    templates = Environment(
        loader=PackageLoader("gaia_judge.studio", "theme"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.globals.update(asset_url=asset_url)
    templates.filters.update(paragraphs=paragraphs, number=lambda value: f"{value:g}")
    return templates
