"""How fast nano scores, and in how much memory, engine beside engine: python benchmarks/nano.py [CLIPS]."""

import math
import multiprocessing
import resource
import sys
import tempfile
import time
from pathlib import Path

from gaia_judge.judges import load_judge
from gaia_judge.synthetic.benchmarks import write_benchmark
from gaia_judge.videos import read_videos

GENERATORS = 6


def measure(engine: str, folder: Path) -> None:
    """Score the same clips with one engine and print what it took; each engine gets a process of its own."""
    videos = read_videos(folder)
    start = time.perf_counter()
    with load_judge("nano", engine=engine) as judge:
        loaded = time.perf_counter()
        rated = int(judge.rate(videos[:GENERATORS]).to_pandas()["value"].count())
        warm = time.perf_counter()
        rated += int(judge.rate(videos[GENERATORS:]).to_pandas()["value"].count())
        seconds = time.perf_counter() - warm
    count = len(videos) - GENERATORS
    assert rated == 3 * len(videos), "a clip went without a rating"
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{engine}: loaded in {loaded - start:.1f} s; {count / seconds:.1f} videos and ", end="")
    print(
        f"{3 * count / seconds:.1f} ratings a second; at most {memory:.2f} GiB without decoders", flush=True
    )


def main() -> None:
    actions = max(2, math.ceil(int(sys.argv[1] if len(sys.argv) > 1 else 120) / GENERATORS))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "benchmark"
        write_benchmark(folder, generators=GENERATORS, actions=actions)
        for engine in ("transformers", "vllm"):
            process = multiprocessing.get_context("spawn").Process(target=measure, args=(engine, folder))
            process.start()
            process.join()
            if process.exitcode:
                sys.exit(f"{engine} failed.")


if __name__ == "__main__":
    main()
