"""Weights of metrics: where they officially come from, where they are kept, and whether they are at hand."""

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from gaia_judge.engines import Problem
from gaia_judge.errors import GaiaJudgeError
from gaia_judge.installs import folder_problem, hub_problem, site_problem

FORMATS = ("model.safetensors", "model.safetensors.index.json", "pytorch_model.bin")
"""Weight files of a transformers checkpoint; the last is read with ``weights_only``."""

CONVERSION = (
    "save its state_dict by safetensors.torch.save_file elsewhere, and give that: --weights NAME=PATH."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """Weights of one network: a checkpoint or a file on the model hub, or a file at an address."""

    name: str
    """What ``--weights NAME=PATH`` calls them."""
    licence: str
    repo: str = ""
    """OWNER/NAME on the model hub."""
    file: str = ""
    """The one file of ``repo`` that is wanted; a whole transformers checkpoint if empty."""
    url: str = ""
    """Address of a file that is not on the hub."""
    revision: str | None = None
    """Commit on the hub; null where it could not be verified."""
    sha256: str | None = None
    """Digest of the file, or its first digits; null where it could not be verified."""
    size_mb: float | None = None
    """Size of what is downloaded, in 10^6 bytes; null where unknown."""
    non_commercial: bool = False

    @property
    def source(self) -> str:
        """Where they officially are."""
        return self.url or "/".join(filter(None, (self.repo, self.file)))

    def problem(
        self,
        given: Path | None = None,
        *,
        non_commercial: bool = False,
        hub: Callable[[], str | None] | None = None,
    ) -> Problem | None:
        """Return why they cannot be had, or None: own ones, a copy in the usual cache, or a download.

        Args:
            given: The user's own file or folder instead.
            non_commercial: Whether the user has agreed to licences that forbid commercial use.
            hub: Returns why downloads are impossible, or None; by default their home is asked.
        """
        wanted = "folder with config.json" if self.repo and not self.file else "file"
        if given is not None:
            here = (given / "config.json").is_file() if wanted != "file" else given.is_file()
            cure = f"--weights {self.name}=PATH of a {wanted}"
            return None if here else Problem(f"{given} is no {wanted}.", cure)
        if self.non_commercial and not non_commercial:
            what = f"The weights {self.name} ({self.source}) may not be used commercially ({self.licence})."
            return Problem(what, "--non-commercial (if your use is not)")
        if self.cached():
            return None
        closed = (hub or (partial(site_problem, self.url) if self.url else hub_problem))()
        if not closed:
            return None
        what = f"the weights {self.source} are not in {self.home}, and {closed}"
        bring = f"hf download {self.repo} {self.file}".strip() if self.repo else f"download {self.url}"
        return Problem(what, f"{bring} elsewhere, then --weights {self.name}=PATH (a {wanted})")

    @property
    def home(self) -> Path:
        """The cache where downloads go."""
        if self.repo:
            from huggingface_hub import constants

            return Path(constants.HF_HUB_CACHE)
        cache = os.environ.get("XDG_CACHE_HOME", "~/.cache")
        return Path(os.environ.get("TORCH_HOME", f"{cache}/torch")).expanduser() / "hub" / "checkpoints"

    def cached(self) -> Path | None:
        """Return the file in the cache, of a checkpoint its weight file, or None."""
        if self.url:
            file = self.home / self.url.rpartition("/")[2]
            return file if file.is_file() else None
        if self.file:
            return self._in_hub_cache(self.file)
        config = self._in_hub_cache("config.json")
        found = [path for name in FORMATS if config and (path := self._in_hub_cache(name))]
        if config is None or not found:
            return None
        whole = found[0].suffix == ".bin" or folder_problem(config.parent) is None
        return found[0] if whole else None

    def bring(self, given: Path | None = None) -> Path:
        """Return the file, downloading it first if need be; only for weights that are one file.

        Raises:
            GaiaJudgeError: It cannot be downloaded, or its digest is another.
        """
        path = given or self.cached() or self._download()
        if given is None and self.sha256 and not file_digest(path).startswith(self.sha256):
            raise GaiaJudgeError(f"{path} is not {self.source}: its digest differs.", "Delete it, try again.")
        return path

    def checkpoint(self, given: Path | None = None) -> dict[str, Any]:
        """Return the arguments of ``from_pretrained`` that load a whole checkpoint, and no code with it."""
        source: dict[str, Any] = {"pretrained_model_name_or_path": str(given or self.repo)}
        return source | ({} if given else {"revision": self.revision})

    def describe(self, given: Path | None = None) -> dict[str, Any]:
        """Return what determines them, as JSON values: source, and what is in the cache; or own ones' digest.

        Of a checkpoint the cache knows the commit; of a file its digest is taken.
        """
        if given is None:
            return {"source": self.source, "used": self._used()}
        files = sorted(given.iterdir()) if given.is_dir() else [given]
        digests = [f"{file.name} {file_digest(file)}" for file in files if file.is_file()]
        return {"own": hashlib.sha256("\n".join(digests).encode()).hexdigest()[:12]}

    def _used(self) -> str | None:
        path = self.cached()
        if path is None:
            return None
        if self.repo and not self.file:
            return path.parent.name
        return file_digest(path)[:12]

    def is_random(self, given: Path | None = None) -> bool:
        """Return whether own weights say that they are random ones, made for tests."""
        if given is None:
            return False
        if (config := given / "config.json").is_file():
            with suppress(ValueError):  # what is no JSON fails when it is loaded, with a message
                return bool(json.loads(config.read_text(encoding="utf-8")).get("random_weights"))
            return False
        if given.suffix != ".safetensors" or not given.is_file():
            return False
        from safetensors import safe_open

        with safe_open(given, "np") as opened:
            return bool((opened.metadata() or {}).get("random_weights"))

    def _in_hub_cache(self, name: str) -> Path | None:
        from huggingface_hub import try_to_load_from_cache

        found = try_to_load_from_cache(self.repo, name, revision=self.revision)
        return Path(found) if isinstance(found, str) else None

    def _download(self) -> Path:
        try:
            if self.url:
                import torch

                path = self.home / self.url.rpartition("/")[2]
                path.parent.mkdir(parents=True, exist_ok=True)
                torch.hub.download_url_to_file(self.url, str(path), hash_prefix=self.sha256, progress=True)
                return path
            from huggingface_hub import hf_hub_download

            return Path(hf_hub_download(self.repo, self.file, revision=self.revision))
        except (OSError, RuntimeError, ValueError) as error:
            cure = f"Bring it by hand: --weights {self.name}=PATH."
            raise GaiaJudgeError(f"{self.source} cannot be downloaded: {error}.", cure) from error


def load_network(loader: Any, checkpoint: Mapping[str, Any], **settings: Any) -> Any:
    """Return a network of transformers with all its weights, or none at all.

    Args:
        loader: A class with ``from_pretrained``.
        checkpoint: As ``Weights.checkpoint`` returns it.
        settings: More arguments of ``from_pretrained``, such as dtype.

    Raises:
        GaiaJudgeError: The checkpoint cannot be read, is only there in part, or lacks weights of the network,
            which transformers would fill with random numbers.
    """
    network, told = _load(loader, checkpoint, **settings, output_loading_info=True)
    lost = [*told["missing_keys"], *told["mismatched_keys"]]
    if lost:
        source = checkpoint["pretrained_model_name_or_path"]
        what = f"{source} has no {lost[0]} for a {loader.__name__} ({len(lost)} such weights)"
        raise GaiaJudgeError(
            f"{what}.", "It is another network, or there in part: download the official one."
        )
    return network


def load_part(loader: Any, checkpoint: Mapping[str, Any]) -> Any:
    """Return a checkpoint's image processor or tokenizer, as ``loader`` reads it.

    Raises:
        GaiaJudgeError: It has none; transformers would make up a tokenizer that knows no word.
    """
    part = _load(loader, checkpoint)
    marks = getattr(part, "all_special_tokens", None)
    if marks is not None and len(part) <= len(marks):
        what = f"{checkpoint['pretrained_model_name_or_path']} has no tokenizer."
        raise GaiaJudgeError(what, "Download the whole of it.")
    return part


def _load(loader: Any, checkpoint: Mapping[str, Any], **settings: Any) -> Any:
    try:
        return loader.from_pretrained(**checkpoint, **settings, trust_remote_code=False)
    except Exception as error:  # transformers and its readers raise whatever they like
        source = checkpoint["pretrained_model_name_or_path"]
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise GaiaJudgeError(f"{source} cannot be loaded: {reason}", "Download the whole of it.") from error


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file in hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def load_tensors(path: Path) -> dict[str, Any]:
    """Return the tensors of a safetensors file or of a PyTorch file, which is read without running its code.

    Raises:
        GaiaJudgeError: It is neither, or holds more than tensors.
    """
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            return load_file(path)
        import torch

        found: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        return found
    except Exception as error:  # pickle and zip raise whatever they like on what is no checkpoint
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        hint = f"Download it again; if it holds more than tensors and you trust it, {CONVERSION}"
        raise GaiaJudgeError(f"{path} cannot be read as weights: {reason}", hint) from error
