"""Names that mean harm: on the disk, in the terminal, in tables that are written, on pages and in plots."""

import csv
import io
import os
import pty
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest
from markdown_it import MarkdownIt

from gaia_judge.cli.consoles import Screen
from gaia_judge.cli.ratings import default_out
from gaia_judge.errors import GaiaJudgeError
from gaia_judge.figures import Figure
from gaia_judge.figures.axes import plain
from gaia_judge.frames import FrameSpec
from gaia_judge.pages.html import page_html
from gaia_judge.pages.sections import Page, Section
from gaia_judge.reports import Interval, Report, csv_text, latex, markdown
from gaia_judge.runs import Record, RunFolder
from gaia_judge.scores import Score, ScoreTable
from gaia_judge.scores.files import write_csv
from gaia_judge.videos import Video, read_videos
from tests.hostiles import NAMES

HALF = "\ud800"
"""Half of a character, which no UTF-8 file can hold."""

FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")

REPORT = Report(
    "".join(NAMES[:12]),
    ("rater", *NAMES),
    tuple((name, *(Interval(-0.5, -0.6, -0.4) for _ in NAMES)) for name in NAMES),
    NAMES,
)


def short(name: str) -> bool:
    """Tell whether a file may have a name."""
    try:
        return 0 < len(os.fsencode(name)) < 240 and not set("/\0") & set(name) and name not in (".", "..")
    except UnicodeEncodeError:
        return False


# The disk


def test_files_of_any_name_are_found_and_their_ids_are_one_line_each(tmp_path: Path) -> None:
    stems = [os.fsencode(f"{name}{at}") for at, name in enumerate(NAMES) if short(name) and name[0] != "."]
    stems += [b"\xff\xfe", b"\xf0\x28\x8c\x28"]
    for stem in stems:
        (tmp_path / os.fsdecode(stem + b".mp4")).write_bytes(b"")
    videos = read_videos(tmp_path)
    assert len(videos) == len(stems)
    assert len({video.id for video in videos}) == len(stems)
    assert not [video.id for video in videos if len(video.id.splitlines()) > 1 or not video.id.strip()]


@pytest.mark.parametrize("name", NAMES)
def test_a_manifest_may_say_anything_and_nothing_is_written_but_its_run(tmp_path: Path, name: str) -> None:
    file, out = tmp_path / "in" / "clips.csv", tmp_path / "out" / "run"
    file.parent.mkdir()
    text = io.StringIO()
    csv.writer(text).writerows(
        [["path", "id", "prompt", "action", "generator"], ["a.mp4", *[name] * 4], ["b.mp4", "b", "", "", ""]]
    )
    file.write_bytes(text.getvalue().encode("utf-8", "surrogatepass"))
    if name == HALF:
        with pytest.raises(GaiaJudgeError, match="not UTF-8"):
            read_videos(file)
        return
    videos = read_videos(file)
    with RunFolder.open(out, {"seed": 0}) as run:
        for video in videos:
            score = Score(video=video.id, dimension="d", rater=name, value=1.0, rationale=name, note=name)
            run.append(Record.of(video, None, [score]))
        table = run.export(videos)
    assert {path.relative_to(tmp_path).parts[0] for path in tmp_path.rglob("*")} == {"in", "out"}
    assert {path.name for path in out.iterdir()} == {
        "run.json",
        "journal.jsonl",
        "scores.csv",
        "scores.parquet",
        ".lock",
    }
    assert ScoreTable.read(out) == ScoreTable.read(out / "scores.csv") == table
    rows = list(csv.reader(io.StringIO((out / "scores.csv").read_text(), newline="")))
    assert len(rows) == 3
    assert not [cell for row in rows for cell in row if cell.startswith(FORMULA)]


@pytest.mark.parametrize("name", NAMES)
def test_names_make_no_folder_outside_runs(name: str) -> None:
    place = default_out(Path("clips.csv"), [name, "x"], None)
    assert place.parts[0] == "runs"
    assert len(place.parts) == 2
    assert ".." not in place.parts


# The terminal


def test_a_screen_shows_names_and_obeys_none() -> None:
    file = io.StringIO()
    screen = Screen(file=file, force_terminal=True, width=200, color_system="truecolor")
    for name in NAMES:
        screen.print(name, soft_wrap=True)
    shown = re.sub(r"\x1b\[[0-9;]*m", "", file.getvalue())
    orders = "[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
    assert not re.search(orders, shown)
    assert "[/x]" in shown
    assert "[red]x[/red]" in shown


@pytest.mark.parametrize(
    "words", [["score", "\x1b[2Jno.mp4", "--model", "nano"], ["prompt", "show", "\x1b]0;owned\x07"]]
)
def test_errors_on_a_real_terminal_carry_no_orders(tmp_path: Path, words: list[str]) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "gaia_judge.cli", *words]
    done = subprocess.run(command, stdout=theirs, stderr=theirs, cwd=tmp_path, env=env(), check=False)
    os.close(theirs)
    told = os.read(ours, 10_000).decode()
    os.close(ours)
    assert done.returncode == 2
    assert "Error" in told
    assert not set(told) & set("\x1b\x07\x00")


def env() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1]), "OMP_NUM_THREADS": "1"}


