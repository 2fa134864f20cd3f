"""Results of an experiment: how each cell agrees with people, what it took, and which choice holds up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from gaia_judge.agreement import Duel, correct, duels
from gaia_judge.comparison.agreements import Asking, Panel, Row, draw, measure, seat, settle
from gaia_judge.comparison.raters import OVERALL, Rater, read_raters
from gaia_judge.errors import GaiaJudgeError
from gaia_judge.experiments.files import Price
from gaia_judge.experiments.indexes import Entry, Index
from gaia_judge.people import read_human
from gaia_judge.protocols import Protocol, splits
from gaia_judge.scores import ScoreTable

LEAST = 8
"""Actions below which none are kept back: neither part would tell anything."""

TOLERATED = 0.05
"""Share of failed ratings above which a cell is not chosen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What running a cell took."""

    videos: int
    failed: int
    off_scale: float | None
    """Mean probability mass off the scale."""
    rated: int
    """Videos whose tokens and time are known."""
    prompt: int
    """Tokens read for these, with those that came from the cache."""
    cached: int
    output: int
    speed: float | None
    """Videos per second of rating, decoding (which cells share) not counted."""
    cost: float | None
    """Of 1,000 videos, where a price is given."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The cell that agrees best on the actions it was chosen on, and how it fares on the others."""

    name: str
    dimension: str
    searched: int
    """Actions that the choice was made on."""
    confirmed: int
    """Actions that it never saw."""
    rows: Sequence[Row]
    """Of the chosen cell and the base, on the unseen actions."""
    duel: Duel | None
    """The chosen cell against the base there; None where they are the same."""


@dataclass(frozen=True, slots=True, eq=False)
class Results:
    """All that an experiment has to show."""

    index: Index
    raters: Mapping[str, Rater]
    """By cell; of those that have scores."""
    spent: Mapping[str, Spent]
    panel: Panel | None
    """Cells and people on the actions that are searched; None without people."""
    asking: Asking
    rows: Sequence[Row]
    duels: Mapping[str, Sequence[Duel]]
    """Each cell against the base, by dimension, corrected (Holm) for the number of cells that were run."""
    choice: Choice | None
    unchosen: str | None
    """Why nothing was kept back to confirm a choice on, in words for a user."""

    @property
    def free(self) -> set[str]:
        """Cells without a control."""
        return {entry.name for entry in self.index.entries if entry.values["controls"] == "none"}

    @property
    def base(self) -> str:
        """The first cell that has scores."""
        return next(iter(self.raters))


def read_results(index: Index, asking: Asking, human: Path | None = None, *, whole: bool = False) -> Results:
    """Return what an experiment's cells say so far.

    Args:
        index: Of its folder.
        asking: How agreement is measured.
        human: People's scores; the index's own by default.
        whole: Measure on all actions and choose nothing.

    Raises:
        GaiaJudgeError: No cell has scores yet, or people's cannot be read.
    """
    raters = {entry.name: rater for entry in index.entries if (rater := read_cell(index, entry))}
    if not raters:
        raise GaiaJudgeError(f"No cell of {index.home} has scores.", "Give experiment run again.")
    spent = {name: _spent(index, name, rater, index.experiment.price) for name, rater in raters.items()}
    place = human or (Path(index.human) if index.human else None)
    if place is None:
        return Results(index, raters, spent, None, asking, (), {}, None, "there are no people's scores")
    people = read_human(place)
    panel = seat(list(raters.values()), people)
    asking = settle(panel.facts, asking)
    parts, why = (None, "all actions were asked for") if whole else _divided(panel, index.experiment.confirm)
    searched = panel if parts is None else parts[0]
    rows, base = measure(searched, asking), next(iter(raters))
    run = {entry.name: entry.same_as or entry.name for entry in index.entries if entry.name in raters}
    found = {name: _against(searched, name, base, asking, run) for name in searched.measured}
    choice = None if parts is None else _chosen(rows, spent, index, parts, asking, base)
    return Results(index, raters, spent, searched, asking, rows, found, choice, why)


def read_cell(index: Index, entry: Entry) -> Rater | None:
    """Return a cell's ratings of the chosen videos under its name; None where it has none."""
    place = index.place(entry)
    if place is None:
        return None
    (rater,) = read_raters([str(place)])
    rater = replace(rater, name=entry.name)
    if index.chosen is None or not (others := set(rater.values.index) - index.chosen):
        return rater
    values = rater.values.drop(index=list(others))
    if values.empty:
        return None
    frame = rater.table.to_pandas()
    table = ScoreTable.from_pandas(frame[frame["video"].isin(values.index)], str(place))
    return replace(rater, values=values, facts=rater.facts.loc[values.index], table=table)


