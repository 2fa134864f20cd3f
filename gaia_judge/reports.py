"""Tables of results for people and papers: Markdown, LaTeX with booktabs, CSV."""

import csv
import io
import re
from collections.abc import Iterable
from dataclasses import dataclass

from gaia_judge.scores.files import protected

TURNING = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""What turns the direction of writing, also that of the text beside it."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure with the bounds of its 95% interval, any of which may be unknown.

    >>> [str(one) for one in (Interval(0.5, 0.41, 0.58), Interval(0.5), Interval(None))]
    ['0.500 [0.410, 0.580]', '0.500', '-']
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    decimals: int = 3

    def __str__(self) -> str:
        if self.value is None:
            return "-"
        shown = f"{self.value:.{self.decimals}f}"
        if self.low is None or self.high is None:
            return shown
        return f"{shown} [{self.low:.{self.decimals}f}, {self.high:.{self.decimals}f}]"


Cell = str | int | float | None | Interval


@dataclass(frozen=True, slots=True)
class Report:
    """A table; what must be known to read it stands in its notes."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...] = ()

    def numeric(self, column: int) -> bool:
        """Return whether a column holds numbers, which stand at the right."""
        cells = [row[column] for row in self.rows if row[column] is not None]
        return bool(cells) and not any(isinstance(cell, str) for cell in cells)


def cell_text(cell: Cell) -> str:
    """Return a cell as text: three decimals, and a dash for what is missing.

    >>> [cell_text(cell) for cell in ("nano", 12, 0.5, None)]
    ['nano', '12', '0.500', '-']
    """
    if cell is None or cell != cell:
        return "-"
    return f"{cell:.3f}" if isinstance(cell, float) else str(cell)


def p_text(p: float | None) -> str | None:
    """Return a p value as text.

    >>> p_text(0.0421), p_text(1e-9), p_text(None)
    ('0.042', '<0.001', None)
    """
    return None if p is None else f"{p:.3f}" if p >= 0.0005 else "<0.001"


def markdown(report: Report) -> str:
    """Return a table for GitHub's Markdown, with its notes below."""
    marks = ["---:" if report.numeric(at) else "---" for at in range(len(report.columns))]
    heads, *rows = [[inert(cell) for cell in row] for row in (report.columns, *report.rows)]
    lines = [f"| {' | '.join(cells)} |" for cells in (heads, marks, *rows)]
    notes = [inert(note) for note in report.notes]
    return "\n".join([f"**{inert(report.title)}**", "", *lines, *_paragraphs(notes)]) + "\n"


def latex(report: Report) -> str:
    """Return a LaTeX table that needs the package booktabs, with its notes in the caption."""
    kinds = "".join("r" if report.numeric(at) else "l" for at in range(len(report.columns)))
    rows = [[escape(cell_text(cell)) for cell in row] for row in report.rows]
    caption = " ".join(escape(text) for text in (f"{report.title}.", *report.notes))
    lines = [
        r"\begin{table}",
        rf"  \caption{{{caption}}}",
        r"  \centering",
        rf"  \begin{{tabular}}{{{kinds}}}",
        r"    \toprule",
        rf"    {' & '.join(map(escape, report.columns))} \\",
        r"    \midrule",
        *(rf"    {_fenced(' & '.join(cells))} \\" for cells in rows),
        r"    \bottomrule",
        r"  \end{tabular}",
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def csv_text(report: Report) -> str:
    """Return the table as CSV, all digits kept; an interval becomes three columns, missing is empty."""
    spread = [any(isinstance(row[at], Interval) for row in report.rows) for at in range(len(report.columns))]
    text = io.StringIO()
    out = csv.writer(text, lineterminator="\n")
    heads = [_parts(name) if wide else [name] for name, wide in zip(report.columns, spread, strict=True)]
    out.writerow([_cell(name) for names in heads for name in names])
    for row in report.rows:
        out.writerow([part for cell, wide in zip(row, spread, strict=True) for part in _numbers(cell, wide)])
    return text.getvalue()


def escape(text: str) -> str:
    r"""Return text in which LaTeX finds no commands.

    >>> print(escape("CLIP_B/16 & 100%"))
    CLIP\_B/16 \& 100\%
    """
    text = _plain(upright(text)).replace("\\", "\0")
    text = re.sub(r"([&%$#_{}])", r"\\\1", text)
    named = {"~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "\0": r"\textbackslash{}"}
    return re.sub(r"[~^\0]", lambda sign: named[sign[0]], text)


def upright(text: str) -> str:
    r"""Return text that reads in the order in which it is written; a mark stands for each sign that turns it.

    >>> ascii(upright("\u202egpj.evil"))
    "'\\ufffdgpj.evil'"
    """
    return TURNING.sub("\ufffd", text)


def _fenced(row: str) -> str:
    """Keep the row above from taking this one's beginning for a length, or for its star."""
    return f"{{}}{row}" if row.lstrip().startswith(("[", "*")) else row


def inert(cell: Cell) -> str:
    r"""Return text in which Markdown finds no bars, HTML, code, links, pictures or line breaks.

    >>> print(inert("<b>|![x](y)"))
    &lt;b>\|![x\](y)
    """
    if not isinstance(cell, str):
        return cell_text(cell)
    text = re.sub(r"[\\|`]|\](?=\()", r"\\\g<0>", _plain(upright(cell)))
    text = re.sub(r"^( *)\[(?=[^\]]*\]:)", r"\1\[", text)  # else it would give a link its target
    return re.sub(r"<(?=[a-zA-Z/!?])", "&lt;", re.sub(r"&(?=#?\w+;)", "&amp;", text))


def _plain(text: str) -> str:
    """Return text on one line, without control characters."""
    return re.sub(r"[\0-\x1f\x7f-\x9f\u2028\u2029]+", " ", text)


def _paragraphs(notes: Iterable[str]) -> list[str]:
    return [line for note in notes for line in ("", note)]


def _parts(name: str) -> list[str]:
    return [name, f"{name} low", f"{name} high"]


def _cell(text: str) -> str:
    """Return text for a cell of CSV: no formula, and on one line, for a lone return would not be quoted."""
    return _plain(protected(text))


def _numbers(cell: Cell, wide: bool) -> list[str | int | float | None]:
    if isinstance(cell, Interval):
        return [cell.value, cell.low, cell.high]
    cell = _cell(cell) if isinstance(cell, str) else cell
    return [cell, None, None] if wide else [cell]
