"""Coverage of a leaderboard's 95% intervals: python benchmarks/leaderboards.py [DRAWINGS].

Each drawing makes new actions, whose difficulty all generators share, and scores of which many stand at the
upper end, as judges give them. Means and ranks hold if they hold for actions that were not drawn, so truth is
the mean over all actions that could be.
"""

import sys
import time
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from gaia_judge.agreement import resample
from gaia_judge.leaderboards.means import Mean, Numbers, mean_by_action
from gaia_judge.leaderboards.predictions import estimate
from gaia_judge.leaderboards.ranks import Rank, differ, rank

GENERATORS = 18
REPLICATES = 1000
SKEW = 3.0
"""Scores are 5 - exp(normal / SKEW): bounded above, skewness -1.07: left-skewed as GAIA's."""

CENTRE = 5 - float(np.exp(1 / (2 * SKEW**2)))
"""Their mean."""

Row = Sequence[float]


def skewed(normal: Numbers) -> Numbers:
    """Return skewed scores of standard normal numbers; their mean is ``CENTRE``."""
    return 5 - np.exp(normal / SKEW)


def repeat(drawings: int, draw: Callable[[np.random.Generator], Row]) -> Numbers:
    """Return the mean of each figure over drawings; intervals that are not told have no width."""
    means: Numbers = np.nanmean(
        np.array([draw(np.random.default_rng([7, seed])) for seed in range(drawings)]), axis=0
    )
    return means


def holds(mean: Mean, truth: float) -> bool:
    """Return whether an interval is there and holds the truth."""
    return mean.low is not None and mean.high is not None and mean.low <= truth <= mean.high


def width(mean: Mean) -> float:
    """Return how wide an interval is."""
    return (mean.high or np.nan) - (mean.low or np.nan)


def of_means(actions: int, videos: int) -> Callable[[np.random.Generator], Row]:
    """Return a drawing of a mean: coverage by whole actions, and by videos as if each stood alone."""

    def draw(random: np.random.Generator) -> Row:
        places = np.repeat(np.arange(actions), videos)
        own = np.sqrt(0.5) * random.normal(size=actions)[places]
        values = skewed(own + np.sqrt(0.5) * random.normal(size=len(places)))
        by_action = mean_by_action(values, places, actions)
        alone = mean_by_action(values, np.arange(len(values)), len(values))
        return holds(by_action, CENTRE), width(by_action), holds(alone, CENTRE)

    return draw


def errs(ranks: Sequence[Rank], truth: Sequence[float]) -> bool:
    """Return whether possible ranks leave out one that a generator has; equals have several."""
    for at, one in enumerate(ranks):
        better, worse = (sum(sign * (other - truth[at]) > 0 for other in truth) for sign in (1, -1))
        if (one.low or 1) > 1 + better or (one.high or len(ranks)) < len(ranks) - worse:
            return True
    return False


def told(ranks: Sequence[Rank]) -> float:
    """Return the share of pairs that are told apart."""
    return 1 - float(np.mean([len(one.ties) / (len(ranks) - 1) for one in ranks]))


def of_ranks(actions: int, step: float) -> Callable[[np.random.Generator], Row]:
    """Return a drawing of ranks: whether all are held at once, and the share of pairs told apart."""
    truth = [step * at for at in range(GENERATORS)]

    def draw(random: np.random.Generator) -> Row:
        hard = np.sqrt(0.5) * random.normal(size=actions)
        noise = np.sqrt(0.5) * random.normal(size=(GENERATORS, actions))
        values = np.array(truth)[:, None] + skewed(hard + noise)
        means = [mean_by_action(one, np.arange(actions), actions) for one in values]
        found = rank(
            means, differ(means, counts(actions, random), np.full((GENERATORS, GENERATORS), actions))
        )
        return not errs(found, truth), told(found)

    return draw


def counts(actions: int, random: np.random.Generator) -> NDArray[np.integer]:
    """Return how often each action is drawn, anew in every drawing."""
    return resample(actions, draws=REPLICATES, seed=int(random.integers(2**31))).counts


def guess(random: np.random.Generator, quality: Numbers, corr: float) -> Numbers:
    """Return a judge's guesses of quality, on a scale of its own."""
    found: Numbers = 3 + 0.5 * (corr * quality + np.sqrt(1 - corr**2) * random.normal(size=quality.shape))
    return found


