"""A real browser for the tests: the system's Chromium, without a window, that may reach nothing."""

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from gaia_judge.pages.html import write_page
from tests.pages import example_page

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")

BACKGROUND = "getComputedStyle(document.body).backgroundColor"

LOCAL = ("file:", "data:", "blob:")


@contextmanager
def launched() -> Iterator[Any]:
    """Yield a browser; without one the test is skipped, or fails where nobody would see that it was."""
    from playwright.sync_api import sync_playwright

    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        say = pytest.fail if os.environ.get("CI") else pytest.skip
        say("No Chromium is found. `make browser` as root, or `apt-get install chromium`, installs it.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Yield a browser. For no longer than a module: beside it, nothing else can run an event loop."""
    with launched() as one:
        yield one


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the example page as a file of an awkward name."""
    path = tmp_path_factory.mktemp("page") / "report of <b> & #1 judges?.html"
    write_page(example_page(), path)
    return path


@dataclass
class Opened:
    """A page in the browser, and what went wrong in it."""

    page: Any
    complaints: list[str] = field(default_factory=list)


@contextmanager
def opened(browser: Any, file: Path, *, script: str = "", **settings: Any) -> Iterator[Opened]:
    """Open a file and fail at the end of the block if the page complained or asked for anything from afar.

    Args:
        browser: Of ``launched``.
        file: The page.
        script: Runs before the page's own.
        settings: Of Playwright's ``new_context``.
    """
    context = browser.new_context(**settings)
    found = Opened(context.new_page())
    page, say = found.page, found.complaints.append
    context.on("request", lambda one: one.url.startswith(LOCAL) or say(f"request {one.url}"))
    context.route("http*://**", lambda route: route.abort())
    page.on("console", lambda one: one.type in ("error", "warning") and say(f"{one.type}: {one.text}"))
    page.on("pageerror", lambda error: say(f"error: {error}"))
    page.on("dialog", lambda dialog: (say(f"dialog {dialog.message}"), dialog.dismiss()))
    if script:
        page.add_init_script(script)
    page.goto(file.as_uri())
    yield found
    context.close()
    assert found.complaints == []


def wait(page: Any, script: str) -> None:
    """Wait until a script says yes; Playwright's own way needs ``eval``, which the policy forbids."""
    end = time.monotonic() + 10
    while not page.evaluate(script):
        assert time.monotonic() < end, script
        page.wait_for_timeout(20)
