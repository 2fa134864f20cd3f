"""Engines: on which one a judge of an experiment runs."""

from gaia_judge.cards import JudgeCard
from gaia_judge.engines import Engine, EngineOptions
from gaia_judge.engines.registry import candidates, find_engine
from gaia_judge.errors import EngineError
from gaia_judge.experiments.files import JudgeChoice
from gaia_judge.judges import load_engine

OTHER = "other"


def pick_engine(card: JudgeCard, choice: JudgeChoice) -> tuple[JudgeChoice, str]:
    """Return a choice with the engine that it means here, and the name under which its answers are kept.

    Where none can run here the choice stays as it is, for ``load_choice`` to say why, and the name is that
    of the engine that would be tried first: what another machine has answered is not lost from sight.
    """
    if choice.engine not in ("auto", OTHER):
        return choice, choice.engine
    names, place = candidates("auto", card.engines, _options(choice)), int(choice.engine == OTHER)
    if choice.engine == "auto" and len(names) == 1:
        return choice, names[0]
    able = _able(card, choice, names)
    if len(able) > place:
        return choice.model_copy(update={"engine": able[place]}), able[place]
    return choice, OTHER if place else names[0]


def load_choice(card: JudgeCard, choice: JudgeChoice) -> Engine:
    """Return the engine that a judge is to run on.

    Raises:
        EngineError: It cannot run here, or there is no other.
    """
    options = _options(choice)
    if choice.engine != OTHER:
        return load_engine(card, choice.engine, options)
    able = _able(card, choice, candidates("auto", card.engines, options))
    if len(able) < 2:
        told = f"only {able[0]} can run it" if able else "no engine can run it"
        raise EngineError(f"{card.name}: {told} here.", "Name an engine, or install another.")
    return load_engine(card, able[1], options)


def _able(card: JudgeCard, choice: JudgeChoice, names: list[str]) -> list[str]:
    try:
        return [name for name in names if not find_engine(name).problems(card.spec(), _options(choice))]
    except EngineError:  # nothing can; loading says why
        return []


def _options(choice: JudgeChoice) -> EngineOptions:
    return EngineOptions(base_urls=choice.base_url, engine_args=choice.engine_args)
