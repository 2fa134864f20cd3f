"""Study files: what they may say, and what holds where they say nothing."""

from importlib.resources import files

import pytest
import yaml

from gaia_judge.errors import GaiaJudgeError
from gaia_judge.prompts import load_prompt_set
from gaia_judge.studio.studies import QUESTIONS, Study, anchors_of, read_study

EXAMPLE = (files("gaia_judge.studio") / "theme" / "example.yaml").read_text(encoding="utf-8")


def test_the_example_is_what_holds_without_it(tmp_path):
    path = tmp_path / "study.yaml"
    path.write_text(EXAMPLE)
    example, bare = read_study(path), Study().filled()
    assert example.model_dump(exclude={"dimensions"}) == bare.model_dump(exclude={"dimensions"})
    assert [(one.name, one.question) for one in example.dimensions] == list(QUESTIONS.items())
    assert set(yaml.safe_load(EXAMPLE)) == set(Study.model_fields) - {"training"}


def test_the_training_in_the_example_can_be_uncommented(tmp_path):
    text = EXAMPLE.replace("# training:", "training:").replace("#   - video", "  - video")
    path = tmp_path / "study.yaml"
    path.write_text(text.replace("#     scores", "    scores").replace("#     note", "    note"))
    (example,) = read_study(path).training
    assert example.scores == {"subject": 85, "completeness": 40, "interaction": 60}


def test_dimensions_are_those_of_the_syllogism_with_its_anchors():
    own = [(one.name, one.anchors) for one in load_prompt_set("syllogism").dimensions]
    assert [(one.name, one.anchors) for one in Study().filled().dimensions] == own


@pytest.mark.parametrize(
    ("scale", "slider", "labels"),
    [
        ("zero-to-hundred", True, ["0", "25", "50", "75", "100"]),
        ("one-to-five", False, ["1", "2", "3", "4", "5"]),
        ("one-to-seven", False, ["1", "4", "7"]),
        ("words", False, ["Bad", "Poor", "Fair", "Good", "Excellent"]),
        ("yes-no", False, ["No", "Yes"]),
        ({"range": [-2, 2]}, False, ["-2", "-1", "0", "1", "2"]),
        ({"range": [0, 10]}, False, ["0", "5", "10"]),
        ({"range": [0, 11]}, True, ["0", "2.75", "5.5", "8.25", "11"]),
    ],
)
def test_any_scale_may_be_used(scale, slider, labels):
    study = Study.model_validate({"scale": scale}).filled()
    assert study.slider is slider
    assert [label for label, _ in anchors_of(study, study.dimensions[0])] == labels
    assert not study.allows(float("nan"))
    assert study.allows(study.levels.low)
    assert not study.allows(study.levels.high + 1)


def levels(*values, labels=None):
    labels = labels or [f"{value:g}" for value in values]
    return {"levels": [{"label": one, "value": value} for one, value in zip(labels, values, strict=True)]}


EVEN = [round(0.1 * at - 1, 1) for at in range(21)]


@pytest.mark.parametrize(
    ("scale", "good"),
    [
        (levels(*EVEN), True),
        (levels(*(100.0 * at for at in range(15))), True),
        (levels(*EVEN[:5], *EVEN[6:]), False),
        (levels(*(at**2.0 for at in range(12))), False),
        (levels(*(at / 3 for at in range(13))), False),
        (levels(*map(float, range(12)), labels="abcdefghijkl"), False),
        (levels(*(at**2.0 for at in range(11)), labels="abcdefghijk"), True),  # buttons
    ],
)
def test_a_slider_has_the_levels_of_its_scale(scale, good):
    study = Study.model_validate({"scale": scale})
    if good:
        assert study.filled().levels.values == study.levels.values
    else:
        with pytest.raises(ValueError, match="evenly spaced numbers"):
            study.filled()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("votes: 0", "votes"),
        ("repeats: 0.6", "repeats"),
        ("session: 4\nchecks: 4", "leave no clips"),
        ("colour: red", "colour"),
        ("scale: one-to-six", "There is no scale 'one-to-six'. Did you mean one-to-"),
        ("title: yes", 'Quote it: "yes"'),
        ("background: [{name: age, question: Age, options: [a]}]", "options"),
        ("background: [{name: age, question: Age, options: [a, a]}]", "two options are the same"),
        ("background: [{name: A b, question: Age, options: [a, b]}]", "name"),
        ("dimensions: [{name: a, question: x}, {name: a, question: y}]", "two dimensions are called 'a'"),
        ("dimensions: [{name: a, question: x, anchors: [y]}]", "worst and the best"),
        ("training: [{video: v, scores: {subject: 1}}]", "v needs scores on subject, completeness"),
        (
            "training: [{video: v, scores: {subject: 1, completeness: 2, interaction: 300}}]",
            "not on the scale",
        ),
        ("training: [{video: v, scores: {}}]", "scores"),
        ("- a\n- b", "study.yaml"),
        ("a: [", "cannot be read"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, text, why):
    path = tmp_path / "study.yaml"
    path.write_text(text)
    with pytest.raises(GaiaJudgeError) as error:
        read_study(path)
    assert why in str(error.value)
    assert error.value.hint
