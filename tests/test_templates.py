"""Prompt sets that users write: how they build on others, what they may not do, what the digest notices."""

from pathlib import Path

import pytest

from gaia_judge.assets import shipped
from gaia_judge.errors import GaiaJudgeError
from gaia_judge.prompts import SENTINELS, VIDEO_MARK, load_prompt_set

SETS = ["syllogism", "syllogism-form", "syllogism-reasoned", "independent", "vqascore"]
KNOWN = SENTINELS[0]

MINE = """
about: Mine.
style: chained
scale: words
dimensions:
  - {name: subject, template: subject.j2, anchors: [awful, "1", so so, fine, superb]}
  - {name: interaction, template: interaction.j2}
"""
ASK = "{% if first %}{{ video }} {{ prompt }}{% endif %} "


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GAIA_JUDGE_PATH", raising=False)
    return tmp_path


def write(name: str, **files: str) -> None:
    """Write a user's prompt set; ``subject_j2`` becomes ``subject.j2``."""
    folder = Path("prompts") / name
    folder.mkdir(parents=True, exist_ok=True)
    for file, text in files.items():
        (folder / ".".join(file.rsplit("_", 1))).write_text(text, encoding="utf-8")


def write_mine(subject: str = ASK + "Subject?", card: str = MINE) -> None:
    write("mine", prompt_yaml=card, subject_j2=subject, interaction_j2=ASK + "Interaction?")


def test_the_order_of_dimensions_is_the_order_of_the_list() -> None:
    card = (shipped() / "prompts/independent/prompt.yaml").read_text().replace("independent", "chained")
    head, *dimensions = card.split("  - ")
    write("reversed", prompt_yaml="  - ".join([head, *(f"{one.strip()}\n" for one in reversed(dimensions))]))
    asked = list(load_prompt_set("reversed").texts(KNOWN).values())
    assert "Premise 1.\nInteraction: " in asked[0]
    assert asked[2].startswith("Conclusion, drawn from the premises.\nSubject: ")


def test_a_users_set_may_extend_a_shipped_one_and_knows_its_variables() -> None:
    extended = (
        '{% extends "shipped:syllogism/subject.j2" %}{% block aspect %}{{ variables.ask }}{% endblock %}'
    )
    write_mine(extended, MINE + "variables: {ask: 'Is it a cat?'}\nsystem: system.j2\n")
    write("mine", system_j2="You judge {{ count }} things.\n")
    prompt = load_prompt_set("mine")
    assert prompt.system(KNOWN) == "You judge 2 things."
    lines = prompt.texts(KNOWN)["subject"].splitlines()
    assert any("Is it a cat?" in line for line in lines)
    assert "Poor: 1" in lines


def test_a_users_file_wins_over_the_shipped_one_but_not_where_shipped_is_asked_for() -> None:
    before = {name: load_prompt_set(name).digest for name in SETS}
    write("syllogism", opening_j2="MY OPENING\n")
    assert f"{VIDEO_MARK}\nMY OPENING\n" in load_prompt_set("syllogism").texts(KNOWN)["subject"]
    assert {name for name in SETS if load_prompt_set(name).digest != before[name]} == {"syllogism"}


def test_a_scale_may_stand_in_the_set() -> None:
    write_mine(
        card=MINE.replace(
            "scale: words", "scale: {levels: [{label: worse, value: 0}, {label: better, value: 1}]}"
        )
    )
    assert load_prompt_set("mine").scale.wording == "worse or better"
    write_mine(
        card=MINE.replace(
            "scale: words", "scale: {levels: [{label: no, value: 0}, {label: better, value: 1}]}"
        )
    )
    with pytest.raises(GaiaJudgeError, match='Quote it: "no"'):
        load_prompt_set("mine")


@pytest.mark.parametrize(
    "template",
    [
        "{{ prompt.__class__.__mro__ }}",
        "{{ prompt.upper() }}",
        "{{ scale.labels.__len__() }}",
        "{{ dimensions.append(1) }}",
        "{{ lipsum(500) }}",
        "{{ 'a' * 100000 }}",
        "{{ 9 ** 9 ** 9 }}",
        "{{ '%999999999d' % 1 }}",
        "{{ 'a' | center(999999999) }}",
        "{% for i in range(1001) %}{% endfor %}",
        "{% for i in range(100) %}{% for j in range(100) %}{% endfor %}{% endfor %}",
        "{% for i in range(900) %}a line of thirty characters.. {% endfor %}",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        '{% include "subject.j2" %}',
        '{% include "../secret.j2" %}',
        '{% include "shipped:../secret.j2" %}',
        '{% include "mine/../../secret.j2" %}',
        '{% include "/etc/passwd" %}',
        '{% include "mine/prompt.yaml" %}',
        '{% include "mine/link.j2" %}',
        '{% include "absent.j2" %}',
        "{{ promt }}",
        "{{ scale.nothing }}",
        "{{ variables.nothing }}",
        "{{ 1 / 0 }}",
        "{{ prompt + 1 }}",
        "{% if %}",
        "{{ prompt.upper }}",
        "{{ anchors }}",
        "{{ [1, 2] }}",
        "{{ {'a': 1} }}",
        "{{ 1e17 * 100 }}",
        "{{ (10 ** 9) | round }}",
        "{% set x = 'aaaaaaaa' %}" + "{% set x = x + x %}" * 60 + "{{ x | length }}",
        "{% set x = 'aaaaaaaa' %}" + "{% set x = x ~ x %}" * 60 + "{{ x | length }}",
        "{% set x = 'aaaaaaaa' %}" + "{% set x %}{{ x }}{{ x }}{% endset %}" * 60 + "{{ x | length }}",
        "{% set x = 99 %}" + "{% set x = x * x %}" * 60 + "{{ x > 1 }}",
        "".join(f"{{% for a{n} in prompt %}}" for n in range(9)) + "{% endfor %}" * 9,
        "".join(
            f"{{% block b{n} %}}{f'{{{{ self.b{n + 1}() }}}}' * 2 if n < 40 else ''}{{% endblock %}}"
            for n in range(41)
        ),
        "{# " + "x" * 100_000 + " #}",
    ],
    ids=lambda text: text[:30],
)
def test_templates_are_strict_and_cannot_reach_out(here: Path, template: str) -> None:
    (here / "secret.j2").write_text("SECRET")
    write_mine(f"{ASK}\n\n{template}")
    (here / "prompts/mine/link.j2").symlink_to(here / "secret.j2")
    with pytest.raises(GaiaJudgeError) as caught:
        load_prompt_set("mine")
    assert caught.value.hint
    assert "SECRET" not in str(caught.value)


