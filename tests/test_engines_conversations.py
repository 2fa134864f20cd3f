"""Conversations: a prompt whose turns are tokenised apart has the ids of the whole prompt."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import AddedToken

from gaia_judge.engines import VIDEO_MARK, Labels, Message, ModelSpec, Request
from gaia_judge.engines.conversations import Conversations
from gaia_judge.prompts import load_prompt_set
from tests.scripted import some_frames, some_video

TURNS = st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=40), min_size=1, max_size=5)


@pytest.fixture(scope="module", params=["llava-onevision", "qwen2.5-vl"])
def folder(request, engine_home):
    return str(engine_home(request.param) / "checkpoint")


@pytest.fixture(scope="module")
def conversations(folder):
    return Conversations(ModelSpec(model=folder))


def request_of(*turns):
    roles = ("user", "assistant")
    first = Message("user", f"{VIDEO_MARK}\n{turns[0]}")
    rest = [Message(roles[place % 2], text) for place, text in enumerate(turns[1:], 1)]
    return Request((first, *rest), some_frames(), Labels(("Good",)))


def test_the_syllogism_has_the_ids_of_the_whole(conversations):
    prompt, turns = load_prompt_set("syllogism"), []
    for place, dimension in enumerate(prompt.dimensions):
        turns += [prompt.question(dimension, some_video(), first=place == 0).replace(VIDEO_MARK, "")]
        text = conversations.render(request_of(*turns))
        ids = conversations.tokens(text)
        assert ids == conversations.tokenizer(text)["input_ids"]
        assert len(ids) > 250 * (place + 1)
        turns += ["Good"]


@settings(max_examples=60, deadline=None)
@given(turns=TURNS)
def test_any_conversation_has_the_ids_of_the_whole(conversations, turns):
    text = conversations.render(request_of(*turns))
    assert conversations.tokens(text) == conversations.tokenizer(text)["input_ids"]


def test_turns_of_earlier_questions_are_not_tokenised_again(conversations, monkeypatch):
    conversations.tokens(conversations.render(request_of("One question.", "Good", "Another one.")))
    encoded = []
    encode = conversations.encode
    monkeypatch.setattr(conversations, "encode", lambda text: encoded.append(text) or encode(text))
    conversations.tokens(
        conversations.render(request_of("One question.", "Good", "Another one.", "Bad", "X."))
    )
    told = "".join(encoded)
    assert "X." in told
    assert "One question." not in told
    assert "Another one." not in told


@pytest.mark.parametrize("side", ["lstrip", "rstrip", "single_word"])
def test_where_tokens_swallow_what_is_beside_them_the_prompt_stays_whole(folder, side, tmp_path):
    plain = Conversations(ModelSpec(model=folder))
    plain.tokenizer.add_tokens([AddedToken("<odd>", special=True, **{side: True})], special_tokens=True)
    plain.processor.save_pretrained(tmp_path)
    odd = Conversations(ModelSpec(model=str(tmp_path)))
    assert odd.tokens(odd.render(request_of("One question."))) is None


def test_where_a_tokenizer_begins_with_a_token_of_its_own_the_prompt_stays_whole(conversations, monkeypatch):
    encode = conversations.tokenizer.encode
    monkeypatch.setattr(
        conversations.tokenizer,
        "encode",
        lambda text, add_special_tokens=True: [1] * add_special_tokens + encode(text),
    )
    assert not conversations._may_split()
