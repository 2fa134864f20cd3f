"""Readings: what a reply says on a scale, and the mean of several readings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import pstdev
from typing import Any

from gaia_judge.engines import Reply
from gaia_judge.scales import Scale


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A value on a scale with what it rests on, or the reason why there is none."""

    value: float | None = None
    mode: str | None = None
    """The level that the conversation goes on with."""
    distribution: Mapping[str, float] | None = None
    off_scale: float | None = None
    error: str | None = None
    rationale: str | None = None
    trace: Mapping[str, Any] = field(default_factory=dict)


def read_reply(reply: Reply, scale: Scale, readout: str, rationale: str | None) -> Reading:
    """Return what a reply says on a scale.

    A distribution is read by its expected value (``choice``: its mode). Samples are read by their mean;
    their shares are the distribution. A single choice without probabilities is read as its level, and the
    trace says so.
    """
    trace = {"note": reply.note} if reply.note else {}
    if reply.error is not None:
        return Reading(error=reply.error, off_scale=reply.off_scale, rationale=rationale, trace=trace)
    if reply.distribution is not None:
        mode = scale.mode(reply.distribution)
        value = scale.value_of(mode) if readout == "choice" else scale.expected(reply.distribution)
        return Reading(
            value=value,
            mode=mode,
            distribution=reply.distribution,
            off_scale=reply.off_scale,
            rationale=rationale,
            trace=trace,
        )
    if not reply.draws:
        return Reading(error="The reply holds no rating.", rationale=rationale, trace=trace)
    return replace(
        _read_draws(reply.draws, scale, sampled=readout == "sampled", trace=trace), rationale=rationale
    )


def _read_draws(draws: Sequence[str], scale: Scale, *, sampled: bool, trace: dict[str, Any]) -> Reading:
    values = [scale.value_of(label) for label in draws]
    shares = {label: draws.count(label) / len(draws) for label in scale.labels}
    if sampled:
        trace = {**trace, "samples": len(draws), "spread": round(pstdev(values), 6)}
    else:
        trace = {**trace, "value_is": "the chosen level; no probabilities were given"}
    return Reading(
        value=sum(values) / len(values),
        mode=scale.mode(shares),
        distribution=shares if sampled else None,
        trace=trace,
    )


def combine(readings: Sequence[Reading], weights: Sequence[float], scale: Scale) -> Reading:
    """Return the weighted mean of readings from several courses of a conversation; one is itself.

    An unreadable course makes the whole unreadable, since leaving it out would shift the mean.
    """
    if len(readings) == 1:
        return readings[0]
    failed = next((one for one in readings if one.error is not None), None)
    if failed:
        return failed
    pairs = list(zip(readings, weights, strict=True))
    shares: dict[str, float] | None = None
    if all(one.distribution is not None for one in readings):
        shares = {
            label: sum(weight * (one.distribution or {}).get(label, 0.0) for one, weight in pairs)
            for label in scale.labels
        }
    off = [one.off_scale for one in readings]
    return Reading(
        value=sum(weight * (one.value or 0.0) for one, weight in pairs),
        mode=scale.mode(shares) if shares else readings[0].mode,
        distribution=shares,
        off_scale=None if None in off else sum(w * (one.off_scale or 0.0) for one, w in pairs),
        rationale=max(pairs, key=lambda pair: pair[1])[0].rationale,
        trace={**readings[0].trace, "courses": len(readings)},
    )