def chance_of(guesses: Numbers, labels: int, active: bool) -> Numbers:
    """Return how likely each label is drawn: alike, or more likely the worse the judge's value."""
    urge = np.exp(-1.5 * (guesses - 3)) if active else np.ones(len(guesses))
    share = 0.5 / len(guesses) + 0.5 * urge / urge.sum()
    chance: Numbers = np.minimum(labels * share, 1.0)
    return chance


def of_labels(videos: int, labels: int, corr: float, active: bool) -> Callable[[np.random.Generator], Row]:
    """Return a drawing of people's mean: coverage and width, by labels alone and powered; and what was paid.

    The last figure is the coverage of actively chosen labels whose probabilities are not told.
    """

    def draw(random: np.random.Generator) -> Row:
        quality = random.normal(size=videos)
        people, guesses = 20 * skewed(quality), guess(random, quality, corr)
        chance = chance_of(guesses, labels, active)
        taken = random.random(videos) < chance
        if not active:
            taken = np.isin(np.arange(videos), random.choice(videos, labels, replace=False))
        known, places = np.where(taken, people, np.nan), np.arange(videos)
        found = estimate(known, guesses, places, videos, 1 / chance)
        naive = estimate(known, guesses, places, videos).classical
        truth = 20 * CENTRE
        both = found.classical, found.powered
        return [f(one) for f in (lambda one: holds(one, truth), width) for one in both] + [
            holds(naive, truth)
        ]

    return draw


def of_powered_ranks(actions: int, labels: int, step: float) -> Callable[[np.random.Generator], Row]:
    """Return a drawing of ranks by people, from few labels of each generator and a judge of 0.7."""
    truth = [step * at for at in range(GENERATORS)]

    def draw(random: np.random.Generator) -> Row:
        hard = np.sqrt(0.5) * random.normal(size=actions)
        quality = hard + np.sqrt(0.5) * random.normal(size=(GENERATORS, actions))
        people = np.array(truth)[:, None] + 20 * skewed(quality)
        means = []
        for one, own in zip(people, quality, strict=True):
            taken = np.isin(np.arange(actions), random.choice(actions, labels, replace=False))
            known = np.where(taken, one, np.nan)
            means.append(estimate(known, guess(random, own, 0.7), np.arange(actions), actions).powered)
        found = rank(
            means, differ(means, counts(actions, random), np.full((GENERATORS, GENERATORS), actions))
        )
        return not errs(found, truth), told(found)

    return draw


def main() -> None:
    drawings = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    few = max(20, drawings // 5)
    start = time.perf_counter()
    print(f"95% intervals, {drawings} drawings ({few} of ranks), {GENERATORS} generators\n")
    print("Means: actions, videos of each, coverage (whole actions), width, coverage (videos drawn alone)")
    for actions, videos in ((5, 1), (10, 1), (10, 5), (60, 1), (60, 5), (510, 1)):
        held, wide, alone = repeat(drawings, of_means(actions, videos))
        print(f"{actions:8d} {videos:3d}   {held:6.1%} {wide:7.3f}   {alone:6.1%}")
    print("\nRanks of all at once: actions, step between means, coverage, pairs told apart")
    for actions in (5, 10, 20, 60, 510):
        for step in (0.0, 0.05):
            held, apart = repeat(few, of_ranks(actions, step))
            print(f"{actions:8d} {step:5.2f}   {held:6.1%}   {apart:6.1%}")
    print(
        "\nPeople's means: drawn, videos, labels, judge's correlation;"
        " coverage and width by labels alone, powered; coverage if probabilities were not told"
    )
    for active in (False, True):
        for videos, labels in ((60, 10), (60, 20), (510, 20), (510, 50), (510, 100)):
            for corr in (0.0, 0.7, 0.95):
                row = repeat(drawings, of_labels(videos, labels, corr, active))
                how = "active" if active else "random"
                print(
                    f"{how} {videos:5d} {labels:4d} {corr:5.2f}   {row[0]:6.1%} {row[2]:6.2f}"
                    f"   {row[1]:6.1%} {row[3]:6.2f}   {row[4]:6.1%}"
                )
    print("\nRanks by people, judge's correlation 0.7: actions, labels, step, coverage, pairs told apart")
    for actions, labels in ((60, 10), (60, 30), (510, 30), (510, 100)):
        for step in (0.0, 2.0):
            held, apart = repeat(few, of_powered_ranks(actions, labels, step))
            print(f"{actions:8d} {labels:4d} {step:4.1f}   {held:6.1%}   {apart:6.1%}")
    print(f"\n{time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
