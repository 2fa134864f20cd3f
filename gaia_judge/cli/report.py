"""``gaia-judge report``: everything that runs and people say, as a page or for a paper."""

from collections.abc import Container, Iterator, Sequence
from dataclasses import replace
from itertools import chain, count
from pathlib import Path
from typing import Any, get_args

import click

from gaia_judge.cli.screens import err
from gaia_judge.comparison.agreements import Asking, Unit
from gaia_judge.comparison.references import read_reference
from gaia_judge.errors import GaiaJudgeError
from gaia_judge.figures import Figure
from gaia_judge.pages.contents.materials import read_material
from gaia_judge.pages.contents.reports import TITLE, build_page, divide
from gaia_judge.pages.html import write_page
from gaia_judge.pages.sections import Page
from gaia_judge.people import read_human
from gaia_judge.reports import Report, inert, latex, markdown
from gaia_judge.scores.files import replacing

EPILOG = """
\b
Examples:
  gaia-judge report runs/llava runs/metrics --human GAIA/ --reference gaia
  gaia-judge report runs/* audits/llava experiments/chaining --human MOS.csv --html llava.html
  gaia-judge report runs/llava --human MOS.csv --latex tables.tex --figures plots/
  gaia-judge report runs/llava --markdown -

RUN is a run's folder, a score table, or the folder of an experiment or audit. The page is one file that
opens anywhere, offline: tables to sort, plots, the full tables to download, and the clips on which the best
judges and people disagree most. Without --human it shows distributions, leaderboards of generators and what
failed.
Exit code: 0 done, 2 bad usage or nothing in common.
"""

DPI = 200


@click.command("report", epilog=EPILOG)
@click.argument("runs", nargs=-1, required=True, metavar="RUN...")
@click.option("--human", type=click.Path(path_type=Path), help="People's scores: a table or a GAIA folder.")
@click.option("--html", type=click.Path(path_type=Path), help="Page to write [default: report.html].")
@click.option("--markdown", type=click.Path(), help="File for all tables in Markdown; - for the terminal.")
@click.option(
    "--latex", type=click.Path(), help="File for all tables in LaTeX (booktabs); - for the terminal."
)
@click.option("--figures", type=click.Path(path_type=Path), help="Folder for every plot as PDF and SVG.")
@click.option("--reference", metavar="NAME", help="Also published figures, such as gaia.")
@click.option(
    "--gallery", type=click.IntRange(0, 48), default=24, show_default=True, help="Clips of disagreements."
)
@click.option("--title", default=TITLE, show_default=True, help="Of the page.")
@click.option(
    "--cluster", "unit", type=click.Choice(get_args(Unit)), help="What intervals draw [default: action]."
)
@click.option("--bootstrap", "draws", type=click.IntRange(1), default=1000, show_default=True, help="Draws.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of draws.")
def command(runs: Sequence[str], human: Path | None, **given: Any) -> None:
    """Write a page on RUNS, their judges, metrics and generators."""
    outputs = ("html", "markdown", "latex", "figures")
    html = given["html"] or (None if any(given[name] for name in outputs) else Path("report.html"))
    places, experiments = divide(runs)
    asking = Asking(unit=given["unit"], draws=given["draws"], seed=given["seed"])
    material = None
    if places:
        people = None if human is None else read_human(human)
        rows = read_reference(given["reference"]) if given["reference"] else []
        published = [one for one in rows if not one.combination]
        material = read_material(places, people, asking, published)
    gallery = given["gallery"] if html else 0
    with err.status("Measuring, drawing and encoding clips"):
        page = build_page(material, experiments, human=human, gallery=gallery, title=given["title"])
        if html:
            write_page(page, html)
    _write_tables(page, given["markdown"], markdown)
    _write_tables(page, given["latex"], latex)
    if given["figures"]:
        _write_figures(page, given["figures"])
    if html:
        err.print(f"Report: {html}", markup=False, highlight=False, soft_wrap=True)


def _write_tables(page: Page, place: str | None, write: Any) -> None:
    if not place:
        return
    tables = _parts(page, Report)
    if write is markdown:
        text = "\n".join([*(f"**{inert(one)}**\n" for one in page.warnings), *map(markdown, tables)])
    else:  # each table of a paper stands alone
        told = (replace(one, notes=(*one.notes, *page.warnings)) for one in tables)
        text = "\n".join(map(latex, told))
    if place == "-":
        click.echo(text)
        return
    with replacing(Path(place)) as file:
        file.write(text.encode(errors="replace"))
    err.print(f"Tables: {place}", markup=False, highlight=False, soft_wrap=True)


def _write_figures(page: Page, folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise GaiaJudgeError(f"{folder} cannot be made: {error.strerror}.", "Give another folder.") from error
    names: set[str] = set()
    for figure in _parts(page, Figure):
        drawing, name = figure.draw(), _unused(figure.name, names)
        names.add(name)
        for ending in ("pdf", "svg"):
            with replacing(folder / f"{name}.{ending}") as file:
                drawing.savefig(file, format=ending, dpi=DPI)
    err.print(f"Figures: {len(names)} in {folder}", markup=False, highlight=False, soft_wrap=True)


def _unused(name: str, names: Container[str]) -> str:
    """Return a name that no other figure has: those of dimensions may differ in signs alone."""
    return next(one for one in chain([name], (f"{name}-{at}" for at in count(2))) if one not in names)


def _parts(page: Page, kind: Any) -> Iterator[Any]:
    return (part for section in page.sections for part in section.parts if isinstance(part, kind))