def _spent(index: Index, name: str, rater: Rater, price: Price) -> Spent:
    entry = next(one for one in index.entries if one.name == name)
    results, off = index.results(entry), rater.table.to_pandas()["off_scale_mass"].dropna()
    spent = {"seconds": 0.0, "rated": 0, "prompt": 0, "cached": 0, "output": 0} | results.get("spent", {})
    rated, seconds = spent["rated"], spent["seconds"]
    return Spent(
        videos=len(rater.values),
        failed=int(rater.values.isna().any(axis=1).sum()),
        off_scale=float(off.mean()) if len(off) else None,
        rated=rated,
        prompt=spent["prompt"],
        cached=spent["cached"],
        output=spent["output"],
        speed=rated / seconds if seconds else None,
        cost=_cost(spent, price),
    )


def _cost(spent: Mapping[str, float], price: Price) -> float | None:
    """Return what 1,000 videos cost."""
    if not price.known or not spent["rated"]:
        return None
    total = (price.per_hour or 0.0) * spent["seconds"] / 3600
    fresh = spent["prompt"] - spent["cached"]
    total += (price.prompt_per_million or 0.0) * fresh / 1e6
    total += price.cached_per_million * spent["cached"] / 1e6
    total += (price.output_per_million or 0.0) * spent["output"] / 1e6
    return 1000 * total / spent["rated"]


def _divided(panel: Panel, share: float) -> tuple[tuple[Panel, Panel] | None, str | None]:
    """Return the videos that are searched and those that confirm, or why there is no such division."""
    if not share:
        return None, "the experiment keeps no actions back (confirm: 0)"
    if panel.facts["action"].isna().any():
        return None, "the action of some videos is not known"
    if (count := panel.facts["action"].nunique()) < LEAST:
        return None, f"{count} actions are too few to keep some back"
    (split,) = splits(Protocol(by="action", splits=1, test_share=share), panel.facts)
    searched, confirming = (panel.part(panel.facts.iloc[places]) for places in (split.train, split.test))
    return (searched, confirming), None


def _against(panel: Panel, dimension: str, base: str, asking: Asking, run: Mapping[str, str]) -> list[Duel]:
    """Return cells against the base; ``run`` maps them to those whose answers they have, which count once."""
    scores, people = panel.scores(dimension), panel.people[dimension].to_numpy()
    resampling = draw(panel.facts, asking)
    found = {
        name: duels({name: own, base: scores[base]}, people, resampling=resampling)[0]
        for name, own in scores.items()
        if name != base and name in run
    }
    once = [name for name in found if run[name] == name]
    p = dict(zip(once, correct([found[name].p for name in once]), strict=True))
    return [replace(one, p_holm=p.get(run[name])) for name, one in found.items()]


def _chosen(
    rows: Sequence[Row],
    spent: Mapping[str, Spent],
    index: Index,
    parts: tuple[Panel, Panel],
    asking: Asking,
    base: str,
) -> Choice | None:
    """Return the best cell by SRCC overall, and how it fares on the other actions.

    Cells with a control are no candidates, and of cells that differ in a seed, which is luck, the first is.
    """
    seeds = index.experiment.seeds
    free = {
        entry.name
        for entry in index.entries
        if entry.values["controls"] == "none" and entry.values.get("seeds", seeds[0]) == seeds[0]
    }
    searched, confirming = parts
    dimension = OVERALL if OVERALL in searched.measured else searched.measured[0]
    reached = {
        row.rater: row.figures["srcc"].value
        for row in rows
        if row.dimension == dimension and row.rater in free and _failed(spent[row.rater]) <= TOLERATED
    }
    known = {name: value for name, value in reached.items() if value is not None}
    if not known:
        return None
    best = max(known, key=lambda name: known[name])
    own = [row for row in measure(confirming, asking) if row.rater in (best, base)]
    duel = next(iter(_against(confirming, dimension, base, asking, {best: best})), None)
    seen, unseen = (part.facts["action"].nunique() for part in parts)
    return Choice(best, dimension, seen, unseen, own, duel)


def _failed(spent: Spent) -> float:
    return spent.failed / spent.videos if spent.videos else 0.0
