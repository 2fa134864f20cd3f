"""How fast the metrics measure, in how much memory, and what it saves to decode once.

    python benchmarks/baselines.py [--clips N] [--shared N] [--metrics NAME,...] [--frames N] [--threads N]

Each metric gets a process of its own and the same drawn clips. Machines differ and are busy at times, so
every clip is decoded and measured in turn, and a metric's time is told as a multiple of that of decoding all
frames: this compares between metrics, runs and machines as seconds do not. Weights that would need a download
are random ones in networks of the real sizes: good for speed and memory, not for scores, so none is shown.
"""

import argparse
import multiprocessing
import os
import resource
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import psutil

from gaia_judge.baselines import EVERY, Clip, Metric, Setting, find_metric, load_battery
from gaia_judge.baselines.registry import metric_entries
from gaia_judge.errors import GaiaJudgeError
from gaia_judge.frames import Frames, sample, subset
from gaia_judge.synthetic.benchmarks import write_benchmark
from gaia_judge.synthetic.generators import sample_generators
from gaia_judge.videos import Video, read_videos

GENERATORS = 18
EMBEDDED = "vqascore:nano"
"""Stands for the metrics that ask a judge: the only one that needs no download."""
PAIR = ("descriptor-consistency", "dis-flow-score")
"""Metrics without weights that share decoded frames alone;"""
FOUR = (*PAIR, "dis-dynamic-degree", "dis-smoothness")
"""and four of which two share their flow as well."""
ROUNDS = 3
COLUMNS = "{:26} {:>8} {:>8} {:>8} {:>10} {:>8}"


@dataclass(frozen=True)
class Spent:
    """Seconds on the clock, and of the processor: this one's and those of processes that have ended."""

    wall: float = 0.0
    processor: float = 0.0

    def __add__(self, other: "Spent") -> "Spent":
        return Spent(self.wall + other.wall, self.processor + other.processor)

    def __truediv__(self, other: "Spent") -> "Spent":
        return Spent(self.wall / other.wall, self.processor / other.processor)


@dataclass
class Row:
    """What one metric took."""

    measuring: Spent = Spent()
    decoding: Spent = Spent()
    """All clips together; decoding is of all their frames."""
    done: int = 0
    memory: float = 0.0
    """GiB at most, beyond torch and the decoder."""
    errors: list[str] = field(default_factory=list)


def spend(work: Callable[[], Any]) -> Spent:
    def used() -> float:
        each = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        return sum(one.ru_utime + one.ru_stime for one in each)

    start, before = time.perf_counter(), used()
    work()
    return Spent(time.perf_counter() - start, used() - before)


def peak() -> float:
    """Return the most memory that this process had, in GiB; ``ru_maxrss`` would count its parent's, too."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("VmHWM"))) / 2**20


def measure(name: str, videos: Sequence[Video], weights: dict[str, Path], threads: int) -> Row:
    """Measure one metric in this process; the first clip is for warming up."""
    # Before anything is decoded: a decoder loads libraries that torch, if it came later, would crash in.
    import torch

    torch.set_num_threads(threads)
    metric = find_metric(name)
    sample(videos[0].path, EVERY)
    held = psutil.Process().memory_info().rss / 2**30
    measurer = metric.load(metric, Setting(weights=weights, non_commercial=True))
    row = Row()
    for at, video in enumerate(videos):
        frames: list[Frames] = []
        decoding = spend(partial(_decode, video, frames))
        clip = Clip(video, subset(frames[0], metric.frames))
        try:
            measuring = spend(partial(measurer.measure, [clip]))
        except GaiaJudgeError as error:
            row.errors.append(str(error))
            continue
        if at:
            row.done += 1
            row.measuring, row.decoding = row.measuring + measuring, row.decoding + decoding
    row.memory = peak() - held
    getattr(measurer, "close", lambda: None)()
    return row


def _decode(video: Video, frames: list[Frames]) -> None:
    frames.append(sample(video.path, EVERY))


def share(names: Sequence[str], videos: Sequence[Video]) -> list[Spent]:
    """Return, per round, what metrics took in one battery as a share of what each took in its own."""
    together = load_battery([find_metric(name) for name in names])
    single = [load_battery([find_metric(name)]) for name in names]
    found = []
    for _ in range(ROUNDS):
        once = spend(lambda: list(together.stream(videos)))
        found.append(once / spend(lambda: [list(battery.stream(videos)) for battery in single]))
    return found


def apart(threads: int, work: Callable[..., Any], *given: Any) -> Any:
    """Call a function in a new process, in which libraries compute in so many threads."""
    os.environ |= {"OMP_NUM_THREADS": str(threads), "TQDM_DISABLE": "1"}
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, context, initializer=limit, initargs=(threads,)) as pool:
        return pool.submit(work, *given).result()


def limit(threads: int) -> None:
    import cv2

    cv2.setNumThreads(threads)


def build(name: str, folder: Path) -> Path:
    import networks  # beside this file; imports torch, which the metrics' memory is to include

    path: Path = networks.build(name, folder)
    return path


def choose(asked: str | None) -> list[Metric]:
    """Return the metrics asked for, or all whose weights can be made up, and the embedded judge's."""
    if asked:
        chosen = [find_metric(name) for name in asked.split(",")]
        if trained := [one.name for one in chosen if one.recipe and "fit" not in one.facts]:
            raise SystemExit(f"{', '.join(trained)} must be fitted first; see benchmarks/extractors.py.")
        return chosen
    found = [find_metric(name) for name in metric_entries()]
    # Metrics that ask a judge name it among their facts; its weights are gigabytes.
    return [one for one in found if "judge" not in one.facts and not one.obstacles] + [find_metric(EMBEDDED)]


