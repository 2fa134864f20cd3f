"""Combinations of raters: sums as published, sums of z-scores, and cross-fitted regression on people."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from gaia_judge.comparison.agreements import Panel
from gaia_judge.comparison.raters import Rater, pick_rater
from gaia_judge.errors import GaiaJudgeError
from gaia_judge.protocols import Protocol, splits

if TYPE_CHECKING:
    from pandas import DataFrame, Series

How = Literal["sum", "zsum", "regression"]
"""Ways to combine: the sum of raw scores, that of z-scores, or a linear regression on people's scores."""

FOLDS = 5
"""Parts of the actions for the regression: each part's scores come from a fit on the others."""


def combine(panel: Panel, names: Sequence[str], how: How, seed: int = 0) -> Rater:
    """Return a rater made of others; it has a value where all of them have one.

    Args:
        panel: Raters and people.
        names: Two raters or more, each by its name or the beginning of it.
        how: ``sum`` as GAIA's table of combinations probably has it (equal weights, raw scores); ``zsum``,
            where each counts alike whatever its scale; ``regression``, least squares on the dimension's MOS,
            fitted without the actions that it is applied to.
        seed: Of the folds.

    Raises:
        GaiaJudgeError: A rater is unknown, or fewer than two are named.
    """
    if len(names) < 2:
        raise GaiaJudgeError(f"{'+'.join(names)!r} is no combination.", "Write A+B.")
    members = [pick_rater(panel.raters, name) for name in names]
    columns = {
        name: _combined(_scores(members, name, panel), how, panel, name, seed) for name in panel.dimensions
    }
    warnings = tuple(dict.fromkeys(text for member in members for text in member.warnings))
    title = f"{' + '.join(member.name for member in members)} ({how})"
    values = panel.people[panel.dimensions].assign(**columns)
    return replace(members[0], name=title, values=values, facts=panel.facts, warnings=warnings)


def _combined(scores: "DataFrame", how: How, panel: Panel, dimension: str, seed: int) -> "Series[float]":
    if how == "regression":
        return _predicted(scores, panel, dimension, seed)
    if how == "zsum":
        scores = (scores - scores.mean()) / scores.std(ddof=0)
    return scores.sum(axis=1, skipna=False)


def _predicted(scores: "DataFrame", panel: Panel, dimension: str, seed: int) -> "Series[float]":
    """Return what linear regression on people's scores says of each video, fitted without its action."""
    import pandas as pd

    unit: Literal["action", "video"] = "action" if panel.facts["action"].notna().all() else "video"
    inputs = np.column_stack([np.ones(len(scores)), scores.to_numpy()])
    target = panel.people[dimension].to_numpy()
    whole = np.isfinite(inputs).all(axis=1) & np.isfinite(target)
    found = np.full(len(scores), np.nan)
    for split in splits(Protocol(by=unit, folds=FOLDS, seed=seed), panel.facts):
        fitted = split.train[whole[split.train]]
        if len(fitted) > inputs.shape[1]:
            weights = np.linalg.lstsq(inputs[fitted], target[fitted])[0]
            found[split.test] = inputs[split.test] @ weights
    return pd.Series(found, scores.index)


def _scores(members: Sequence[Rater], dimension: str, panel: Panel) -> "DataFrame":
    """Return the members' scores on the videos that all of them have scored."""
    import pandas as pd

    columns = [member.on(dimension, panel.dimensions).rename(member.name) for member in members]
    return pd.concat(columns, axis=1).reindex(panel.people.index).dropna().reindex(panel.people.index)
