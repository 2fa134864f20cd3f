"""Leaderboards as JSON for machines and as tables for people."""

import math
from collections.abc import Iterable, Iterator, Sequence
from string import ascii_lowercase
from typing import Any

from gaia_judge.leaderboards.boards import People, Place, Standing
from gaia_judge.leaderboards.means import Mean
from gaia_judge.reports import Cell, Interval, Report

HEADS = ("rank", "possible", "group", "generator", "mean [95% interval]", "n", "failed")
PEOPLE = ("rank", "possible", "group", "generator", "labels alone", "powered", "labels")
NEEDS = ("need, alone", "need, powered")

FINE = 20.0
"""Means below this are shown with two decimals, others with one."""


def board_rows(rows: Sequence[Standing]) -> list[dict[str, Any]]:
    """Return a leaderboard as JSON values; what is undefined is None, and a ``reason`` says why.

    Where people's scores were given, ``classical`` is by their labels alone, and ``ppi`` with the rater's
    guesses.
    """
    return [
        {
            "generator": row.generator,
            "dimension": row.dimension,
            "videos": row.videos,
            "failures": row.failures,
            "n": row.mean.n,
            "actions": row.mean.actions,
            "mean": row.mean.value,
            **_interval(row.mean),
            **_place(row.place),
            **(_people(row.people) if row.people else {}),
        }
        for row in rows
    ]


def flat_report(title: str, rows: Sequence[Standing]) -> Report:
    """Return a leaderboard as one table with all figures of ``board_rows``, a column each."""
    found = board_rows(rows)
    heads = list(dict.fromkeys(name for row in found for name in row))
    cells = [tuple(_flat(row.get(name)) for name in heads) for row in found]
    return Report(title, tuple(heads), tuple(cells))


def board_report(title: str, rows: Sequence[Standing]) -> Report:
    """Return a leaderboard of one dimension by the rater's scores."""
    decimals = _decimals(row.mean for row in rows)
    cells = [
        (
            *_placed(row.place),
            row.generator,
            _cell(row.mean, decimals),
            row.mean.n,
            f"{100 * row.failures:.1f}%",
        )
        for row in rows
    ]
    why = [(row.generator, text) for row in rows for text in (row.mean.reason, row.place.rank.reason)]
    return Report(title, HEADS, tuple(cells), tuple(_reasons(why)))


def people_report(title: str, rows: Sequence[Standing]) -> Report:
    """Return a leaderboard of one dimension by what people would say, from their labels and the rater."""
    said = [(row.generator, row.people) for row in rows if row.people]
    said.sort(key=lambda one: (one[1].place.rank.value or math.inf, one[0]))
    decimals = _decimals(one.estimates.powered for _, one in said)
    needed = any(one.needs for _, one in said)
    cells = [
        (
            *_placed(one.place),
            name,
            *(_cell(mean, decimals) for mean in (one.estimates.classical, one.estimates.powered)),
            one.estimates.classical.n,
            *(need.labels for need in one.needs or ()),
        )
        for name, one in said
    ]
    why = [(name, text) for name, one in said for text in _missing(one)]
    return Report(title, (*PEOPLE, *(NEEDS if needed else ())), tuple(cells), tuple(_reasons(why)))


def name_group(at: int) -> str:
    """Return the letter of a group, counted from 0.

    >>> [name_group(at) for at in (0, 25, 26, 27)]
    ['a', 'z', 'aa', 'bb']
    """
    return ascii_lowercase[at % 26] * (1 + at // 26)


def _interval(mean: Mean, prefix: str = "") -> dict[str, Any]:
    return {f"{prefix}low": mean.low, f"{prefix}high": mean.high, f"{prefix}reason": mean.reason}


def _place(place: Place, prefix: str = "") -> dict[str, Any]:
    return {
        f"{prefix}rank": place.rank.value,
        f"{prefix}rank_low": place.rank.low,
        f"{prefix}rank_high": place.rank.high,
        f"{prefix}rank_reason": place.rank.reason,
        f"{prefix}groups": [name_group(at) for at in place.groups],
        f"{prefix}ties": list(place.ties),
    }


def _people(people: People) -> dict[str, Any]:
    found = people.estimates
    row = {
        "labels": found.classical.n,
        "label_actions": found.classical.actions,
        "classical": found.classical.value,
        **_interval(found.classical, "classical_"),
        "ppi": found.powered.value,
        **_interval(found.powered, "ppi_"),
        "ppi_power": found.power,
        **_place(people.place, "ppi_"),
    }
    for name, need in zip(("classical", "ppi"), people.needs or (), strict=False):
        row[f"{name}_labels_needed"] = need.labels
        row[f"{name}_labels_needed_reason"] = need.reason
    return row


def _flat(cell: Any) -> Cell:
    return " ".join(cell) if isinstance(cell, list) else cell


def _placed(place: Place) -> list[Cell]:
    low, high = place.rank.low, place.rank.high
    span = None if low is None else f"{low}" if low == high else f"{low} to {high}"
    return [place.rank.value, span, " ".join(map(name_group, place.groups)) or None]


def _cell(mean: Mean, decimals: int) -> Interval:
    return Interval(mean.value, mean.low, mean.high, decimals)


def _decimals(means: Iterable[Mean]) -> int:
    return 2 if max((abs(one.value or 0) for one in means), default=0) < FINE else 1


def _missing(one: People) -> Iterator[str | None]:
    found = one.estimates
    yield from dict.fromkeys((found.classical.reason, found.powered.reason, one.place.rank.reason))
    yield from dict.fromkeys(need.reason for need in one.needs or ())


def _reasons(why: Iterable[tuple[str, str | None]]) -> Iterator[str]:
    """Say once for each reason of which generators figures are missing."""
    names: dict[str, dict[str, None]] = {}
    for name, text in why:
        if text:
            names.setdefault(text, {})[name] = None
    return (f"{', '.join(found)}: {text}." for text, found in names.items())
