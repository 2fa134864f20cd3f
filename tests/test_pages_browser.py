"""Pages in a real browser: evil text, the policy, tables, themes and contrast."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.browsers import BACKGROUND, opened
from tests.pages import EVIL

CONTRASTS = """() => {
  const rgb = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = (colour) => {
    const linear = (v) => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4;
    const [r, g, b] = rgb(colour).map((v) => linear(v / 255));
    return .2126 * r + .7152 * g + .0722 * b;
  };
  const ground = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const colour = getComputedStyle(one).backgroundColor;
      if (rgb(colour)[3] !== 0) return colour;
    }
  };
  const found = [];
  for (const element of document.body.querySelectorAll("*")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    const fixed = ["#000000", "#ffffff"].includes(element.getAttribute("fill"));
    if (!own || fixed || !element.checkVisibility() || element.matches("script, style, noscript")) continue;
    const style = getComputedStyle(element);
    const pair = [light(element.closest("svg") ? style.fill : style.color), light(ground(element))];
    found.push([(Math.max(...pair) + .05) / (Math.min(...pair) + .05), element.outerHTML.slice(0, 99)]);
  }
  return found;
}"""
"""WCAG 2.2's contrast ratio of every text."""


@contextmanager
def _listener() -> Iterator[tuple[str, list[str]]]:
    """Yield the address of a server on this machine and the paths that it was asked for."""
    heard: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            heard.append(self.path)
            self.send_error(404)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", heard
        server.shutdown()


def _column(page: Any, table: int, column: int) -> list[str]:
    return (
        page.locator("table.sorts").nth(table).locator(f"tbody tr > :nth-child({column})").all_inner_texts()
    )


def test_evil_text_stays_text(browser: Any, example: Path) -> None:
    with opened(browser, example) as found:
        page = found.page
        page.wait_for_timeout(200)
        assert page.title() == f"Report of three judges {EVIL}"
        assert page.locator("h1").inner_text() == f"Report of three judges {EVIL}"
        card = page.locator(".exhibit").nth(1)
        card.locator("summary").click()
        for part in ("h4", "blockquote", ".rationale", ".file"):
            assert card.locator(part).text_content() == EVIL
        assert page.locator("body img").count() == 0


@pytest.mark.parametrize("bypass", [False, True])
def test_the_policy_forbids_what_the_page_never_asks(browser: Any, example: Path, bypass: bool) -> None:
    # Without the policy the same attempts arrive: this test can fail.
    with _listener() as (address, heard), opened(browser, example, bypass_csp=bypass) as found:
        found.page.context.unroute_all()
        found.page.evaluate(
            """async (address) => {
              const image = new Image(), script = document.createElement("script");
              image.src = `${address}/image`;
              script.textContent = "window.broken = true";
              document.body.append(script);
              await new Promise((done) => { image.onerror = done; });
              await fetch(`${address}/fetch`).catch(() => 0);
              await new Promise((done) => setTimeout(done, 100));
            }""",
            address,
        )
        assert heard == (["/image", "/fetch"] if bypass else [])
        assert found.page.evaluate("window.broken") is (True if bypass else None)
        found.complaints.clear()


def test_sorting(browser: Any, example: Path) -> None:
    with opened(browser, example) as found:
        page, names = found.page, ["videoscore2", "nano@8", "text only", "chance", EVIL]
        heads = page.locator("table.sorts").first.locator("thead th")
        assert _column(page, 0, 1) == names

        def sorted_by(head: int) -> tuple[list[str], list[str | None]]:
            order = _column(page, 0, 1)
            return order, [heads.nth(at).get_attribute("aria-sort") for at in range(heads.count())]

        srcc = heads.nth(1).locator("button")
        srcc.click()
        assert sorted_by(1) == (
            ["chance", EVIL, "videoscore2", "nano@8", "text only"],
            [None, "ascending", None, None],
        )
        srcc.press("Enter")
        assert sorted_by(1) == (
            ["nano@8", "videoscore2", EVIL, "chance", "text only"],
            [None, "descending", None, None],
        )
        heads.nth(2).locator("button").press("Space")
        assert _column(page, 0, 3) == ["12", "900", "9180", "9180", "10000"]
        heads.nth(0).locator("button").click()
        assert sorted_by(0) == (sorted(names), ["ascending", None, None, None])


def test_filter(browser: Any, example: Path) -> None:
    with opened(browser, example) as found:
        page = found.page
        page.get_by_label("Filter rows of “Mean score by action”").fill("ACTION 3")
        table = page.locator("table.sorts").nth(1)
        visible = table.locator("tbody tr:visible > th").all_inner_texts()
        assert visible == [f"action {at}" for at in range(40) if "3" in str(at)]
        assert page.locator(".filter [role=status]").inner_text() == "13 of 40 rows"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_theme(browser: Any, example: Path, scheme: str) -> None:
    with opened(browser, example, color_scheme=scheme) as found:
        page = found.page
        button, before = page.locator("[data-theme-button]"), page.evaluate(BACKGROUND)
        ink = page.locator("h1").evaluate("one => getComputedStyle(one).color")
        axis = "one => getComputedStyle(one).stroke"
        line = page.locator(".drawing svg [stroke=currentColor]").first
        assert line.evaluate(axis) == ink
        button.click()
        after = page.evaluate(BACKGROUND)
        assert after != before
        assert line.evaluate(axis) == page.locator("h1").evaluate("one => getComputedStyle(one).color") != ink
        page.wait_for_timeout(300)  # another process writes what is stored
        page.reload()
        assert page.evaluate(BACKGROUND) == after
        button.click()
        assert page.evaluate(BACKGROUND) == before
        assert button.inner_text() == {"light": "Dark theme", "dark": "Light theme"}[scheme]


def test_theme_without_storage(browser: Any, example: Path) -> None:
    broken = "Object.defineProperty(window, 'localStorage', { get() { throw new Error('denied'); } })"
    with opened(browser, example, script=broken) as found:
        before = found.page.evaluate(BACKGROUND)
        found.page.locator("[data-theme-button]").click()
        assert found.page.evaluate(BACKGROUND) != before


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast(browser: Any, example: Path, scheme: str) -> None:
    with opened(browser, example, color_scheme=scheme) as found:
        ratios = found.page.evaluate(CONTRASTS)
        assert len(ratios) > 500
        assert [one for one in ratios if one[0] < 4.5] == []
