"""Figures inside a page, and where marks of a gallery stand."""

import re
from xml.etree import ElementTree as ET

import numpy as np

from gaia_judge.figures import Figure
from gaia_judge.pages.cells import axis
from gaia_judge.pages.vectors import inline_svg
from tests.pages import example_page


def test_figures_follow_the_theme() -> None:
    (figure, *_), heat = example_page().sections[1].parts, example_page().sections[1].parts[2]
    assert isinstance(figure, Figure)
    assert isinstance(heat, Figure)
    svg = inline_svg(figure, "p-")
    root = ET.fromstring(svg)
    assert {one.tag.split("}")[1] for one in root.iter()} <= {
        *("svg", "g", "defs", "path", "use", "text", "tspan", "clipPath", "rect")
    }
    assert (root.get("role"), root.get("aria-label"), root.get("fill")) == ("img", "Scatter", "currentColor")
    assert root.get("width") == "576"
    assert "#000000" not in svg
    assert "#ffffff" not in svg
    assert "#1f77b4" in svg
    text = ["".join(one.itertext()) for one in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {"Judge", "MOS", "fit", "generators & <others>"} <= set(text)
    assert all(one.startswith("p-") for one in re.findall(r' id="([^"]+)"', svg))


def test_fixed_ink_stays() -> None:
    heat = example_page().sections[1].parts[2]
    assert isinstance(heat, Figure)
    root = ET.fromstring(inline_svg(heat, ""))
    inks = {one.text: one.get("fill") for one in root.iter("{http://www.w3.org/2000/svg}text")}
    assert (inks["0.1"], inks["0.9"], inks["0.0"]) == ("#000000", "#ffffff", None)


def test_axis_holds_any_scores() -> None:
    chance = np.random.default_rng(0)
    for _ in range(300):
        values = (chance.normal(size=3) * 10 ** chance.uniform(-3, 3)).tolist()
        line = axis([*values, float("nan")])
        assert all(0 <= (line.share(value) or 0) <= 100 for value in values)
    assert axis([]).low < axis([]).high
