"""The tables of a benchmark folder: GAIA's own three, and two that only a synthetic world can have."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import numpy as np
from numpy.typing import NDArray

from gaia_judge.scores.files import replacing
from gaia_judge.synthetic.actions import Action
from gaia_judge.synthetic.defects import DIMENSIONS
from gaia_judge.synthetic.generators import Generator
from gaia_judge.synthetic.plans import Plan
from gaia_judge.synthetic.raters import Votes
from gaia_judge.videos.actions import LABELS, PROMPTS

TIME, MIDNIGHT = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"), b"1980-01-01T00:00:00Z"
"""When a workbook was written, and what stands there instead: the same seed gives the same bytes."""

SHEETS = {"body": "Whole-body", "hand": "Hand", "face": "Facial"}
"""Sheets of the label file and the subsets they hold."""


@dataclass(frozen=True, slots=True)
class Clip:
    """A clip of the benchmark: who made it, and what it is."""

    generator: Generator
    plan: Plan

    @property
    def id(self) -> str:
        """The file's name without suffix, as ``read_videos`` has it."""
        return f"({self.generator.name})_({self.plan.action.name})"


def write_prompts(folder: Path, actions: Iterable[Action]) -> None:
    """Write GAIA's ``prompts_all.csv``."""
    _write_csv(
        folder / PROMPTS,
        ("Action", "Scene"),
        ((action.name, action.scene) for action in actions),
        delimiter=";",
    )


def write_labels(folder: Path, actions: Sequence[Action]) -> None:
    """Write GAIA's ``action_label.xlsx``: a class per column for bodies, per row for hands and faces."""
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.active)
    for title, subset in SHEETS.items():
        classes: dict[str, list[str]] = {}
        for action in actions:
            if action.subset == subset:
                classes.setdefault(action.category, []).append(action.name)
        lines = [[name, *members] for name, members in sorted(classes.items())]
        sheet = book.create_sheet(title)
        for row, line in enumerate(lines, start=1):
            for column, text in enumerate(line, start=1):
                place = (column, row) if title == "body" else (row, column)
                sheet.cell(*place, text)
    dated = io.BytesIO()
    book.save(dated)
    with ZipFile(dated) as parts, replacing(folder / LABELS) as file, ZipFile(file, "w") as undated:
        for name in parts.namelist():
            undated.writestr(ZipInfo(name), TIME.sub(MIDNIGHT, parts.read(name)), ZIP_DEFLATED)


def write_scores(folder: Path, clips: Sequence[Clip], mos: NDArray[np.float64]) -> None:
    """Write GAIA's ``MOS.csv``."""
    header = ("filename", *(f"final action {name}" for name in DIMENSIONS))
    rows = (
        (f"{clip.id}.mp4", *(f"{value:.4f}" for value in row)) for clip, row in zip(clips, mos, strict=True)
    )
    _write_csv(folder / "MOS.csv", header, rows)


def write_votes(folder: Path, clips: Sequence[Clip], votes: Votes) -> None:
    """Write ``votes.csv``: every vote, and the seconds that it took (``time``)."""
    rows = (
        (clip.id, f"rater {rater + 1:02d}", dimension, f"{score:.1f}", f"{seconds:.2f}")
        for clip, scored, timed in zip(clips, votes.scores, votes.seconds, strict=True)
        for rater, (own, paces) in enumerate(zip(scored, timed, strict=True))
        if not np.isnan(own[0])
        for dimension, score, seconds in zip(DIMENSIONS, own, paces, strict=True)
    )
    _write_csv(folder / "votes.csv", ("video", "rater", "dimension", "score", "time"), rows)


def write_truth(folder: Path, clips: Iterable[Clip]) -> None:
    """Write ``truth.csv``: latent quality, defects as ``name:severity; ...``, and facts without bearing."""
    facts = [_facts(clip) for clip in clips]
    _write_csv(folder / "truth.csv", tuple(facts[0]), (tuple(fact.values()) for fact in facts))


def _facts(clip: Clip) -> dict[str, object]:
    plan, style = clip.plan, clip.plan.style
    return {
        "video": clip.id,
        "generator": clip.generator.name,
        "year": clip.generator.year,
        "action": plan.action.name,
        **{name: f"{value:.6f}" for name, value in plan.truth.items()},
        "defects": "; ".join(f"{defect.name}:{defect.severity:g}" for defect in plan.defects),
        "frames": plan.frames,
        "fps": f"{plan.fps:g}",
        "width": plan.width,
        "height": plan.height,
        "background": style.background,
        "wall": "#{:02x}{:02x}{:02x}".format(*style.paints["wall"]),
        "scale": f"{style.scale:.4f}",
        "offset": f"{style.offset:.4f}",
        "start": f"{plan.start:.4f}",
        "stop": f"{plan.stop:.4f}",
    }


def _write_csv(
    path: Path, header: Sequence[str], rows: Iterable[Sequence[object]], delimiter: str = ","
) -> None:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\n").writerows([header, *rows])
    with replacing(path) as file:
        file.write(text.getvalue().encode())
