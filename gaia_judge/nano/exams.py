"""The examination of ``nano``: unseen clips, controls without sight, and raters without eyes for actions."""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gaia_judge.agreement import advantage, interval, resample
from gaia_judge.controls import controlled, misname
from gaia_judge.judges import Judge, load_judge
from gaia_judge.nano.folders import take
from gaia_judge.nano.lessons import DEFECTS, TRAINED
from gaia_judge.nano.texts import PROMPT_SETS
from gaia_judge.nano.yardsticks import generator_means, ridge
from gaia_judge.people import read_mos
from gaia_judge.runs import Record, RunFolder
from gaia_judge.scores.files import replacing
from gaia_judge.synthetic.actions import HELD_OUT, Action
from gaia_judge.synthetic.benchmarks import write_benchmark
from gaia_judge.synthetic.defects import DIMENSIONS, KINDS
from gaia_judge.videos import Video, read_videos

if TYPE_CHECKING:
    from pandas import DataFrame

SEED = 90210
"""Of the examination's clips; training never draws from it."""

DIGITS = 3
"""Decimals of ratings that count. Runs keep a fourth, which may differ with the size of batches: a judge who
says the same of all clips would seem to tell them apart."""

SIGHTLESS = ("text only", "blank video", "frames shuffled", "first frame frozen")
"""Controls that take sight away, or the order of what is seen."""

Note = Callable[[str], None]
Results = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Paper:
    """A part of the examination; ``unit`` is what intervals draw anew: generators or actions."""

    name: str
    unit: str
    generators: int
    actions: int
    pool: Sequence[Action]
    defects: Sequence[str]

    @property
    def place(self) -> str:
        """Where its clips are in the examination's folder."""
        return f"benchmarks/{self.name.replace(' ', '-')}"

    def write(self, folder: Path, note: Note) -> tuple[list[Video], "DataFrame"]:
        """Write the part's benchmark, and return its videos and scores."""
        home = folder / self.place
        note(f"{self.name}: {self.generators} generators x {self.actions} actions")
        write_benchmark(
            home,
            generators=self.generators,
            actions=self.actions,
            seed=SEED,
            pool=self.pool,
            defects=self.defects,
        )
        return read_videos(home), read_mos(home)


PAPERS = (
    Paper("held-out generators", "generator", 18, 28, TRAINED, DEFECTS),
    Paper("held-out actions", "action", 9, len(HELD_OUT), HELD_OUT, DEFECTS),
    Paper(
        "held-out defects",
        "generator",
        18,
        14,
        [action for action in TRAINED if action.prop],
        [name for name in KINDS if name not in DEFECTS],
    ),
)
"""Generators and seeds are new in all; actions and kinds of defects in one each."""


def examine(model: str, folder: Path, note: Note = print) -> Results:
    """Return everything that the examination finds out; also written to ``exam.json``.

    Ratings are kept in the folder, so an examination that was stopped goes on.

    Raises:
        GaiaJudgeError: The folder holds the examination of another judge, or other things.
    """
    with load_judge(model, engine="transformers") as judge:  # first, so that nothing is drawn in vain
        take(folder, PAPERS[0].place, "examination of nano")
        papers = {paper.name: paper.write(folder, note) for paper in PAPERS}
        told = {"rater": judge.rater, "weights_digest": judge.manifest()["judge"]["weights_digest"]}
        ratings = {name: _rate(judge, videos, folder, name, note) for name, (videos, _) in papers.items()}
        videos, mos = papers[PAPERS[0].name]
        rows = {"nano": ratings[PAPERS[0].name]}
        for name in SIGHTLESS:
            rows[name] = _rate(judge, videos, folder, name, note, control=name)
        rows["wrong action named"] = _rate(judge, misname(videos), folder, "wrong action named", note)
    for name in PROMPT_SETS[1:]:
        with load_judge(model, engine="transformers", prompt=name) as judge:
            rows[f"nano, {name}"] = _rate(judge, videos, folder, name, note)
    rows["generator mean"] = generator_means(videos, mos)
    rows["blur and frame differences"] = ridge(videos, *papers[PAPERS[1].name])
    found: Results = {"judge": told}
    for paper in PAPERS:
        own, people = papers[paper.name]
        raters = rows if paper is PAPERS[0] else {"nano": ratings[paper.name]}
        found[paper.name] = {
            name: _agreements(frame, people, own, paper.unit) for name, frame in raters.items()
        }
    main = found[PAPERS[0].name]
    for name in [name for name in rows if not name.startswith("nano")]:
        for dimension, cells in main[name].items():
            cells["nano is better by"] = _advantage(rows["nano"], rows[name], mos, videos, dimension)
    for cells in main["generator mean"].values():
        cells["srcc within generator"] |= {"value": None, "low": None, "high": None}
    found["behaviour"] = _behaviour(rows, mos, videos)
    with replacing(folder / "exam.json") as file:
        file.write(json.dumps(found, indent=1, allow_nan=False).encode() + b"\n")
    return found


