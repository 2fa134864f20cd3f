"""Label probabilities from next-token probabilities, for labels of any number of tokens.

The spellings of all labels form a trie of token ids. A label's probability is the sum over its spellings
of the product of its tokens' probabilities; where a spelling is also the beginning of another ("1", "10",
"100"), it counts only together with the model ending its turn there. What is left of 1 is off-scale.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from gaia_judge.engines import Reply

Path = tuple[int, ...]

NEGLIGIBLE = 1e-4
"""Paths less probable than this are not followed; their mass counts as off-scale."""


class LabelWalk:
    """Walks the trie of one request's labels, asking only nodes that matter.

    Args:
        spellings: Label -> token ids of each of its spellings.
        stops: Tokens that end the model's turn.
        negligible: Mass below which a path is not followed; 0 walks the whole trie.

    Raises:
        ValueError: Two labels share a spelling.
    """

    def __init__(
        self,
        spellings: Mapping[str, Iterable[Path]],
        stops: Sequence[int],
        negligible: float = NEGLIGIBLE,
    ) -> None:
        self._mass = dict.fromkeys(spellings, 0.0)
        self._stops = frozenset(stops)
        self._negligible = negligible
        self._ends: dict[Path, str] = {}
        self._children: dict[Path, set[int]] = defaultdict(set)
        self._reach: dict[Path, float] = {(): 1.0}
        self.waiting: set[Path] = {()}
        """Nodes asked and not yet received."""
        for label, paths in spellings.items():
            for path in paths:
                if not path or self._ends.setdefault(path, label) != label:
                    raise ValueError(
                        f"The labels {label!r} and {self._ends.get(path)!r} have the same tokens."
                    )
                for depth, token in enumerate(path):
                    self._children[path[:depth]].add(token)

    def wanted(self, node: Path) -> list[int]:
        """Return the token ids whose log-probabilities after ``node`` are needed, sorted."""
        return sorted(self._children[node] | (self._stops if node in self._ends else frozenset()))

    def receive(self, node: Path, logprobs: Mapping[int, float]) -> list[Path]:
        """Take the log-probabilities after ``node`` and return the nodes to ask next."""
        self.waiting.discard(node)
        reach = self._reach[node]
        if node in self._ends:
            self._mass[self._ends[node]] += reach * sum(_probability(logprobs, t) for t in self._stops)
        following = []
        for token in sorted(self._children[node]):
            child = (*node, token)
            mass = reach * _probability(logprobs, token)
            if child not in self._children:
                self._mass[self._ends[child]] += mass
            elif mass > 0 and mass >= self._negligible:
                self._reach[child] = mass
                following.append(child)
        self.waiting.update(following)
        return following

    def reply(self, **usage: Any) -> Reply:
        """Return the distribution over labels and the off-scale mass, once nothing is waiting."""
        total = sum(self._mass.values())
        if not total > 0:
            return Reply(error="The model gives no probability to any label.", off_scale=1.0, **usage)
        return Reply(
            distribution={label: mass / total for label, mass in self._mass.items()},
            off_scale=min(1.0, max(0.0, 1.0 - total)),
            **usage,
        )


def _probability(logprobs: Mapping[int, float], token: int) -> float:
    return math.exp(min(0.0, logprobs.get(token, -math.inf)))
