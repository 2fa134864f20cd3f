"""Verdicts: what a rule is told of one dimension, what it finds, and the words for it."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from gaia_judge.experiments.effects import Effect
from gaia_judge.experiments.files import Rule

Outcome = Literal["pass", "partly", "fail", "unclear", "not run"]
Numbers = NDArray[np.float64]

REFUSALS = (
    "gives no probability to any label",
    "No sample is on the scale",
    "The form is not JSON",
    "The form lacks its fields",
    "not on its scale",
    "The reply holds no rating",
)
"""What errors say where the model did answer, but with no rating; others are the machine's."""


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """Ratings on one dimension, before and after a change; all arrays have a row per video."""

    rule: Rule
    dimension: str
    base: Numbers
    """In shares of the scale's span, NaN where missing."""
    changed: Numbers | None
    people: Numbers | None
    """MOS, NaN where missing."""
    actions: NDArray[np.str_] | None
    """What intervals draw; None for single videos."""
    generators: NDArray[np.str_] | None
    lengths: Numbers
    """Words of the prompts."""
    error: str | None = None
    """Why most of the ratings that are missing after the change are."""
    seed: int = 0

    @property
    def rated(self) -> int:
        """Videos that have a rating before the change."""
        return int(np.isfinite(self.base).sum())

    @property
    def lost(self) -> int:
        """Videos that have one before the change and none after it."""
        if self.changed is None:
            return 0
        return int((np.isfinite(self.base) & ~np.isfinite(self.changed)).sum())

    @property
    def refuses(self) -> bool:
        """Whether the model answered those that lost their rating, but did not rate them."""
        return any(text in (self.error or "") for text in REFUSALS)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a rule finds on one dimension."""

    rule: Rule
    dimension: str
    measured: str
    """What the effect is, in words."""
    effect: Effect
    outcome: Outcome
    words: str
    """The verdict for people."""
    lost: int | None = None
    """Videos that the base rates and the changed cell does not; None where nothing was compared."""


def shown(effect: Effect, sign: int = 1) -> str:
    """Return an effect with its interval as text.

    >>> shown(Effect(0.5, -0.001, 0.75)), shown(Effect(-0.5, -0.75, -0.25), -1), shown(Effect(None))
    ('.50 [.00, .75]', '.50 [.25, .75]', 'undefined')
    """
    if effect.value is None:
        return "undefined"
    if effect.low is None or effect.high is None:
        return _short(sign * effect.value)
    low, high = sorted((sign * effect.low, sign * effect.high))
    return f"{_short(sign * effect.value)} [{_short(low)}, {_short(high)}]"


def _short(value: float) -> str:
    text = f"{round(value, 2) + 0.0:.2f}"  # no -0.00
    return text.replace("0.", ".", 1) if abs(value) < 1 else text


def unsure(effect: Effect) -> str:
    """Return the words for an effect that decides nothing."""
    return f"It cannot be told: {effect.reason or f'{shown(effect)}, too uncertain'}."


def above(effect: Effect, least: float) -> bool:
    """Tell whether an effect is surely at least so much."""
    return effect.low is not None and effect.low >= least


def below(effect: Effect, most: float) -> bool:
    """Tell whether an effect is surely less."""
    return effect.high is not None and effect.high < most


def inside(effect: Effect, within: float) -> bool:
    """Tell whether the whole interval lies within a tolerance."""
    return (
        effect.low is not None and effect.high is not None and -within <= effect.low <= effect.high <= within
    )


def outside(effect: Effect, within: float) -> bool:
    """Tell whether the whole interval lies beyond a tolerance, on one side."""
    return (
        effect.low is not None and effect.high is not None and (effect.low > within or effect.high < -within)
    )
