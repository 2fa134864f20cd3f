"""Text-to-video models: what is known of them, and the names they go by in files."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from gaia_judge.assets import find_asset
from gaia_judge.errors import GaiaJudgeError
from gaia_judge.videos.actions import fold
from gaia_judge.videos.tables import Row, read_table

NUMBERS = ("year", "month", "width", "height")
COLUMNS = (*NUMBERS, "mode", "fps", "seconds", "kind", "aliases", "source")


@dataclass(frozen=True, slots=True)
class Generator:
    """A T2V model as a benchmark used it."""

    name: str
    year: int
    month: int | None
    mode: str
    """What it makes videos from: T2V, I2V, V2V."""
    width: int
    """Of its videos, in pixels."""
    height: int
    fps: float
    """Frames per second."""
    seconds: float
    """Length of its videos."""
    kind: str
    """``lab`` or ``commercial``."""
    aliases: tuple[str, ...]
    """Other names, which differ by more than case and punctuation."""
    source: str


def known_generators() -> list[Generator]:
    """Return the generators of ``calibration/reference/generators.csv``: GAIA's eighteen, as shipped.

    Raises:
        GaiaJudgeError: A row lacks a number, or two rows go by one name.
    """
    return list(_read(find_asset("references", "generators").path))


def known_generator(name: str) -> Generator | None:
    """Return the generator of that name or alias, whatever its case and punctuation; None if none is known.

    >>> known_generator("zeroScope").name, known_generator("Anmidiff").name, known_generator("Marmot")
    ('ZeroScope', 'AnimateDiff', None)
    """
    return _by_name(find_asset("references", "generators").path).get(fold(name))


@cache
def _by_name(path: Path) -> Mapping[str, Generator]:
    found: dict[str, Generator] = {}
    for generator in _read(path):
        for name in (generator.name, *generator.aliases):
            other = found.setdefault(fold(name), generator)
            if other is not generator:
                message = f"{path}: {name!r} may be {other.name} or {generator.name}."
                raise GaiaJudgeError(message, "Remove one of the names.")
    return found


@cache
def _read(path: Path) -> tuple[Generator, ...]:
    return tuple(_generator(row) for row in read_table(path, keys=("name",), others=COLUMNS))


def _generator(row: Row) -> Generator:
    cells = row.cells
    try:
        return Generator(
            name=cells["name"],
            year=int(cells["year"]),
            month=int(cells["month"]) if cells["month"] else None,
            mode=cells["mode"],
            width=int(cells["width"]),
            height=int(cells["height"]),
            fps=float(cells["fps"]),
            seconds=float(cells["seconds"]),
            kind=cells["kind"],
            aliases=tuple(filter(None, (alias.strip() for alias in cells["aliases"].split("|")))),
            source=cells["source"],
        )
    except ValueError as error:
        raise GaiaJudgeError(
            f"{row.where}: {error}.", "Write whole numbers, or a name's row anew."
        ) from error
