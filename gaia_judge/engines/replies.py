"""Replies read from what an engine wrote under a constraint; what cannot be read is an error."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gaia_judge.engines import VIDEO_MARK, Draws, Form, Reply


@dataclass(frozen=True, slots=True)
class Written:
    """One generated token and the alternatives at its place, as text with log-probabilities."""

    text: str
    alternatives: Mapping[str, float]


def read_draws(ask: Draws, texts: Sequence[str], **usage: Any) -> Reply:
    """Return the samples that are on the scale; the note counts those that are not."""
    said = [text.strip() for text in texts]
    good = tuple(text for text in said if text in ask.labels)
    lost = f"{len(said) - len(good)} of {len(said)} samples left the scale" if len(good) < len(said) else ""
    return Reply(
        draws=good, error=None if good else f"No sample is on the scale: {said}.", note=lost, **usage
    )


def read_paragraph(text: str, *, cut: bool, **usage: Any) -> Reply:
    """Return a rationale; the note says where it was ``cut`` at its limit."""
    text = text.replace(VIDEO_MARK, "").strip()
    error = None if text else "The rationale is empty."
    return Reply(text=text, error=error, note="the rationale was cut at its limit" if cut else "", **usage)


def read_form(form: Form, tokens: Sequence[Written], text: str | None = None, **usage: Any) -> Reply:
    """Return the label and distribution of each field of a form.

    Constrained decoding masks what the schema forbids, so the probabilities are relative to the labels and
    the off-scale mass is unknown. A field's distribution is left out where its labels cannot be told apart
    by one token.
    """
    text = "".join(token.text for token in tokens) if text is None else text
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        return Reply(error=f"The form is not JSON: {text[:80]!r}.", text=text, **usage)
    if not isinstance(values, dict) or list(values) != [name for name, _ in form.fields]:
        return Reply(error=f"The form lacks its fields: {text[:80]!r}.", text=text, **usage)
    for name, labels in form.fields:
        if values[name] not in labels:
            return Reply(
                error=f"The form's {name} is not on its scale: {values[name]!r}.", text=text, **usage
            )
    read = {name: _read_field(name, labels, tokens) for name, labels in form.fields}
    return Reply(
        text=text,
        fields=values,
        distributions={name: found for name, found in read.items() if found},
        note="probabilities are relative to the form's labels",
        **usage,
    )


def _read_field(name: str, labels: Sequence[str], tokens: Sequence[Written]) -> dict[str, float]:
    """Return the distribution at the token that decides a field, or nothing if one token does not."""
    text = ""
    for token in tokens:
        start = _value_start(name, text + token.text)
        if start is not None and len(text + token.text) > start:
            return _shares(labels, text, start, token.alternatives)
        text += token.text
    return {}


def _value_start(name: str, text: str) -> int | None:
    """Return where the field's label begins in a compact or spaced form, if it has begun."""
    key = text.find(json.dumps(name, ensure_ascii=False) + ":")
    quote = text.find('"', key + len(json.dumps(name, ensure_ascii=False)) + 1) if key >= 0 else -1
    return quote + 1 if quote >= 0 else None


def _shares(
    labels: Sequence[str], before: str, start: int, alternatives: Mapping[str, float]
) -> dict[str, float]:
    mass = dict.fromkeys(labels, 0.0)
    for text, logprob in alternatives.items():
        probability = math.exp(min(0.0, logprob))
        if probability < 1e-9:
            continue
        value = (before + text)[start:]
        fits = [label for label in labels if (label + '"').startswith(value) or value.startswith(label + '"')]
        if not value or len(fits) > 1:
            return {}
        if fits:
            mass[fits[0]] += probability
    total = sum(mass.values())
    return {label: share / total for label, share in mass.items()} if total > 0 else {}
