"""Rules: whether what a change does to the ratings is what should be expected of a judge that looks."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from gaia_judge.experiments.effects import Effect, flips, largest, loss, partial, shift, similarity
from gaia_judge.experiments.verdicts import (
    Case,
    Numbers,
    Outcome,
    Verdict,
    above,
    below,
    inside,
    outside,
    shown,
    unsure,
)

FEW = 8
"""Videos, rated before and after, below which nothing is judged."""

TOLERATED = 0.05
"""Share of the videos that may lose their rating by a change before its verdict is doubted."""

TRIFLE = 0.01
"""A fall that is surely smaller than this share of the scale is none."""

RANKS = "SRCC of ratings before and after"
CHANGE = "mean change, of the scale's span"
LOSS = "SRCC with people that is lost"


def judge(case: Case) -> Verdict:
    """Return the verdict of a rule on a case.

    Ratings that a change makes impossible are no ratings that held still: where more than ``TOLERATED`` are
    lost, a rule that wants nothing to move fails, and no other one passes.
    """
    lost, rated, kind = case.lost, case.rated, case.rule.kind
    if kind == "blind" and rated >= FEW and lost > rated - FEW and case.refuses:
        told = (
            f"It gives {lost} of {rated} videos no rating then ({_reason(case)}): it refuses to rate blindly."
        )
        return replace(_verdict(case, RANKS, Effect(None, n=rated - lost), "pass", told), lost=lost)
    found = KINDS[kind](case)
    if found.effect.n < FEW:
        gone = f" {lost} of {rated} have none after the change: {_reason(case)}." if lost else ""
        told = f"{found.effect.n} videos that can be compared are too few; {FEW} are needed.{gone}"
        return replace(found, outcome="unclear", words=told, lost=lost)
    if lost > TOLERATED * rated and found.outcome in ("pass", "partly"):
        outcome: Outcome = "fail" if kind in ("stays", "equal") else "unclear"
        told = (
            f"{lost} of {rated} videos have no rating any more ({_reason(case)}). The others: {found.words}"
        )
        return replace(found, outcome=outcome, words=told, lost=lost)
    return replace(found, lost=None if case.changed is None else lost)


def _reason(case: Case) -> str:
    return (case.error or "no reason is known").rstrip(".")


def _verdict(case: Case, measured: str, effect: Effect, outcome: Outcome, words: str) -> Verdict:
    return Verdict(case.rule, case.dimension, measured, effect, outcome, words)


def _changed(case: Case) -> Numbers:
    assert case.changed is not None
    return case.changed


def _blind(case: Case) -> Verdict:
    """Without what it should look at, a judge should have nothing to go by."""
    changed, rule = _changed(case), case.rule
    both = np.isfinite(case.base) & np.isfinite(changed)
    if _constant(changed[both]) and not _constant(case.base[both]):
        told = "All videos get the same rating then: what is taken away is what it goes by."
        return _verdict(case, "ratings that differ", Effect(0.0, n=int(both.sum())), "pass", told)
    same = similarity(case.base, changed, case.actions, seed=case.seed)
    if above(same, rule.least):
        told = f"Ratings rank as before (SRCC {shown(same)}): it does not look."
        return _verdict(case, RANKS, same, "fail", told)
    if case.people is not None:
        return _blind_to_people(case, case.people)
    if below(same, rule.lost):
        return _verdict(case, RANKS, same, "pass", f"Ratings no longer rank as before (SRCC {shown(same)}).")
    if below(same, rule.least):
        told = f"Ratings still rank partly as before (SRCC {shown(same)})."
        return _verdict(case, RANKS, same, "partly", told)
    return _verdict(case, RANKS, same, "unclear", unsure(same))


def _blind_to_people(case: Case, people: Numbers) -> Verdict:
    """Agreement with people should be lost, and none remain."""
    changed = _changed(case)
    lost = loss(case.base, changed, people, case.actions, seed=case.seed)
    if lost.value is None or not outside(lost, 0.0):
        return _verdict(case, LOSS, lost, "unclear", unsure(lost))
    if lost.value < 0:
        told = f"It agrees better with people without what it should look at, by {shown(lost, -1)}."
        return _verdict(case, LOSS, lost, "fail", told)
    rest = similarity(np.where(np.isfinite(case.base), changed, np.nan), people, case.actions, seed=case.seed)
    told = f"Its SRCC with people falls by {shown(lost)}, to {shown(rest)}"
    if rest.value is not None and (above(rest, 0.0) or rest.value > lost.value):
        return _verdict(case, LOSS, lost, "partly", f"{told}: it looks, but part of its agreement remains.")
    return _verdict(case, LOSS, lost, "pass", f"{told}: it looks.")


def _falls(case: Case) -> Verdict:
    """What spoils the action should cost it some of its rating."""
    found = shift(case.base, _changed(case), case.actions, seed=case.seed)
    if found.low is not None and found.low > 0:
        told = f"Ratings rise by {shown(found)} of the scale: it takes the fault for a merit."
        return _verdict(case, CHANGE, found, "fail", told)
    if found.low is not None and found.low > -TRIFLE:
        told = f"Ratings do not fall ({shown(found)} of the scale): it does not notice."
        return _verdict(case, CHANGE, found, "fail", told)
    if below(found, 0.0):
        return _verdict(case, CHANGE, found, "pass", f"Ratings fall by {shown(found, -1)} of the scale.")
    return _verdict(case, CHANGE, found, "unclear", unsure(found))


def _stays(case: Case) -> Verdict:
    """What does not matter should move nothing."""
    changed, rule = _changed(case), case.rule
    moved = shift(case.base, changed, case.actions, seed=case.seed)
    same = similarity(case.base, changed, case.actions, seed=case.seed)
    turned = flips(case.base, changed, case.generators)
    of = "generators" if _several(case.generators) else "videos"
    told = f"SRCC with the ratings before {shown(same)}, mean change {shown(moved)} of the scale"
    told += f"; {100 * turned:.0f}% of pairs of {of} change order." if turned is not None else "."
    if same.value is None and moved.value is not None and largest(case.base, changed)[0].value == 0:
        return _verdict(case, RANKS, same, "pass", "No rating changes; all are the same.")
    if below(same, rule.least) or outside(moved, rule.within):
        return _verdict(case, RANKS, same, "fail", f"It does not hold still: {told}")
    if above(same, rule.least) and inside(moved, rule.within):
        return _verdict(case, RANKS, same, "pass", f"It holds still: {told}")
    return _verdict(case, RANKS, same, "unclear", same.reason or f"Too uncertain to tell: {told}")


def _equal(case: Case) -> Verdict:
    """The same question should get the same answer."""
    found, share = largest(case.base, _changed(case))
    measured = "largest change, of the scale's span"
    if found.value is None or share is None:
        return _verdict(case, measured, found, "unclear", unsure(found))
    good = found.value <= case.rule.within
    told = f"{100 * share:.0f}% of ratings differ, by {found.value:.4f} of the scale at most"
    return _verdict(
        case, measured, found, "pass" if good else "fail", f"{told}; {case.rule.within:g} is allowed."
    )


def _length(case: Case) -> Verdict:
    """A longer prompt should earn nothing by its length."""
    found, within = (
        partial(case.base, case.lengths, case.people, case.actions, seed=case.seed),
        case.rule.within,
    )
    plain = "rank correlation of rating and prompt length"
    measured = plain if case.people is None else f"{plain}, people's scores held fixed"
    if found.value is None or found.low is None or found.high is None:
        return _verdict(case, measured, found, "unclear", unsure(found))
    strong, sure = abs(found.value) > within, not found.low <= 0 <= found.high
    if strong and sure:
        way = "longer" if found.value > 0 else "shorter"
        return _verdict(case, measured, found, "fail", f"It likes {way} prompts ({shown(found)}).")
    if inside(found, within):
        told = f"Length matters little if at all ({shown(found)}; {within:g} is allowed)."
        return _verdict(case, measured, found, "pass", told)
    return _verdict(case, measured, found, "unclear", unsure(found))


KINDS: Mapping[str, Callable[[Case], Verdict]] = {
    "blind": _blind,
    "falls": _falls,
    "stays": _stays,
    "equal": _equal,
    "length": _length,
}


def _constant(values: Numbers) -> bool:
    return len(values) > 1 and float(np.ptp(values)) == 0


def _several(labels: NDArray[np.str_] | None) -> bool:
    return labels is not None and len(set(labels.tolist())) > 1
