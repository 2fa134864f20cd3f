"""What the terminal shows: progress, tables, warnings. Everything but results goes to standard error."""

import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Self

import click
from rich.panel import Panel
from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from rich.table import Table

from gaia_judge.baselines import Battery
from gaia_judge.cards import JudgeCard
from gaia_judge.cli.consoles import Screen
from gaia_judge.cli.texts import legible
from gaia_judge.judges import Judge
from gaia_judge.reports import Report, cell_text, csv_text, latex, markdown
from gaia_judge.scores import ScoreTable
from gaia_judge.videos import Video

if TYPE_CHECKING:
    from pandas import DataFrame

RANDOM_WEIGHTS = (
    "RANDOM WEIGHTS: this checkpoint was made for tests. Its numbers are NOT judgements of the videos."
)

SYNTHETIC_WORLD = (
    "SYNTHETIC WORLD: this judge knows only clips that gaia-judge has drawn. It demonstrates the machinery;"
    " its numbers are no evidence about real videos or real judges."
)

WORDS = (12, 9, 7, 5, 1)
"""Letters up to which a word in a table is not broken: as many as the terminal has room for."""

WIDEST = 10_000

QUIET_SECONDS = 30.0
"""Without a terminal, a line of progress is written this often."""

out = Screen()
err = Screen(stderr=True)


def banner(card: JudgeCard) -> None:
    """Warn where the numbers that follow mean nothing, or nothing beyond the synthetic world."""
    _banner(random_weights=card.random_weights, synthetic=card.world == "synthetic")


def battery_banner(battery: Battery) -> None:
    """Warn as ``banner`` does of any of the metrics, and of licences that forbid commercial use."""
    judges = [metric.facts.get("judge", {}) for metric in battery.metrics]
    _banner(
        random_weights=any("random weights" in rater for rater in battery.raters),
        synthetic=any(judge.get("world") == "synthetic" for judge in judges),
    )
    for one in {one.name: one for metric in battery.metrics for one in metric.weights}.values():
        if one.non_commercial:
            what = f"NOT FOR COMMERCIAL USE: the weights {one.name} ({one.source}), {one.licence}."
            err.print(Panel(what, style="yellow"))


def _banner(*, random_weights: bool, synthetic: bool) -> None:
    if random_weights:
        err.print(Panel(RANDOM_WEIGHTS, style="bold red"))
    if synthetic:
        err.print(Panel(SYNTHETIC_WORLD, style="yellow"))


def foreign_banner(counts: Mapping[str, int]) -> None:
    """Say how many of the videos are outside the judge's world, if any are."""
    if foreign := counts["foreign_videos"]:
        what = f"FOREIGN VIDEOS: {foreign} of {counts['videos']} are outside the judge's world."
        err.print(Panel(f"{what} Their ratings mean NOTHING; the column note marks them.", style="bold red"))


