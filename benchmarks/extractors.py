"""How fast the trained metrics' features are extracted, in how much memory, and where VIDEVAL's time goes.

    python -m benchmarks.extractors [--metrics NAME,...] [--rounds N]

Clips of 512x320 in memory: decoding is not counted. Each process computes in one thread; two stand side by
side to show what sharing a machine costs. Rates are per second on the clock, of all processes together, and
per second of processor time, which other load touches less. Memory is the most that a process has, with
Python, libraries, weights and the clip. Weights are random ones of the real sizes.

Two cores shared with other work (load 4), so that rates on the clock say little; per second of processor:

| metric | frames | videos, one process | videos, each of two | GiB each |
|---|---|---|---|---|
| tlvqm | 16 at 8/s | 9.3 | 8.5 | 0.13 |
| tlvqm | 60 at 24/s | 2.4 | 2.1 | 0.15 |
| videval | 16 at 8/s | 2.6 | 2.4 | 0.13 |
| videval | 60 at 24/s | 0.72 | 0.65 | 0.15 |
| vsfa | 60 at 24/s | 0.047 | 0.047 | 2.6 |
| bvqa | 60 at 24/s | 0.066 | 0.063 | 2.5 |
| simplevqa | 60 at 24/s | 0.30 | 0.31 | 1.3 |
| fast-vqa | 60 at 24/s | 0.036 | 0.033 | 2.2 |
| dover | 60 at 24/s | 0.042 | 0.042 | 2.4 |
| usdl | 60 at 24/s | 0.12 | 0.12 | 1.2 |
| tsa | 60 at 24/s | 0.53 | 0.54 | 0.9 |
| action-net | 60 at 24/s | 0.16 | 0.16 | 1.4 |

The aim for the hand-crafted ones is 2: TLVQM reaches it, VIDEVAL does with clips of up to some 20 frames. Its
40 ms for every second frame are spread: FRIQUEE of chroma 10.1, BRISQUE with FRIQUEE of luma 8.7, motion 7.3,
HIGRADE 4.6, GM-LOG 4.0, colours 2.7, cones 1.3, halving 0.8; a still, one a second, takes 21. Of all calls
OpenCV's separable filters take a fifth, and nothing else a tenth. Single precision was not tried: shapes are
read off a grid of 0.001 and GM-LOG counts pixels in bins, so rounding would move some features by a whole
step. Keeping freed memory (``heaps``) brought the 60 frames from 1.8 s of processor time to 1.3 (load 2).
"""

import argparse
import multiprocessing
import os
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from gaia_judge.baselines import Setting, find_metric
from gaia_judge.baselines.features import Extract
from gaia_judge.frames import Frames

HEIGHT, WIDTH = 320, 512
CLIPS = {"16 at 8/s": (16, 8.0), "60 at 24/s": (60, 24.0)}
"""Frames and frames per second."""

METRICS = {
    **dict.fromkeys(("tlvqm", "videval"), tuple(CLIPS)),
    **dict.fromkeys(("vsfa", "bvqa", "simplevqa", "fast-vqa", "dover"), ("60 at 24/s",)),
    **dict.fromkeys(("usdl", "tsa", "action-net"), ("60 at 24/s",)),
}
"""CoRe extracts what USDL does, but for where the last clip starts."""

COLUMNS = "{:10} {:>11} {:>9} {:>12} {:>17} {:>9}"


