"""Loans: a judge's engine is loaded once for all metrics that ask it, and freed when the last is through."""

from collections import Counter
from collections.abc import Hashable

from gaia_judge.baselines.metrics import Setting
from gaia_judge.cards import JudgeCard
from gaia_judge.engines import Engine
from gaia_judge.engines.registry import choose_engine

_engines: dict[Hashable, Engine] = {}
_users: Counter[Hashable] = Counter()


class Loan:
    """An engine on loan. Made by ``borrow``; close it once done."""

    def __init__(self, key: Hashable, engine: Engine) -> None:
        self.engine = engine
        self._key: Hashable | None = key

    def close(self) -> None:
        """Give the engine back; the second time does nothing."""
        key, self._key = self._key, None
        if key is None:
            return
        _users[key] -= 1
        if not _users[key]:
            _engines.pop(key).close()


def borrow(card: JudgeCard, setting: Setting) -> Loan:
    """Return the engine that runs a judge, the same one to all who ask for it with the same settings.

    Two engines of different judges are two models in memory; vLLM reserves most of a GPU for each, so on one
    GPU they need ``--engine-arg gpu_memory_utilization``.

    Raises:
        EngineError: No engine can run the judge here; says what would work.
    """
    model, options = card.spec(), setting.options
    key = (model.model_dump_json(), setting.engine, card.engines, repr(options))
    if key not in _engines:
        _engines[key] = choose_engine(setting.engine, card.engines, model, options)(model, options)
    _users[key] += 1
    return Loan(key, _engines[key])
