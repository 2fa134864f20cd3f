"""Simulated people on a slider from 0 to 100, and the mean opinion scores that come of their votes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gaia_judge.synthetic.defects import DIMENSIONS

SEEN = 0.65
"""Share of raters who see a video; in GAIA 35.3 of 54 did."""

CARELESS = 0.06
"""Share of raters who answer without looking, and quickly."""

ENDS = (6.0, 74.0)
"""Where on the slider the mean rater puts the worst and the best."""

MILDNESS = 0.4
"""Exponent from quality to slider: below 1, small faults are forgiven and only bad clips stand out, which
skews scores to the left."""

CARRIED = 0.3
"""Share of a rater's error about a premise that goes on into the next conclusion."""


@dataclass(frozen=True, slots=True)
class Raters:
    """What is peculiar about each rater; every array has one value per rater."""

    bias: NDArray[np.float64]
    """Points on the slider above the mean rater's."""
    use: NDArray[np.float64]
    """How much of the slider is used; 1: as much as the mean rater does."""
    inconsistency: NDArray[np.float64]
    """Standard deviation of a vote, in points."""
    pace: NDArray[np.float64]
    """Median seconds per vote."""
    careless: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Votes:
    """Votes of shape [videos, raters, dimensions]; NaN where a rater did not see a video."""

    scores: NDArray[np.float64]
    """0 to 100."""
    seconds: NDArray[np.float64]
    """How long each vote took."""

    def mos(self) -> NDArray[np.float64]:
        """Return mean opinion scores, shape [videos, dimensions]: plain means of all votes.

        Nothing is screened or rescaled, careless raters included: finding them is left to those who
        turn ``votes.csv`` into scores.
        """
        return np.asarray(np.nanmean(self.scores, axis=1), dtype=np.float64)


def sample_raters(chance: np.random.Generator, count: int) -> Raters:
    """Return raters, of whom a few are careless if there are eight or more."""
    careless = np.zeros(count, bool)
    careless[chance.permutation(count)[: max(1, round(CARELESS * count)) if count >= 8 else 0]] = True
    return Raters(
        bias=chance.normal(0, 7, count),
        use=np.clip(chance.normal(1, 0.15, count), 0.5, 1.4),
        inconsistency=chance.uniform(7, 15, count),
        pace=np.where(careless, chance.uniform(0.8, 1.6, count), chance.uniform(5, 12, count)),
        careless=careless,
    )


def sample_votes(chance: np.random.Generator, raters: Raters, truth: NDArray[np.float64]) -> Votes:
    """Return the votes on videos of known quality.

    Raters judge the dimensions in order, and part of an error about one is carried on into the next.

    Args:
        chance: Where chance comes from.
        raters: Who votes.
        truth: Latent quality, 0 to 1, shape [videos, dimensions].
    """
    shape = (len(truth), len(raters.bias), len(DIMENSIONS))
    errors = chance.standard_normal(shape) * raters.inconsistency[:, None]
    for index in range(1, len(DIMENSIONS)):
        errors[..., index] += CARRIED * errors[..., index - 1]
    low, high = ENDS
    middle = (low + high) / 2
    shown = low + (high - low) * truth[:, None, :] ** MILDNESS
    looked = middle + (shown - middle) * raters.use[:, None] + raters.bias[:, None] + errors
    idle = 50 + 2 * raters.bias[:, None] + chance.normal(0, 12, shape)
    scores = np.clip(np.where(raters.careless[:, None], idle, looked), 0, 100).round(1)
    seconds = (raters.pace[:, None] * chance.lognormal(0, 0.35, shape)).round(2)
    absent = ~_seen(chance, *shape[:2])
    scores[absent] = seconds[absent] = np.nan
    return Votes(scores, seconds)


def _seen(chance: np.random.Generator, videos: int, raters: int) -> NDArray[np.bool_]:
    """Return who sees which video: as many raters for each, drawn anew each time."""
    order = chance.random((videos, raters)).argsort(axis=1).argsort(axis=1)
    return np.asarray(order < max(1, round(SEEN * raters)))
