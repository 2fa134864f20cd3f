"""How fast GAIA's whole comparison is, beside a loop over scipy; whether the intervals hold what they say.

python benchmarks/agreement.py speed
python benchmarks/agreement.py coverage [SAMPLES]
"""

import sys
import time

import numpy as np
from scipy import stats

from gaia_judge.agreement import agree, duels, resample, rmse

ACTIONS, MAKERS, RATERS, DIMENSIONS, DRAWS = 510, 18, 30, 4, 1000
STATISTICS = ("srcc", "krcc", "plcc", "rmse")
LOOPED = 20
"""Replicates that scipy computes, of one rater and dimension."""


def world(seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return actions and generators, shape [N]; people [dimensions, N]; raters [raters, dimensions, N]."""
    random = np.random.default_rng(seed)
    actions, makers = np.repeat(np.arange(ACTIONS), MAKERS), np.tile(np.arange(MAKERS), ACTIONS)
    shape = (DIMENSIONS, ACTIONS * MAKERS)
    people = 50 + 8 * random.normal(size=(DIMENSIONS, ACTIONS))[:, actions] + 12 * random.normal(size=shape)
    noise = np.linspace(5, 60, RATERS)[:, None, None]
    return actions, makers, people, people + noise * random.normal(size=(RATERS, *shape))


def loop(x: np.ndarray, y: np.ndarray, rows: list[np.ndarray]) -> list[tuple[float, ...]]:
    """Return the four statistics of each replicate as scipy computes them on the repeated rows."""
    return [
        (
            float(stats.spearmanr(x[one], y[one]).statistic),
            float(stats.kendalltau(x[one], y[one]).statistic),
            float(stats.pearsonr(x[one], y[one]).statistic),
            rmse(x[one], y[one]) or 0.0,
        )
        for one in rows
    ]


def speed() -> None:
    actions, makers, people, raters = world()
    start = time.perf_counter()
    drawn = resample(len(actions), [actions], draws=DRAWS)
    for rater in raters:
        for dimension in range(DIMENSIONS):
            agree(rater[dimension], people[dimension], statistics=STATISTICS, resampling=drawn)
    whole = time.perf_counter() - start
    print(f"{len(actions)} videos, {RATERS} raters, {DIMENSIONS} dimensions, {DRAWS} replicates by action:")
    print(f"  {', '.join(STATISTICS)} with intervals in {whole:.1f} s")
    rows = [np.repeat(np.arange(len(actions)), one) for one in drawn.counts[:LOOPED]]
    start = time.perf_counter()
    loop(raters[0, 0], people[0], rows)
    each = (time.perf_counter() - start) / LOOPED
    looped = each * DRAWS * RATERS * DIMENSIONS
    print(
        f"  a loop over scipy takes {1000 * each:.1f} ms a replicate ({LOOPED} measured), so {looped:.0f} s"
    )
    print(f"  ratio: {looped / whole:.0f}")
    start = time.perf_counter()
    duels({str(place): one[0] for place, one in enumerate(raters)}, people[0], resampling=drawn)
    print(f"  duels of {RATERS} raters in one dimension: {time.perf_counter() - start:.1f} s")
    for name, clusters in {"videos": [], "actions and generators": [actions, makers]}.items():
        start = time.perf_counter()
        other = resample(len(actions), clusters, draws=DRAWS)
        agree(raters[0, 0], people[0], statistics=STATISTICS, resampling=other)
        print(f"  one rater and dimension by {name}: {time.perf_counter() - start:.1f} s")


CORRELATION = 0.6
DESIGNS = {
    "18 means of generators": (18, 1, "rows"),
    "100 videos": (100, 1, "rows"),
    "30 actions x 6": (30, 6, "action"),
    "18 generators x 12": (18, 12, "action"),
    "30 actions x 12 generators": (30, 12, "both"),
}
"""Units, videos of each, and what is drawn anew: both sides share effects of each."""


def sample(random: np.random.Generator, rows: int, each: int, unit: str, raters: int = 1) -> np.ndarray:
    """Return people and raters, [1 + raters, N]: normal, with variance 1 and one correlation of any two.

    Half of the variance is the unit's own, or a third the action's and a third the generator's.
    """
    root = np.linalg.cholesky(
        np.full((1 + raters,) * 2, CORRELATION) + (1 - CORRELATION) * np.eye(1 + raters)
    )
    own, actions = random.normal(size=(1 + raters, rows * each)), np.repeat(np.arange(rows), each)
    if unit == "rows":
        return root @ own
    by_action = random.normal(size=(1 + raters, rows))[:, actions]
    if unit == "action":
        return root @ (own + by_action) / np.sqrt(2)
    by_maker = random.normal(size=(1 + raters, each))[:, np.tile(np.arange(each), rows)]
    return root @ (own + by_action + by_maker) / np.sqrt(3)


def truth() -> dict[str, float]:
    """Return what the statistics are in the population; the mapped ones of a straight line are the plain."""
    return {
        "srcc": 6 / np.pi * np.arcsin(CORRELATION / 2),
        "krcc": 2 / np.pi * np.arcsin(CORRELATION),
        "plcc": CORRELATION,
        "rmse": np.sqrt(2 - 2 * CORRELATION),
        "pairwise_accuracy": 0.5 + np.arcsin(CORRELATION) / np.pi,
        "plcc_mapped": CORRELATION,
        "rmse_mapped": np.sqrt(1 - CORRELATION**2),
    }


def coverage(samples: int) -> None:
    true = truth()
    print(f"share of {samples} samples whose 95% interval holds the truth, 500 replicates each:")
    for name, (rows, each, unit) in DESIGNS.items():
        random = np.random.default_rng(1)
        actions, makers = np.repeat(np.arange(rows), each), np.tile(np.arange(each), rows)
        kinds = {"rows": [], unit: {"rows": [], "action": [actions], "both": [actions, makers]}[unit]}
        held = {kind: dict.fromkeys(true, 0) for kind in kinds}
        wins = dict.fromkeys([*kinds, "williams"], 0)
        for place in range(samples):
            people, one, other = sample(random, rows, each, unit, raters=2)
            for kind, clusters in kinds.items():
                drawn = resample(rows * each, clusters, draws=500, seed=place)
                plain = (*STATISTICS, "pairwise_accuracy")
                found = agree(one, people, statistics=plain, mapping="logistic4", resampling=drawn)
                for key, value in found.items():
                    held[kind][key] += value.low is not None and value.low <= true[key] <= value.high
                duel = duels({"one": one, "other": other}, people, resampling=drawn)[0]
                wins[kind] += duel.p is not None and duel.p < 0.05
            duel = duels({"one": one, "other": other}, people, test="williams")[0]
            wins["williams"] += duel.p is not None and duel.p < 0.05
        for kind, counts in held.items():
            shares = ", ".join(f"{key} {count / samples:.3f}" for key, count in counts.items())
            print(f"  {name}, drawn by {kind}: {shares}")
        shares = ", ".join(f"{key} {count / samples:.3f}" for key, count in wins.items())
        print(f"  {name}, equal raters told apart at p < 0.05: {shares}")


def main() -> None:
    if sys.argv[1:2] == ["coverage"]:
        coverage(int(sys.argv[2]) if len(sys.argv) > 2 else 500)
    else:
        speed()


if __name__ == "__main__":
    main()
