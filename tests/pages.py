"""A small invented page, full of what users might write to break it."""

import io
from dataclasses import replace
from typing import TYPE_CHECKING

from gaia_judge.figures import Figure
from gaia_judge.pages.sections import Exhibit, Gallery, Page, Section
from gaia_judge.reports import Interval, Report
from gaia_judge.synthetic.encoders import encode
from tests.clips import draw

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

EVIL = """<script>alert(1)</script><img src=x onerror="alert(2)">'"&amp;"""

CSV = "video,score\n" + "".join(f"clip-{at},{at / 7}\n" for at in range(50)) + "ü </script>,1\n"


def clip(frames: int = 12) -> bytes:
    """Return a real clip of numbered frames at 8 per second."""
    file = io.BytesIO()
    encode(file, (draw(number) for number in range(frames)), (128, 64), 8)
    return file.getvalue()


def _scatter() -> "Drawing":
    from matplotlib.figure import Figure as Drawing

    drawing = Drawing(figsize=(6, 4), layout="constrained")
    axes = drawing.add_subplot()
    axes.scatter([1, 2, 3, 4.5], [1.2, 2.5, 2.4, 4], edgecolor="white", label="generators & <others>")
    axes.plot([1, 4.5], [1, 4.2], "k--", label="fit")
    axes.set(xlabel="Judge", ylabel="MOS", title="$R^2$ by hand")
    axes.grid(alpha=0.4)
    axes.legend()
    return drawing


def _heat() -> "Drawing":
    from matplotlib.figure import Figure as Drawing

    drawing = Drawing(figsize=(7, 2.5), layout="constrained")
    axes = drawing.add_subplot()
    image = axes.imshow([[0.1, 0.9, 0.3], [0.7, 0.2, 0.5]], cmap="Blues", vmin=0, vmax=1)
    axes.text(0, 0, "0.1", ha="center", gid="fixed-1")
    axes.text(1, 0, "0.9", ha="center", color="white")
    drawing.colorbar(image)
    return drawing


def exhibit() -> Exhibit:
    """Return an exhibit with all there may be."""
    return Exhibit(
        video="(Sora)_(juggling).mp4",
        rater="nano@8",
        dimension="subject",
        generator="Sora",
        action="juggling",
        prompt="A clown in a red coat juggles five oranges in front of a market stall.",
        judge=4.31,
        people=1.62,
        distribution={"bad": 0.01, "poor": 0.04, "fair": 0.15, "good": 0.43, "excellent": 0.37},
        rationale="The hands follow the oranges, and\nthe arcs are even.",
        clip=clip(),
    )


def gallery() -> Gallery:
    """Return exhibits, among them one of evil texts and one without a clip."""
    evil = replace(
        exhibit(),
        video=EVIL,
        prompt=EVIL,
        rationale=EVIL,
        action=EVIL,
        generator=EVIL,
        distribution={EVIL: 1},
    )
    lost = replace(
        exhibit(),
        clip=None,
        problem=f"{EVIL} cannot be decoded.",
        judge=float("nan"),
        distribution=None,
        rationale=None,
        generator=None,
        action=None,
    )
    return Gallery(
        "Where judge and people part", (exhibit(), evil, lost, *[exhibit()] * 5), ("By difference.",)
    )


def leaderboard() -> Report:
    """Return a short table of numbers with intervals, some missing."""
    rows = (
        ("videoscore2", Interval(0.412, 0.362, 0.461), 9180, 0.02),
        ("nano@8", Interval(0.55, 0.5, 0.6), 10000, 0.1),
        ("text only", Interval(None), 9180, None),
        ("chance", Interval(-0.05, -0.1, 0.0), 900, 0.0),
        (EVIL, Interval(0.1), 12, float("nan")),
    )
    return Report(
        "Judges", ("Judge", "SRCC", "Videos", "Failures"), rows, ("Intervals: 95%, bootstrap.", EVIL)
    )


def long_table() -> Report:
    """Return a table of many rows and columns."""
    names = ("Action", *(f"Generator {letter}" for letter in "ABCDEFGHIJKL"))
    rows = tuple(
        (f"action {at}", *((at * 37 + col * 11) % 101 / 20 for col in range(12))) for at in range(40)
    )
    return Report("Mean score by action", names, rows)


def example_page() -> Page:
    """Return a page with every kind of part."""
    sections = (
        Section("judges", "Judges", "How well each follows people.", (leaderboard(),)),
        Section(
            "plots",
            "Plots",
            "Scores against people's.",
            (
                Figure("scatter", "Scatter", "Each point is one generator.", _scatter),
                Figure("scatter", "Scatter again", "The same figure under the same name.", _scatter),
                Figure("heat", EVIL, "Each cell is one class.", _heat),
            ),
        ),
        Section("actions", f"Actions {EVIL}", EVIL, (long_table(),)),
        Section("gallery", "Gallery", "The largest disagreements.", (gallery(),)),
    )
    return Page(
        title=f"Report of three judges {EVIL}",
        about="What three judges say of eleven generators.",
        warnings=("Synthetic data: no evidence about real videos.", "Random weights."),
        sections=sections,
        data={"scores.csv": CSV, f"{EVIL}.csv": "a\n1\n"},
        facts={"gaia-judge": "0.1.0", "Digest of scores": "0123456789abcdef" * 4, EVIL: EVIL},
    )
