"""Referees: the judges that metrics ask; their cards and weights, and what keeps them from running here."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gaia_judge.baselines.metrics import Metric, Setting
from gaia_judge.baselines.weights import Weights
from gaia_judge.cards import JudgeCard, load_card, weights_digest
from gaia_judge.engines import Problem
from gaia_judge.engines.registry import candidates, find_engine
from gaia_judge.errors import GaiaJudgeError


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeWeights(Weights):
    """Weights of a judge. A server may have them, so whether they can be had is for the engines to say."""

    def problem(
        self,
        given: Path | None = None,
        *,
        non_commercial: bool = False,
        hub: Callable[[], str | None] | None = None,
    ) -> Problem | None:
        """Return what is wrong with own weights or with the licence, or None."""
        # Not super(): slots make a new class, and super() would look for the first one.
        return Weights.problem(self, given, non_commercial=non_commercial, hub=lambda: None)

    def describe(self, given: Path | None = None) -> dict[str, Any]:
        """Return source and revision, or a digest of own ones that does not read large files whole."""
        return Weights.describe(self) if given is None else {"own": weights_digest(str(given))}


def weights_of(card: JudgeCard) -> tuple[Weights, ...]:
    """Return a judge's weights, called as the judge; none where a folder or only a server has them."""
    if not card.model or Path(card.model).is_dir():
        return ()
    size = round(card.size_gib * 2**30 / 1e6) if card.size_gib else None
    found = JudgeWeights(
        name=card.name,
        licence=card.licence,
        repo=card.model,
        revision=card.revision,
        size_mb=size,
        non_commercial=card.non_commercial,
    )
    return (found,)


def card_of(metric: Metric, setting: Setting) -> JudgeCard:
    """Return the card of the judge that a metric asks, with the user's own weights if there are any.

    Raises:
        GaiaJudgeError: There is no such judge, or the weights are of another architecture.
    """
    card = load_card(metric.facts["judge"]["card"])
    folder = setting.weights.get(card.name)
    if folder is None:
        return card
    own = load_card(str(folder.resolve()))
    if own.architecture != card.architecture:
        raise GaiaJudgeError(
            f"{folder} holds a {own.architecture or 'model'}, not the {card.architecture} of {card.name}.",
            f"--weights {card.name}=PATH of one",
        )
    confessed = {name: getattr(own, name) for name in ("random_weights", "world", "prompt_sets")}
    return card.model_copy(
        update={**confessed, "model": own.model, "revision": None, "memory_gib": _memory(card, folder)}
    )


def _memory(card: JudgeCard, folder: Path) -> float | None:
    """Return the memory that own weights need: the card's, or None where they are of a smaller model."""
    size = sum(file.stat().st_size for file in folder.glob("*.safetensors"))
    four_bits = 0.5e9 * (card.parameters_billion or 0)
    return card.memory_gib if size >= four_bits else None


def obstacles(metric: Metric, setting: Setting) -> list[Problem]:
    """Return why no engine can run a metric's judge here, each with a cure; loads nothing."""
    for one in metric.weights:
        if isinstance(one, JudgeWeights) and one.problem(setting.weights.get(one.name)):
            return []  # told already, as a problem of the weights
    try:
        card = card_of(metric, setting)
        names = candidates(setting.engine, card.engines, setting.options)
        found = {name: find_engine(name).problems(card.spec(), setting.options) for name in names}
    except GaiaJudgeError as error:
        return [Problem(f"{metric.name}: {error.message}", error.hint)]
    if not all(found.values()):
        return []
    return _told(metric, card, found)


def _told(metric: Metric, card: JudgeCard, found: dict[str, list[Problem]]) -> list[Problem]:
    """Return the engines' problems, each once, with cures in the words of ``baseline``."""
    lacks: dict[Problem, list[str]] = {}
    for name, problems in found.items():
        for problem in problems:
            lacks.setdefault(problem, []).append(name)
    own = f"--weights {card.name}=FOLDER" if metric.weights else f"{metric.name.partition(':')[0]}:FOLDER"
    server = f"--base-url http://HOST:8000/v1 (a server that has it: vllm serve {card.model or 'MODEL'})"
    told = [
        Problem(
            f"{metric.name}: {', '.join(names)}: {problem.what}",
            problem.cure.replace("--model FOLDER", own).replace(
                "a smaller judge:", "vqascore:SMALLER JUDGE:"
            ),
        )
        for problem, names in lacks.items()
    ]
    return [*told[:-1], replace(told[-1], cure=f"{told[-1].cure}; or {server}")]
