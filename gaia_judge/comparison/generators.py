"""Agreement on generators: their mean scores by a rater against their mean scores by people."""

from gaia_judge.agreement import agree, resample
from gaia_judge.comparison.agreements import Asking, Panel, Row

LEVEL = "means of generators"
"""The group under which such rows stand."""

COVERAGE = (
    "Intervals draw generators anew. Of 18 normal means the 95% intervals held the truth in 96% for SRCC,"
    " 95% for KRCC and 92% for PLCC (correlation 0.6; benchmarks/agreement.py)."
)
"""Measured with 1,000 samples."""


def measure_generators(panel: Panel, asking: Asking) -> list[Row]:
    """Return how each rater's mean scores of generators agree with people's.

    A generator's means are taken over the videos that both have scored. ``COVERAGE`` says what intervals of
    so few points are worth.
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
