"""Cautions: what a reader must know before any figure of a report."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from gaia_judge.comparison.raters import Rater
from gaia_judge.judges import FOREIGN
from gaia_judge.pages.contents.materials import Material
from gaia_judge.synthetic.benchmarks import SETTINGS
from gaia_judge.videos.origins import SYNTHETIC_TAG

if TYPE_CHECKING:
    from pandas import Series

SYNTHETIC = "Synthetic data: drawn clips, simulated people. It is no evidence about real judges."

LOOKED_AT = 20
"""Videos, evenly spaced, of which it is told whether they are drawn."""

ENDS = 1_000_000
"""Bytes at either end of a file, of which one holds the container's tags."""


def list_cautions(material: Material) -> Iterator[str]:
    """Yield whether videos or people are synthetic, and what is wrong with the raters' figures, each once."""
    told: dict[str, list[str]] = {}
    for rater in material.raters:
        for text in rater.warnings:
            told.setdefault(text, []).append(rater.name)
    if _drawn(material):
        yield SYNTHETIC
        told = {text: names for text, names in told.items() if "synthetic" not in text}
    yield from (f"{', '.join(names)}: {text}." for text, names in told.items())
    for rater in material.raters:
        if foreign := int(_foreign(rater).sum()):
            yield f"{rater.name}: {foreign} ratings are of videos outside the judge's world and mean nothing."


def is_tagged(path: Path) -> bool:
    """Tell whether a video's file holds the tag of the synthetic world; it is read, never decoded."""
    try:
        with path.open("rb") as file:
            first = file.read(ENDS)
            file.seek(max(len(first), path.stat().st_size - ENDS))
            return SYNTHETIC_TAG[1].encode() in first + file.read(ENDS)
    except OSError:
        return False


def _drawn(material: Material) -> bool:
    """Tell whether anything is drawn: a video that a judge of the synthetic world knows or that is tagged, or
    what stands beside people's scores."""
    if any("synthetic" in text for rater in material.raters for text in rater.warnings if _at_home(rater)):
        return True
    if material.human is not None and (Path(material.human.source).parent / SETTINGS).is_file():
        return True
    paths = [material.paths[name] for name in material.facts.index if name in material.paths]
    step = max(1, len(paths) // LOOKED_AT)
    return any(is_tagged(path) for path in paths[::step])


def _at_home(rater: Rater) -> bool:
    """Tell whether a rating is of a video that does not lie outside the judge's world."""
    return bool((rater.table.to_pandas()["value"].notna() & ~_foreign(rater)).any())


def _foreign(rater: Rater) -> "Series[bool]":
    return rater.table.to_pandas()["note"].str.contains(FOREIGN, regex=False).fillna(False).astype(bool)
