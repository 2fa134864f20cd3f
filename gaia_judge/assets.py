"""Where all that people edit is found, from judges to published figures: one's own before the shipped."""

import hashlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from gaia_judge.errors import GaiaJudgeError, unknown

Kind = Literal["judges", "prompts", "scales", "experiments", "protocols", "references"]

PATTERNS: dict[Kind, str] = {
    "judges": "judges/*.yaml",
    "prompts": "prompts/*/prompt.yaml",
    "scales": "prompts/scales/*.yaml",
    "experiments": "prompts/experiments/*.yaml",
    "protocols": "calibration/protocols/*.yaml",
    "references": "calibration/reference/*.csv",
}


@dataclass(frozen=True, slots=True)
class Asset:
    """One thing a person can edit: a file, or for a prompt set its folder."""

    kind: Kind
    name: str
    path: Path
    origin: str
    """``shipped``, or the folder it was found in."""

    @property
    def files(self) -> tuple[Path, ...]:
        """All files of the asset, sorted."""
        if self.path.is_file():
            return (self.path,)
        return tuple(sorted(p for p in self.path.rglob("*") if p.is_file() and not p.name.startswith(".")))

    @property
    def digest(self) -> str:
        """The first 12 hex digits of the SHA-256 over names and contents."""
        total = hashlib.sha256()
        for file in self.files:
            total.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
        return total.hexdigest()[:12]


def shipped() -> Path:
    """Return the folder of the shipped assets: inside the wheel, or the checkout's root."""
    inside = Path(__file__).parent / "_shipped"
    return inside if inside.is_dir() else Path(__file__).parent.parent


def roots() -> list[tuple[str, Path]]:
    """Return ``(origin, folder)`` in the order searched: working folder, GAIA_JUDGE_PATH, shipped."""
    own = [Path.cwd(), *(Path(p) for p in os.environ.get("GAIA_JUDGE_PATH", "").split(os.pathsep) if p)]
    found = [(str(p), p) for p in own if p.resolve() != shipped().resolve()]
    return [*found, ("shipped", shipped())]


def list_assets(kind: Kind) -> list[Asset]:
    """Return what there is of a kind, sorted by name; of equal names the first found wins."""
    found: dict[str, Asset] = {}
    for origin, root in roots():
        for path in sorted(root.glob(PATTERNS[kind])):
            home = path.parent if kind == "prompts" else path
            name = home.name if home.is_dir() else home.stem
            found.setdefault(name, Asset(kind, name, home, origin))
    return [found[name] for name in sorted(found)]


def find_asset(kind: Kind, name: str) -> Asset:
    """Return the asset of that name.

    Raises:
        GaiaJudgeError: There is none; near names are suggested.
    """
    known = {asset.name: asset for asset in list_assets(kind)}
    if name not in known:
        raise unknown("prompt set" if kind == "prompts" else kind.removesuffix("s"), name, known)
    return known[name]


def eject_asset(kind: Kind, name: str, into: Path) -> Path:
    """Copy an asset below ``into`` for editing and return the copy's path.

    Raises:
        GaiaJudgeError: The copy exists already.
    """
    asset = find_asset(kind, name)
    home = into / Path(PATTERNS[kind].split("*")[0]) / asset.path.name
    if home.exists():
        raise GaiaJudgeError(f"{home} exists already.", "Edit it, or remove it first.")
    home.parent.mkdir(parents=True, exist_ok=True)
    if asset.path.is_dir():
        shutil.copytree(asset.path, home)
    else:
        shutil.copy2(asset.path, home)
    return home
