"""What a report says of experiments and audits."""

from pathlib import Path

from gaia_judge.comparison.agreements import Asking
from gaia_judge.experiments.audits import audit_tables, read_audit
from gaia_judge.experiments.indexes import FILE, read_index
from gaia_judge.experiments.plots import pareto
from gaia_judge.experiments.results import read_results
from gaia_judge.experiments.tables import SHOWN, list_tables
from gaia_judge.pages.sections import Part, Section


def is_experiment(place: str) -> bool:
    """Tell whether a place is an experiment's folder, or an audit's."""
    return (Path(place) / FILE).is_file()


def experiment_section(
    place: str, number: int, asking: Asking, human: Path | None
) -> tuple[Section, list[str]]:
    """Return what an experiment or audit has found, and what must be known first.

    Args:
        place: Its folder.
        number: Of the section, for its anchor.
        asking: How agreement is measured.
        human: People's scores; the experiment's own by default.

    Raises:
        GaiaJudgeError: It has no scores yet.
    """
    kept = read_index(Path(place))
    about = kept.experiment.about or "A matrix of judges, prompts, frames, readouts and controls."
    if kept.experiment.rules:
        audit = read_audit(kept, human, seed=asking.seed)
        title = f"Audit: {Path(place).name}"
        return Section(f"audit-{number}", title, about, tuple(audit_tables(audit))), list(audit.warnings)
    own = Asking(statistics=SHOWN, unit=asking.unit, draws=asking.draws, seed=asking.seed)
    results = read_results(kept, own, human)
    parts: list[Part] = list(list_tables(results))
    if figure := pareto(results):
        parts.append(figure)
    warnings = [text for rater in results.raters.values() for text in rater.warnings]
    title = f"Experiment: {kept.experiment.name}"
    return Section(f"experiment-{number}", title, about, tuple(parts)), list(dict.fromkeys(warnings))
