"""Running cells: judge by judge, so that a model is loaded once, and frames by frames, decoded once."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, cast

from gaia_judge.cards import JudgeCard
from gaia_judge.controls import Controlled
from gaia_judge.engines import Engine
from gaia_judge.errors import EngineError, GaiaJudgeError
from gaia_judge.experiments.cells import Cell
from gaia_judge.experiments.engines import load_choice
from gaia_judge.experiments.files import JudgeChoice
from gaia_judge.frames import Decoders, Frames, FrameSpec
from gaia_judge.judges import FOREIGN, Judge
from gaia_judge.runs import Record, RunFolder
from gaia_judge.runs.journals import Records
from gaia_judge.runs.manifests import read_manifest
from gaia_judge.videos import Video

CHUNK = 32
"""Videos whose frames are held while all cells look at them."""

SPENT = ("seconds", "prompt", "cached", "output")
"""What is kept of each rating: its time, and tokens."""

Load = Callable[[JudgeCard, JudgeChoice], Engine]
Supply = list[tuple[Video, Frames | GaiaJudgeError]]


@dataclass(frozen=True, slots=True)
class Step:
    """One video finished in one cell, or a cell that cannot be run."""

    cell: Cell
    failed: bool = False
    refused: str | None = None


@dataclass(slots=True)
class _Work:
    """A cell that is being run."""

    cell: Cell
    judge: Judge
    run: RunFolder
    pending: Mapping[str, Video]
    """By id, as the judge is told of them."""

    def rate(self, supply: Supply, known: Mapping[str, Video]) -> Iterator[Step]:
        """Rate those of some decoded videos that are pending."""
        told = [(self.pending[one.id], frames) for one, frames in supply if one.id in self.pending]
        for part in [[one] for one in told] if self.cell.control.alone else [told]:
            start = time.monotonic()
            for rated in self.judge.rate_frames(iter(part)):
                spent = {"seconds": round(time.monotonic() - start, 6), **asdict(rated.usage)}
                usage = None if rated.frames is None else spent
                video = known[rated.video.id]
                record = Record.of(video, rated.frames, rated.scores, rated.decimals, usage=usage)
                self.run.append(record)
                yield Step(self.cell, bool(record.errors))
                start = time.monotonic()


def run_cells(
    cells: Sequence[Cell],
    videos: Sequence[Video],
    home: Path,
    *,
    source: str,
    load: Load | None = None,
    retry_errors: bool = False,
) -> Iterator[Step]:
    """Run what is not yet done, and yield each video when it is finished.

    Args:
        cells: As ``lay_out`` returns them; of one key, the first is run.
        videos: What is rated.
        home: Folder of the experiment; a cell is a run folder in its ``cells``.
        source: Where the videos come from; a cell made of others is refused.
        load: Returns the engine of a judge; ``load_choice`` by default.
        retry_errors: Rate again what failed before.

    Raises:
        GaiaJudgeError: What is rated cannot be written. A cell whose folder was made with other settings, or
            is in use, is refused alone.
    """
    first = {cell.key: cell for cell in reversed(cells) if cell.plan}
    own = [cell for cell in cells if cell.plan and first[cell.key] is cell]
    open_cells = [one for one in own if not is_done(one, videos, home, retry_errors)]
    for cell in own:
        if cell not in open_cells and _is_stale(cell.folder(home)):
            settings = read_manifest(cell.folder(home) / "run.json")["manifest"]
            with RunFolder.open(cell.folder(home), settings, {"cell": cell.name}) as run:
                _conclude(run, videos)
    for judge, group in _grouped(open_cells, lambda cell: cell.judge):
        try:
            assert group[0].plan is not None
            engine = (load or load_choice)(group[0].plan.card, judge)
        except EngineError as error:
            yield from (Step(cell, refused=str(error)) for cell in group)
            continue
        try:
            for spec, part in _grouped(group, _spec):
                yield from _run_part(part, spec, engine, videos, home, source, retry_errors)
        finally:
            engine.close()


def is_done(cell: Cell, videos: Sequence[Video], home: Path, retry_errors: bool = False) -> bool:
    """Tell whether a cell's journal holds all videos as they are now; nothing is loaded or locked."""
    records = Records(cell.folder(home) / "journal.jsonl")
    return all(
        (record := records.get(one.id)) and record.is_of(one) and not (retry_errors and record.errors)
        for one in videos
    )


