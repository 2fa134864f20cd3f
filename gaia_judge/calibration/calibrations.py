"""Calibration of one rater: out-of-fold scores, intervals, and the calibrator for other runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gaia_judge.calibration.bands import check_groups, fit_band
from gaia_judge.calibration.calibrators import Calibrator, Fitted, Human, check_settings, mark, mismatches
from gaia_judge.calibration.crossfits import OUTSIDE, Fits, Sample, assign, cross_fit
from gaia_judge.calibration.mappings import Name, Unfit
from gaia_judge.calibration.sources import Source
from gaia_judge.calibration.tables import APPLIED, OUT_OF_FOLD, SEEN, Calibrated, calibrated_table
from gaia_judge.errors import GaiaJudgeError
from gaia_judge.people import HumanScores, join
from gaia_judge.protocols import Unit, units_of
from gaia_judge.scores import ScoreTable

if TYPE_CHECKING:
    from pandas import DataFrame

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Plan:
    """How a calibration is made."""

    mapping: Name = "logistic5"
    group: Unit = "action"
    """Whose clips stay together in folds: nothing is judged on a group it was fitted to."""
    folds: int = 5
    seed: int = 0
    level: float = 0.9
    """Of the conformal intervals."""


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """One dimension: what went in, and what came out."""

    sample: Sample
    raw: Numbers
    """The rater's own scores, shape [N]."""
    calibrated: Calibrated
    """Out-of-fold."""
    reason: str | None
    """Why there are no intervals."""


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """A rater calibrated to people's scores."""

    plan: Plan
    facts: "DataFrame"
    """Of the videos, rows as in all results."""
    missing: tuple[str, ...]
    """Videos without human scores."""
    surplus: tuple[str, ...]
    """Videos of the human scores that the rater has not scored."""
    results: Mapping[str, Result]
    """By people's dimensions, of those that the rater has."""
    calibrator: Calibrator
    table: ScoreTable
    """The out-of-fold scores."""


def calibrate(source: Source, human: HumanScores, plan: Plan, name: str = "") -> Calibration:
    """Return a rater's scores mapped to people's, each by what was fitted to other groups.

    Args:
        source: The rater.
        human: People's scores of some of its videos.
        plan: Mapping, groups, folds.
        name: Of the calibrator.

    Raises:
        GaiaJudgeError: No dimension is common to both, a video lacks its group, or groups are too few.
    """
    facts = source.table.facts().loc[source.values.index]
    joined = join(facts, human)
    mos = joined.mos
    units = units_of(facts, plan.group)
    dimensions = [one for one in mos.columns if source.column(one) is not None]
    if not dimensions:
        known = f"{source.rater} rates {', '.join(source.values.columns)}"
        message = f"{known}; {human.source} has {', '.join(mos.columns)}."
        raise GaiaJudgeError(message, "Name the dimensions alike.")
    features = source.levels() if plan.mapping == "ridge" else ()
    fits = {one: _fits(source, one, features, mos[one].to_numpy(float), units, plan) for one in dimensions}
    results = {one: _result(each, source.features("linear", one)[:, 0], plan) for one, each in fits.items()}
    found = {one: result.calibrated for one, result in results.items()}
    kinds = [OUT_OF_FOLD] * len(facts)
    table = calibrated_table(source, found, mapping=plan.mapping, kinds=kinds, human_digest=human.digest)
    calibrator = _calibrator(source, human, plan, fits, features, name or f"{plan.mapping}-{plan.group}")
    return Calibration(plan, facts, joined.missing, joined.surplus, results, calibrator, table)


def apply_calibrator(calibrator: Calibrator, source: Source, *, override: bool = False) -> ScoreTable:
    """Return the scores of another run, calibrated; notes say by what, and where an action was in the fit.

    Args:
        calibrator: Fitted before.
        source: The rater, with the settings that the calibrator was fitted to.
        override: Use it despite other settings, and say so in every note.

    Raises:
        GaiaJudgeError: Settings differ; all that do are named.
    """
    if not override:
        check_settings(calibrator, source)
    other = mismatches(calibrator, source)
    marks = [f"OTHER SETTINGS than in the fit: {', '.join(other)}"] if other else []
    by = f"by {calibrator.name}@{calibrator.digest}"
    seen = f", which has seen this {calibrator.group}"
    notes = [by + (seen if inside else "") for inside in _seen(calibrator, source)]
    fitted = set(calibrator.videos)
    found = {dimension: _applied(calibrator, dimension, source, notes) for dimension in calibrator.dimensions}
    return calibrated_table(
        source,
        found,
        mapping=calibrator.mapping,
        kinds=[SEEN if mark(video) in fitted else APPLIED for video in source.values.index],
        human_digest=calibrator.human.digest,
        marks=marks,
    )


