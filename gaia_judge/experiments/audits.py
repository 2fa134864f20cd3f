"""Audits: the verdicts of an experiment's rules, from the ratings in its cells."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gaia_judge.comparison.agreements import FEW as FEW_ACTIONS
from gaia_judge.comparison.agreements import seat
from gaia_judge.comparison.raters import Rater
from gaia_judge.errors import GaiaJudgeError
from gaia_judge.experiments.effects import Effect
from gaia_judge.experiments.files import Rule
from gaia_judge.experiments.indexes import Entry, Index
from gaia_judge.experiments.results import read_cell
from gaia_judge.experiments.rules import FEW, judge
from gaia_judge.experiments.verdicts import Case, Numbers, Outcome, Verdict
from gaia_judge.people import read_human
from gaia_judge.reports import Cell, Interval, Report

if TYPE_CHECKING:
    from pandas import DataFrame, Series

ORDER: Sequence[Outcome] = ("fail", "unclear", "partly", "pass", "not run")
"""Outcomes, the gravest first."""


@dataclass(frozen=True, slots=True)
class Audit:
    """All verdicts, in the order of the rules."""

    verdicts: Sequence[Verdict]
    rater: str
    videos: int
    actions: int
    """Known actions among these; intervals draw them where there are two or more."""
    people: bool
    """Whether people's scores were there."""
    warnings: Sequence[str]
    """What a reader must know first, such as random weights."""

    def outcomes(self) -> dict[str, Outcome]:
        """Return each rule's outcome over its dimensions: the gravest."""
        found: dict[str, Outcome] = {}
        for one in self.verdicts:
            known = found.get(one.rule.name, "not run")
            found[one.rule.name] = min((known, one.outcome), key=ORDER.index)
        return found


def read_audit(
    index: Index, human: Path | None = None, *, seed: int = 0, only: Collection[str] = ()
) -> Audit:
    """Return the verdicts on what an experiment's cells say so far.

    Args:
        index: Of its folder.
        human: People's scores; the index's own by default.
        seed: Of intervals.
        only: Names of the rules that are asked for; all if empty.

    Raises:
        GaiaJudgeError: The base has no scores, or people's cannot be read.
    """
    entries = {entry.name: entry for entry in index.entries}
    base = index.entries[0]
    rater = read_cell(index, base)
    if rater is None:
        told = f" {base.refused}" if base.refused else ""
        raise GaiaJudgeError(f"The base of {index.home} has no scores.{told}", "Give the same command again.")
    place = human or (Path(index.human) if index.human else None)
    mos = None if place is None else seat([rater], read_human(place)).people
    rules = [rule for rule in index.experiment.rules if not only or rule.name in only]
    found = [one for rule in rules for one in _verdicts(rule, index, entries, rater, mos, seed)]
    return Audit(
        found,
        str(rater.table.to_pandas()["rater"].iloc[0]),
        len(rater.values),
        int(rater.facts["action"].nunique()),
        mos is not None,
        rater.warnings,
    )


def _verdicts(
    rule: Rule, index: Index, entries: dict[str, Entry], rater: Rater, mos: "DataFrame | None", seed: int
) -> Iterator[Verdict]:
    names = [name for name in rater.values if not rule.dimensions or name in rule.dimensions]
    entry = entries.get(rule.cell) if rule.cell else index.entries[0]
    other = None if entry is None else read_cell(index, entry)
    if (why := _hindrance(rule, entry, other, rater)) or entry is None or other is None:
        told = names[0] if len(names) == 1 else "all"
        yield Verdict(rule, str(told), "", Effect(None), "not run", why or "There is no such cell.")
        return
    own = _normal(rater.values, index.entries[0])
    theirs = _normal(other.values.reindex(rater.values.index), entry)
    lengths = _lengths(rater)
    for name in names:
        people = None if mos is None or name not in mos else _numbers(mos[name].reindex(own.index))
        case = Case(
            rule=rule,
            dimension=str(name),
            base=_numbers(own[name]),
            changed=_numbers(theirs[name]) if rule.cell and name in theirs else None,
            people=people,
            actions=_labels(rater.facts["action"]),
            generators=_labels(rater.facts["generator"]),
            lengths=lengths,
            error=_error(other, str(name)),
            seed=seed,
        )
        yield judge(case)


