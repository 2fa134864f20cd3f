"""Tables of an experiment's results."""

from collections.abc import Iterator

from gaia_judge.agreement import Agreement, Duel
from gaia_judge.comparison.agreements import FEW, UNITS
from gaia_judge.experiments.results import Choice, Results
from gaia_judge.reports import Cell, Interval, Report, p_text

SHOWN = ("srcc", "plcc", "krcc")
SIGNIFICANT = 0.05
"""Of a p value corrected for the number of cells."""


def list_tables(results: Results) -> Iterator[Report]:
    """Yield the tables of an experiment."""
    if results.panel is None:
        yield _ratings(results)
    else:
        for place, name in enumerate(results.panel.measured):
            yield _agreement(results, name, tuple(_notes(results)) if place == 0 else ())
        if any(results.duels.values()):
            yield _differences(results)
        if results.choice:
            yield _confirmation(results.choice, results)
    yield _costs(results)


def _interval(one: Agreement) -> Interval:
    return Interval(one.value, one.low, one.high)


def _agreement(results: Results, dimension: str, notes: tuple[str, ...]) -> Report:
    rows: list[tuple[Cell, ...]] = []
    for row in results.rows:
        if row.dimension == dimension:
            figures = [_interval(row.figures[name]) for name in SHOWN]
            rows.append((row.rater, *figures, row.figures["srcc"].n, f"{100 * (row.failed or 0):.1f}%"))
    heads = ("cell", *(name.upper() for name in SHOWN), "n", "failed")
    return Report(f"Agreement with people: {dimension}", heads, tuple(rows), notes)


def _notes(results: Results) -> Iterator[str]:
    assert results.panel is not None
    if results.choice:
        count = results.choice.searched
        yield f"On the {count} actions that are searched; {results.choice.confirmed} were kept back."
    elif results.unchosen:
        yield f"On all videos: {results.unchosen}."
    asking = results.asking
    told = f"Intervals: 95%, bootstrap by {asking.unit}, {asking.draws} draws, seed {asking.seed}."
    counts = {name: results.panel.facts[name].nunique() for name in UNITS[asking.unit or "video"]}
    few = (f" From {count} {name}s they are too narrow." for name, count in counts.items() if count < FEW)
    yield told + "".join(few)
    for rater in results.panel.raters[:1]:
        yield from (f"{text[0].upper()}{text[1:]}." for text in rater.warnings)


def _differences(results: Results) -> Report:
    rows: list[tuple[Cell, ...]] = [
        (
            name,
            one.first,
            Interval(one.difference, one.low, one.high),
            p_text(one.p),
            p_text(one.p_holm),
            _verdict(one),
        )
        for name, found in results.duels.items()
        for one in found
    ]
    heads = ("dimension", "cell", f"SRCC above {results.base}", "p", "p (Holm)", "significant")
    told = "Paired on the same videos; p by the bootstrap over clusters, corrected within a dimension (Holm)."
    return Report("Differences from the base", heads, tuple(rows), (told,))


def _verdict(duel: Duel) -> str:
    if duel.p_holm is None or duel.difference is None:
        return duel.reason or "-"
    if duel.p_holm >= SIGNIFICANT:
        return "no"
    return "better" if duel.difference > 0 else "worse"


def _confirmation(choice: Choice, results: Results) -> Report:
    rows: list[tuple[Cell, ...]] = [
        (row.rater, row.dimension, *(_interval(row.figures[name]) for name in SHOWN), row.figures["srcc"].n)
        for row in choice.rows
    ]
    heads = ("cell", "dimension", *(name.upper() for name in SHOWN), "n")
    notes = [
        f"{choice.name} has the highest SRCC ({choice.dimension}) on {choice.searched} actions, of the cells"
        f" without a control and of the first seed; these are the other {choice.confirmed} actions, which the"
        " choice never saw."
    ]
    if choice.confirmed < FEW:
        notes.append(
            f"Intervals from {choice.confirmed} actions are too narrow; more videos would confirm better."
        )
    if choice.duel is None:
        notes.append("It is the base: no other cell was better.")
    else:
        gain = Interval(choice.duel.difference, choice.duel.low, choice.duel.high)
        told = {"better": "significantly better", "worse": "significantly worse", "no": "not significant"}
        verdict = _verdict(choice.duel)
        notes.append(
            f"There its SRCC ({choice.dimension}) differs from that of {results.base} by {gain}:"
            f" {told.get(verdict, verdict)} (p {p_text(choice.duel.p_holm) or 'unknown'})."
        )
    return Report(f"The best cell on unseen actions: {choice.name}", heads, tuple(rows), tuple(notes))


def _ratings(results: Results) -> Report:
    rows: list[tuple[Cell, ...]] = []
    for name, rater in results.raters.items():
        summary = rater.table.summary()
        cells = summary.astype(object).where(summary.notna(), None).itertuples(index=False)
        rows.extend((name, *row) for row in cells)
    heads = ("cell", "dimension", "n", "mean", "spread", "failures")
    return Report("Ratings", heads, tuple(rows), ("With --human the cells are compared with people.",))


def _costs(results: Results) -> Report:
    price = results.index.experiment.price
    heads = ["cell", "videos", "failed", "off scale", "tokens in", "cached", "tokens out", "videos/s"]
    rows: list[tuple[Cell, ...]] = []
    for entry in results.index.entries:
        if (spent := results.spent.get(entry.name)) is None:
            rows.append((entry.name, *[None] * (len(heads) - 1 + price.known)))
            continue
        failed = f"{100 * spent.failed / max(1, spent.videos):.1f}%"
        tokens = [
            one / spent.rated if spent.rated else None for one in (spent.prompt, spent.cached, spent.output)
        ]
        cost = [spent.cost] if price.known else []
        rows.append((entry.name, spent.videos, failed, spent.off_scale, *tokens, spent.speed, *cost))
    if price.known:
        heads.append(f"{price.currency} per 1,000 videos")
    return Report("What it took", tuple(heads), tuple(rows), tuple(_remarks(results)))


def _remarks(results: Results) -> Iterator[str]:
    yield "Off scale: mean probability of anything but the labels. Tokens: per video; cached: of those in."
    yield "Videos/s: of rating alone; frames are decoded once for all cells of a judge that see the same."
    if results.index.experiment.price.per_hour is not None:
        yield "Costs by the hour are of rating alone: loading the model and decoding are not counted."
    for name, spent in results.spent.items():
        if spent.rated < spent.videos:
            yield f"{name}: tokens and time were measured on {spent.rated} of {spent.videos} videos."
    if not results.index.experiment.price.known:
        yield "No cost: the experiment gives no price (price: per_hour, or per million tokens)."
    for entry in results.index.entries:
        if entry.refused:
            yield f"{entry.name}: not run. {entry.refused}"
        elif entry.same_as:
            yield f"{entry.name}: computed once, as {entry.same_as}; the difference changes no answer."