def _rate(
    judge: Judge, videos: Sequence[Video], folder: Path, name: str, note: Note, control: str = ""
) -> "DataFrame":
    """Return ratings, a row per video and a column per dimension, of a run that goes on where it was."""
    home = folder / "runs" / name.replace(" ", "-")
    with RunFolder.open(home, {**judge.manifest(), "control": control}) as run:
        pending = run.pending(videos)
        note(f"{name}: {len(pending)} of {len(videos)} clips to rate")
        with controlled(judge, control) if control else nullcontext(judge):
            for one in judge.stream(pending):
                run.append(Record.of(one.video, one.frames, one.scores))
        table = run.export(videos).to_pandas()
    found = table.pivot(index="video", columns="dimension", values="value").loc[[one.id for one in videos]]
    return found.round(DIGITS)


def _agreements(frame: "DataFrame", mos: "DataFrame", videos: Sequence[Video], unit: str) -> Results:
    """Return by dimension SRCC and PLCC with people, and SRCC within generators and within actions."""
    people = mos.reindex(frame.index)
    groups = {kind: [getattr(video, kind) for video in videos] for kind in ("generator", "action")}
    found: Results = {}
    for name in DIMENSIONS:
        both = frame[name], people[name]
        whole = [interval(statistic, *both, clusters=groups[unit]) for statistic in ("srcc", "plcc")]
        found[name] = {one.name: asdict(one) for one in whole}
        for kind, own in groups.items():
            inside = interval("srcc", *both, groups=own, clusters=groups[unit], draws=1000)
            found[name][f"srcc within {kind}"] = asdict(inside)
    return found


def _advantage(
    nano: "DataFrame", other: "DataFrame", mos: "DataFrame", videos: Sequence[Video], dimension: str
) -> Results:
    people = mos.reindex(nano.index)[dimension]
    makers = [video.generator for video in videos]
    return asdict(advantage(nano[dimension], other[dimension], people, clusters=makers))


def _behaviour(rows: Mapping[str, "DataFrame"], mos: "DataFrame", videos: Sequence[Video]) -> Results:
    """Return how a wrong name and lost order change completeness, on the third of clips most complete.

    Intervals draw whole generators.
    """
    name = "completeness"
    people = mos.reindex(rows["nano"].index)[name]
    best = (people >= people.quantile(2 / 3)).to_numpy()
    makers = np.array([video.generator for video in videos])
    found = {}
    for control in ("wrong action named", "frames shuffled", "first frame frozen"):
        change = (rows[control][name] - rows["nano"][name]).to_numpy()
        kept = best & np.isfinite(change)
        drawn = resample(int(kept.sum()), [makers[kept]], draws=2000)
        sums = drawn.total(np.stack([change[kept], np.ones(kept.sum())], axis=1))
        low, high = np.quantile(sums[:, 0] / sums[:, 1], [0.025, 0.975]).tolist()
        found[control] = {"value": float(change[kept].mean()), "low": low, "high": high, "n": int(kept.sum())}
    return found
