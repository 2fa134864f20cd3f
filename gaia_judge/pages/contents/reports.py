"""Whole reports: every section that the material allows, and the tables to download."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from gaia_judge.comparison.agreements import Asking
from gaia_judge.pages.contents.cautions import list_cautions
from gaia_judge.pages.contents.downloads import list_downloads
from gaia_judge.pages.contents.experiments import experiment_section, is_experiment
from gaia_judge.pages.contents.galleries import gallery_section
from gaia_judge.pages.contents.generators import (
    distributions_section,
    generators_section,
    people_section,
)
from gaia_judge.pages.contents.judges import (
    health_section,
    judges_section,
    plots_section,
    reliability_section,
)
from gaia_judge.pages.contents.materials import Material, list_facts
from gaia_judge.pages.sections import Page, Section

TITLE = "Judges of generated actions"


def build_page(
    material: Material | None,
    experiments: Sequence[str] = (),
    *,
    human: Path | None = None,
    gallery: int = 24,
    title: str = TITLE,
) -> Page:
    """Return the whole report.

    Args:
        material: Runs and people; None where there are only experiments.
        experiments: Folders of experiments and audits.
        human: People's scores for these, instead of their own.
        gallery: Clips of disagreements.
        title: Of the page.

    Raises:
        GaiaJudgeError: An experiment has no scores.
    """
    found = [] if material is None else list(_sections(material, gallery))
    warnings = [] if material is None else list(list_cautions(material))
    for number, place in enumerate(experiments, 1):
        asking = material.asking if material else Asking()
        section, told = experiment_section(place, number, asking, human)
        found.append(section)
        warnings += (f"{Path(place).name}: {text}." for text in told)
    return Page(
        title=title,
        about=_about(material, experiments),
        warnings=tuple(dict.fromkeys(warnings)),
        sections=tuple(found),
        data={} if material is None else dict(list_downloads(material)),
        facts={} if material is None else list_facts(material),
    )


def divide(places: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the runs and tables of some places, and the experiments and audits."""
    experiments = [place for place in places if is_experiment(place)]
    return [place for place in places if place not in experiments], experiments


def _sections(material: Material, gallery: int) -> Iterator[Section]:
    made = (
        judges_section(material),
        generators_section(material),
        plots_section(material),
        distributions_section(material),
        people_section(material),
        reliability_section(material),
        gallery_section(material, gallery),
        health_section(material),
    )
    yield from (one for one in made if one is not None and one.parts)


def _about(material: Material | None, experiments: Sequence[str]) -> str:
    told = []
    if material is not None:
        told += [_counted(len(material.raters), "rater"), _counted(len(material.facts), "video")]
        told += [_counted(material.facts["generator"].nunique(), "generator")]
        told += [f"people's scores of {material.human.source}"] if material.human else []
    told += [_counted(len(experiments), "experiment or audit", "experiments and audits")]
    return "; ".join(filter(None, told)) + "."


def _counted(count: int, one: str, many: str = "") -> str:
    """Return a number of things in words; nothing for none.

    >>> _counted(1, "rater"), _counted(9180, "video"), _counted(0, "generator")
    ('1 rater', '9,180 videos', '')
    """
    return f"{count:,} {one if count == 1 else many or f'{one}s'}" if count else ""
