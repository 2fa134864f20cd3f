"""Fitted calibrators as JSON: numbers, what they were fitted to, and digests of where they may serve."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from gaia_judge.calibration.bands import Band
from gaia_judge.calibration.mappings import Map, Name
from gaia_judge.calibration.sources import Source, digest
from gaia_judge.errors import GaiaJudgeError
from gaia_judge.protocols import Unit
from gaia_judge.runs.manifests import differences
from gaia_judge.scores.files import replacing


class Human(BaseModel):
    """The human scores that a calibrator was fitted to."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str
    """Name of the file."""
    digest: str


class Fitted(BaseModel):
    """How scores on one dimension become people's."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    map: Map
    labels: int
    """Videos it was fitted to."""
    band: Band | None
    """None where there are no intervals."""
    no_band: str | None
    """Why not."""


class Calibrator(BaseModel):
    """A rater's mappings for all dimensions, and everything that they depend on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    """Of this format."""
    library: str
    """Version of gaia-judge that fitted it."""
    name: str
    rater: str
    mapping: Name
    group: Unit
    """Whose members stayed together in folds."""
    folds: int
    seed: int
    level: float
    """Of the intervals."""
    world: str
    """``synthetic``: it demonstrates the machinery and is no evidence about real judges."""
    settings: Mapping[str, Any]
    """Judge, prompt, frames and readout of the run."""
    digests: Mapping[str, str]
    """Of each of the settings."""
    human: Human
    features: tuple[str, ...]
    """``DIMENSION=LEVEL`` for ridge; empty for mappings of one score."""
    dimensions: Mapping[str, Fitted]
    unfitted: Mapping[str, str]
    """Dimensions without a mapping, and why."""
    groups: tuple[str, ...]
    """Those with labels, sorted."""
    videos: tuple[str, ...]
    """Marks of the labelled videos, sorted: the first 12 hex digits of the SHA-256 of each id."""
    digest: str = ""
    """Of all other fields."""

    def sealed(self) -> "Calibrator":
        """Return this calibrator with the digest of its numbers."""
        return self.model_copy(update={"digest": self.own_digest()})

    def own_digest(self) -> str:
        """Return the digest that its numbers have."""
        return digest(self.model_dump(mode="json", exclude={"digest"}))


def mark(video: str) -> str:
    """Return the mark of a video's id.

    >>> mark("a")
    'ca978112ca1b'
    """
    return hashlib.sha256(video.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def write_calibrator(calibrator: Calibrator, path: Path) -> None:
    """Write a calibrator as JSON, whole or not at all.

    Raises:
        GaiaJudgeError: It cannot be written.
    """
    with replacing(path) as file:
        file.write(calibrator.model_dump_json().encode() + b"\n")


def read_calibrator(path: Path) -> Calibrator:
    """Return the calibrator in a file.

    Raises:
        GaiaJudgeError: There is none, it is of another version, or its numbers were changed.
    """
    hint = "Give the JSON file that gaia-judge calibrate wrote, or fit anew."
    try:
        found = Calibrator.model_validate_json(path.read_bytes())
    except OSError as error:
        raise GaiaJudgeError(f"{path} cannot be read: {error.strerror}.", hint) from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise GaiaJudgeError(f"{path} is not a calibrator: {where}: {first['msg']}.", hint) from error
    if found.digest != found.own_digest():
        raise GaiaJudgeError(f"{path} was changed after it was fitted: its digest does not fit.", hint)
    return found


def mismatches(calibrator: Calibrator, source: Source) -> list[str]:
    """Return what differs between the run a calibrator was fitted to and another, one text per setting."""
    return list(differences(calibrator.settings, source.settings))


def check_settings(calibrator: Calibrator, source: Source) -> None:
    """Refuse to use a calibrator on scores that came about otherwise.

    Raises:
        GaiaJudgeError: A setting differs; all are named.
    """
    if found := mismatches(calibrator, source):
        message = f"Calibrator {calibrator.name} was fitted to other settings: {'; '.join(found)}."
        hint = "Fit one for this run, or use --override-digests, which marks every score."
        raise GaiaJudgeError(message, hint)
