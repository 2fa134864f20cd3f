"""Variants of a prompt set: the same questions with something about them changed."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from gaia_judge.errors import GaiaJudgeError, unknown
from gaia_judge.prompts import SENTINELS, PromptSet

Variable = str | int | float | bool


def best_first(prompt: PromptSet) -> PromptSet:
    """Return a set that names and describes its levels from the best to the worst; what they count stays."""
    return replace(prompt, best_first=True)


def reorder(prompt: PromptSet, order: Sequence[str]) -> PromptSet:
    """Return a set that asks about its dimensions in another order.

    Args:
        prompt: Any set.
        order: All its dimensions.

    Raises:
        GaiaJudgeError: These are not its dimensions.
    """
    known = {one.name: one for one in prompt.dimensions}
    if sorted(order) != sorted(known):
        message = f"The prompt set {prompt.name!r} has no order {', '.join(order)}."
        raise GaiaJudgeError(message, f"Name each once: {', '.join(known)}.")
    return replace(prompt, dimensions=tuple(known[name] for name in order))


def with_variables(prompt: PromptSet, variables: Mapping[str, Variable]) -> PromptSet:
    """Return a set whose templates find other values in ``variables``.

    Raises:
        GaiaJudgeError: The set has no such variable, or a template cannot be rendered with these.
    """
    for name in variables:
        if name not in prompt.card.variables:
            raise unknown(f"variable of the prompt set {prompt.name!r}", name, prompt.card.variables)
    card = prompt.card.model_copy(update={"variables": {**prompt.card.variables, **variables}})
    changed = replace(prompt, card=card)
    for video in SENTINELS:
        changed.texts(video)
    return changed
