"""Comparisons as tables for people."""

from collections.abc import Iterator, Mapping, Sequence

from gaia_judge.agreement import Duel
from gaia_judge.agreement.ceilings import share
from gaia_judge.comparison.agreements import FEW, UNITS, Row
from gaia_judge.comparison.exports import origin
from gaia_judge.comparison.generators import COVERAGE, LEVEL
from gaia_judge.comparison.references import FIGURES, Published
from gaia_judge.comparison.results import Comparison
from gaia_judge.comparison.rows import LABELS, interval
from gaia_judge.reports import Cell, Interval, Report, p_text

HIDDEN = ("rmse",)
"""Statistics without a table of their own: it says little before a rater is on people's scale."""

SIGNIFICANT = 0.05


def tables(comparison: Comparison) -> Iterator[Report]:
    """Yield the tables of a comparison."""
    yield from _statistics(comparison, comparison.rows, "Agreement with people")
    if comparison.generators:
        yield from _statistics(comparison, comparison.generators, "Agreement on means of generators")
    if comparison.tested:
        yield _tested(comparison)
    if comparison.ceilings:
        yield _ceilings(comparison)
    if comparison.discriminations:
        yield _discriminations(comparison)
    if any(comparison.duels.values()):
        yield _duels(comparison.duels, comparison.test)
    if comparison.observations:
        yield _observations(comparison)


def _statistics(comparison: Comparison, rows: Sequence[Row], title: str) -> Iterator[Report]:
    """Yield a table per statistic: a row per rater and part, a column per dimension."""
    dimensions = list(dict.fromkeys(row.dimension for row in rows))
    parts = len({row.group for row in rows}) > 1
    kept: dict[tuple[str, str | None], dict[str, Row]] = {}
    for row in rows:
        kept.setdefault((row.rater, row.group), {})[row.dimension] = row
    heads = ("rater", "origin", *(["part"] if parts else []), *dimensions, "n", "failed")
    for name in (name for name in rows[0].figures if name not in HIDDEN):
        cells: list[tuple[Cell, ...]] = []
        for (rater, group), found in kept.items():
            figures = [interval(found[dimension].figures[name]) for dimension in dimensions]
            counts = [row.figures[name].n for row in found.values()]
            failed = max((row.failed or 0.0) for row in found.values())
            part = [group] if parts else []
            cells.append((rater, "measured", *part, *figures, min(counts), f"{100 * failed:.1f}%"))
        published = [one for one in comparison.published if name in FIGURES and rows is comparison.rows]
        cells += [
            (
                one.rater,
                origin(one),
                *([one.subset] if parts else []),
                *_figures(one, dimensions, name),
                None,
                None,
            )
            for one in published
        ]
        yield Report(f"{title}: {LABELS[name]}", heads, tuple(cells), tuple(_notes(comparison, rows, name)))


def _drawn(comparison: Comparison, rows: Sequence[Row]) -> str:
    """Say what the intervals are."""
    asking, facts = comparison.asking, comparison.panel.facts
    units = UNITS[asking.unit or "video"]
    what = " and ".join(f"{name}s" for name in units) or "videos"
    told = f"Intervals: 95%, percentile bootstrap, {asking.draws} draws of whole {what}, seed {asking.seed}."
    few = any(facts[name].nunique() < FEW for name in units)
    if few or len({row.group for row in rows}) > 1:
        told += f" Where fewer than {FEW} of these are in a part, intervals are too narrow."
    return told


def _figures(one: Published, dimensions: Sequence[str], name: str) -> list[Interval]:
    return [Interval(one.figures.get((dimension, name))) for dimension in dimensions]


def _notes(comparison: Comparison, rows: Sequence[Row], name: str) -> Iterator[str]:
    for rater in comparison.panel.raters:
        yield from (f"{rater.name}: {text}." for text in rater.warnings)
    if comparison.published and name in FIGURES and rows is comparison.rows:
        sources = dict.fromkeys(one.source for one in comparison.published)
        yield f"Published rows: measured by others, probably absolute values. {'; '.join(sources)}."
    yield COVERAGE if rows[0].group == LEVEL else _drawn(comparison, rows)
    reasons = {
        f"{row.rater}, {row.dimension}: {row.figures[name].reason}."
        for row in rows
        if row.figures[name].reason
    }
    yield from sorted(reasons)


