"""Variants of prompt sets: other order, other variables, other direction, with digests of their own."""

import pytest

from gaia_judge.errors import GaiaJudgeError
from gaia_judge.prompts import load_prompt_set
from gaia_judge.prompts.variants import best_first, reorder, with_variables
from tests.scripted import some_video

SETS = ["syllogism", "syllogism-form", "syllogism-reasoned", "independent", "vqascore"]


@pytest.mark.parametrize("name", SETS)
def test_another_order_asks_the_same_in_other_places(name):
    prompt = load_prompt_set(name)
    turned = reorder(prompt, ["interaction", "completeness", "subject"])
    assert [one.name for one in turned.dimensions] == ["interaction", "completeness", "subject"]
    assert turned.digest != prompt.digest
    assert reorder(turned, [one.name for one in prompt.dimensions]).digest == prompt.digest


def test_the_first_question_of_another_order_opens_the_conversation():
    turned = reorder(load_prompt_set("syllogism"), ["interaction", "completeness", "subject"])
    texts = turned.texts(some_video())
    assert list(texts) == ["interaction", "completeness", "subject"]
    assert texts["interaction"].startswith("￼")
    assert "Premise 1" in texts["interaction"]
    assert "Conclusion" in texts["subject"]


@pytest.mark.parametrize("order", [["subject"], ["subject", "subject", "interaction"], ["a", "b", "c"]])
def test_an_order_names_each_dimension_once(order):
    with pytest.raises(GaiaJudgeError, match="Name each once"):
        reorder(load_prompt_set("syllogism"), order)


@pytest.mark.parametrize("scale", ["words", "one-to-five", "one-to-seven", "zero-to-hundred"])
def test_levels_are_told_from_best_to_worst_and_count_the_same(scale):
    prompt = load_prompt_set("syllogism", scale=scale)
    turned = best_first(prompt)
    assert turned.scale == prompt.scale
    assert turned.digest != prompt.digest
    before, after = (one.texts(some_video())["subject"] for one in (prompt, turned))
    anchors = [anchor for _, anchor in prompt.scale.anchored(prompt.dimensions[0].anchors)]
    places = [[text.index(anchor) for anchor in anchors] for text in (before, after)]
    assert places[0] == sorted(places[0])
    assert places[1] == sorted(places[1], reverse=True)
    told = after.splitlines()[-1]
    best, worst = prompt.scale.labels[-1], prompt.scale.labels[0]
    assert told.index(best) < told.rindex(worst)


def test_variables_change_the_text_and_only_known_ones_can(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    home = tmp_path / "prompts" / "toned"
    home.mkdir(parents=True)
    (home / "prompt.yaml").write_text(
        "about: A test.\nstyle: independent\nscale: words\nvariables: {tone: kind, strict: false}\n"
        "dimensions: [{name: subject, template: subject.j2}]\n",
        encoding="utf-8",
    )
    (home / "subject.j2").write_text("{{ video }} Be {{ variables.tone }}. {{ variables.strict }}")
    prompt = load_prompt_set("toned")
    stern = with_variables(prompt, {"tone": "stern"})
    assert "Be stern. False" in stern.texts(some_video())["subject"]
    assert "Be kind. False" in prompt.texts(some_video())["subject"]
    assert stern.digest != prompt.digest
    with pytest.raises(GaiaJudgeError, match="Did you mean tone"):
        with_variables(prompt, {"tones": "kind"})
