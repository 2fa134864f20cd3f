"""Whether intervals of noise ceilings and of Krasula's analysis hold what they say, and how long they take.

python benchmarks/people.py coverage [SAMPLES]
python benchmarks/people.py speed
"""

import sys
import time

import numpy as np

from gaia_judge.agreement.ceilings import Ceiling, ceiling_of_votes
from gaia_judge.agreement.discriminations import Discrimination, discriminate

RATERS, SEEN = 20, 0.65


def vote(
    random: np.random.Generator, videos: int, *, complete: bool, skewed: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Return true quality, shape [videos], and votes, shape [videos, raters]."""
    truth = 65 - random.exponential(15, videos) if skewed else random.normal(50, 15, videos)
    lenient = random.normal(0, 7, RATERS) if complete else random.normal(0, 7, (videos, RATERS))
    votes = truth[:, None] + lenient + random.normal(0, 20, (videos, RATERS))
    if not complete:
        votes[random.random(votes.shape).argsort(axis=1) >= SEEN * RATERS] = np.nan
    return truth, votes


def judge(random: np.random.Generator, videos: int) -> Discrimination:
    """Return Krasula's analysis of a rater of middling skill."""
    truth, votes = vote(random, videos, complete=False)
    scores = truth + random.normal(0, 15, videos)
    means, spreads = np.nanmean(votes, axis=1), np.nanstd(votes, axis=1, ddof=1)
    return discriminate(scores, means, spreads, np.isfinite(votes).sum(axis=1))


def top(random: np.random.Generator, videos: int, *, complete: bool, skewed: bool = False) -> Ceiling:
    return ceiling_of_votes(vote(random, videos, complete=complete, skewed=skewed)[1], draws=400)


def true_ceiling(*, complete: bool) -> float:
    noise = 20**2 / RATERS if complete else (7**2 + 20**2) / (SEEN * RATERS)
    return float(np.sqrt(15**2 / (15**2 + noise)))


def coverage(samples: int) -> None:
    whole = [judge(np.random.default_rng([9, seed]), 1500) for seed in range(20)]
    different, better = (
        float(np.mean([getattr(one, name) for one in whole])) for name in ("different", "better")
    )
    print(f"{samples} samples; share of the 95% intervals that hold the truth (0.95 is right)")
    for videos in (20, 60, 200):
        drawn = [judge(np.random.default_rng([1, videos, seed]), videos) for seed in range(samples)]
        _print(f"different, {videos} videos", different, [(d.different_low, d.different_high) for d in drawn])
        _print(f"better, {videos} videos", better, [(d.better_low, d.better_high) for d in drawn])
        for complete, skewed in ((False, False), (True, False), (False, True), (True, True)):
            found = [
                top(np.random.default_rng([2, videos, seed]), videos, complete=complete, skewed=skewed)
                for seed in range(samples)
            ]
            name = f"{'ICC(3,k)' if complete else 'ICC(1,k)'}{', skewed' if skewed else ''}, {videos} videos"
            _print(name, true_ceiling(complete=complete), [(one.low, one.high) for one in found])


def _print(name: str, truth: float, bounds: list[tuple[float | None, float | None]]) -> None:
    known = [(low, high) for low, high in bounds if low is not None and high is not None]
    held = np.mean([low <= truth <= high for low, high in known])
    width = np.mean([high - low for low, high in known])
    lacking = len(bounds) - len(known)
    print(f"  {name:32} truth {truth:.4f}  held {held:.3f}  width {width:.4f}  without {lacking}")


def speed() -> None:
    for videos in (400, 2000, 9180):
        random = np.random.default_rng(0)
        start = time.perf_counter()
        found = judge(random, videos)
        middle = time.perf_counter()
        top(random, videos, complete=False)
        last = time.perf_counter()
        pairs = f"{found.pairs} pairs{' drawn' if found.sampled else ''} in {middle - start:.2f} s"
        print(f"{videos} videos: {pairs}; ceiling with 400 replicates in {last - middle:.2f} s")


if __name__ == "__main__":
    if sys.argv[1:2] == ["speed"]:
        speed()
    elif sys.argv[1:2] == ["coverage"]:
        coverage(int(sys.argv[2]) if len(sys.argv) > 2 else 1000)
    else:
        sys.exit(__doc__)
