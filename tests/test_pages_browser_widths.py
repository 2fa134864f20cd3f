"""Pages in a real browser as wide as phones, tablets, screens and paper: all is found and nothing cut."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gaia_judge.figures import Figure
from gaia_judge.figures.groups import bars
from gaia_judge.pages.html import write_page
from gaia_judge.pages.sections import Section
from gaia_judge.reports import Interval, Report
from tests.browsers import opened
from tests.pages import example_page, gallery

RATERS = ("nano/syllogism/expected", "nano/syllogism/expected calibrated (linear)", "metric (substitute)")

FIGURE = Interval(-0.741, -0.801, -0.702)

BROKEN = """all => all.flatMap((table) => [...table.querySelectorAll("th, td")]).flatMap((cell) => {
  const walk = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT), found = [];
  while (walk.nextNode()) {
    const node = walk.currentNode, range = document.createRange();
    for (const word of node.data.matchAll(/[^\\s-]+/g)) {
      range.setStart(node, word.index);
      range.setEnd(node, word.index + word[0].length);
      if (new Set([...range.getClientRects()].map((one) => one.top)).size > 1) found.push(word[0]);
    }
  }
  return found;
})"""
"""The words of tables that stand on more than one line."""

LINES = """cell => {
  const range = document.createRange();
  range.selectNodeContents(cell);
  return new Set([...range.getClientRects()].map((one) => one.top)).size;
}"""
"""On how many lines a cell's text stands."""


@pytest.fixture(scope="module")
def tall(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a page of tables as reports have them, and of plots of many heights."""
    heads = ("rater", "origin", "subject", "completeness", "interaction", "overall", "n", "failed")
    rows = tuple((name, "measured", *[FIGURE] * 4, 9180, "0.0%") for name in RATERS)
    board = Report("Agreement on means of generators, by subset: SRCC", heads, rows)
    duels = [("completeness", *RATERS[:2], FIGURE, "<0.001", "<0.001", RATERS[1])] * 3
    tests = Report(
        "Who agrees better", ("dimension", "1st", "2nd", "by", "p", "p (Holm)", "better"), (*duels,)
    )
    notes = "out-of-fold: fold 1 of 5 by action; synthetic world: no evidence about real judges; " * 3
    health = Report(
        "Health", ("rater", "videos", "failed", "by", "notes"), ((RATERS[1], 72, 0, "Nimbus-22", notes),)
    )

    def draw(groups: int) -> Figure:
        means = {"subject": {f"group {at}": (1.0, 0.5, 1.5) for at in range(groups)}}
        return Figure(f"bars-{groups}", "Bars", "By group.", lambda: bars(means, "mean"))

    sections = (
        Section("first", "First", "Tables.", (board, tests, health)),
        Section("second", "Second", "Plots.", tuple(map(draw, (2, 4, 40, 3, 50)))),
        Section("third", "Third", "Clips.", (replace(gallery(), exhibits=gallery().exhibits[2:3] * 9),)),
        Section("fourth", "Fourth", "Plots.", tuple(map(draw, (5, 45)))),
    )
    path = tmp_path_factory.mktemp("tall") / "tall.html"
    write_page(replace(example_page(), sections=sections), path)
    return path


@pytest.mark.parametrize("width", [390, 1280])
def test_links_of_the_contents_lead_to_their_headings(browser: Any, tall: Path, width: int) -> None:
    settings = {"viewport": {"width": width, "height": 700}, "reduced_motion": "reduce"}
    for name in ("Second", "Third", "Fourth"):
        with opened(browser, tall, **settings) as found:
            page = found.page
            if width < 1000:
                page.locator("nav summary").click()
            page.locator("nav a", has_text=name).click()
            page.wait_for_timeout(100)
            top = page.locator("h2", has_text=name).evaluate("one => one.getBoundingClientRect().top")
            assert 0 <= top < 60, name


@pytest.mark.parametrize("width", [390, 768, 1280, 1920])
def test_titles_are_whole_and_screens_show_every_column(browser: Any, tall: Path, width: int) -> None:
    with opened(browser, tall, viewport={"width": width, "height": 900}) as found:
        page = found.page
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        cut = page.locator(".scroll:has(table)").evaluate_all(
            """all => all.filter((one) => one.querySelector("caption span").getBoundingClientRect().right
            > one.getBoundingClientRect().right).map((one) => one.textContent)"""
        )
        assert cut == []
        over = page.locator(".scroll:has(table)").evaluate_all(
            "all => all.map((one) => one.scrollWidth - one.clientWidth)"
        )
        assert (max(over) <= 0) == (width >= 1280)
        assert page.get_by_text("Nimbus-22").evaluate(LINES) == 1
        assert page.locator("td", has_text="out-of-fold").evaluate(LINES) < 12
        # Titles stay where they are while columns move.
        first = page.locator(".scroll").first
        place = "one => one.querySelector('caption span').getBoundingClientRect().left"
        before = first.evaluate(place)
        first.evaluate("one => { one.scrollLeft = 80; }")
        assert first.evaluate(place) == pytest.approx(before, abs=1)


def test_paper_breaks_no_number_and_no_short_word(browser: Any, tall: Path) -> None:
    with opened(browser, tall, viewport={"width": 703, "height": 1000}) as found:
        page = found.page
        page.emulate_media(media="print")
        assert page.evaluate("document.documentElement.scrollWidth") <= 703
        broken = page.locator("table.sorts").evaluate_all(BROKEN)
        assert broken == []
