"""Simulated text-to-video generators: invented names, years, and skill per dimension."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from gaia_judge.synthetic.defects import DIMENSIONS, Dimension
from gaia_judge.synthetic.plans import SIZES, TIMINGS

NAMES = (
    ("Marmot", 2022), ("Bluebell", 2022), ("Kestrel-1", 2022), ("Nimbus-22", 2022), ("Tallow", 2022),
    ("Quillmotion", 2022), ("Drumlin-S", 2023), ("Kestrel-2", 2023), ("Fernweave", 2023), ("Oxbow", 2023),
    ("Nimbus-23", 2023), ("Lanternfish", 2023), ("Cobble-XL", 2023), ("Pantomime", 2023), ("Saltmarsh", 2024),
    ("Nimbus-24", 2024), ("Kestrel-3", 2024), ("Halcyon-T", 2024),
)  # fmt: skip
"""Names, none a real product's, and years; later ones do better."""

SKILL = (0.2, 0.92)
"""Mean skill of the first and of the last generator."""

LEAD: Mapping[Dimension, float] = {"subject": 0.04, "completeness": -0.07, "interaction": -0.09}
"""How much better or worse generators are at a dimension: they paint actors better than acts."""

OWN = 0.3
"""Standard deviation of a generator's own turn of mind per dimension, in logits of skill."""

SHUFFLES = 1000

Format = tuple[tuple[int, int], tuple[int, float]]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Generator:
    """A simulated generator; what it makes has one size and one timing, as a real one's has."""

    name: str
    year: int
    skills: Mapping[Dimension, float]
    """Mean skill per dimension, 0 to 1."""
    size: tuple[int, int]
    """Width and height, in pixels."""
    timing: tuple[int, float]
    """Frames, and frames per second."""


def chance_of(seed: int, *words: str) -> np.random.Generator:
    """Return a stream of chance that depends on a seed and words only."""
    return np.random.default_rng([seed, *(crc32(word.encode()) for word in words)])


def sample_generators(count: int, seed: int) -> tuple[Generator, ...]:
    """Return generators from worst to best, but for the chance in each one's skills.

    Up to 18 are spread over ``NAMES``; further ones are second and later editions. Another seed gives
    the same names other skills, sizes and timings.
    """
    places = (
        [round(place) for place in np.linspace(0, len(NAMES) - 1, count)]
        if count < len(NAMES)
        else range(count)
    )
    names = [_name(place) for place in places]
    skills = [
        _skills(chance_of(seed, name), (place % len(NAMES)) / (len(NAMES) - 1))
        for place, (name, _) in zip(places, names, strict=True)
    ]
    formats = _formats(chance_of(seed, "formats"), skills)
    return tuple(
        Generator(name, year, own, size, timing)
        for (name, year), own, (size, timing) in zip(names, skills, formats, strict=True)
    )


def vary_skills(
    chance: np.random.Generator, skills: Mapping[Dimension, float], spread: float = 0.7
) -> dict[Dimension, float]:
    """Return the skills with which one clip is made: the generator's, give or take ``spread`` logits."""
    return {
        name: _expit(_logit(skill) + spread * float(chance.standard_normal()))
        for name, skill in skills.items()
    }


def _name(place: int) -> tuple[str, int]:
    name, year = NAMES[place % len(NAMES)]
    edition = place // len(NAMES) + 1
    return (name if edition == 1 else f"{name} ed. {edition}"), year


def _skills(chance: np.random.Generator, rank: float) -> dict[Dimension, float]:
    mean = SKILL[0] + (SKILL[1] - SKILL[0]) * rank
    return vary_skills(chance, {name: mean + LEAD[name] for name in DIMENSIONS}, OWN)


def _formats(chance: np.random.Generator, skills: Sequence[Mapping[Dimension, float]]) -> list[Format]:
    """Deal sizes and timings out evenly, by that of many shuffles which tells least about skill.

    One shuffle of a few generators could by bad luck make large or long clips the good ones.
    """
    known = np.array([list(own.values()) for own in skills])
    shuffles = (
        list(zip(_deal(chance, SIZES, len(skills)), _deal(chance, TIMINGS, len(skills)), strict=True))
        for _ in range(SHUFFLES)
    )
    return min(shuffles, key=lambda dealt: _told(dealt, known))


def _deal(chance: np.random.Generator, cards: Sequence[T], count: int) -> list[T]:
    rounds = [chance.permutation(len(cards)) for _ in range(math.ceil(count / len(cards)))]
    order = np.concatenate(rounds)[:count]
    return [cards[index] for index in chance.permutation(order)]


def _told(formats: Sequence[Format], skills: NDArray[np.float64]) -> float:
    """Return the largest correlation, without sign, of a fact about formats with a skill."""
    facts = np.array([(np.log(w * h), w / h, np.log(frames), fps) for (w, h), (frames, fps) in formats])
    return float(np.abs(_standard(facts).T @ _standard(skills)).max() / len(formats))


def _standard(columns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return columns of mean 0 and deviation 1; constant ones stay 0."""
    columns = columns - columns.mean(axis=0)
    return np.asarray(columns / np.maximum(columns.std(axis=0), 1e-12))


def _logit(share: float) -> float:
    return math.log(share / (1 - share))


def _expit(logit: float) -> float:
    return 1 / (1 + math.exp(-logit))
