"""Scales: what they refuse, how they are read, and that constraint, parser and values agree."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from outlines.types.dsl import python_types_to_terms, to_regex
from outlines_core.json_schema import build_regex_from_schema

from gaia_judge.errors import GaiaJudgeError
from gaia_judge.scales import (
    Scale,
    choice_constraint,
    form_constraint,
    form_schema,
    load_scale,
    paragraph_constraint,
    read_yaml,
    spellings,
)

SHIPPED = {
    "words": (1, 5, 5),
    "one-to-five": (1, 5, 5),
    "one-to-seven": (1, 7, 7),
    "zero-to-hundred": (0, 100, 101),
}
WORDS = load_scale("words")

weights = st.floats(0, 1).filter(lambda p: p == 0 or p > 1e-9)
distributions = (
    st.lists(weights, min_size=5, max_size=5)
    .filter(any)
    .map(lambda found: dict(zip(WORDS.labels, found, strict=True)))
)


def written(folder: Path, text: str) -> Path:
    path = folder / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(("name", "shape"), SHIPPED.items())
def test_shipped_scales_run_from_worst_to_best(name: str, shape: tuple[float, float, int]) -> None:
    scale = load_scale(name)
    assert (scale.low, scale.high, len(scale.labels)) == shape
    assert list(scale.values) == sorted(scale.values)


def test_yes_is_worth_one() -> None:
    scale = load_scale("yes-no")
    assert scale.expected({"Yes": 0.3, "No": 0.7}) == pytest.approx(0.3, abs=1e-15)


@pytest.mark.parametrize("label", ["yes", "No", "1", "null", "1:30", "3.5", "2020-01-01", "~"])
def test_labels_that_yaml_takes_for_something_else_must_be_quoted(tmp_path: Path, label: str) -> None:
    path = written(tmp_path, f"levels:\n  - {{label: bad, value: 0}}\n  - {{label: {label}, value: 1}}\n")
    with pytest.raises(GaiaJudgeError) as caught:
        read_yaml(path, Scale)
    assert str(path) in caught.value.message
    assert "levels.1.label" in caught.value.message
    assert caught.value.hint == f'Quote it: "{label}".'
    quoted = path.read_text().replace(f"label: {label}", f'label: "{label}"')
    assert read_yaml(written(tmp_path, quoted), Scale).labels == ("bad", label)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("levels: [{label: a, value: 1}, {label: b, value: 1}]", "must rise"),
        ("levels: [{label: a, value: 2}, {label: b, value: 1}]", "must rise"),
        ("levels: [{label: a, value: 1}, {label: a, value: 2}]", "the same"),
        ("levels: [{label: good, value: 1}, {label: GOOD, value: 2}]", "the same"),
        ("levels: [{label: a, value: 1}]", "levels"),
        ("levels: [{label: a, value: 1}, {label: 'b.', value: 2}]", "full stop"),
        ("levels: [{label: a, value: 1}, {label: ' b', value: 2}]", "space"),
        ("levels: [{label: a, value: 1}, {label: b, value: .inf}]", "levels.1.value"),
        ("levels: [{label: a, value: 1}, {label: b, value: true}]", "levels.1.value"),
        ("levels: [{label: a, value: 1}, {label: b, value: 2, colour: red}]", "levels.1.colour"),
        ("range: [5, 1]", "rises"),
        ("range: [0, 5000]", "1000"),
        ("range: [0, 1.5]", "whole"),
        ("range: [1, 2]\nlevels: [{label: a, value: 1}, {label: b, value: 2}]", "in place of"),
        ("levels: [", "cannot be read"),
        ("", "mine.yaml"),
        ("just words", "mine.yaml"),
        ("levels: {a: 1}", "levels: must be a list, such as [one, another]."),
        ("levels: [a, b]", "levels.0: must hold fields, such as {name: value}."),
    ],
)
def test_wrong_scales_are_refused_naming_the_file(tmp_path: Path, text: str, complaint: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(GaiaJudgeError, match=re.escape(complaint)) as caught:
        read_yaml(path, Scale)
    assert str(path) in caught.value.message
    assert caught.value.hint


def test_a_range_stands_for_its_numbers(tmp_path: Path) -> None:
    scale = read_yaml(written(tmp_path, "range: [-1, 1]"), Scale)
    assert scale.labels == ("-1", "0", "1")
    assert scale.values == (-1.0, 0.0, 1.0)


def test_an_unknown_scale_suggests_near_ones() -> None:
    with pytest.raises(GaiaJudgeError, match="Did you mean words"):
        load_scale("word")


@given(distributions)
def test_expected_value_lies_on_the_scale_and_ignores_rounding(found: dict[str, float]) -> None:
    value = WORDS.expected(found)
    assert 1 <= value <= 5
    assert WORDS.expected({label: 0.97 * p for label, p in found.items()}) == pytest.approx(value, abs=1e-12)


@given(distributions)
def test_mode_is_the_first_of_the_likeliest(found: dict[str, float]) -> None:
    mode = WORDS.mode(found)
    before = WORDS.labels[: WORDS.labels.index(mode)]
    assert found[mode] == max(found.values())
    assert all(found[label] < found[mode] for label in before)


def test_certainty_is_the_levels_value() -> None:
    assert [WORDS.expected({label: 1.0}) for label in WORDS.labels] == list(WORDS.values)
    assert WORDS.mode({"Good": 0.5, "Poor": 0.5}) == "Poor"


@pytest.mark.parametrize(
    "found", [{}, {"Bad": 0.0}, {"Bad": float("nan")}, {"Bad": -0.1, "Good": 1.1}, {"Meh": 1.0}]
)
def test_there_is_no_number_where_there_is_no_answer(found: dict[str, float]) -> None:
    for read in (WORDS.expected, WORDS.mode):
        with pytest.raises(GaiaJudgeError):
            read(found)


@given(st.sampled_from(["words", "one-to-seven", "zero-to-hundred", "yes-no"]), st.data())
def test_every_spelling_parses_to_its_label(name: str, data: st.DataObject) -> None:
    scale = load_scale(name)
    label = data.draw(st.sampled_from(scale.labels))
    spelling = data.draw(st.sampled_from(spellings(label)))
    stop = data.draw(st.sampled_from(["", ".", "\n", ".  "]))
    assert scale.parse(spelling + stop) == label


labels = st.text(min_size=1, max_size=6)


@given(st.lists(labels, min_size=2, max_size=4, unique=True))
def test_no_spelling_belongs_to_two_labels(found: list[str]) -> None:
    try:
        scale = Scale.model_validate({"levels": [{"label": b, "value": n} for n, b in enumerate(found)]})
    except ValueError:
        return
    for label in scale.labels:
        assert {scale.parse(spelling) for spelling in scale.spellings(label)} == {label}


@pytest.mark.parametrize(
    "text", ["", "10", "5 4", "four", "Good!", "Very good", "Goo", "Good..", "1.0", "Good or Fair"]
)
def test_parse_never_guesses(text: str) -> None:
    assert WORDS.parse(text) is None
    assert load_scale("one-to-five").parse(text) is None


def test_anchors_fit_every_scale() -> None:
    anchors = ["a", "b", "c", "d", "e"]

    def of(name: str) -> list[tuple[str, str]]:
        return list(load_scale(name).anchored(anchors))

    assert of("words") == list(zip(WORDS.labels, anchors, strict=True))
    assert of("one-to-seven") == [("1", "a"), ("4", "c"), ("7", "e")]
    assert of("zero-to-hundred") == [("0", "a"), ("25", "b"), ("50", "c"), ("75", "d"), ("100", "e")]
    assert of("yes-no") == [("No", "a"), ("Yes", "e")]
    assert WORDS.anchored([]) == ()


def test_the_choice_admits_the_labels_and_nothing_else() -> None:
    for name in [*SHIPPED, "yes-no"]:
        scale = load_scale(name)
        pattern = re.compile(to_regex(python_types_to_terms(scale.constraint())))
        assert all(pattern.fullmatch(label) for label in scale.labels)
        assert not any(pattern.fullmatch(text) for text in ("", "101", "Goo", "good ", "maybe"))
        assert scale.constraint() is choice_constraint(scale.labels)


def test_the_form_admits_compact_ordered_json_only() -> None:
    fields = (("subject", WORDS.labels), ("interaction", ("1", "10", "100")))
    constraint = form_constraint(fields)
    assert constraint is form_constraint(fields)
    assert json.loads(constraint.schema) == form_schema(fields)
    pattern = re.compile(build_regex_from_schema(constraint.schema, constraint.whitespace_pattern))
    assert pattern.fullmatch('{"subject":"Good","interaction":"10"}')
    for wrong in (
        '{"interaction":"10","subject":"Good"}',
        '{"subject": "Good", "interaction": "10"}',
        '{"subject":"Good"}',
        '{"subject":"Good","interaction":"11"}',
        '{"subject":"Good","interaction":"10","more":"1"}',
    ):
        assert not pattern.fullmatch(wrong)


def test_a_paragraph_has_no_line_break() -> None:
    pattern = re.compile(paragraph_constraint().pattern)
    assert pattern.fullmatch("The left hand has six fingers.")
    assert not pattern.fullmatch("One.\nTwo.")
    assert not pattern.fullmatch("")
