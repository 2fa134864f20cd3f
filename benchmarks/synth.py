"""How fast synthetic benchmarks are written, and in how much memory: python benchmarks/synth.py [CLIPS]."""

import resource
import sys
import tempfile
import time
from pathlib import Path

from gaia_judge.synthetic.benchmarks import write_benchmark

GENERATORS = 18
"""All of them, so that sizes and lengths have their usual shares."""


def main() -> None:
    actions = -(-int(sys.argv[1] if len(sys.argv) > 1 else 216) // GENERATORS)
    for workers in (1, 2):
        with tempfile.TemporaryDirectory() as folder:
            start = time.perf_counter()
            write_benchmark(Path(folder), generators=GENERATORS, actions=actions, workers=workers)
            seconds = time.perf_counter() - start
            size = sum(path.stat().st_size for path in Path(folder).rglob("*.mp4")) / 1e6
        clips = GENERATORS * actions
        print(
            f"{workers} workers: {clips} clips in {seconds:.1f} s, {clips / seconds:.1f} clips/s, {size:.1f} MB"
        )
    for name, who in (("this process", resource.RUSAGE_SELF), ("largest worker", resource.RUSAGE_CHILDREN)):
        print(f"peak memory of {name}: {resource.getrusage(who).ru_maxrss / 1024:.0f} MiB")


if __name__ == "__main__":
    main()
