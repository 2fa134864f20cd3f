"""Sections: what a page holds, whatever it is then written as."""

from collections.abc import Mapping
from dataclasses import dataclass

from gaia_judge.figures import Figure
from gaia_judge.reports import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Exhibit:
    """One rating that people and a judge disagree about, with the clip."""

    video: str
    rater: str
    dimension: str
    generator: str | None
    action: str | None
    prompt: str | None
    judge: float
    """On people's scale, where it could be mapped to it; else the judge's own."""
    people: float
    distribution: Mapping[str, float] | None
    """The judge's probabilities by label, in the order of the scale."""
    rationale: str | None
    clip: bytes | None
    """The re-encoded video; None where ``problem`` says why not."""
    problem: str | None = None
    kind: str = "video/mp4"
    """Media type of the clip."""


@dataclass(frozen=True, slots=True)
class Gallery:
    """Exhibits side by side."""

    title: str
    exhibits: tuple[Exhibit, ...]
    notes: tuple[str, ...] = ()


Part = Report | Figure | Gallery


@dataclass(frozen=True, slots=True)
class Section:
    """A heading of the page and what stands under it."""

    name: str
    """Its anchor: letters, digits and dashes."""
    title: str
    about: str
    """What it tells, in a sentence or two."""
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A whole page."""

    title: str
    about: str
    warnings: tuple[str, ...]
    """What must be read first, such as synthetic data or random weights; stands at the head."""
    sections: tuple[Section, ...]
    data: Mapping[str, str]
    """Full tables as CSV, by file name."""
    facts: Mapping[str, str]
    """Versions, digests and settings, by name."""