def _hindrance(rule: Rule, entry: Entry | None, other: Rater | None, rater: Rater) -> str | None:
    """Return why a rule cannot be judged."""
    if entry is None:
        return f"The experiment has no cell {rule.cell!r}."
    if other is None:
        return entry.refused or "That cell was not run."
    if len(rater.values) < FEW:
        return f"{len(rater.values)} videos are too few; {FEW} are needed."
    table = rater.table.to_pandas().drop_duplicates("video")
    for fact in rule.needs:
        if table[fact].nunique() < 2:
            return f"The videos' {fact}s are not known, or all the same."
    return None


def _error(rater: Rater, dimension: str) -> str | None:
    """Return the error that most of a rater's missing ratings have."""
    table = rater.table.to_pandas()
    errors = table.loc[table["dimension"].eq(dimension) & table["value"].isna(), "error"].dropna()
    return str(errors.mode().iloc[0]) if len(errors) else None


def _normal(values: "DataFrame", entry: Entry) -> "DataFrame":
    """Return ratings in shares of their scale's span."""
    low, high = entry.low or 0.0, entry.high if entry.high is not None else 1.0
    return (values - low) / (high - low)


def _numbers(values: "Series[float]") -> Numbers:
    return np.asarray(values, np.float64)


def _labels(values: "Series[str]") -> NDArray[np.str_] | None:
    """Return labels, or None where no two differ."""
    return np.asarray(values.fillna(""), str) if values.nunique() > 1 else None


def _lengths(rater: Rater) -> Numbers:
    """Return the words of each video's prompt, NaN where it has none."""
    prompts = rater.table.to_pandas().drop_duplicates("video").set_index("video")["prompt"]
    counts = prompts.reindex(rater.values.index).map(lambda text: len(str(text).split()), na_action="ignore")
    return _numbers(counts)


def audit_tables(audit: Audit, *, brief: bool = False) -> Iterator[Report]:
    """Yield the health of a judge in a few lines, then every verdict, ``brief`` for a terminal."""
    outcomes = audit.outcomes()
    counts = Counter(outcomes.values())
    rows = tuple(
        (kind, counts.get(kind, 0), ", ".join(name for name, one in outcomes.items() if one == kind) or None)
        for kind in ("pass", "partly", "fail", "unclear", "not run")
    )
    people = "with people's scores" if audit.people else "without people's scores"
    notes = (f"{audit.rater}, {audit.videos} videos, {people}.", *(f"{text}." for text in audit.warnings))
    yield Report("Health of the judge", ("outcome", "audits", "which"), rows, notes)
    yield _listed(audit, brief)


def _listed(audit: Audit, brief: bool) -> Report:
    """Return every verdict; in brief, in few columns, since the words have the figures."""
    heads: tuple[str, ...] = ("audit", "dimension", "verdict", "in words")
    rows: list[tuple[Cell, ...]] = [
        (one.rule.name, one.dimension, one.outcome, one.words) for one in audit.verdicts
    ]
    if not brief:
        heads = (*heads, "effect", "n", "missing", "measured", "expected")
        rows = [
            (*row, _interval(one.effect), one.effect.n, one.lost, one.measured or None, one.rule.expect)
            for row, one in zip(rows, audit.verdicts, strict=True)
        ]
    drawn = "Intervals: 95%, bootstrap of whole actions where they are known, else of videos."
    if 1 < audit.actions < FEW_ACTIONS:
        drawn += f" From {audit.actions} actions they are too narrow: take verdicts with caution."
    notes = (
        drawn,
        "n: videos compared. Missing: those that had a rating before the change and have none after it.",
    )
    return Report("Audits", heads, tuple(rows), notes[:1] if brief else notes)


def _interval(effect: Effect) -> Interval:
    return Interval(effect.value, effect.low, effect.high)
