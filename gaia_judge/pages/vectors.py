"""Figures as SVG that stands inside a page: its text is text, and its ink follows the page's theme."""

import io
import re
from collections.abc import Mapping
from xml.etree import ElementTree as ET

from gaia_judge.figures import Figure
from gaia_judge.reports import upright

SVG = "http://www.w3.org/2000/svg"
HREF = "{http://www.w3.org/1999/xlink}href"

FIXED = "fixed"
"""Parts of a drawing whose group name (matplotlib's ``set_gid``) begins so keep black and white, such as
numbers written on coloured cells."""

INK = {
    "#000000": "currentColor",
    "#ffffff": "var(--card)",
    "#cccccc": "var(--edge)",
    "#b0b0b0": "var(--rule)",
}
"""What black and white become, and matplotlib's greys of frames and grids: colours of the theme."""

SETTINGS = {"svg.fonttype": "none", "svg.hashsalt": "gaia-judge"}

METADATA = {"Date": None, "Creator": None, "Format": None, "Type": None}

NO_XML = re.compile(rb"[\0-\x08\x0b\x0c\x0e-\x1f]")
"""Control characters, which names may hold and XML may not."""

DROPPED = {"font-family", "font-variant", "font-stretch"}
"""The page's own font is taken."""


def inline_svg(figure: Figure, prefix: str) -> str:
    """Draw a figure and return it as an SVG element without style attributes, which the page forbids.

    Args:
        figure: Drawn here.
        prefix: Begins each of its ids, so that those of several figures differ.
    """
    import matplotlib

    drawing, file = figure.draw(), io.BytesIO()
    with matplotlib.rc_context(SETTINGS):
        drawing.savefig(file, format="svg", metadata=METADATA)
    root = ET.fromstring(NO_XML.sub(b"?", file.getvalue()))
    _clean(root)
    targets = _targets(root)
    _restyle(root, fixed=False)
    for element in root.iter():
        element.attrib = dict(_attributes(element, targets, prefix))
    _label(root, upright(figure.title))
    ET.register_namespace("", SVG)
    return ET.tostring(root, encoding="unicode")


def _clean(root: ET.Element) -> None:
    """Remove what a page has no use for: metadata, style sheets, and the line breaks between elements."""
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in (f"{{{SVG}}}metadata", f"{{{SVG}}}style"):
                parent.remove(child)
    for element in root.iter():
        if element.tag not in (f"{{{SVG}}}text", f"{{{SVG}}}tspan"):
            element.text = None
        element.tail = None


def _targets(root: ET.Element) -> set[str]:
    """Return the ids that something refers to."""
    values = "\n".join(value for element in root.iter() for value in element.attrib.values())
    return {one or other for one, other in re.findall(r"url\(#([^)]+)\)|(?m:^#(.+)$)", values)}


def _restyle(element: ET.Element, *, fixed: bool) -> None:
    """Turn styles into attributes, and black, white and greys into colours of the theme."""
    fixed = fixed or element.get("id", "").startswith(FIXED)
    for name, value in _declarations(element.attrib.pop("style", "")).items():
        element.set(name, value if fixed else _inked(element, name, value))
    if fixed and element.tag == f"{{{SVG}}}text" and "fill" not in element.attrib:
        element.set("fill", "#000000")
    for child in element:
        _restyle(child, fixed=fixed)


def _inked(element: ET.Element, name: str, value: str) -> str:
    # White letters stand on something dark in either theme.
    letters = element.tag in (f"{{{SVG}}}text", f"{{{SVG}}}tspan") and value == "#ffffff"
    return value if letters or name not in ("fill", "stroke") else INK.get(value, value)


def _declarations(style: str) -> Mapping[str, str]:
    pairs = (part.split(":", 1) for part in style.split(";") if ":" in part)
    return {name.strip(): value.strip() for name, value in pairs if name.strip() not in DROPPED}


def _attributes(element: ET.Element, targets: set[str], prefix: str) -> list[tuple[str, str]]:
    kept = []
    for name, value in element.attrib.items():
        if name == "id":
            if value in targets:
                kept.append((name, prefix + value))
        elif name in (HREF, "href"):
            kept.append(("href", f"#{prefix}{value[1:]}" if value.startswith("#") else value))
        elif name in ("d", "x", "y"):
            kept.append((name, _short(value)))
        else:
            kept.append((name, re.sub(r"url\(#", f"url(#{prefix}", value)))
    return kept


def _short(numbers: str) -> str:
    """Return coordinates to a hundredth of a point.

    >>> _short("M 56.481397 267.99976 ")
    'M 56.48 268'
    """
    rounded = re.sub(r"-?\d+\.\d+", lambda number: f"{float(number[0]):.2f}".rstrip("0").rstrip("."), numbers)
    return " ".join(rounded.split())


def _label(root: ET.Element, title: str) -> None:
    for name in ("width", "height"):
        root.set(name, f"{float(root.attrib[name].removesuffix('pt')) * 4 / 3:.0f}")
    # Matplotlib leaves black out where it is the default, and stated these two in the style sheet.
    root.attrib.update({"fill": "currentColor", "stroke-linejoin": "round", "role": "img"})
    root.set("aria-label", title)
