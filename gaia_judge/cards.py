"""Judge cards: judges as data."""

import hashlib
import json
import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import PositiveFloat, PositiveInt, StringConstraints

from gaia_judge.assets import find_asset, list_assets, shipped
from gaia_judge.engines import ModelSpec
from gaia_judge.engines.checks import refuse_code
from gaia_judge.errors import GaiaJudgeError
from gaia_judge.frames import Frames, FrameSpec
from gaia_judge.prompts import PromptSet, Readout
from gaia_judge.scales import read_yaml

WHOLE_BYTES = 256 * 2**20
"""Weight files up to this size are hashed whole, larger ones by size and header."""


STAMP = r"^[^@]+@[0-9a-f]{12}$"

PromptStamp = Annotated[str, StringConstraints(pattern=STAMP)]


class JudgeCard(ModelSpec):
    """A judge as data: which model, how it is run, what may be done with it."""

    name: str = ""
    """The file's stem; not written in the file."""
    about: str
    """One line for people."""
    architecture: str = ""
    """The class in transformers' and vLLM's registries."""
    engines: tuple[str, ...] = ("vllm", "transformers", "openai")
    """Engines that run it, best first."""
    frames: PositiveInt = 8
    """Frames per video unless the user says otherwise."""
    readout: Readout = "expected"
    """Readout unless the user or the prompt set says otherwise."""
    licence: str = ""
    """Licence of the weights."""
    non_commercial: bool = False
    """Whether that licence forbids commercial use."""
    citation: str = ""
    verified: bool = False
    """Whether the revision was checked against the hub."""
    parameters_billion: PositiveFloat | None = None
    size_gib: PositiveFloat | None = None
    """Size of the published weights."""
    random_weights: bool = False
    """A checkpoint for tests: its ratings mean nothing, and every screen says so."""
    world: Literal["", "synthetic"] = ""
    """What the judge can know anything of: only clips of the synthetic world, or any video if empty."""
    prompt_sets: tuple[PromptStamp, ...] = ()
    """Prompt sets that it was trained on, as ``NAME@DIGEST`` (``gaia-judge ls prompts``), with ``frames``
    frames; any, with any number, if empty."""

    def covers(self, frames: Frames) -> bool:
        """Return whether a video is of the judge's world."""
        return not self.world or frames.synthetic

    def spec(self) -> ModelSpec:
        """Return the part that engines read."""
        return ModelSpec(**{name: getattr(self, name) for name in ModelSpec.model_fields})


def check_training(card: JudgeCard, prompt: PromptSet, frames: FrameSpec) -> None:
    """Refuse what a judge of certain prompt sets was not trained on: other questions, or other frames.

    What counts of questions is their text and scale, not their name.

    Raises:
        GaiaJudgeError: Naming what the judge knows.
    """
    if card.prompt_sets and (frames.count != card.frames or frames.fps is not None):
        told = f"{frames.count} frames" if frames.fps is None else f"{frames.fps:g} frames per second"
        raise GaiaJudgeError(
            f"{card.name} was not trained on {told}.", f"It knows {card.frames} frames at equal distances."
        )
    known = dict(stamp.split("@")[::-1] for stamp in card.prompt_sets)
    if not known or prompt.digest[:12] in known:
        return
    altered = " with these words or this scale" if prompt.name in known.values() else ""
    what = f"{card.name} was not trained on the prompt set {prompt.name}{altered} ({prompt.digest[:12]})."
    raise GaiaJudgeError(what, f"It knows: {', '.join(card.prompt_sets)}.")


def load_card(name: str) -> JudgeCard:
    """Return a judge's card.

    Args:
        name: A shipped or own judge's name, a card's file (``.yaml``), or a folder with a checkpoint.

    Raises:
        GaiaJudgeError: There is none, or a field of it is wrong.
    """
    path = Path(name)
    known = name in {asset.name for asset in list_assets("judges")}  # a folder of that name: ./NAME
    try:
        if path.is_dir() and not known:
            return _checkpoint(path)
        if path.suffix in (".yaml", ".yml") and path.is_file():
            return read_card(path)
    except OSError as error:  # such as a name that is too long for a file
        message = f"{name[:60]!r} cannot be looked up: {error.strerror}."
        raise GaiaJudgeError(
            message, "Give a judge's name, a card's file or a checkpoint's folder."
        ) from error
    return read_card(find_asset("judges", name).path)


def read_card(path: Path) -> JudgeCard:
    """Read a card's file.

    Raises:
        GaiaJudgeError: Naming the file and the field.
    """
    card = read_yaml(path, JudgeCard).model_copy(update={"name": path.stem})
    refuse_code(card.engine_args, str(path))
    if card.model.startswith("."):  # a checkpoint beside the card, or beside the shipped ones
        homes = [path.parent / card.model, shipped() / "judges" / card.model]
        local = next((home for home in homes if home.is_dir()), None)
        card = card.model_copy(update={"model": str(local.resolve()) if local else card.model})
    if (Path(card.model) / "config.json").is_file():
        return card.model_copy(update=_confessions(_read_config(Path(card.model))))
    return card


def weights_digest(model: str) -> str | None:
    """Return the first 12 hex digits of a digest over a local checkpoint; None for a name on the hub."""
    folder = Path(model)
    if not folder.is_dir():
        return None
    total = hashlib.sha256()
    for file in sorted(folder.iterdir()):
        if file.suffix in (".json", ".jinja", ".safetensors", ".txt", ".model"):
            size = file.stat().st_size
            with file.open("rb") as stream:
                head = stream.read(WHOLE_BYTES if size <= WHOLE_BYTES else 2**20)
            total.update(f"{file.name}\0{size}\0".encode() + head)
    return total.hexdigest()[:12]


def _checkpoint(folder: Path) -> JudgeCard:
    """Return a card for a checkpoint's folder."""
    known = _read_config(folder)
    card = JudgeCard(
        name=folder.resolve().name,
        model=str(folder),
        about=f"A checkpoint in {folder}.",
        architecture=next(iter(known.get("architectures") or [""])),
    )
    return card.model_copy(update=_confessions(known))


def _confessions(config: dict[str, Any]) -> dict[str, Any]:
    """Return what a checkpoint says of its own limits, which no card can hide."""
    found: dict[str, Any] = {}
    if config.get("random_weights"):
        found["random_weights"] = True
    if config.get("world") == "synthetic":
        found["world"] = "synthetic"
    if config.get("prompt_sets"):
        found["prompt_sets"] = tuple(config["prompt_sets"])
    return found


def _read_config(folder: Path) -> dict[str, Any]:
    file = folder / "config.json"
    if not file.is_file():
        raise GaiaJudgeError(
            f"{folder} holds no config.json.", "Give a checkpoint's folder or a judge's name."
        )
    try:
        config = dict(json.loads(file.read_text(encoding="utf-8")))
    except (ValueError, TypeError, RecursionError) as error:
        raise GaiaJudgeError(f"{file} is not JSON: {error}.", "Download the checkpoint again.") from error
    for name, pattern in (("architectures", r".*"), ("prompt_sets", STAMP)):
        listed = config.get(name) or []
        texts = isinstance(listed, list) and all(isinstance(one, str) for one in listed)
        if not texts or not all(re.fullmatch(pattern, one) for one in listed):
            raise GaiaJudgeError(
                f"{file}: {name} is not what it should be.", "Download the checkpoint again."
            )
    return config
