"""How fast synthetic benchmarks are written, and in how much memory: python benchmarks/synth.py [CLIPS]."""

import math
import resource
import sys
import tempfile
import time
from pathlib import Path

from gaia_judge.synthetic.benchmarks import write_benchmark

GENERATORS = 18
"""All of them, so that sizes and lengths have their usual shares."""


def cpu() -> float:
    """Return the processor seconds of this process and of the workers that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def main() -> None:
    actions = math.ceil(int(sys.argv[1] if len(sys.argv) > 1 else 216) / GENERATORS)
    clips = GENERATORS * actions
    for workers in (1, 2):
        with tempfile.TemporaryDirectory() as folder:
            before, start = cpu(), time.perf_counter()
            write_benchmark(Path(folder), generators=GENERATORS, actions=actions, workers=workers)
            seconds, busy = time.perf_counter() - start, cpu() - before
            size = sum(path.stat().st_size for path in Path(folder).rglob("*.mp4")) / clips / 1e3
        print(f"{workers} workers: {clips} clips of {size:.0f} kB, {clips / seconds:.1f} a second")
        print(f"  processor time: {busy:.1f} s, {clips / busy:.1f} clips per second and core")
    for name, who in (("this process", resource.RUSAGE_SELF), ("largest worker", resource.RUSAGE_CHILDREN)):
        print(f"peak memory of {name}: {resource.getrusage(who).ru_maxrss / 1024:.0f} MiB")


if __name__ == "__main__":
    main()
