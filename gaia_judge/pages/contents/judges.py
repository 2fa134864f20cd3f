"""What a report says of judges and metrics: how they agree with people, and whether they are in health."""

from collections.abc import Iterator
from dataclasses import replace

from gaia_judge.comparison.agreements import PARTS, Panel, measure, settle
from gaia_judge.comparison.agreements import Part as By
from gaia_judge.comparison.references import FIGURES, Published
from gaia_judge.comparison.results import Comparison
from gaia_judge.comparison.tables import tables
from gaia_judge.figures import Figure, stem
from gaia_judge.figures.scatters import binned, scatter
from gaia_judge.pages.contents.materials import DRAWN, Material
from gaia_judge.pages.contents.reliability import read_coverages
from gaia_judge.pages.sections import Part, Section
from gaia_judge.reports import Report


def judges_section(material: Material) -> Section | None:
    """Return the leaderboard of judges and metrics; None without people's scores."""
    if material.comparison is None:
        return None
    found = replace(
        material.comparison, panel=_quiet(material.comparison.panel), published=_published(material, None)
    )
    about = "How well each judge and metric agrees with people, on the same videos."
    parts = (*tables(found), *_within(material, "subset"), *_within(material, "class"))
    return Section("judges", "Judges and metrics", about, parts)


def _within(material: Material, by: By) -> Iterator[Report]:
    """Yield the leaderboards within each subset or class, where there are several."""
    assert material.panel is not None
    assert material.comparison is not None
    if material.panel.facts[PARTS[by]].nunique() < 2:
        return
    asking = replace(material.asking, statistics=FIGURES)
    alone = Comparison(
        _quiet(material.panel),
        settle(material.panel.facts, asking),
        measure(material.panel, asking, by),
        generators=(),
        duels={},
        test=material.comparison.test,
        ceilings={},
        halves={},
        discriminations={},
        published=_published(material, by),
    )
    for report in tables(alone):
        yield replace(report, title=f"{report.title}, by {by}")


def _quiet(panel: Panel) -> Panel:
    """Return a panel without the warnings that stand at the head of the page."""
    return replace(panel, raters=[replace(rater, warnings=()) for rater in panel.raters])


def _published(material: Material, by: By | None) -> list[Published]:
    """Return the published rows that belong beside those of the whole, or of subsets; of classes none are."""
    if by == "class":
        return []
    return [one for one in material.published if (one.subset is None) == (by is None)]


def plots_section(material: Material) -> Section | None:
    """Return ratings against people's scores, with the function that maps one to the other."""
    if material.panel is None:
        return None
    figures = [
        _scatter(material, at, name)
        for at in range(min(DRAWN, len(material.ranked)))
        for name in material.own
    ]
    about = "Each video at its rating and its mean opinion score (MOS); the line is a fitted logistic."
    if len(material.ranked) > DRAWN:
        about += f" The {DRAWN} raters that agree best are drawn."
    return Section("scatter", "Ratings against people", about, tuple(figures))


def _scatter(material: Material, at: int, dimension: str) -> Figure:
    rater = material.ranked[at]
    x, y = material.values(rater, dimension), material.people(dimension)
    curve, why = material.map(rater, dimension)
    count = int(((x == x) & (y == y)).sum())
    caption = f"{binned(count)}. " + ("Line: four-parameter logistic." if curve else f"No line: {why}.")
    return Figure(
        f"mos-{at + 1}-{stem(dimension)}",
        f"{rater.name}: {dimension}",
        caption,
        lambda: scatter(x, y, (rater.name, f"MOS, {dimension}"), curve),
    )


def health_section(material: Material) -> Section:
    """Return what failed, and what must be known of each rater."""
    rows = tuple(_health(material))
    notes = tuple(f"{rater.name}: {text}." for rater in material.raters for text in rater.warnings)
    heads = ("rater", "videos", "ratings", "failed", "off scale", "notes on ratings")
    table = Report("Health of runs", heads, rows, (*notes, OFF))
    return Section("health", "Health", "What could not be rated, and what ratings are worth.", (table,))


OFF = (
    "Off scale: mean probability of anything but the labels. A rating that failed is missing, never a number."
)


def _health(material: Material) -> Iterator[tuple[str, int, int, str, float | None, str | None]]:
    for rater in material.raters:
        frame = rater.table.to_pandas()
        off = frame["off_scale_mass"].dropna()
        notes = frame["note"].dropna().value_counts()
        told = "; ".join(f"{text} ({count})" for text, count in notes.head(3).items())
        failed = f"{100 * frame['value'].isna().mean():.1f}%"
        yield (
            rater.name,
            frame["video"].nunique(),
            len(frame),
            failed,
            float(off.mean()) if len(off) else None,
            told or None,
        )


def reliability_section(material: Material) -> Section | None:
    """Return how often conformal intervals hold people's scores; None without calibrated scores."""
    parts: list[Part] = read_coverages(material)
    if not parts:
        return None
    about = "How often the intervals of calibrated scores hold what people said, beside what they promise."
    return Section("reliability", "Reliability of intervals", about, tuple(parts))
