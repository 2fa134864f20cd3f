"""What a report says of T2V generators: who leads, and how scores are spread."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from gaia_judge.comparison.agreements import PARTS
from gaia_judge.comparison.raters import Rater
from gaia_judge.figures import Figure, stem
from gaia_judge.figures.groups import Groups, Means, bars, boxes
from gaia_judge.figures.scatters import binned, scatter
from gaia_judge.leaderboards.boards import Standing, stand
from gaia_judge.leaderboards.tables import board_report
from gaia_judge.pages.contents.materials import DRAWN, Material, Numbers
from gaia_judge.pages.sections import Part, Section

if TYPE_CHECKING:
    from pandas import Index

PEOPLE = "people"


def generators_section(material: Material) -> Section | None:
    """Return the leaderboards of generators; None where fewer than two are known."""
    if material.facts["generator"].nunique() < 2:
        return None
    raters = boarded(material)
    parts: list[Part] = []
    for rater in raters:
        rows = stand(rater, draws=material.asking.draws, seed=material.asking.seed)
        parts += _boards(rater, rows)
        parts.append(_means(rater, rows, raters.index(rater)))
    parts += _by_part(material, raters[0])
    about = (
        "Generators ranked by each rater; higher is better. Possible ranks hold for all generators at once."
    )
    return Section("generators", "Generators", about, tuple(parts))


def boarded(material: Material) -> list[Rater]:
    """Return whose leaderboards are shown: people, if there are any, and the raters that have plots."""
    if material.panel is None or material.human is None:
        return list(material.ranked[:DRAWN])
    people = material.panel.people[material.own]
    table = material.raters[0].table
    return [Rater(PEOPLE, people, material.panel.facts, table, ()), *material.ranked[:DRAWN]]


def _boards(rater: Rater, rows: list[Standing]) -> Iterator[Part]:
    for name in dict.fromkeys(row.dimension for row in rows):
        own = [row for row in rows if row.dimension == name]
        yield board_report(f"Generators by {rater.name}: {name}", own)


def _means(rater: Rater, rows: list[Standing], at: int) -> Figure:
    panels: dict[str, Means] = {}
    for row in rows:
        panels.setdefault(row.dimension, {})
    order = [row.generator for row in rows if row.dimension == rows[-1].dimension]
    for dimension in panels:
        own = {row.generator: row.mean for row in rows if row.dimension == dimension}
        panels[dimension] = {name: (own[name].value, own[name].low, own[name].high) for name in order}
    caption = "Mean rating with its 95% interval, for new actions."
    return Figure(f"generators-{at}", f"Generators by {rater.name}", caption, lambda: bars(panels, "mean"))


def _by_part(material: Material, rater: Rater) -> Iterator[Part]:
    """Yield leaderboards within each subset and class, on the last dimension: overall of several."""
    for part, column in (("subset", PARTS["subset"]), ("class", PARTS["class"])):
        labels = rater.facts[column].dropna()
        if labels.nunique() < 2:
            continue
        for name in sorted(labels.unique()):
            videos = labels.index[labels == name]
            some = _restricted(rater, videos)
            if some.facts["generator"].nunique() < 2:
                continue
            rows = stand(some, draws=material.asking.draws, seed=material.asking.seed)
            own = [row for row in rows if row.dimension == rows[-1].dimension]
            yield board_report(f"Generators by {rater.name}, {part} {name}: {own[0].dimension}", own)


def _restricted(rater: Rater, videos: "Index[str]") -> Rater:
    kept = rater.values.index.intersection(videos)
    return replace(rater, values=rater.values.loc[kept], facts=rater.facts.loc[kept])


def distributions_section(material: Material) -> Section:
    """Return how scores are spread, by generator, class and subset."""
    figures: list[Part] = []
    shown: list[tuple[str, dict[str, np.ndarray[tuple[int], np.dtype[np.float64]]]]] = []
    if material.panel is not None:
        shown.append((PEOPLE, {name: material.people(name) for name in material.own}))
    for rater in material.ranked[:DRAWN]:
        shown.append((rater.name, {name: material.values(rater, name) for name in material.held(rater)}))
    for at, (who, values) in enumerate(shown):
        for part, column in PARTS.items():
            if figure := _spread(material, at, who, values, part, column):
                figures.append(figure)
    about = "How scores are spread within each generator, class and subset: boxes hold the middle half."
    return Section("distributions", "Distributions", about, tuple(figures))


def _spread(
    material: Material,
    at: int,
    who: str,
    values: Mapping[str, Numbers],
    part: str,
    column: str,
) -> Figure | None:
    facts = material.facts if material.panel is None else material.panel.facts
    labels = facts[column]
    if labels.nunique() < 2:
        return None
    first = next(iter(values.values()))
    own = {str(name): labels.eq(name).fillna(False).to_numpy(bool) for name in labels.dropna().unique()}
    order = sorted(own, key=lambda name: (-_median(first[own[name]]), name))
    panels: dict[str, Groups] = {
        dimension: {name: one[own[name]] for name in order} for dimension, one in values.items()
    }
    caption = f"Whiskers: 1.5 times the box. Ordered by the median of {next(iter(values))}."
    return Figure(f"{part}-{at}", f"{who}, by {part}", caption, lambda: boxes(panels, "score"))


def _median(values: Numbers) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) else -np.inf


def people_section(material: Material) -> Section | None:
    """Return MOS against the spread between people; None where the spread is not known."""
    if material.panel is None or material.panel.joined.spread is None:
        return None
    figures = []
    for one in material.observations:
        if one.curve is None:
            continue
        spread = material.panel.joined.spread[one.dimension].reindex(material.panel.people.index)
        x, y = material.people(one.dimension), np.asarray(spread, np.float64)
        curve = partial(np.polynomial.polynomial.polyval, c=np.array(one.curve))
        fit = (
            f"Line: polynomial with five parameters, which explains {one.explained or 0:.0%} of the variance."
        )
        count = int((np.isfinite(x) & np.isfinite(y)).sum())
        figures.append(
            Figure(
                f"spread-{stem(one.dimension)}",
                f"Spread between people: {one.dimension}",
                f"{binned(count)}. {fit}",
                partial(scatter, x, y, ("MOS", "standard deviation of votes"), curve),
            )
        )
    if not figures:
        return None
    about = (
        "Where people agree: the standard deviation of votes against their mean, as GAIA's paper draws it."
    )
    return Section("people", "People", about, tuple(figures))