def _run_part(
    cells: Sequence[Cell],
    spec: FrameSpec,
    engine: Engine,
    videos: Sequence[Video],
    home: Path,
    source: str,
    retry_errors: bool,
) -> Iterator[Step]:
    """Run cells that see the same frames by the same engine."""
    known = {video.id: video for video in videos}
    with ExitStack() as held:
        works = []
        for cell in cells:
            try:
                works.append(_open(cell, engine, videos, home, source, retry_errors, held))
            except GaiaJudgeError as error:  # its folder is of another engine's version, or in use
                yield Step(cell, refused=str(error))
        needed = [video for video in videos if any(video.id in work.pending for work in works)]
        try:
            with Decoders(spec) as decoders:
                for chunk in _chunks(decoders.stream(needed)):
                    for work in works:
                        yield from work.rate(chunk, known)
        finally:
            for work in works:
                _conclude(work.run, videos)


def _is_stale(folder: Path) -> bool:
    """Tell whether a run ended after a rating and before its table was written."""
    table, journal = folder / "scores.parquet", folder / "journal.jsonl"
    return not table.is_file() or table.stat().st_mtime_ns < journal.stat().st_mtime_ns


def _conclude(run: RunFolder, videos: Sequence[Video]) -> None:
    """Write the table of all finished videos, of other samples too, and what rating them took."""
    frame = run.export(videos, others=True).to_pandas()
    failed = frame.loc[frame["value"].isna(), "video"].nunique()
    foreign = frame.loc[frame["note"].eq(FOREIGN).fillna(False), "video"].nunique()
    known = [record.usage for record in run.done.values() if record.usage is not None]
    spent = {name: sum(usage.get(name, 0) for usage in known) for name in SPENT}
    counts = {"videos": len(run.done), "failed": int(failed), "foreign_videos": int(foreign)}
    run.conclude({**counts, "spent": {**spent, "rated": len(known)}})


def _open(
    cell: Cell,
    engine: Engine,
    videos: Sequence[Video],
    home: Path,
    source: str,
    retry_errors: bool,
    held: ExitStack,
) -> _Work:
    assert cell.plan is not None
    control = cell.control
    seen = cast(Engine, Controlled(engine, control)) if control.blind or control.frames else engine
    judge = Judge(cell.plan, seen)
    manifest = {**judge.manifest(), "control": control.name, "videos": source}
    run = held.enter_context(RunFolder.open(cell.folder(home), manifest, {"cell": cell.name}))
    told = control.videos(videos) if control.videos else list(videos)
    wanted = {video.id for video in run.pending(videos, retry_errors=retry_errors)}
    return _Work(cell, judge, run, {one.id: one for one in told if one.id in wanted})


def _spec(cell: Cell) -> FrameSpec:
    assert cell.plan is not None
    return cell.plan.frames


def _grouped(cells: Sequence[Cell], by: Callable[[Cell], Any]) -> Iterator[tuple[Any, list[Cell]]]:
    """Yield cells by what they share, in order of appearance."""
    places: list[Any] = []
    for cell in cells:
        if by(cell) not in places:
            places.append(by(cell))
    ordered = sorted(cells, key=lambda cell: places.index(by(cell)))
    return ((value, list(part)) for value, part in groupby(ordered, key=by))


def _chunks(items: Iterator[tuple[Video, Frames | GaiaJudgeError]]) -> Iterator[Supply]:
    chunk: Supply = []
    for item in items:
        chunk.append(item)
        if len(chunk) == CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
