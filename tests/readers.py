"""Everything that reads files from people, each with sound files of which one is spoilt at a time."""

import json
import os
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from random import Random
from typing import Any

import pandas as pd

from gaia_judge.assets import shipped
from gaia_judge.baselines.fittings import read_fitting
from gaia_judge.baselines.regressions import read_features
from gaia_judge.calibration.calibrators import read_calibrator
from gaia_judge.calibration.sources import read_source
from gaia_judge.cards import load_card
from gaia_judge.comparison.dates import read_dates
from gaia_judge.comparison.raters import read_raters
from gaia_judge.comparison.references import read_reference
from gaia_judge.engines import EngineOptions, ModelSpec
from gaia_judge.engines.replay import ReplayEngine
from gaia_judge.errors import GaiaJudgeError
from gaia_judge.experiments.cells import lay_out
from gaia_judge.experiments.files import read_experiment
from gaia_judge.experiments.indexes import read_index
from gaia_judge.opinions.tables import read_votes
from gaia_judge.people.scores import read_human
from gaia_judge.prompts import SENTINELS, load_prompt_set
from gaia_judge.protocols import load_protocol
from gaia_judge.runs import Record, RunFolder
from gaia_judge.scales import load_scale
from gaia_judge.scores import Score, ScoreTable
from gaia_judge.studio.studies import anchors_of, read_study
from gaia_judge.synthetic.actions import ACTIONS
from gaia_judge.synthetic.tables import write_labels
from gaia_judge.videos import Video, read_videos
from tests import hostiles

CLIPS = [
    Video(id=f"({maker})_({action})", path=Path("none.mp4"), generator=maker, action=action)
    for maker in ("a", "b")
    for action in ("waving", "jumping", "sewing")
]
ROWS = [
    Score(video=clip.id, dimension=name, rater="r", value=3.0, distribution={"1": 0.5, "5": 0.5})
    for clip in CLIPS
    for name in ("subject", "completeness")
]
MANIFEST = {"judge": {"name": "j", "world": ""}, "frames": {"count": 8}, "seed": 0}

MOS = "filename,final action subject,final action completeness\n" + "".join(
    f"{clip.id}.mp4,{40 + at},{50 + at}\n" for at, clip in enumerate(CLIPS)
)
VOTES = "video,rater,dimension,score,repeat,time\n" + "".join(
    f"{clip.id},p{rater},subject,{1 + (at + rater) % 5},1,2.5\n"
    for at, clip in enumerate(CLIPS)
    for rater in range(3)
)
LISTED = "path,id,prompt,action,generator,category,subset\n" + "".join(
    f"{clip.id}.mp4,{at},A prompt.,{clip.action},{clip.generator},c,hand\n" for at, clip in enumerate(CLIPS)
)
FEATURES = "video,f1,f2\n" + "".join(f"{clip.id},{at},{at * at}\n" for at, clip in enumerate(CLIPS))
REPLIES = "".join(
    json.dumps({"ask": f"{at:024x}", "reply": {"draws": ["Good"], "distribution": {"Good": 1.0}}}) + "\n"
    for at in range(3)
)
EXPERIMENT = """judges: [nano]
vary: one
prompts: [syllogism, {set: syllogism, order: reversed, label: other way}]
scales: [null, words]
frames: [null, x2, 4]
seeds: [0, 1]
controls: [none, text only]
price: {per_hour: 2.5, currency: EUR}
rules: [{name: a, asks: b, cell: text only, kind: blind, expect: c}]
"""


def _table(rows: list[dict[str, Any]]) -> bytes:
    file = BytesIO()
    pd.DataFrame(rows).to_parquet(file)
    return file.getvalue()


@dataclass(frozen=True, slots=True)
class Reader:
    """What reads a file, and how the file is spoilt."""

    file: str
    """The one that is spoilt, below the working folder."""
    sound: Callable[[], bytes | str]
    spoil: Callable[[Random, bytes], bytes]
    read: Callable[[Path], Any]
    beside: Callable[[Path], Any] = lambda file: None
    """Writes what else must be there."""


def _scored(file: Path) -> None:
    table = ScoreTable.read(file)
    table.wide(), table.summary(), table.facts()
    read_raters([str(file)]), read_source(file)


def _levels(file: Path) -> None:
    read_source(file).levels()


def _ran(file: Path) -> None:
    with RunFolder.open(file.parent, MANIFEST) as run:
        run.pending(CLIPS)
        run.export(CLIPS)


def _questions(file: Path) -> None:
    prompt = load_prompt_set(file.parent.name)
    prompt.digest, [prompt.texts(video) for video in SENTINELS]


def _laid_out(file: Path) -> None:
    [cell.folder(Path("out")) for cell in lay_out(read_experiment(str(file)), CLIPS)]


def _indexed(file: Path) -> None:
    found = read_index(file.parent)
    [found.results(entry) for entry in found.entries]


def _journal() -> bytes:
    return b"".join(
        Record.of(clip, None, [row for row in ROWS if row.video == clip.id]).line() for clip in CLIPS
    )