def drawn(frames: int, fps: float, height: int = HEIGHT, width: int = WIDTH) -> Frames:
    """Return a texture with noise, of which part moves two pixels a frame and part stands still."""
    import cv2

    chance = np.random.default_rng(0)
    coarse = chance.uniform(0, 255, (height // 8 + 1, width // 8 + 1, 3))
    texture = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    images = np.empty((frames, height, width, 3), np.uint8)
    for at in range(frames):
        image = np.roll(texture, 2 * at, axis=1)
        image[height // 4 : height // 2, : width // 4] = 40
        images[at] = np.clip(image + chance.normal(0, 6, image.shape), 0, 255)
    return Frames(
        images=images,
        seconds=np.arange(frames) / fps,
        indices=np.arange(frames),
        total=frames,
        duration=frames / fps,
        decoder="none",
    )


def measure(
    name: str, weights: Mapping[str, Path], clip: tuple[int, float], rounds: int, gate: Any, told: Any
) -> None:
    """Tell, from a process of its own, how long each round took on the clock and on the processor."""
    import cv2

    cv2.setNumThreads(1)
    if weights:  # processes of hand-crafted metrics need no torch
        import torch

        torch.set_num_threads(1)
    extractor = find_metric(name).recipe.extractor  # type: ignore[union-attr]
    extract: Extract = extractor.load(extractor, Setting(weights=weights, non_commercial=True))
    extract(drawn(9, 8.0, 96, 128))
    frames, spent = drawn(*clip), []
    gate.wait()
    for _ in range(rounds):
        start, busy = time.perf_counter(), time.process_time()
        extract(frames)
        spent.append((time.perf_counter() - start, time.process_time() - busy))
    told.put((spent, peak()))


def peak() -> float:
    """Return the most memory that this process had, in GiB."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("VmHWM"))) / 2**20


def race(processes: int, *given: Any) -> list[tuple[list[tuple[float, float]], float]]:
    """Return what so many processes tell that measure the same at the same time."""
    context = multiprocessing.get_context("spawn")
    gate, told = context.Barrier(processes), context.Queue()
    running = [context.Process(target=measure, args=(*given, gate, told)) for _ in range(processes)]
    for one in running:
        one.start()
    found = [told.get() for _ in running]
    for one in running:
        one.join()
    return found


def show(name: str, clip: str, processes: int, told: list[tuple[list[tuple[float, float]], float]]) -> None:
    together = sum(1 / median(wall for wall, _ in spent) for spent, _ in told)
    core = 1 / median(busy for spent, _ in told for _, busy in spent)
    memory = max(most for _, most in told)
    cells = (name, clip, str(processes), f"{together:.3g}", f"{core:.3g}", f"{memory:.2f}")
    print(COLUMNS.format(*cells), flush=True)


def build(folder: Path) -> dict[str, Path]:
    """Write random weights under the names that checkpoints have."""
    import torch
    from safetensors.torch import save_file
    from torchvision.models import resnet50
    from torchvision.models.video import swin3d_t

    from gaia_judge.baselines.networks.i3d import I3d
    from gaia_judge.baselines.networks.slowfasts import SlowFast

    lines = (Path(__file__).parents[1] / "tests" / "data" / "dover.keys").read_text(encoding="utf-8")
    shapes = [line.split() for line in lines.splitlines() if line[:1] != "#"]
    tensors = {
        "resnet50": resnet50().state_dict(),
        "i3d": I3d(400).state_dict(),
        "slowfast-r50": SlowFast(classes=400).state_dict(),
        "fast-vqa": swin3d_t().state_dict(),
        "dover": {key: torch.randn([int(one) for one in size.split("x")]) * 0.02 for key, size in shapes},
    }
    for name, weights in tensors.items():
        save_file({key: one.contiguous() for key, one in weights.items()}, folder / f"{name}.safetensors")
    return {name: folder / f"{name}.safetensors" for name in tensors}


def parts() -> dict[str, Callable[[], Any]]:
    """Return VIDEVAL's groups of features of one frame, each with what it alone needs."""
    from gaia_judge.baselines.tlvqm.planes import grey, luma
    from gaia_judge.baselines.videval import colours, histograms, lumas, motions
    from gaia_judge.baselines.videval.naturals import Natural

    images = drawn(3, 8.0).images
    plane, seen = grey(images[1]).astype(np.float64), colours.decoded(images[1])
    small = [motions.small(luma(image)) for image in images]

    def brisque_and_friquee() -> None:
        bright = Natural(plane)
        lumas.brisque(bright)
        lumas.friquee(bright)

    return {
        "BRISQUE and FRIQUEE of luma": brisque_and_friquee,
        "GM-LOG": lambda: histograms.gmlog(plane),
        "HIGRADE": lambda: lumas.higrade(plane),
        "colours as decoded": lambda: colours.decoded(images[1]),
        "FRIQUEE of chroma": lambda: colours.friquee_chroma(seen),
        "FRIQUEE of cones": lambda: colours.friquee_cones(seen),
        "halving, gradients": lambda: motions.small(luma(images[1])),
        "motion": lambda: motions.low(*small, WIDTH),
        "still (one a second)": lambda: motions.high(images[1]),
    }


def profile(repeats: int = 21) -> None:
    from gaia_judge.baselines.heaps import keep_freed

    keep_freed()
    for name, work in parts().items():
        spent = []
        for _ in range(repeats):
            start = time.process_time()
            work()
            spent.append(time.process_time() - start)
        print(f"  {name:28} {median(spent) * 1e3:6.1f} ms", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--metrics", default=",".join(METRICS), help="names, with commas between")
    parser.add_argument("--rounds", type=int, default=5, help="of hand-crafted metrics; others have one")
    given = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    print(COLUMNS.format("metric", "frames", "processes", "videos/s", "videos/core-s", "GiB each"))
    with tempfile.TemporaryDirectory() as folder:
        weights = build(Path(folder))
        for name in given.metrics.split(","):
            extractor = find_metric(name).recipe.extractor  # type: ignore[union-attr]
            own = {one.name: weights[one.name] for one in extractor.weights}
            for clip in METRICS[name]:
                for processes in (1, 2):
                    rounds = 1 if own else given.rounds
                    show(name, clip, processes, race(processes, name, own, CLIPS[clip], rounds))
    print("VIDEVAL, processor time of one frame:")
    profile()
    print(f"load at the end: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
