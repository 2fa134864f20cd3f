"""Which questions are asked in which order, and how replies become scores."""

import pytest

from gaia_judge.dialogues import Asking, check_asking, converse
from gaia_judge.engines import Draws, Form, Reply, Text
from gaia_judge.errors import GaiaJudgeError
from gaia_judge.prompts import VIDEO_MARK, load_prompt_set
from tests.scripted import certain, run_dialogue, shares, some_frames, some_video


def talk(script, prompt="syllogism", **asking):
    questions = load_prompt_set(prompt)
    plan = Asking(**{"readout": questions.readout, **asking})
    dialogue = converse(questions, plan, some_video(), some_frames(), "judge")
    scores, rounds = run_dialogue(dialogue, script)
    return {score.dimension: score for score in scores}, rounds


def test_a_chain_puts_each_rating_into_the_context_of_the_next():
    scores, rounds = talk(
        lambda request: certain(["Good", "Fair", "Poor"][len(request.messages) // 2], request)
    )
    assert [len(requests) for requests in rounds] == [1, 1, 1]
    last = rounds[-1][0].messages
    assert [message.role for message in last] == ["user", "assistant", "user", "assistant", "user"]
    assert [message.text for message in last if message.role == "assistant"] == ["Good", "Fair"]
    assert [scores[name].value for name in ("subject", "completeness", "interaction")] == [4, 3, 2]
    assert scores["interaction"].trace["premises"] == {"subject": "Good", "completeness": "Fair"}
    assert scores["interaction"].trace["chain"] == "mode"


def test_the_frames_stand_once_and_before_the_question():
    _, rounds = talk(lambda request: certain("Good", request))
    for (request,) in rounds:
        assert sum(message.text.count(VIDEO_MARK) for message in request.messages) == 1
        assert request.messages[0].text.startswith(VIDEO_MARK)


def test_every_turn_continues_the_one_before_so_that_prefix_caches_hit():
    _, rounds = talk(lambda request: certain("Good", request))
    first, second, third = (requests[0].messages for requests in rounds)
    assert second[: len(first)] == first
    assert third[: len(second)] == second


def test_expected_value_choice_and_off_scale_mass():
    def script(request):
        return Reply(distribution={"Bad": 0.2, "Good": 0.5, "Excellent": 0.3}, off_scale=0.125)

    expected, _ = talk(script, readout="expected")
    choice, _ = talk(script, readout="choice")
    assert expected["subject"].value == pytest.approx(0.2 * 1 + 0.5 * 4 + 0.3 * 5)
    assert choice["subject"].value == 4
    assert expected["subject"].off_scale == 0.125


def test_marginal_chaining_weights_every_premise():
    """P(completeness) must be the sum over the subject's levels, as worked out by hand."""

    def script(request):
        said = [message.text for message in request.messages if message.role == "assistant"]
        if not said:
            return shares(request, 0.25, 0, 0, 0, 0.75)
        return certain("Excellent" if said[0] == "Excellent" else "Bad", request)

    scores, rounds = talk(script, chain="marginal")
    assert [len(requests) for requests in rounds] == [1, 2, 2]
    assert scores["completeness"].value == pytest.approx(0.25 * 1 + 0.75 * 5)
    assert scores["completeness"].distribution["Excellent"] == pytest.approx(0.75)
    assert scores["interaction"].trace["chain"] == "marginal"
    assert "premises" not in scores["interaction"].trace


def test_marginal_chaining_of_many_even_levels_keeps_going_and_says_what_it_left_out():
    """With 101 equal levels each course weighs less than what is followed otherwise."""

    def script(request):
        return shares(request, *[1 / 101] * 101)

    questions = load_prompt_set("syllogism", scale="zero-to-hundred")
    dialogue = converse(questions, Asking(chain="marginal"), some_video(), some_frames(), "judge")
    scores, rounds = run_dialogue(dialogue, script)
    assert all(rounds)
    assert [score.value for score in scores] == pytest.approx([50, 50, 50])


def test_marginal_chaining_records_what_was_not_followed():
    scores, rounds = talk(lambda request: shares(request, 0.0004, 0, 0, 0, 0.9996), chain="marginal")
    assert [len(requests) for requests in rounds] == [1, 1, 1]
    assert "followed" not in scores["subject"].trace
    assert scores["completeness"].trace["followed"] == pytest.approx(0.9996)
    assert scores["interaction"].trace["followed"] == pytest.approx(0.9996**2)


def test_marginal_and_mode_differ_where_the_premise_is_uncertain():
    def script(request):
        said = [message.text for message in request.messages if message.role == "assistant"]
        return shares(request, 0.4, 0, 0, 0, 0.6) if not said else certain(said[0], request)

    assert talk(script, chain="mode")[0]["interaction"].value == 5
    assert talk(script, chain="marginal")[0]["interaction"].value == pytest.approx(0.4 * 1 + 0.6 * 5)


def test_an_unreadable_premise_leaves_its_conclusions_missing():
    def script(request):
        if len(request.messages) == 3:
            return Reply(error="server is down")
        return certain("Good", request)

    scores, rounds = talk(script)
    assert len(rounds) == 2
    assert scores["subject"].value == 4
    assert scores["completeness"].value is None
    assert scores["completeness"].error == "server is down"
    assert scores["interaction"].value is None
    assert "premise completeness" in scores["interaction"].error


def test_independent_questions_are_asked_at_once_and_see_no_rating():
    scores, rounds = talk(lambda request: certain("Fair", request), prompt="independent")
    assert [len(requests) for requests in rounds] == [3]
    assert all(len(request.messages) == 1 for request in rounds[0])
    assert len({request.messages[0].text for request in rounds[0]}) == 3
    assert [score.value for score in scores.values()] == [3, 3, 3]
    assert "chain" not in scores["subject"].trace


def test_sampled_ratings_have_mean_spread_and_shares():
    def script(request):
        assert isinstance(request.ask, Draws)
        assert request.ask.count == 4
        assert request.ask.seed == 11
        return Reply(draws=("Bad", "Bad", "Good", "Excellent"))

    scores, _ = talk(script, readout="sampled", samples=4, seed=11)
    assert scores["subject"].value == pytest.approx((1 + 1 + 4 + 5) / 4)
    assert scores["subject"].distribution == {
        "Bad": 0.5,
        "Poor": 0,
        "Fair": 0,
        "Good": 0.25,
        "Excellent": 0.25,
    }
    assert scores["subject"].trace["spread"] == pytest.approx(1.785357, abs=1e-6)
    assert scores["completeness"].trace["premises"] == {"subject": "Bad"}


def test_a_reason_is_asked_for_first_and_stands_before_the_rating():
    def script(request):
        if isinstance(request.ask, Text):
            return Reply(text="Both hands keep five fingers.")
        return certain("Good", request)

    scores, rounds = talk(script, prompt="syllogism-reasoned")
    assert [type(requests[0].ask).__name__ for requests in rounds] == ["Text", "Labels"] * 3
    assert rounds[1][0].messages[1].text == "Both hands keep five fingers."
    assert len(rounds[-1][0].messages) == 11
    assert scores["subject"].rationale == "Both hands keep five fingers."


def test_a_reason_that_fails_leaves_the_rating_missing():
    def script(request):
        return Reply(error="too long") if isinstance(request.ask, Text) else certain("Good", request)

    scores, _ = talk(script, prompt="syllogism-reasoned")
    assert [score.value for score in scores.values()] == [None] * 3


def test_a_form_asks_once_and_reads_each_field():
    def script(request):
        assert isinstance(request.ask, Form)
        fields = {"subject": "Good", "completeness": "Fair", "interaction": "Bad"}
        return Reply(text="{}", fields=fields, distributions={"subject": {"Good": 0.5, "Excellent": 0.5}})

    scores, rounds = talk(script, prompt="syllogism-form")
    assert [len(requests) for requests in rounds] == [1]
    assert scores["subject"].value == pytest.approx(4.5)
    assert scores["subject"].off_scale is None
    assert scores["interaction"].value == 1
    assert scores["interaction"].distribution is None
    assert "no probabilities" in scores["interaction"].trace["value_is"]


def test_a_sampled_form_is_asked_with_different_seeds():
    def script(request):
        label = "Good" if request.ask.seed % 2 else "Bad"
        return Reply(fields=dict.fromkeys(["subject", "completeness", "interaction"], label))

    scores, rounds = talk(script, prompt="syllogism-form", readout="sampled", samples=4)
    assert [request.ask.seed for request in rounds[0]] == [0, 1, 2, 3]
    assert scores["interaction"].value == pytest.approx(2.5)


def test_vqascore_is_the_probability_of_yes():
    scores, _ = talk(lambda request: shares(request, 0.3, 0.7), prompt="vqascore")
    assert [score.value for score in scores.values()] == pytest.approx([0.7] * 3)


@pytest.mark.parametrize(
    ("prompt", "asking"),
    [
        ("syllogism", {"readout": "reasoned"}),
        ("independent", {"chain": "marginal"}),
        ("syllogism-form", {"chain": "marginal"}),
    ],
)
def test_what_a_prompt_set_cannot_do_is_refused_by_name(prompt, asking):
    with pytest.raises(GaiaJudgeError, match=prompt):
        check_asking(load_prompt_set(prompt), Asking(**asking))
