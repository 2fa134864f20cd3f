"""The examination of ``nano``: unseen clips, controls without sight, and baselines."""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gaia_judge.agreement import interval
from gaia_judge.frames import Decoders, Frames, FrameSpec
from gaia_judge.judges import Judge
from gaia_judge.nano.controls import CONTROLS, controlled, misname
from gaia_judge.nano.lessons import DEFECTS, TRAINED
from gaia_judge.people import read_mos
from gaia_judge.synthetic.actions import HELD_OUT, Action
from gaia_judge.synthetic.benchmarks import write_benchmark
from gaia_judge.synthetic.defects import DIMENSIONS, KINDS
from gaia_judge.videos import Video, read_videos

if TYPE_CHECKING:
    from pandas import DataFrame

SEED = 90210
"""Of the examination's clips; training never draws from it."""

Note = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Paper:
    """A part of the examination."""

    name: str
    actions: int
    pool: Sequence[Action]
    defects: Sequence[str]
    generators: int = 18

    def write(self, folder: Path) -> Path:
        """Write the part's benchmark, and return its folder."""
        write_benchmark(
            folder / self.name,
            generators=self.generators,
            actions=self.actions,
            seed=SEED,
            pool=self.pool,
            defects=self.defects,
        )
        return folder / self.name


PAPERS = (
    Paper("held-out generators", 32, TRAINED, DEFECTS),
    Paper("held-out actions", len(HELD_OUT), HELD_OUT, DEFECTS),
    Paper("held-out defects", 20, TRAINED, tuple(name for name, kind in KINDS.items() if kind.held_out)),
)
"""Generators and seeds are new in all; actions and kinds of defects in one each."""


