"""Which metrics there are: built-in ones and others' register in one way."""

from collections.abc import Iterable
from dataclasses import replace
from importlib.metadata import EntryPoint, entry_points

from gaia_judge.baselines.metrics import Metric
from gaia_judge.errors import GaiaJudgeError, unknown

GROUP = "gaia_judge.metrics"


def metric_entries() -> dict[str, EntryPoint]:
    """Return the registered metrics by name."""
    return {entry.name: entry for entry in sorted(entry_points(group=GROUP), key=lambda one: one.name)}


def find_metric(name: str) -> Metric:
    """Return a metric.

    Args:
        name: Such as ``clip-b16``, or ``vqascore:nano`` for one that takes something.

    Raises:
        GaiaJudgeError: There is none of that name, near ones are suggested; it takes nothing; or the package
            that registers it is broken.
    """
    plain, colon, given = name.partition(":")
    entries = metric_entries()
    if plain not in entries:
        raise unknown("metric", plain, entries)
    metric = replace(_load(entries[plain]), name=plain)
    if not colon:
        return metric
    if metric.arrange is None:
        raise GaiaJudgeError(f"The metric {plain} takes nothing, so not {given!r}.", f"Write {plain}.")
    if not given:
        raise GaiaJudgeError(f"{name!r} lacks the {metric.takes}.", f"Write {plain}:{metric.takes}.")
    return replace(metric.arrange(metric, given), name=name)


def find_metrics(names: Iterable[str]) -> list[Metric]:
    """Return metrics in the order of their names.

    Raises:
        GaiaJudgeError: One does not exist, or stands twice.
    """
    names = list(names)
    if twice := [name for name in names if names.count(name) > 1]:
        raise GaiaJudgeError(f"The metric {twice[0]} is asked for twice.", "Name it once.")
    return [find_metric(name) for name in names]


def _load(entry: EntryPoint) -> Metric:
    try:
        metric = entry.load()
    except Exception as error:  # whatever an outsider's module raises
        home = entry.dist.name if entry.dist else entry.value
        message = f"The metric {entry.name} cannot be imported: {type(error).__name__}: {error}."
        raise GaiaJudgeError(message, f"Update or remove the package {home}.") from error
    if not isinstance(metric, Metric):
        raise GaiaJudgeError(f"{entry.value} is no Metric.", f"Correct the entry point {entry.name}.")
    return metric
