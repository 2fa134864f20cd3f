"""Pages as text: what is in them, what is escaped, and that nothing is loaded."""

import base64
import gzip
import hashlib
import re
import subprocess
import sys
import zipfile
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from gaia_judge.errors import GaiaJudgeError
from gaia_judge.figures import Figure
from gaia_judge.figures.groups import bars
from gaia_judge.pages.cells import axis
from gaia_judge.pages.html import page_html, write_page
from gaia_judge.pages.sections import Gallery, Page, Section
from gaia_judge.reports import Interval, Report
from tests.pages import CSV, EVIL, example_page, exhibit, leaderboard

VOID = {"meta", "link", "input", "img", "br", "wbr"}


class Reader(HTMLParser):
    """Reads a page as plain as can be: its elements in order, and the text of each kind."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self.path: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.path.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.path.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append((self.path[-1] if self.path else "", data))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def _bare(*parts: object, **others: object) -> Page:
    sections = (Section("one", "One", "", parts),)  # type: ignore[arg-type]
    fields = {"title": "T", "about": "A", "warnings": (), "sections": sections, "data": {}, "facts": {}}
    return Page(**(fields | others))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def html() -> str:
    return page_html(example_page())


@pytest.fixture(scope="module")
def reader(html: str) -> Reader:
    return Reader(html)


def test_elements_are_closed_and_ids_are_unique(reader: Reader) -> None:
    assert reader.path == []
    counts = Counter(attributes["id"] for _, attributes in reader.elements if "id" in attributes)
    assert counts.most_common(1)[0][1] == 1
    names = {"aria-labelledby", "for", "data-clip", "data-filter", "data-download"}
    named = [one for _, all_ in reader.elements for name, one in all_.items() if name in names]
    text = " ".join(f"{name}={one}" for _, all_ in reader.elements for name, one in all_.items())
    pointed = re.findall(r"href=#([\w.-]+)|url\(#([\w.-]+)", text)
    assert {one or other for one, other in pointed} | set(named) <= set(counts)


def test_evil_text_becomes_no_element_and_stays_text(html: str, reader: Reader) -> None:
    assert not reader.all("img")
    assert "alert(1)" not in {text.strip() for tag, text in reader.texts if tag == "script"}
    assert not any(name.startswith("on") for _, attributes in reader.elements for name in attributes)
    text = "".join(text for _, text in reader.texts)
    # Title and heading, contents, about, row, note, card, label, problem, tables, facts, captions.
    assert text.count(EVIL) >= 17
    assert html.lower().count("<script") == html.lower().count("</script>") == len(reader.all("script"))


def test_nothing_is_loaded(html: str, reader: Reader) -> None:
    policy = next(one["content"] for one in reader.all("meta") if "http-equiv" in one)
    assert policy is not None
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    assert "http" not in policy
    for tag, directive in (("style", "style-src"), ("script", "script-src")):
        text = next(text for name, text in reader.texts if name == tag)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{directive} 'sha256-{digest}'" in policy
    for _, attributes in reader.elements:
        assert "style" not in attributes
        assert "src" not in attributes
        assert (attributes.get("href") or "#").startswith(("#", "data:"))
    assert set(re.findall(r"https?://[^\s\"'<)]+", html)) == {"http://www.w3.org/2000/svg"}


def test_the_same_page_gives_the_same_text(html: str) -> None:
    assert page_html(example_page()) == html


def test_headings_and_landmarks(reader: Reader) -> None:
    levels = [int(tag[1]) for tag, _ in reader.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later <= one + 1 for one, later in pairwise(levels))
    assert [len(reader.all(tag)) for tag in ("header", "nav", "main", "footer")] == [1] * 4
    tables = reader.all("table")
    assert len(reader.all("caption")) == len(tables) > 2
    assert all(one.get("scope") in ("col", "row") for one in reader.all("th"))


def test_warnings_stand_before_all_else(html: str) -> None:
    first = html.index("Synthetic data: no evidence")
    assert html.index("<h1") < first < html.index("What three judges say") < html.index("<nav")
    assert 'class="warnings"' not in page_html(_bare())


def test_cells(reader: Reader) -> None:
    html = re.sub(r"\s+", " ", page_html(_bare(leaderboard())))
    assert '<td class="number" data-value="0.412">0.412 <small>[0.362, 0.461]</small></td>' in html
    assert '<td class="number" data-value="9180.0">9180</td>' in html
    assert html.count('<td class="number" data-missing>-</td>') == 3
    assert '<th scope="row">videoscore2</th>' in html


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        (True, "1.0"),
        (float("inf"), "Infinity"),
        (Interval(-0.0), "-0.0"),
        (Interval(float("nan")), None),
        (float("nan"), None),
        ("", None),
        (10**30, "1e+30"),
    ],
)
def test_odd_cells(cell: object, value: str | None) -> None:
    reader = Reader(page_html(_bare(Report("T", ("a", "b"), (("x", cell),)))))  # type: ignore[arg-type]
    (found,) = reader.all("td")
    assert found.get("data-value") == value
    assert ("data-missing" in found) == (value is None)


def test_long_tables_get_a_filter() -> None:
    def lengths(rows: int) -> int:
        report = Report("T", ("a",), tuple((f"r{at}",) for at in range(rows)))
        return len(Reader(page_html(_bare(report))).all("input"))

    assert [lengths(rows) for rows in (0, 12, 13)] == [0, 0, 1]


def test_data_come_back(reader: Reader) -> None:
    packed = [text for tag, text in reader.texts if tag == "script" and text.startswith("H4sI")]
    assert [gzip.decompress(base64.b64decode(one)).decode() for one in packed] == [CSV, "a\n1\n"]
    assert {one["data-name"] for one in reader.all("button") if "data-name" in one} == {
        "scores.csv",
        f"{EVIL}.csv",
    }


def test_marks_stand_where_scores_are() -> None:
    gallery = Gallery("G", (exhibit(),))
    line = axis([4.31, 1.62])
    assert (line.low, line.high) == (1, 5)
    html = page_html(_bare(gallery))
    assert 'class="judge" cx="82.75%"' in html
    assert 'class="people" x="15.5%"' in html
    assert all(text in html for text in ("Sora", "juggling", "nano@8", "subject", "The hands follow", "43%"))


def test_no_name_turns_the_text_round() -> None:
    evil = "\u202egpj.evil"

    def draw() -> object:
        return bars({evil: {evil: (1.0, 0.5, 1.5)}}, evil)

    one = replace(exhibit(), video=evil, rater=evil, generator=evil, action=evil, rationale=evil, prompt=evil)
    parts = (
        Gallery(evil, (one,), (evil,)),
        Figure("a", evil, evil, draw),  # type: ignore[arg-type]
        Report(evil, (evil,), ((evil,),), (evil,)),
    )
    html = page_html(_bare(*parts, title=evil, about=evil, warnings=(evil,), facts={evil: evil}))
    assert html.count("\ufffdgpj.evil") >= 20
    assert not set(html) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
    assert "judged by <bdi>" in html


def test_lines_end_within_long_names_alone() -> None:
    names = ("nano/syllogism/expected", "descriptor-consistency", "a & b/c", "x" * 26, "0.5 / 2")
    html = page_html(_bare(Report("T", ("a",), tuple((name,) for name in names))))
    cells = re.findall(r'<th scope="row">(.*?)</th>', html)
    assert cells[:3] == ["nano/<wbr>syllogism/<wbr>expected", names[1], "a &amp; b/<wbr>c"]
    assert cells[3:] == ["x" * 24 + "<wbr>x<wbr>x", names[4]]


def test_clips_that_are_missing_tell_why() -> None:
    lost = replace(exhibit(), clip=None, problem="a.mp4 breaks off.")
    html = page_html(_bare(Gallery("G", (lost,))))
    assert "<video" not in html
    assert "a.mp4 breaks off." in html


def test_file_names_that_are_no_text(tmp_path: Path) -> None:
    write_page(_bare(title="bad \udcff name"), tmp_path / "a.html")
    assert "bad ? name" in (tmp_path / "a.html").read_text()


def test_pages_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(GaiaJudgeError, match=r"a\.html cannot be written"):
        write_page(_bare(), tmp_path / "missing" / "a.html")


def test_a_large_page_stays_under_15_mb(tmp_path: Path) -> None:
    chance = np.random.default_rng(0)
    rows = (
        f"(Generator {at % 18})_(action number {at % 510}).mp4,dimension {at % 3},{a!r},{b!r},{c!r}\n"
        for at, (a, b, c) in enumerate(chance.random((27_540, 3)).tolist())
    )
    # Nothing packs worse than noise, and clips are no better.
    one = exhibit()
    exhibits = tuple(replace(one, clip=chance.bytes(150_000)) for _ in range(24))
    page = _bare(Gallery("G", exhibits), data={"scores.csv": "video,dimension,a,b,c\n" + "".join(rows)})
    write_page(page, tmp_path / "a.html")
    assert 24 * 200_000 < (tmp_path / "a.html").stat().st_size < 15_000_000


def test_the_theme_is_in_the_wheel(tmp_path: Path) -> None:
    code = "import sys; from hatchling.build import build_wheel; print(build_wheel(sys.argv[1]))"
    root = Path(__file__).parent.parent
    made = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], cwd=root, capture_output=True, text=True, check=True
    )
    names = zipfile.ZipFile(tmp_path / made.stdout.split()[-1]).namelist()
    theme = {path.name for path in (root / "gaia_judge/pages/theme").iterdir()}
    assert {name.rpartition("/")[2] for name in names if "/pages/theme/" in name} == theme
