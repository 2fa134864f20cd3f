"""Agreement on generators: their mean scores by a rater against their mean scores by people."""

from gaia_judge.agreement import agree, resample
from gaia_judge.comparison.agreements import Asking, Panel, Row

LEVEL = "means of generators"
"""The group under which such rows stand."""


def measure_generators(panel: Panel, asking: Asking) -> list[Row]:
    """Return how each rater's mean scores of generators agree with people's.

    A generator's means are taken over the videos that both have scored. Intervals draw generators anew: with
    few of them they are too narrow, as ``benchmarks/agreement.py`` measures.
    """
    rows = []
    for rater in panel.raters:
        for dimension in panel.measured:
            scores = rater.on(dimension, panel.dimensions).reindex(panel.people.index)
            pairs = (
                panel.people[[dimension]].assign(rater=scores, generator=panel.facts["generator"]).dropna()
            )
            means = pairs.groupby("generator")[["rater", dimension]].mean()
            found = agree(
                means["rater"].to_numpy(),
                means[dimension].to_numpy(),
                statistics=asking.statistics,
                resampling=resample(len(means), draws=asking.draws, seed=asking.seed),
                kendall=asking.kendall,
            )
            rows.append(Row(rater.name, dimension, LEVEL, rater.failed(dimension, panel.dimensions), found))
    return rows