def examine(judge: Judge, folder: Path, note: Note = print) -> dict[str, Any]:
    """Return everything that the examination finds out; also written to ``exam.json``.

    Ratings are kept in the folder, so an examination that was stopped goes on.
    """
    first = PAPERS[0].write(folder)
    videos, mos = read_videos(first), read_mos(first)
    rows: dict[str, DataFrame] = {"nano": _rate(judge, videos, folder / "nano.csv", note)}
    for name in CONTROLS:
        rows[name] = _rate(judge, videos, folder / f"{name.replace(' ', '-')}.csv", note, control=name)
    rows["wrong action named"] = _rate(judge, misname(videos), folder / "misnamed.csv", note)
    rows["generator mean"] = generator_means(videos, mos)
    rows["blur and frame differences"] = ridge(videos, mos)
    found: dict[str, Any] = {
        PAPERS[0].name: {name: agreements(frame, mos, videos) for name, frame in rows.items()},
        "behaviour": behaviour(rows, mos),
    }
    for paper in PAPERS[1:]:
        place = paper.write(folder)
        own = read_videos(place)
        frame = _rate(judge, own, folder / f"{paper.name.replace(' ', '-')}.csv", note)
        found[paper.name] = {"nano": agreements(frame, read_mos(place), own)}
    (folder / "exam.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return found


def _rate(judge: Judge, videos: Sequence[Video], file: Path, note: Note, control: str = "") -> "DataFrame":
    """Return ratings, a row per video and a column per dimension."""
    import pandas as pd

    if not file.is_file():
        note(f"{file.stem}: {len(videos)} clips")
        with controlled(judge, control) if control else nullcontext(judge):
            table = judge.rate(videos).to_pandas()
        wide = table.pivot(index="video", columns="dimension", values="value")
        wide[list(DIMENSIONS)].to_csv(file)
    return pd.read_csv(file, index_col="video").reindex([video.id for video in videos])


def agreements(
    frame: "DataFrame", mos: "DataFrame", videos: Sequence[Video]
) -> dict[str, dict[str, dict[str, object]]]:
    """Return by dimension SRCC and PLCC with people, and SRCC within generators and within actions."""
    people = mos.reindex(frame.index)
    groups = {
        "generator": [video.generator for video in videos],
        "action": [video.action for video in videos],
    }
    return {
        name: {
            "srcc": asdict(interval("srcc", frame[name], people[name])),
            "plcc": asdict(interval("plcc", frame[name], people[name])),
            **{
                f"srcc within {kind}": asdict(interval("srcc", frame[name], people[name], groups=own))
                for kind, own in groups.items()
            },
        }
        for name in DIMENSIONS
    }


def generator_means(videos: Sequence[Video], mos: "DataFrame") -> "DataFrame":
    """Return for each video the mean score of its generator's other videos."""
    people = mos.reindex([video.id for video in videos])
    groups = people.groupby([video.generator for video in videos])
    total, count = groups.transform("sum"), groups.transform("count")
    return (total - people) / (count - 1)


def ridge(videos: Sequence[Video], mos: "DataFrame", weight: float = 1.0) -> "DataFrame":
    """Return ridge regressions on sharpness and frame differences, each fitted on the other generators."""
    import pandas as pd

    features = _features(videos)
    features = (features - features.mean(0)) / features.std(0)
    ids, makers = [video.id for video in videos], np.array([video.generator for video in videos])
    people = mos.reindex(ids)[list(DIMENSIONS)].to_numpy()
    found = np.zeros_like(people)
    for maker in np.unique(makers):
        out = makers == maker
        x, y = features[~out], people[~out]
        beta = np.linalg.solve(x.T @ x + weight * np.eye(x.shape[1]), x.T @ (y - y.mean(0)))
        found[out] = features[out] @ beta + y.mean(0)
    return pd.DataFrame(found, index=pd.Index(ids, name="video"), columns=list(DIMENSIONS))


def _features(videos: Sequence[Video]) -> NDArray[np.float64]:
    """Return per video: sharpness, contrast, and mean, largest and last difference of successive frames."""
    rows: dict[str, list[float]] = {}
    with Decoders(FrameSpec()) as decoders:
        for video, answer in decoders.stream(videos):
            assert isinstance(answer, Frames), answer
            grey = answer.images.mean(-1)
            edges = np.abs(np.diff(grey, axis=1)).mean() + np.abs(np.diff(grey, axis=2)).mean()
            steps = np.abs(np.diff(grey, axis=0)).mean((1, 2))
            rows[video.id] = [edges, grey.std(), steps.mean(), steps.max(), steps[-1]]
    return np.asarray(np.log1p([rows[video.id] for video in videos]))


def behaviour(rows: Mapping[str, "DataFrame"], mos: "DataFrame") -> dict[str, dict[str, float | int]]:
    """Return how a wrong name and lost order change completeness, on the third of clips most complete."""
    name = "completeness"
    people = mos.reindex(rows["nano"].index)[name]
    best = (people >= people.quantile(2 / 3)).to_numpy()
    found = {}
    for control in ("wrong action named", "frames shuffled", "first frame frozen"):
        change = (rows[control][name] - rows["nano"][name]).to_numpy()[best]
        draws = np.random.default_rng(0).choice(change, (2000, len(change))).mean(1)
        low, high = np.quantile(draws, [0.025, 0.975])
        found[control] = {
            "change": float(change.mean()),
            "low": float(low),
            "high": float(high),
            "n": int(best.sum()),
        }
    return found


def show(cell: Mapping[str, Any]) -> str:
    """Return a statistic with its interval.

    >>> show({"value": 0.5, "low": 0.41, "high": 0.58})
    '0.50 [0.41, 0.58]'
    """
    value, low, high = cell["value"], cell["low"], cell["high"]
    return "-" if value is None else f"{value:.2f} [{low:.2f}, {high:.2f}]"


def markdown(found: Mapping[str, Any]) -> str:
    """Return the tables of an examination."""
    return "\n".join(
        [*(_paper(paper.name, found[paper.name]) for paper in PAPERS), _changes(found["behaviour"])]
    )


def _paper(name: str, rows: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> str:
    head = ["rater", "dimension", "SRCC", "PLCC", "SRCC within generator", "SRCC within action"]
    lines = [f"### {name.capitalize()}", "", _row(head), _row(["---"] * len(head))]
    for rater, dimensions in rows.items():
        lines += [_row([rater, name, *map(show, cells.values())]) for name, cells in dimensions.items()]
    return "\n".join([*lines, ""])


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _changes(rows: Mapping[str, Mapping[str, float]]) -> str:
    title = "### Change of completeness (1 to 5) on the third of clips that people find most complete"
    lines = [
        f"- {name}: {one['change']:+.2f} [{one['low']:+.2f}, {one['high']:+.2f}], n = {one['n']}"
        for name, one in rows.items()
    ]
    return "\n".join([title, "", *lines, ""])
