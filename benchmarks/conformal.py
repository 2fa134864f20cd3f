"""Coverage of conformal bands on clips of new actions: python benchmarks/conformal.py [DRAWINGS].

Each drawing fits a band for 90% to simulated labels and counts the clips of 50 new actions that it holds. An
action's clips share an offset, and some actions are rated more noisily than others. Beside the band that
holds out whole actions stands one that takes clips for exchangeable, with as many folds.
"""

import sys
import time

import numpy as np

from gaia_judge.calibration.bands import fit_band
from gaia_judge.calibration.crossfits import Fits, Sample, assign
from gaia_judge.calibration.mappings import Name

LEVEL = 0.9
FOLDS = 5
NEW = 50
CLIPS = 18
"""Clips per action, as GAIA has; half of the actions have but 3, and these are the noisier ones."""

SHARE = 0.5
"""Of the variance that scores leave unexplained, how much belongs to whole actions."""


def draw(random: np.random.Generator, actions: int) -> Sample:
    """Return labelled clips of some actions; scores see quality through noise."""
    small = random.random(actions) < 0.5
    units = np.repeat(np.arange(actions), np.where(small, 3, CLIPS))
    noise = np.where(small, 12.0, 6.0)
    quality = random.normal(0, 1, len(units))
    offsets = random.normal(0, 1, actions) * noise * np.sqrt(SHARE)
    rest = random.normal(0, 1, len(units)) * noise[units] * np.sqrt(1 - SHARE)
    mos = 10 + 80 / (1 + np.exp(-quality)) + offsets[units] + rest
    score = 3 + quality + random.normal(0, 0.5, len(units))
    return Sample(score[:, None], mos, units.astype(str))


def cover(name: Name, sample: Sample, new: Sample, seed: int) -> tuple[float, float]:
    """Return the share of labels of a random clip of each new action that the band holds, and its width."""
    low, high = fit_band(Fits(name, sample, assign(sample, FOLDS, seed), seed)).bounds(new.features, LEVEL)
    held = (low <= new.mos) & (new.mos <= high)
    _, places = np.unique(new.units, return_inverse=True)
    by_action = np.bincount(places, held) / np.bincount(places)
    return float(by_action.mean()), float(np.mean(high - low))


def main() -> None:
    drawings = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    print(f"Coverage of a clip of a new action, {LEVEL:.0%} promised, {drawings} drawings, {FOLDS} folds")
    print("mapping   actions  by action          width  by clip            width")
    for name in ("linear", "isotonic"):
        for actions in (10, 20, 50, 200):
            start = time.perf_counter()
            rows = []
            for seed in range(drawings if actions < 200 else max(20, drawings // 5)):
                random = np.random.default_rng([seed, actions])
                sample, new = draw(random, actions), draw(random, NEW)
                apart = Sample(sample.features, sample.mos, np.arange(len(sample.mos)).astype(str))
                rows.append((*cover(name, sample, new, seed), *cover(name, apart, new, seed)))
            means = np.mean(rows, axis=0)
            errors = np.std(rows, axis=0, ddof=1) / np.sqrt(len(rows))
            shown = [f"{means[at]:.3f} (se {errors[at]:.3f})  {means[at + 1]:6.1f}" for at in (0, 2)]
            seconds = time.perf_counter() - start
            print(f"{name:9} {actions:7}  {shown[0]}  {shown[1]}  ({seconds:.0f} s)", flush=True)


if __name__ == "__main__":
    main()