def _fits(
    source: Source,
    dimension: str,
    features: Sequence[str],
    mos: Numbers,
    units: NDArray[np.str_],
    plan: Plan,
) -> Fits:
    sample = Sample(source.features(plan.mapping, dimension, features), mos, units)
    return Fits(plan.mapping, sample, assign(sample, plan.folds, plan.seed, plan.group), plan.seed)


def _result(fits: Fits, raw: Numbers, plan: Plan) -> Result:
    cross = cross_fit(fits)
    low, high = np.full((2, len(raw)), np.nan)
    reasons = []
    for fold in np.unique(fits.folds).tolist():
        rows = fits.folds == fold
        try:
            band = fit_band(fits, None if fold == OUTSIDE else fold)
            low[rows], high[rows] = band.bounds(fits.sample.features[rows], plan.level)
        except Unfit as reason:
            reasons.append(str(reason))
    notes = [_note(fold, plan) for fold in fits.folds.tolist()]
    errors = [cross.reasons.get(fold) for fold in fits.folds.tolist()]
    return Result(
        fits.sample, raw, Calibrated(cross.values, low, high, notes, errors), next(iter(reasons), None)
    )


def _note(fold: int, plan: Plan) -> str:
    if fold == OUTSIDE:
        return f"out-of-fold: no clip of this {plan.group} has a label"
    return f"out-of-fold: fold {fold + 1} of {plan.folds} by {plan.group}"


def _calibrator(
    source: Source,
    human: HumanScores,
    plan: Plan,
    fits: Mapping[str, Fits],
    features: Sequence[str],
    name: str,
) -> Calibrator:
    fitted: dict[str, Fitted] = {}
    unfitted: dict[str, str] = {}
    for dimension, one in fits.items():
        try:
            fitted[dimension] = _fitted(one, plan.level)
        except Unfit as reason:
            unfitted[dimension] = str(reason)
    labelled = [one.sample.units[one.sample.whole] for one in fits.values()]
    whole = np.any([one.sample.whole for one in fits.values()], axis=0)
    return Calibrator(
        library=version("gaia-judge"),
        name=name,
        rater=source.rater,
        mapping=plan.mapping,
        group=plan.group,
        folds=plan.folds,
        seed=plan.seed,
        level=plan.level,
        world=source.world,
        settings=source.settings,
        digests=source.digests,
        human=Human(source=Path(human.source).name, digest=human.digest),
        features=tuple(features),
        dimensions=fitted,
        unfitted=unfitted,
        groups=tuple(np.unique(np.concatenate(labelled)).tolist()),
        videos=tuple(sorted(map(mark, source.values.index[whole]))),
    ).sealed()


def _fitted(fits: Fits, level: float) -> Fitted:
    """Return the mapping that was fitted to all labels, for other runs."""
    whole, labels = fits.without(), int(fits.sample.whole.sum())
    try:
        band = fit_band(fits)
        check_groups(band.groups, level)
        return Fitted(map=whole, labels=labels, band=band, no_band=None)
    except Unfit as reason:
        return Fitted(map=whole, labels=labels, band=None, no_band=str(reason))


def _applied(calibrator: Calibrator, dimension: str, source: Source, notes: Sequence[str]) -> Calibrated:
    fitted = calibrator.dimensions[dimension]
    features = source.features(calibrator.mapping, dimension, calibrator.features)
    values = fitted.map.predict(features)
    low, high = np.full((2, len(values)), np.nan)
    if fitted.band:
        low, high = fitted.band.bounds(features, calibrator.level)
    return Calibrated(values, low, high, notes, [None] * len(values))


def _seen(calibrator: Calibrator, source: Source) -> NDArray[np.bool_]:
    """Return whether the calibrator was fitted to clips of each video's group, shape [N]."""
    facts = source.table.facts().loc[source.values.index]
    units = facts.index if calibrator.group == "video" else facts[calibrator.group]
    return np.asarray(units.isin(calibrator.groups), bool)
