"""What a rating costs: bare vLLM, ``gaia-judge score``, and lmms-eval, side by side on the same clips.

    python -m benchmarks.speed KIND [--clips N] [--rounds N] [--harness PYTHON:FOLDER] [--plot FILE]

KIND is an architecture of ``tests/checkpoints``: a small checkpoint with random weights, for speed only.
Clips are made here: 16 frames in the sizes of the synthetic generators, of which all ways take 8. vLLM's
caches are emptied before each turn. The ways, with ``OMP_NUM_THREADS=1``:

(a) bare vLLM: everything decoded and rendered beforehand, all first questions submitted at once, each
    further one when that before it is answered; exactly the questions that (b) asks, one request a rating.
(b) what ``gaia-judge score`` does once its model is loaded: decoding, three chained dimensions (syllogism),
    journal and tables included.
(c) lmms-eval 0.7.2 at commit 75571cf, its model ``vllm_chat`` in a process of its own. It deviates from its
    command in this: its evaluator, which would only add time, is left out; it writes one token a question,
    the least there is; vLLM's settings, 8 frames and 64 questions at a time are ours. It asks the
    independent set, one request a question, each with the clip decoded anew and sent as 8 PNG images, so
    that the model reads images (LLaVA-OneVision in tiles) and not a video.
(d) as (a), while another process decodes the clips that (b) decodes, for nobody: the least that both cost on
    a machine that has no core to spare.

"engine's thread" is the processor time of the thread that feeds and steps vLLM, which other work disturbs
less than the clock. The queue is empty while vLLM holds no request, until the tables of (b) are written.

docs/speed.md has what was measured.
"""

import argparse
import math
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from statistics import median
from typing import Any, cast

from benchmarks.clips import decoding, questions, write_clips
from benchmarks.harnesses import Harness
from benchmarks.queues import Watch
from gaia_judge.cli.ratings import rate_videos
from gaia_judge.engines import Engine, Request
from gaia_judge.engines.vllm import VllmEngine
from gaia_judge.engines.vllm.params import logprobs_of
from gaia_judge.frames import Decoders
from gaia_judge.judges import Judge, load_judge
from gaia_judge.runs import RunFolder
from gaia_judge.videos import Video
from tests.checkpoints import build


class Notes:
    """An engine that notes what it is asked: ``asked[talk]`` are a video's questions, in order."""

    def __init__(self, engine: VllmEngine) -> None:
        self._engine, self.width, self.describe = engine, engine.width, engine.describe
        self.collect, self.asked = engine.collect, defaultdict[Any, list[Request]](list)

    def submit(self, key: Hashable, request: Request) -> None:
        assert isinstance(key, tuple)
        self.asked[key[0]].append(request)
        self._engine.submit(key, request)


def forget(llm: Any) -> None:
    """Empty all of vLLM's caches, so that clips are new to it."""
    llm.reset_mm_cache()
    llm.reset_prefix_cache()
    llm.llm_engine.reset_encoder_cache()


def prepare(engine: VllmEngine, asked: Sequence[Sequence[Request]]) -> list[list[tuple[Any, Any]]]:
    """Return per video vLLM's prompts and parameters, in order; a rating is one request."""
    talks = []
    for requests in asked:
        texts = [engine._conversations.render(request) for request in requests]
        walks = [
            engine._conversations.walk(text, request.ask)
            for text, request in zip(texts, requests, strict=True)
        ]
        media = engine._media(requests[0].frames)
        talks.append(
            [({"prompt": t, **media}, logprobs_of(w.wanted(()))) for t, w in zip(texts, walks, strict=True)]
        )
    return talks


def run_bare(llm: Any, talks: Sequence[Sequence[tuple[Any, Any]]]) -> None:
    """Ask all first questions at once, and each further one as soon as that before it is answered."""
    ways = [iter(talk) for talk in talks]
    first = [next(way) for way in ways]
    names = llm.enqueue([prompt for prompt, _ in first], [params for _, params in first], use_tqdm=False)
    owners = {str(name).partition("-")[0]: way for name, way in zip(names, ways, strict=True)}
    while owners:
        for output in llm.llm_engine.step():
            if output.finished and (following := next(way := owners.pop(output.request_id), None)):
                (name,) = llm.enqueue([following[0]], [following[1]], use_tqdm=False)
                owners[str(name).partition("-")[0]] = way


def started(judge: Judge) -> Judge:
    """Return the judge as ``load_judge`` does: its decoders have started while the model was loaded."""
    decoders = Decoders(judge.frames)
    decoders.start()
    while any(worker is None for worker in decoders._workers):
        time.sleep(0.01)
    return Judge(judge.plan, judge.engine, decoders)


