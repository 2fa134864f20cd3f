"""Starts: the authors' weights of a head, from which training may begin instead of from chance."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gaia_judge.baselines.metrics import Setting
from gaia_judge.baselines.weights import Weights, load_tensors

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Where the weights of a head may be."""

    weights: Weights
    rename: Callable[[str], str | None]
    """Returns the name in the trained network of an official one, or None for what is not the head's."""
    optional: bool = False
    """Whether the file holds the head alone and is looked at only if the user gives it."""
    last: str = ""
    """How the names of the last layer begin, where ``highest`` is not 1."""
    highest: float = 1.0
    """Returns the name in the trained network of an official one, or None for what is not of the head."""

    def read(self, setting: Setting) -> "dict[str, Tensor] | None":
        """Return the head's weights by their names here, or None if the file holds none.

        Raises:
            GaiaJudgeError: The file cannot be read, or downloaded.
        """
        from gaia_judge.baselines.networks.keys import unwrapped

        given = setting.weights.get(self.weights.name)
        if self.optional and given is None:
            return None
        tensors = unwrapped(load_tensors(self.weights.bring(given)))
        found = {new: tensor for name, tensor in tensors.items() if (new := self.rename(name)) is not None}
        for name in found:
            if self.last and name.startswith(self.last):
                found[name] = found[name] / self.highest
        return found or None

    @property
    def told(self) -> str:
        """What people read of it.

        >>> Start(weights=Weights(name="vsfa", licence=""), rename=str, optional=True).told
        'anew, or from --weights vsfa=PATH'
        """
        if self.optional:
            return f"anew, or from --weights {self.weights.name}=PATH"
        return f"from the head in the file of {self.weights.name}, anew if it holds none"


def digest_of(tensors: "Mapping[str, Tensor]") -> str:
    """Return the first 12 hex digits of the SHA-256 of tensors by name."""
    total = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        total.update(f"{name} {tensor.dtype} {tuple(tensor.shape)} ".encode() + tensor.numpy().tobytes())
    return total.hexdigest()[:12]


def under(prefix: str, instead: str = "") -> Callable[[str], str | None]:
    """Return what renames names that begin with a prefix, and drops all others.

    >>> [under("vqa_head.")(name) for name in ("vqa_head.fc_hid.bias", "fragments_backbone.norm.bias")]
    ['fc_hid.bias', None]
    """
    return lambda name: instead + name.removeprefix(prefix) if name.startswith(prefix) else None