def draw(folder: Path, clips: int, frames: int) -> list[Video]:
    """Draw so many clips of at most so many frames, generators in turn so that a few have all sizes."""
    short = {one.name for one in sample_generators(GENERATORS, 0) if one.timing[0] <= frames}
    write_benchmark(folder, generators=GENERATORS, actions=-(-clips // len(short)))
    videos = [video for video in read_videos(folder) if video.generator in short]
    return sorted(videos, key=lambda video: (video.action, video.generator))[:clips]


def show(metric: Metric, row: Row, clips: int) -> None:
    random, cells = "RANDOM" if metric.weights else "-", ["-"] * 3
    if row.done:
        ratio = row.measuring / row.decoding
        cells = [f"{row.done / row.measuring.wall:.3g}", f"{ratio.wall:.1f}x", f"{ratio.processor:.1f}x"]
    print(COLUMNS.format(metric.name, random, *cells, f"{row.memory:.2f}"), flush=True)
    for error in dict.fromkeys(row.errors):
        print(f"  {row.errors.count(error)} of {clips + 1} clips failed: {error}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clips", type=int, default=6, help="how many are timed, after one for warming up")
    parser.add_argument(
        "--shared", type=int, default=48, help="clips of the batteries, whose decoders start each time"
    )
    parser.add_argument("--metrics", help="names, with commas between; else all that need no download")
    parser.add_argument("--frames", type=int, default=16, help="the most that a clip may have")
    parser.add_argument("--threads", type=int, default=1, help="that compute")
    given = parser.parse_args()
    chosen = choose(given.metrics)
    print("RANDOM WEIGHTS IN NETWORKS OF THE REAL SIZES: speed and memory only; scores would mean nothing.")
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {given.threads} thread(s), ", end="")
    print(f"{given.clips} clips of at most {given.frames} frames; times as multiples of decoding all frames")
    with tempfile.TemporaryDirectory() as name:
        videos = draw(Path(name) / "clips", max(given.clips + 1, given.shared), given.frames)
        print(COLUMNS.format("metric", "weights", "clips/s", "time", "processor", "GiB"), flush=True)
        for metric in chosen:
            weights = {one.name: apart(1, build, one.name, Path(name)) for one in metric.weights}
            row = apart(
                given.threads, measure, metric.name, videos[: given.clips + 1], weights, given.threads
            )
            show(metric, row, given.clips)
        for names in (PAIR, FOUR):
            shares: list[Spent] = apart(given.threads, share, names, videos[: given.shared])
            print(f"one battery of these takes of the same in {len(names)}: {', '.join(names)}")
            for what in ("wall", "processor"):
                found = [getattr(one, what) for one in shares]
                print(
                    f"  {what} {median(found):.2f} ({', '.join(f'{one:.2f}' for one in found)})", flush=True
                )
    print(f"load at the end: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
