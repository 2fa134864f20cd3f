"""Raters who go through a study in a real browser: by mouse, by finger, or by keyboard alone."""

import re
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

STATE = """() => ({
  title: document.title,
  showing: document.querySelector("#clip")?.dataset.showing ?? "",
  rating: !!document.querySelector("#rating"),
  waiting: !!document.querySelector("#rating") && document.querySelector("#send").disabled,
  left: "left" in document.body.dataset,
  lost: location.protocol === "chrome-error:",
  step: document.querySelector("form")?.getAttribute("action").split("/")[3] ?? "",
})"""

COMPLAINTS = ("error", "warning")

LOST = ("ERR_CONNECTION_REFUSED", "ERR_CONNECTION_RESET", "ERR_EMPTY_RESPONSE", "ERR_SOCKET_NOT_CONNECTED")
"""How Chromium says that the server is gone."""


@dataclass
class Person:
    """One who rates; a step at a time, so that several go through their pages at once."""

    page: Any
    link: str
    target: int = 30
    """Where on a scale from 0 to 100 this person's answers begin."""
    sent: dict[str, dict[str, float]] = field(default_factory=dict)
    """What was on the page when it was sent, by showing."""
    stages: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        host = re.match(r"http://[^/]+/", self.link)[0]
        self.page.on(
            "console",
            lambda one: (
                one.type in COMPLAINTS
                and not any(lost in one.text for lost in LOST)
                and self.complaints.append(one.text)
            ),
        )
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on(
            "request", lambda one: one.url.startswith((host, "data:")) or self.complaints.append(one.url)
        )
        self.page.goto(self.link)

    def state(self) -> dict[str, Any]:
        """Return what the page shows; nothing while it changes."""
        from playwright.sync_api import Error

        try:
            return self.page.evaluate(STATE)
        except Error:
            return {}

    def step(self) -> bool:
        """Do what the page asks for, unless it is still busy; return whether there is more to come."""
        state = self.state()
        if not state:
            return True
        if "Thank you" in state["title"]:
            return False
        if state["lost"]:
            self.reload()
            return True
        if state["left"] or state["waiting"] or (state["rating"] and state["showing"] in self.sent):
            return True
        self.stages.append("vote" if state["rating"] else state["step"])
        if state["rating"]:
            self.rate(state["showing"])
        else:
            self.agree(state["step"])
        return True

    def reload(self) -> None:
        """Try the link once more, as one does when the browser says that the server is gone."""
        from playwright.sync_api import Error

        with suppress(Error):
            self.page.goto(self.link)

    def rate(self, showing: str) -> None:
        """Answer every question and send."""
        wanted = self.page.locator(".check strong")
        asked = float(wanted.inner_text()) if wanted.count() else None
        self.sent[showing] = {}
        for at, part in enumerate(self.page.locator("fieldset.dimension").all()):
            name = part.locator("[name]:not([type=range]):not(fieldset)").first.get_attribute("name")
            score = asked if asked is not None else (self.target + 17 * at + 5 * len(self.sent)) % 100
            self.sent[showing][name.removeprefix("score-")] = self.answer(part, score)
        self.press("#send")

    def answer(self, part: Any, score: float) -> float:
        """Answer a question by the mouse and return what the page says that the answer is."""
        slider = part.locator("input[type=range]")
        if not slider.count():
            labels = part.locator(".levels label")
            place = round(score / 100 * (labels.count() - 1))
            labels.nth(place).click()
            return float(part.locator("input:checked").get_attribute("value"))
        box = slider.bounding_box()
        radius = 13  # the thumb's middle does not reach the ends
        slider.click(
            position={"x": radius + (box["width"] - 2 * radius) * score / 100, "y": box["height"] / 2}
        )
        return float(part.locator("output").inner_text())

    def agree(self, step: str) -> None:
        """Answer what is asked on the pages that are not about a clip."""
        if step == "background":
            for part in self.page.locator("fieldset.options").all():
                part.locator("label").nth(1).click()
        self.go()

    def go(self) -> None:
        """Press the only button, once."""
        self.page.evaluate("document.body.dataset.left = 'yes'")
        self.press("button.main")

    def press(self, selector: str) -> None:
        self.page.click(selector, no_wait_after=True)


class Typist(Person):
    """One who has no mouse."""

    def tab_to(self, selector: str) -> None:
        for _ in range(80):
            self.page.keyboard.press("Tab")
            if self.page.evaluate("selector => document.activeElement.matches(selector)", selector):
                return
        raise AssertionError(f"{selector} cannot be reached by Tab")

    def answer(self, part: Any, score: float) -> float:
        name = part.locator("[name]:not([type=range]):not(fieldset)").first.get_attribute("name")
        if not part.locator("input[type=range]").count():
            self.tab_to(f"[name={name}]")
            place = 1 + round(score / 100 * (part.locator("input").count() - 1))
            self.page.keyboard.press(str(place))
            return float(part.locator("input:checked").get_attribute("value"))
        self.tab_to(f"[data-slider]:has([name={name}]) input[type=range]")
        self.page.keyboard.press("Home")
        for _ in range(int(score // 10)):
            self.page.keyboard.press("PageUp")
        for _ in range(int(score % 10)):
            self.page.keyboard.press("ArrowRight")
        found = float(part.locator("output").inner_text())
        assert found == score
        return found

    def agree(self, step: str) -> None:
        if step == "background":
            for name in ("age", "experience"):
                self.tab_to(f"[name=about-{name}]")
                self.page.keyboard.press("ArrowDown")
        self.go()

    def press(self, selector: str) -> None:
        self.tab_to(selector)
        self.page.keyboard.press("Enter")