class Progress:
    """A bar with things per second, time left and failures; lines now and then without a terminal."""

    def __init__(self, verb: str, things: str, *, total: int, done: int = 0) -> None:
        self._bar = Bar(
            SpinnerColumn(),
            TextColumn(verb, markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TextColumn("left"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[failures]}"),
            TextColumn("{task.fields[saying]}", markup=False),
            console=err,
            disable=not err.is_terminal,
        )
        self._things, self._total, self._before, self._new, self._failed = things, total, 0, 0, 0
        self._start = self._said = time.monotonic()
        self._task = self._bar.add_task("", total=total, rate="", failures="", saying="")
        self.skip(done)

    def skip(self, count: int) -> None:
        """Count what an earlier start has finished, which says nothing about speed."""
        self._before += count
        self._bar.reset(self._task, completed=self._before + self._new)

    def say(self, text: str) -> None:
        """Show what is going on beside the bar."""
        self._bar.update(self._task, saying=text)

    def advance(self, count: int = 1, *, failed: bool = False) -> None:
        """Count what has just been finished."""
        self._new += count
        self._failed += failed
        rate = f"{self._rate:.2f} {self._things}/s"
        failures = f"{self._failed} failures" if self._failed else ""
        self._bar.update(self._task, advance=count, rate=rate, failures=failures)
        if not err.is_terminal and time.monotonic() - self._said > QUIET_SECONDS:
            self._said = time.monotonic()
            left = (self._total - self._before - self._new) / self._rate
            told = [f"{self._before + self._new}/{self._total}", rate, f"{left:.0f} s left", failures]
            err.print(", ".join(filter(None, told)))

    @property
    def _rate(self) -> float:
        return self._new / max(time.monotonic() - self._start, 1e-9)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()
        seconds = time.monotonic() - self._start
        skipped = f" ({self._before} were done before)" if self._before else ""
        rate = f"{self._rate:.2f} {self._things}/s"
        err.print(f"{self._new} {self._things} in {seconds:.1f} s, {rate}{skipped}")


def summary_screen(judge: Judge, folder: Path, table: ScoreTable, counts: Mapping[str, int]) -> None:
    """Show mean, spread and failures per dimension, and per generator if there are several.

    Args:
        judge: Who rated.
        folder: The run.
        table: Its scores.
        counts: Numbers of ``videos``, of those that ``failed``, and of ``foreign_videos``.
    """
    banner(judge.card)
    title = f"{judge.rater}, scale {judge.prompt.scale.low:g} to {judge.prompt.scale.high:g}"
    _show_table(_summary(title, table.summary()))
    generators = table.to_pandas()["generator"].dropna().unique()
    if len(generators) > 1:
        _show_table(_summary(f"{title}, by generator", table.summary(["dimension", "generator"])))
    _closing(folder, counts)


def battery_screen(battery: Battery, folder: Path, table: ScoreTable, counts: Mapping[str, int]) -> None:
    """Show mean, spread and failures per metric; see ``summary_screen``."""
    battery_banner(battery)
    _show_table(_summary("Metrics", table.summary(["rater", "dimension"])))
    _closing(folder, counts)
    err.print(f"Against people: gaia-judge compare {folder} --human MOS.csv", soft_wrap=True)


def _closing(folder: Path, counts: Mapping[str, int]) -> None:
    foreign_banner(counts)
    if failed := counts["failed"]:
        err.print(
            f"{failed} videos have no complete rating; the column error says why. --retry-errors tries again."
        )
    err.print(f"Scores: {folder / 'scores.csv'}", soft_wrap=True)


def preview_screen(judge: Judge, video: Video) -> None:
    """Show what the model would read for one video, without asking it."""
    frames, preview = judge.preview(video)
    height, width = frames.images.shape[1:3]
    times = ", ".join(f"{second:.2f}" for second in frames.seconds)
    out.print(f"Video   {video.id} ({video.path})", markup=False, highlight=False)
    out.print(f"Frames  {len(frames.images)} of {frames.total}, {width}x{height}, at {times} s {frames.note}")
    out.print(f"Tokens  {'known to the server only' if preview.tokens is None else preview.tokens}")
    out.print(preview.text, markup=False, highlight=False, soft_wrap=True)


def show_report(report: Report, format: str = "table") -> None:
    """Print a table: for the terminal, or as ``markdown``, ``latex`` or ``csv``."""
    if format == "table":
        _show_table(report)
    else:
        text = {"markdown": markdown, "latex": latex, "csv": csv_text}[format](report)
        click.echo(legible(text) if out.is_terminal else text)


def _show_table(report: Report) -> None:
    room = out.options.update(max_width=WIDEST)  # else every table is measured to fit
    tables = [_fill(report, word) for word in WORDS]
    out.print(
        next((one for one in tables if out.measure(one, options=room).minimum <= out.width), tables[-1])
    )
    for note in report.notes:
        out.print(note, markup=False, highlight=False)


def _fill(report: Report, word: int) -> Table:
    """Return a table whose columns are not narrower than their longest word, or ``word`` letters."""
    shown = Table(title=report.title, title_justify="left")
    for at, name in enumerate(report.columns):
        side: Literal["left", "right"] = "right" if report.numeric(at) else "left"
        words = " ".join([name, *(cell_text(row[at]) for row in report.rows)]).split()
        width = min(word, max(map(len, words), default=0))
        shown.add_column(name, justify=side, overflow="fold", min_width=width)
    for row in report.rows:
        shown.add_row(*map(cell_text, row))
    return shown


def _summary(title: str, frame: "DataFrame") -> Report:
    rows = frame.astype(object).where(frame.notna(), None).itertuples(index=False)
    return Report(title, tuple(frame.columns), tuple(tuple(row) for row in rows))