def test_markup_in_names_and_folders_is_no_markup(tmp_path: Path) -> None:
    folder = tmp_path / "["
    folder.mkdir()
    (folder / "x].csv").write_text(
        "video,dimension,rater,value\n" + "".join(f"{n},[/d],[/r],{n % 5}\n" for n in range(9))
    )
    (folder / "mos.csv").write_text("video,[/d]\n" + "".join(f"{n},{n * n % 7}\n" for n in range(9)))
    command = [sys.executable, "-m", "gaia_judge.cli", "compare", str(folder / "x].csv")]
    done = subprocess.run(
        [*command, "--human", str(folder / "mos.csv")],
        capture_output=True,
        text=True,
        env=env(),
        cwd=tmp_path,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "[/r]" in done.stdout


# Tables


def test_no_cell_of_a_report_is_a_formula() -> None:
    rows = list(csv.reader(io.StringIO(csv_text(REPORT), newline="")))
    assert len(rows) == len(NAMES) + 1
    assert {len(row) for row in rows} == {1 + 3 * len(NAMES)}
    texts = [*rows[0], *(row[0] for row in rows[1:])]
    assert not [text for text in texts if text.startswith(FORMULA)]
    assert not [cell for row in rows[1:] for cell in row[1:] if not re.fullmatch(r"-0\.\d", cell)]


def test_titles_of_columns_are_no_formulas_and_come_back(tmp_path: Path) -> None:
    frame = ScoreTable.from_records([{"video": "a", "dimension": "d", "value": 1, "=1+1": "=2"}])
    frame.write(tmp_path)
    assert "'=1+1" in (tmp_path / "scores.csv").read_text().splitlines()[0]
    assert ScoreTable.read(tmp_path / "scores.csv") == frame


@pytest.mark.parametrize("kind", ["object", "string", "str"])
def test_texts_of_any_kind_of_column_are_no_formulas(tmp_path: Path, kind: str) -> None:
    texts = pd.Series([name for name in NAMES if name != HALF], dtype=kind)
    write_csv(pd.DataFrame({"=a": texts, "b": -1.5}), tmp_path / "t.csv")
    rows = list(csv.reader(io.StringIO((tmp_path / "t.csv").read_text(), newline="")))
    assert len(rows) == len(NAMES)
    assert not [row for row in rows if row[0].startswith(FORMULA)]
    assert {row[1] for row in rows[1:]} == {"-1.5"}


def test_markdown_holds_a_table_and_nothing_else() -> None:
    html = MarkdownIt("commonmark", {"html": True}).enable("table").render(markdown(REPORT))
    found = set(re.findall(r"<(\w+)", html))
    assert found <= {"p", "strong", "em", "table", "thead", "tbody", "tr", "th", "td", "ul", "li", "h1", "hr"}
    assert html.count("<tr>") == len(NAMES) + 1
    assert html.count("<td") == len(NAMES) * (len(NAMES) + 1)


def test_latex_rows_begin_with_nothing_that_belongs_to_the_row_above() -> None:
    lines = [line.strip() for line in latex(REPORT).splitlines()]
    rows = lines[lines.index(r"\midrule") + 1 : lines.index(r"\bottomrule")]
    assert len(rows) == len(NAMES)
    assert all(row.endswith(r"\\") for row in rows)
    assert not [row for row in rows if row.startswith(("[", "*"))]
    commands = set(re.findall(r"\\([a-zA-Z]+)", "\n".join(rows)))
    assert commands <= {"textbackslash", "textasciitilde", "textasciicircum"}


# Pages and plots


class Elements(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def evil_figure() -> Figure:
    def draw() -> object:
        from matplotlib.figure import Figure as Drawing

        drawing = Drawing()
        axes = drawing.add_subplot()
        for name in NAMES:
            axes.plot([0, 1], [0, 1], label=plain(name))
            axes.annotate(plain(name), (0, 0))
        axes.set(title=plain("".join(NAMES[:10])))
        axes.legend()
        return drawing

    return Figure("evil", "".join(NAMES[:20]), "".join(NAMES), draw)


@pytest.mark.filterwarnings("ignore:Glyph")
def test_a_page_runs_nothing_and_loads_nothing_of_what_names_say() -> None:
    def page(parts: tuple) -> Page:
        words = "".join(NAMES)
        section = Section("s", words, words, parts)
        facts = {name: name for name in NAMES}
        return Page(title=words, about=words, warnings=NAMES, sections=(section,), data={}, facts=facts)

    rows = tuple(("nano", *row[1:]) for row in REPORT.rows)
    sober = Elements(
        page_html(page((Report("t", ("rater", *"x" * len(NAMES)), rows, ("note",) * len(NAMES)),)))
    ).found
    found = Elements(page_html(page((REPORT, evil_figure())))).found
    kinds = {tag for tag, _ in found} - {tag for tag, _ in sober}
    assert kinds <= {
        "strong",
        "wbr",
        "svg",
        "g",
        "path",
        "defs",
        "use",
        "clippath",
        "rect",
        "text",
        "figure",
        "figcaption",
    }
    assert sum(tag == "script" for tag, _ in found) == sum(tag == "script" for tag, _ in sober)
    assert not [name for _, attributes in found for name in attributes if name.startswith("on")]
    places = [attributes.get(name) or "" for _, attributes in found for name in ("src", "href", "xlink:href")]
    assert not [place for place in places if place and not place.startswith(("#", "data:"))]


def test_a_video_of_a_hostile_name_is_a_row_with_an_error_and_not_a_traceback() -> None:
    from gaia_judge.frames import Decoders

    videos = [Video(id=str(at), path=Path("nowhere") / name) for at, name in enumerate(NAMES)]
    with Decoders(FrameSpec(), processes=1) as decoders:
        answers = [answer for _, answer in decoders.stream(videos)]
    assert [type(answer) for answer in answers] == [GaiaJudgeError] * len(NAMES)