def _run(file: Path) -> None:
    with RunFolder.open(file.parent, MANIFEST):
        pass


def _gaia(file: Path) -> None:
    actions = list(ACTIONS.values())[:9] if isinstance(ACTIONS, dict) else list(ACTIONS)[:9]
    (file.parent / "videos").mkdir(exist_ok=True)
    for action in actions:
        (file.parent / "videos" / f"(a)_({action.name}).mp4").touch()
    write_labels(file.parent, actions)
    lines = [f"{action.name};{action.scene}" for action in actions]
    (file.parent / "prompts_all.csv").write_text("\n".join(["Action;Scene", *lines]), encoding="utf-8")


def _labels() -> bytes:
    folder = Path("labels")
    folder.mkdir(exist_ok=True)
    _gaia(folder / "x")
    return (folder / "action_label.xlsx").read_bytes()


def _prompts() -> bytes:
    _labels()
    return Path("labels/prompts_all.csv").read_bytes()


def _shipped(place: str) -> Callable[[], bytes]:
    return lambda: (shipped() / place).read_bytes()


READERS: dict[str, Reader] = {
    "manifest.csv": Reader("clips.csv", lambda: LISTED, hostiles.spoil_csv, read_videos),
    "manifest.jsonl": Reader(
        "clips.jsonl",
        lambda: '{"path": "a.mp4", "id": "x"}\n{"path": "b.mp4"}\n',
        hostiles.spoil_json,
        read_videos,
    ),
    "manifest.parquet": Reader(
        "clips.parquet",
        lambda: _table([{"path": "a.mp4"}, {"path": "b.mp4"}]),
        hostiles.spoil_bytes,
        read_videos,
    ),
    "prompts.csv": Reader(
        "folder/prompts.csv",
        lambda: LISTED,
        hostiles.spoil_csv,
        lambda file: read_videos(file.parent),
        lambda file: [(file.parent / f"{clip.id}.mp4").touch() for clip in CLIPS],
    ),
    "GAIA prompts": Reader(
        "gaia/prompts_all.csv", _prompts, hostiles.spoil_csv, lambda file: read_videos(file.parent), _gaia
    ),
    "GAIA labels": Reader(
        "gaia/action_label.xlsx", _labels, hostiles.spoil_bytes, lambda file: read_videos(file.parent), _gaia
    ),
    "people": Reader("MOS.csv", lambda: MOS, hostiles.spoil_csv, read_human),
    "people.jsonl": Reader(
        "MOS.jsonl",
        lambda: '{"video": "a", "subject": 3}\n{"video": "b", "subject": 4}\n',
        hostiles.spoil_json,
        read_human,
    ),
    "votes": Reader("votes.csv", lambda: VOTES, hostiles.spoil_csv, read_votes),
    "votes of people": Reader("votes.csv", lambda: VOTES, hostiles.spoil_csv, read_human),
    "scores": Reader(
        "s/scores.csv",
        lambda: pd.DataFrame([one.row() for one in ROWS]).to_csv(),
        hostiles.spoil_csv,
        _scored,
    ),
    "scores.jsonl": Reader(
        "scores.jsonl",
        lambda: "".join(json.dumps(one.row()) + "\n" for one in ROWS),
        hostiles.spoil_json,
        _scored,
    ),
    "scores.parquet": Reader(
        "scores.parquet",
        lambda: _table([{**one.row(), "distribution": "{}"} for one in ROWS]),
        hostiles.spoil_bytes,
        _scored,
    ),
    "distributions": Reader(
        "levels.jsonl",
        lambda: "".join(json.dumps(one.row()) + "\n" for one in ROWS),
        hostiles.spoil_json,
        _levels,
    ),
    "journal": Reader("run/journal.jsonl", _journal, hostiles.spoil_json, _ran, _run),
    "run.json": Reader(
        "run/run.json",
        lambda: json.dumps({"manifest": MANIFEST, "recorded": [], "results": {}}, indent=2),
        hostiles.spoil_json,
        _ran,
        _run,
    ),
    "judge": Reader(
        "judges/mine.yaml",
        _shipped("judges/llava.yaml"),
        hostiles.spoil_yaml,
        lambda file: load_card("mine").spec(),
    ),
    "checkpoint": Reader(
        "model/config.json",
        lambda: json.dumps(
            {"architectures": ["X"], "random_weights": True, "prompt_sets": ["a@0123456789ab"]}
        ),
        hostiles.spoil_json,
        lambda file: load_card(str(file.parent)).spec(),
    ),
    "prompt set": Reader(
        "prompts/syllogism-reasoned/prompt.yaml",
        _shipped("prompts/syllogism-reasoned/prompt.yaml"),
        hostiles.spoil_yaml,
        _questions,
        lambda file: [
            (file.parent / each.name).write_bytes(each.read_bytes())
            for each in (shipped() / "prompts" / file.parent.name).glob("*.j2")
        ],
    ),
    "template": Reader(
        "prompts/syllogism/opening.j2",
        _shipped("prompts/syllogism/opening.j2"),
        hostiles.spoil_bytes,
        _questions,
    ),
    "scale": Reader(
        "prompts/scales/mine.yaml",
        lambda: "about: x\nlevels: [{label: Bad, value: 1}, {label: Good, value: 2}]\n",
        hostiles.spoil_yaml,
        lambda file: load_scale("mine").wording_down,
    ),
    "experiment": Reader("mine.yaml", lambda: EXPERIMENT, hostiles.spoil_yaml, _laid_out),
    "index": Reader(
        "exp/experiment.json",
        lambda: json.dumps(
            {
                "experiment": {"judges": [{"model": "nano"}]},
                "videos": "x",
                "human": None,
                "cells": [
                    {
                        "name": "base",
                        "values": {},
                        "folder": "cells/x",
                        "same_as": None,
                        "refused": None,
                        "low": 1,
                        "high": 5,
                    }
                ],
            }
        ),
        hostiles.spoil_json,
        _indexed,
    ),
    "study": Reader(
        "study.yaml",
        lambda: (
            "title: x\nbackground:\n- {name: age, question: How old, options: [young, old]}\n"
            "dimensions:\n- {name: subject, question: Well done, anchors: [bad, good]}\nscale: one-to-five\n"
            "training:\n- {video: a, scores: {subject: 3}, note: b}\nvotes: 15\nsession: 60\nrepeats: 0.05\n"
        ),
        hostiles.spoil_yaml,
        lambda file: [anchors_of(read_study(file), one) for one in read_study(file).dimensions],
    ),
    "protocol": Reader(
        "calibration/protocols/mine.yaml",
        _shipped("calibration/protocols/gaia.yaml"),
        hostiles.spoil_yaml,
        lambda file: load_protocol("mine"),
    ),
    "reference": Reader(
        "calibration/reference/mine.csv",
        _shipped("calibration/reference/gaia.csv"),
        hostiles.spoil_csv,
        lambda file: read_reference("mine"),
    ),
    "dates": Reader(
        "dates.csv", lambda: "generator,year,month\na,2024,5\nb,2023,\n", hostiles.spoil_csv, read_dates
    ),
    "features": Reader("features.csv", lambda: FEATURES, hostiles.spoil_csv, read_features),
    "replies": Reader(
        "replies.jsonl",
        lambda: REPLIES,
        hostiles.spoil_json,
        lambda file: ReplayEngine(ModelSpec(model="none"), EngineOptions(record=str(file))),
    ),
    "calibrator": Reader(
        "map.json", lambda: '{"version": 1, "library": "1", "maps": {}}', hostiles.spoil_json, read_calibrator
    ),
    "fit": Reader(
        "fit/fit.json",
        lambda: '{"kind": "x", "metric": "a", "dimensions": {"subject": "a"}, "digests": {}, "videos": []}',
        hostiles.spoil_json,
        lambda file: read_fitting(file.parent),
    ),
}
"""By what is read."""


