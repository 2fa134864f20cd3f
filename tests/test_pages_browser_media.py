"""Pages in a real browser: clips, downloads, phones and paper."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gaia_judge.pages.html import write_page
from gaia_judge.pages.sections import Gallery, Section
from tests.browsers import BACKGROUND, launched, opened, wait
from tests.pages import CSV, example_page, exhibit

PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
A4 = {"viewport": {"width": 703, "height": 1000}}
"""186 mm between the margins."""


def test_clips_play_when_near(browser: Any, example: Path) -> None:
    with opened(browser, example, viewport={"width": 1000, "height": 700}) as found:
        page = found.page
        video = page.locator("video").first
        assert video.get_attribute("src") is None
        video.scroll_into_view_if_needed()
        wait(page, "document.querySelector('video').readyState >= 1")
        assert video.evaluate("one => [one.videoWidth, one.videoHeight, one.muted, one.loop]") == [
            *(128, 64),
            *(True, True),
        ]
        assert video.evaluate("one => one.duration") == pytest.approx(1.5, abs=0.01)
        video.evaluate("one => one.play()")
        wait(page, "document.querySelector('video').currentTime > 0.2")
        page.evaluate("scrollTo(0, 0)")
        wait(page, "document.querySelector('video').paused")


def test_clips_that_the_browser_cannot_play_say_so(browser: Any, tmp_path: Path) -> None:
    gallery = Gallery("G", (replace(exhibit(), clip=b"no video"),))
    write_page(replace(example_page(), sections=(Section("g", "G", "", (gallery,)),)), tmp_path / "a.html")
    with opened(browser, tmp_path / "a.html") as found:
        found.page.get_by_text("This browser cannot play the clip.").wait_for()


def test_download(browser: Any, example: Path) -> None:
    with opened(browser, example, accept_downloads=True) as found:
        with found.page.expect_download() as coming:
            found.page.get_by_role("button", name="Download scores.csv").click()
        assert coming.value.suggested_filename == "scores.csv"
        assert Path(coming.value.path()).read_bytes().decode() == CSV


def test_download_without_the_means(browser: Any, example: Path) -> None:
    with opened(browser, example, script="delete window.DecompressionStream") as found:
        found.page.get_by_role("button", name="Download scores.csv").click()
        found.page.get_by_text("This browser cannot unpack the table").wait_for()


def test_phone(browser: Any, example: Path) -> None:
    with opened(browser, example, **PHONE) as found:
        page = found.page
        fits = "document.documentElement.scrollWidth <= 390 && innerWidth === 390"
        assert page.evaluate(fits)
        wide = page.locator(".scroll", has=page.locator("table.wide"))
        assert wide.evaluate("one => one.scrollWidth > one.clientWidth + 100")
        assert not page.locator("nav a").first.is_visible()
        page.locator("nav summary").tap()
        page.locator("nav a", has_text="Gallery").tap()
        wait(page, "document.querySelector('video').readyState >= 1")
        assert not page.locator("nav a").first.is_visible()
        assert page.evaluate(fits)


def test_contents_show_where_the_reader_is(browser: Any, example: Path) -> None:
    with opened(browser, example, viewport={"width": 1280, "height": 800}, reduced_motion="reduce") as found:
        page = found.page
        assert page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "auto"
        page.locator("nav a", has_text="Gallery").click()
        page.locator("nav a[aria-current]", has_text="Gallery").wait_for()
        assert page.locator("nav a[aria-current]").count() == 1


def test_print_hides_nothing(browser: Any, example: Path) -> None:
    with opened(browser, example, color_scheme="dark", **A4) as found:
        page = found.page
        page.get_by_label("Filter rows").fill("action 3")
        page.emulate_media(media="print", color_scheme="dark")
        assert page.evaluate(BACKGROUND) == "rgb(255, 255, 255)"
        assert page.locator("main table.sorts tbody tr:visible").count() == 45
        hidden = page.locator("main, header, footer").evaluate_all(
            """all => all.flatMap((one) => [...one.querySelectorAll("h1, h2, h3, h4, p, td, th, svg, dd")])
            .filter((one) => !one.checkVisibility({ contentVisibilityAuto: true }))
            .filter((one) => !one.closest("noscript, .filter, .still")).map((one) => one.outerHTML)"""
        )
        assert hidden == []
        cut = """all => all.filter((one) => one.scrollHeight > one.clientHeight + 1
            || one.scrollWidth > one.clientWidth + 1).map((one) => one.outerHTML)"""
        assert page.locator(".scroll").evaluate_all(cut) == []
        assert page.evaluate("document.documentElement.scrollWidth <= 703")
        for part in ("nav", ".theme", ".filter", ".downloads button"):
            assert not page.locator(part).first.is_visible()
        assert page.pdf(format="A4").startswith(b"%PDF")
        page.emulate_media(media="screen")
        page.locator(".rationale").first.wait_for(state="hidden")


@pytest.mark.parametrize(("ci", "ending"), [("", pytest.skip.Exception), ("true", pytest.fail.Exception)])
def test_machines_without_a_browser(
    monkeypatch: pytest.MonkeyPatch, ci: str, ending: type[BaseException]
) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("CI", ci)
    with pytest.raises(ending, match="make browser"), launched():
        pass
