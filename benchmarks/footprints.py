"""How long commands take to start, and how much memory a run takes as its videos become many.

python -m benchmarks.footprints starts [--rounds N]
python -m benchmarks.footprints memory [--videos N,N,...]
"""

import argparse
import csv
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from gaia_judge.cli import COMMANDS
from tests.replays import environment, write_replay

CLIPS = 20
"""Different clips; a manifest lists them again and again under new names."""

MEASURED = """
import sys
from pathlib import Path
from gaia_judge.cli import main
try:
    main()
finally:
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    print(next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")), file=sys.stderr)
"""
"""A command that tells its peak memory in KiB at the end; a decoder's memory is another process's."""


def seconds_of(command: Sequence[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment())
    return time.perf_counter() - start


def starts(rounds: int) -> None:
    """Print how long each command takes to show its help, and an empty interpreter to start."""
    run = [sys.executable, "-m", "gaia_judge.cli"]
    commands = {
        "python, nothing else": [sys.executable, "-c", ""],
        "import gaia_judge": [sys.executable, "-c", "import gaia_judge"],
        "gaia-judge --help": [*run, "--help"],
        **{f"gaia-judge {name} --help": [*run, *name.split(), "--help"] for name in COMMANDS},
    }
    found: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            found[name].append(seconds_of(command))
    for name, each in found.items():
        print(f"{name:36} {min(each):6.2f} s, median {median(each):6.2f} s")


def memory(sizes: Sequence[int]) -> None:
    """Print the peak memory of runs of so many videos, their replies recorded."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        replay, before = write_replay(home / "replay", CLIPS), 0.0
        clips = sorted((home / "replay" / "videos").iterdir())
        for size in sizes:
            manifest = home / f"{size}.csv"
            write_manifest(manifest, clips, size)
            command = replay.command(home / f"run {size}")
            start = command.index("score")
            words = [sys.executable, "-c", MEASURED, "score", str(manifest), *command[start + 2 :]]
            begun = time.perf_counter()
            done = subprocess.run(words, capture_output=True, text=True, check=True, env=environment())
            peak = int(done.stderr.split()[-1]) / 1000
            more = f", {peak - before:+.0f}" if before else ""
            print(f"{size:6} videos: {peak:.0f} MB{more}; {time.perf_counter() - begun:.0f} s", flush=True)
            before = peak


def write_manifest(path: Path, clips: Sequence[Path], size: int) -> None:
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["id", "path", "action"])
        for number in range(size):
            clip = clips[number % len(clips)]
            action = clip.stem.partition("_(")[2].removesuffix(")")
            writer.writerow([f"video {number}", clip, action])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("what", choices=("starts", "memory"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--videos", default="1000,10000")
    given = parser.parse_args()
    if given.what == "starts":
        starts(given.rounds)
    else:
        memory([int(size) for size in given.videos.split(",")])


if __name__ == "__main__":
    main()