@dataclass(slots=True)
class Trial:
    """What became of spoilt files."""

    ends: Counter[str] = field(default_factory=Counter)
    """``refused`` with an error for people, or ``read``."""
    wrong: list[str] = field(default_factory=list)
    slowest_s: float = 0.0


def try_reader(name: str, home: Path, count: int, seed: int) -> Trial:
    """Let a reader read spoilt files; whatever it raises but an error for people is wrong."""
    found, reader = Trial(), READERS[name]
    with _working_in(home):
        sound = reader.sound()
        whole = sound.encode() if isinstance(sound, str) else sound
        file = home / reader.file
        file.parent.mkdir(parents=True, exist_ok=True)
        reader.beside(file)
        file.write_bytes(whole)
        if name not in ("calibrator", "fit"):
            reader.read(file)
        for number in range(count):
            data = reader.spoil(Random(f"{seed}-{name}-{number}"), whole)
            _try_one(reader, file, data, found)
        if (home / "OWNED").exists():
            found.wrong.append("a command was run")
    return found


def _try_one(reader: Reader, file: Path, data: bytes, found: Trial) -> None:
    file.write_bytes(data)
    start = time.monotonic()
    try:
        reader.read(file)
        found.ends["read"] += 1
    except GaiaJudgeError as error:
        found.ends["refused"] += 1
        if not error.message:
            found.wrong.append(f"no message: {data[:200]!r}")
    except Exception as error:
        found.wrong.append(f"{type(error).__name__}: {error} at {_place(error)}: {data[:200]!r}")
    found.slowest_s = max(found.slowest_s, time.monotonic() - start)


def _place(error: Exception) -> str:
    trace, place = error.__traceback__, ""
    while trace:
        code = trace.tb_frame.f_code
        place = (
            f"{Path(code.co_filename).name}:{trace.tb_lineno}" if "gaia_judge" in code.co_filename else place
        )
        trace = trace.tb_next
    return place


@contextmanager
def _working_in(home: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(home)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        os.chdir(before)