@pytest.mark.parametrize("template", ["{{ promt }}", "{% if %}", "{{ prompt.upper() }}", "{{ 1 / 0 }}"])
def test_a_wrong_template_is_named_with_its_line(here: Path, template: str) -> None:
    write_mine(f"{ASK}\n\n{template}\n")
    with pytest.raises(GaiaJudgeError, match="line 3") as caught:
        load_prompt_set("mine")
    assert str(here / "prompts/mine/subject.j2") in caught.value.message


@pytest.mark.parametrize(
    ("subject", "complaint"),
    [
        ("Subject?", "0 times, not 1"),
        ("{{ video }}{{ video }}", "2 times, not 1"),
        ("{% if action %}{{ video }}{% endif %}Subject?", "0 times, not 1"),
    ],
)
def test_frames_go_into_the_first_turn_once(subject: str, complaint: str) -> None:
    write_mine(subject)
    with pytest.raises(GaiaJudgeError, match=complaint):
        load_prompt_set("mine")


def test_frames_go_into_no_later_turn() -> None:
    write_mine()
    write("mine", interaction_j2="{{ video }} Interaction?")
    with pytest.raises(GaiaJudgeError, match="1 times, not 0"):
        load_prompt_set("mine")


def test_the_digest_notices_what_the_model_would() -> None:
    def digest(card: str = MINE) -> str:
        write_mine('{% extends "base/question.j2" %}', card)
        return load_prompt_set("mine").digest

    write("base", question_j2=ASK + "Subject? {% for _, anchor in anchors %}{{ anchor }}{% endfor %}")
    first = digest()
    assert digest(MINE.replace("Mine.", "Still mine.")) == first
    assert digest(MINE.replace("superb", "splendid")) != first
    assert digest(MINE.replace("scale: words", "scale: one-to-five")) != first
    assert load_prompt_set("mine", "one-to-seven").digest not in (first, load_prompt_set("mine").digest)
    write(
        "base",
        question_j2=ASK
        + "Subject!{% if not action %} {% for _, anchor in anchors %}{{ anchor }}{% endfor %}{% endif %}",
    )
    assert digest() != first


@pytest.mark.parametrize(
    ("card", "complaint"),
    [
        (MINE.replace("scale: words", "scale: word"), "Did you mean words"),
        (MINE.replace('"1"', "1"), 'anchors.1 is 1, which YAML does not read as text. Quote it: "1"'),
        (MINE.replace('[awful, "1", so so, fine, superb]', "[awful]"), "at least the worst and the best"),
        (MINE.replace("name: interaction", "name: subject"), "the same name"),
        (MINE.replace("name: interaction", "name: My Interaction"), "dimensions.1.name"),
        (MINE.replace("chained", "form"), "form template"),
        (MINE.replace("chained", "chain"), "style"),
        (MINE + "form: subject.j2\n", "form template"),
        (MINE + "readout: reasoned\n", "needs a rationale"),
        (MINE + "judge: llava\n", "judge"),
        (MINE + "anchors_from: shipped:vqascore\n", "has no anchors for interaction"),
        (MINE + "anchors_from: elsewhere:syllogism\n", "anchors_from"),
        (MINE.replace("subject.j2", "../subject.j2"), "not the name of a template"),
    ],
)
def test_wrong_cards_are_refused(card: str, complaint: str) -> None:
    write_mine(card=card)
    with pytest.raises(GaiaJudgeError) as caught:
        load_prompt_set("mine")
    assert complaint in str(caught.value)
    assert caught.value.hint


def test_anchors_may_come_from_another_set() -> None:
    write_mine(card=MINE + "anchors_from: syllogism\n")
    subject, interaction = load_prompt_set("mine").dimensions
    assert subject.anchors[0] == "awful"
    assert interaction.anchors == load_prompt_set("syllogism").dimensions[2].anchors


def test_unknown_sets_suggest_near_ones() -> None:
    with pytest.raises(GaiaJudgeError, match="Did you mean syllogism"):
        load_prompt_set("sylogism")