def _tested(comparison: Comparison) -> Report:
    rows: list[tuple[Cell, ...]] = [
        (one.rater, one.dimension, LABELS[name], spread.mean, spread.median, spread.deviation, spread.n)
        for one in comparison.tested
        for name, spread in one.spreads.items()
    ]
    heads = ("rater", "dimension", "statistic", "mean", "median", "std", "splits")
    return Report("Over the test parts of the protocol", heads, tuple(rows))


def _ceilings(comparison: Comparison) -> Report:
    """Return how far people agree among themselves, and each rater's SRCC as a share of that."""
    names = [rater.name for rater in comparison.panel.raters]
    reached = {
        (row.rater, row.dimension): row.figures["srcc"].value for row in comparison.rows if row.group is None
    }
    rows: list[tuple[Cell, ...]] = []
    for dimension, ceiling in comparison.ceilings.items():
        shares = [share(reached.get((name, dimension)), ceiling) for name in names]
        bounds = Interval(ceiling.value, ceiling.low, ceiling.high)
        halves = comparison.halves.get(dimension)
        rows.append((dimension, bounds, ceiling.reliability, ceiling.method, halves, *shares))
    notes = {f"{dimension}: {one.reason}." for dimension, one in comparison.ceilings.items() if one.reason}
    heads = (
        "dimension",
        "ceiling",
        "reliability of MOS",
        "method",
        "by halves",
        *(f"SRCC / ceiling, {name}" for name in names),
    )
    return Report("Noise ceiling: how well anyone could agree", heads, tuple(rows), tuple(sorted(notes)))


def _discriminations(comparison: Comparison) -> Report:
    rows = [
        (
            rater,
            dimension,
            Interval(one.different, one.different_low, one.different_high),
            Interval(one.better, one.better_low, one.better_high),
            one.correct,
            one.pairs,
            one.distinct,
        )
        for (rater, dimension), one in comparison.discriminations.items()
    ]
    heads = (
        "rater",
        "dimension",
        "AUC different/similar",
        "AUC better/worse",
        "correct",
        "pairs",
        "that differ",
    )
    notes = {f"{a}, {b}: {one.reason}." for (a, b), one in comparison.discriminations.items() if one.reason}
    return Report("Pairs of videos that people tell apart (Krasula 2016)", heads, tuple(rows), tuple(notes))


def _duels(found: Mapping[str, Sequence[Duel]], test: str) -> Report:
    rows = [
        (
            dimension,
            one.first,
            one.second,
            Interval(one.difference, one.low, one.high),
            p_text(one.p),
            p_text(one.p_holm),
            _winner(one),
        )
        for dimension, duels in found.items()
        for one in duels
    ]
    heads = (
        "dimension",
        "first",
        "second",
        "SRCC by which first is higher",
        "p",
        "p (Holm)",
        "agrees better",
    )
    notes = {
        f"{one.first}, {one.second}: {one.reason}." for duels in found.values() for one in duels if one.reason
    }
    kind = "" if test == "bootstrap" else f" by {test}'s test, which takes all videos as independent"
    return Report(f"Who agrees better with people{kind}", heads, tuple(rows), tuple(sorted(notes)))


def _winner(one: Duel) -> str:
    if one.p_holm is None or one.difference is None:
        return "-"
    if one.p_holm >= SIGNIFICANT:
        return "not told apart"
    return one.first if one.difference > 0 else one.second


def _observations(comparison: Comparison) -> Report:
    verdicts = {True: "yes", False: "no", None: "not told"}
    rows = [
        (
            one.claim,
            one.dimension,
            one.effect,
            Interval(one.value, one.low, one.high),
            p_text(one.p),
            one.n,
            verdicts[one.holds],
        )
        for one in comparison.observations
    ]
    notes = [f"{one.claim}, {one.dimension}: {one.reason}." for one in comparison.observations if one.reason]
    notes += [
        f"{one.dimension}: spread = {' + '.join(f'{c:.4g} MOS^{k}' for k, c in enumerate(one.curve))},"
        f" which explains {100 * (one.explained or 0):.0f}% of its variance."
        for one in comparison.observations
        if one.curve
    ]
    notes.append("Left-skewed means negative skewness: the longer tail lies at the left.")
    heads = ("observation", "dimension", "measured", "value", "p", "n", "holds here")
    return Report("GAIA's observations on these scores", heads, tuple(rows), tuple(notes))