def run_score(judge: Judge, videos: list[Video]) -> None:
    """Do what ``gaia-judge score`` does once the model is loaded."""
    with tempfile.TemporaryDirectory() as folder, RunFolder.open(Path(folder), judge.manifest()) as run:
        table, counts = rate_videos(judge, run, videos)
    assert not counts["failed"], table.to_pandas()["error"].dropna().tolist()


@dataclass(frozen=True, slots=True)
class Spent:
    """What one way took: seconds, seconds of the engine's thread at work, and idle shares of vLLM."""

    seconds: float
    thread: float = math.nan
    empty: float = math.nan
    stepping: float = math.nan


class Contest:
    """All ways on the same clips, in one process but for the harness."""

    def __init__(self, given: argparse.Namespace, home: Path) -> None:
        checkpoint = build(given.kind, home / given.kind)
        self.videos, self.plot = write_clips(home / "clips", given.clips), given.plot
        self.judge = load_judge(str(checkpoint), engine="vllm")
        assert isinstance(self.judge.engine, VllmEngine)
        notes = Notes(self.judge.engine)
        run_score(started(Judge(self.judge.plan, cast(Engine, notes))), self.videos)
        self.talks = prepare(self.judge.engine, list(notes.asked.values()))
        self.llm = self.judge.engine._llm
        self.watch = Watch(self.llm)
        self.harness = None
        if given.harness:
            asked = questions(self.videos)
            self.harness = Harness(given.harness, checkpoint, asked, self.judge.frames.count, home)
        self.ways = {"a": self.bare, "d": self.crowded, "b": self.score} | (
            {"c": self.asked} if self.harness else {}
        )

    def bare(self) -> Spent:
        return self._spend(lambda: run_bare(self.llm, self.talks))

    def crowded(self) -> Spent:
        with decoding(self.videos, self.judge.frames.count):
            return self.bare()

    def score(self) -> Spent:
        judge = started(self.judge)
        spent = self._spend(lambda: run_score(judge, self.videos))
        if self.plot:
            self.watch.draw(self.plot)
        return spent

    def asked(self) -> Spent:
        assert self.harness
        return Spent(self.harness.run())

    def _spend(self, work: Callable[[], None]) -> Spent:
        forget(self.llm)
        self.watch.clear()
        start, thread = time.perf_counter(), time.thread_time()
        work()
        seconds = time.perf_counter() - start
        thread = time.thread_time() - thread
        return Spent(seconds, thread, self.watch.empty(), self.watch.stepping / seconds)

    def show(self, rounds: int) -> None:
        """Take turns in alternating order after a round to warm up; print every round and the medians."""
        ratings, found = 3 * len(self.videos), defaultdict[str, list[Spent]](list)
        for number in range(rounds + 1):
            for name in list(self.ways)[:: -1 if number % 2 else 1]:
                spent = self.ways[name]()
                if number:
                    found[name].append(spent)
                    print(f"{number} {name} {_told(spent, ratings)}", flush=True)
        for name, each in found.items():
            middle = [median(getattr(one, field.name) for one in each) for field in fields(Spent)]
            print(f"median {name} {_told(Spent(*middle), ratings)}")
        for name in ("a", "d", "c"):
            ratios = [one.seconds / b.seconds for one, b in zip(found[name], found["b"], strict=False)]
            if ratios:
                print(f"b/{name}: {median(ratios):.3f}; {', '.join(f'{one:.3f}' for one in sorted(ratios))}")
        threads = [a.thread / b.thread for a, b in zip(found["a"], found["b"], strict=True)]
        print(f"b/a by the time that the engine's thread was at work: {median(threads):.3f}")


def _told(spent: Spent, ratings: int) -> str:
    told = f"{ratings / spent.seconds:7.1f} ratings/s"
    if math.isnan(spent.thread):
        return told
    thread = f"engine's thread {1e3 * spent.thread / ratings:.2f} ms a rating"
    return f"{told}, {thread}, queue empty {spent.empty:.1%}, stepping {spent.stepping:.1%}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("kind", choices=("llava-onevision", "qwen2.5-vl"))
    parser.add_argument("--clips", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--harness", help="lmms-eval as PYTHON:FOLDER, its interpreter and its source")
    parser.add_argument("--home", type=Path, help="keeps clips and checkpoint for the next time")
    parser.add_argument("--plot", type=Path, help="vLLM's queue in the last (b), as SVG or PNG")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        contest = Contest(given, (given.home or Path(folder)).resolve())
        try:
            contest.show(given.rounds)
        finally:
            contest.judge.close()
            if contest.harness:
                contest.harness.close()


if __name__ == "__main__":
    main()
