"""Which engines there are, and which of them runs a model here."""

from collections.abc import Sequence
from importlib.metadata import EntryPoint, entry_points

from gaia_judge.engines import Engine, EngineOptions, ModelSpec, Problem
from gaia_judge.errors import EngineError, unknown

GROUP = "gaia_judge.engines"


def engine_entries() -> dict[str, EntryPoint]:
    """Return the registered engines by name, built-in and others'."""
    return {entry.name: entry for entry in sorted(entry_points(group=GROUP), key=lambda one: one.name)}


def find_engine(name: str) -> type[Engine]:
    """Return an engine's class.

    Raises:
        GaiaJudgeError: There is none of that name; near ones are suggested.
    """
    entries = engine_entries()
    if name not in entries:
        raise unknown("engine", name, entries)
    found: type[Engine] = entries[name].load()
    return found


def candidates(name: str, preferred: Sequence[str], options: EngineOptions) -> list[str]:
    """Return the names of the engines that come into question, best first.

    >>> candidates("auto", ["vllm", "transformers", "openai"], EngineOptions())
    ['vllm', 'transformers']
    """
    if name != "auto":
        return [name]
    if options.base_urls:
        return ["openai"]
    return [one for one in preferred if one != "openai"] or ["openai"]


def choose_engine(
    name: str, preferred: Sequence[str], model: ModelSpec, options: EngineOptions
) -> type[Engine]:
    """Return the engine of that name, or with ``auto`` the first preferred one that can run the model here.

    Raises:
        EngineError: None can; the message says what each one lacks, the hint what would work.
    """
    found: dict[str, list[Problem]] = {}
    for one in candidates(name, preferred, options):
        engine = find_engine(one)
        found[one] = engine.problems(model, options)
        if not found[one]:
            return engine
    raise EngineError(_what(model, found), _cures(model, found))


def _what(model: ModelSpec, found: dict[str, list[Problem]]) -> str:
    lacks: dict[str, list[str]] = {}
    for name, problems in found.items():
        for problem in problems:
            lacks.setdefault(problem.what, []).append(name)
    reasons = [f"\n  {', '.join(names)}: {what}" for what, names in lacks.items()]
    return f"{model.model or 'The judge'} cannot run here." + "".join(reasons)


def _cures(model: ModelSpec, found: dict[str, list[Problem]]) -> str:
    own = [problem.cure for problems in found.values() for problem in problems]
    server = f"--base-url http://HOST:8000/v1 (a server that has it: vllm serve {model.model or 'MODEL'})"
    smaller = "a judge that can run here: gaia-judge doctor names them"
    return "\nWhat would work:" + "".join(f"\n  {cure}" for cure in dict.fromkeys([*own, server, smaller]))
