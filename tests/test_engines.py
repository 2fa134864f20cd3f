"""vLLM on CPU and transformers give the same answers about real mp4 files."""

import math

import numpy as np
import pytest

from gaia_judge.scales import load_scale, spellings
from tests.answers import HUNDRED, WORDS, conversation, read_frames

KINDS = ("llava-onevision", "qwen2.5-vl")
SCALE = load_scale("words")

pytestmark = [pytest.mark.vllm, pytest.mark.slow]


def words(replies, prefix="words"):
    return {name: reply for name, reply in replies.items() if name.startswith(prefix)}


def value(reply):
    return SCALE.expected(reply["distribution"])


def assert_same(one, two):
    """Expected values agree within 0.02 of a 1-5 scale, probabilities and off-scale mass within 0.005."""
    assert abs(value(one) - value(two)) <= 0.02
    for label in WORDS:
        assert abs(one["distribution"][label] - two["distribution"][label]) <= 0.005
    assert abs(one["off_scale"] - two["off_scale"]) <= 0.005


@pytest.mark.parametrize("kind", KINDS)
def test_both_engines_agree_on_every_clip_and_turn(answers, kind):
    vllm, plain = words(answers("vllm", kind)), words(answers("transformers", kind))
    assert len(vllm) == 18
    for name in vllm:
        assert_same(vllm[name], plain[name])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("engine", ["vllm", "transformers"])
def test_ratings_spread_over_the_clips_so_that_agreement_means_something(answers, engine, kind):
    values = [value(reply) for name, reply in words(answers(engine, kind)).items() if name.endswith("1")]
    assert len(values) == 6
    assert max(values) - min(values) >= 2


@pytest.mark.parametrize("kind", KINDS)
def test_a_wrong_frame_order_would_be_noticed(answers, kind):
    forward, backward = answers("transformers", kind), answers("vllm", kind)
    noticed = 0
    for name, reply in words(forward).items():
        if name.endswith("1"):
            planted = backward[name.replace("words", "backwards").rsplit(" ", 1)[0]]
            try:
                assert_same(planted, reply)
            except AssertionError:
                noticed += 1
    assert noticed >= 4


@pytest.mark.parametrize("kind", KINDS)
def test_later_premises_reuse_the_video_from_the_prefix_cache(answers, kind):
    replies = words(answers("vllm", kind))
    for name, reply in replies.items():
        turn = int(name[-1])
        before = replies[f"{name[:-1]}{turn - 1}"]["prompt_tokens"] if turn > 1 else 0
        assert reply["cached_tokens"] >= before - 32  # whole blocks of 32 only
        assert turn > 1 or reply["cached_tokens"] == 0


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("engine", ["vllm", "transformers"])
def test_constraints_hold_where_free_text_would_leave_them(answers, engine, kind):
    replies = answers(engine, kind)
    assert replies["odd choice"]["draws"][0] in ("quartz", "zephyr")
    assert len(replies["draws"]["draws"]) == 6
    assert set(replies["draws"]["draws"]) <= set(WORDS)
    assert replies["draws"]["draws"] == replies["draws again"]["draws"]
    assert replies["text"]["text"]
    assert "\n" not in replies["text"]["text"]
    assert list(replies["form"]["fields"]) == ["subject", "completeness", "interaction"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("engine", ["vllm", "transformers"])
def test_a_text_that_holds_control_tokens_is_refused(answers, engine, kind):
    reply = answers(engine, kind)["control token"]
    assert reply["distribution"] is None
    assert "control token" in reply["error"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("engine", ["vllm", "transformers"])
def test_samples_follow_the_distribution(answers, engine, kind):
    """Of 200 draws a share strays from its probability by more than 0.125 once in 2,000 times."""
    replies = answers(engine, kind)
    draws, truth = replies["many draws"]["draws"], replies["words (maker)_(action 1) 1"]["distribution"]
    assert len(draws) == 200
    for label in WORDS:
        assert abs(draws.count(label) / 200 - truth[label]) <= 0.125


@pytest.mark.parametrize("kind", KINDS)
def test_forms_agree_field_by_field(answers, kind):
    vllm, plain = answers("vllm", kind)["form"], answers("transformers", kind)["form"]
    assert vllm["fields"] == plain["fields"]
    assert set(plain["distributions"]) == {"subject", "completeness", "interaction"}
    for field, shares in plain["distributions"].items():
        assert sum(shares.values()) == pytest.approx(1)
        for label in WORDS:
            assert abs(shares[label] - vllm["distributions"][field][label]) <= 0.005


def forced(model, processor, text, frames, paths):
    """Return the log-probability of saying exactly these tokens after a prompt, by teacher forcing."""
    import torch

    inputs = processor(text=[text], videos=[frames.images], do_sample_frames=False, return_tensors="pt")
    found = {}
    for path in paths:
        longer = dict(inputs)
        for name in ("input_ids", "attention_mask", "mm_token_type_ids"):
            if name in inputs:
                fill = {"input_ids": list(path), "attention_mask": [1] * len(path)}.get(name, [0] * len(path))
                longer[name] = torch.cat([inputs[name], torch.tensor([fill])], 1)
        with torch.no_grad():
            logprobs = model(**longer).logits[0].float().log_softmax(-1)
        start = inputs["input_ids"].shape[1] - 1
        found[path] = sum(float(logprobs[start + n, token]) for n, token in enumerate(path))
    return found


@pytest.mark.parametrize("engine", ["vllm", "transformers"])
def test_labels_of_several_tokens_equal_brute_force_teacher_forcing(answers, engine_home, engine):
    """The numbers 0 to 100, digit by digit: P(1) must not hold what belongs to 10 and 100."""
    from transformers import AutoModelForImageTextToText, AutoProcessor

    home = engine_home("llava-onevision")
    processor = AutoProcessor.from_pretrained(home / "checkpoint")
    model = AutoModelForImageTextToText.from_pretrained(home / "checkpoint", dtype="float32").eval()
    video, frames = next(iter(read_frames(home / "clips").values()))
    (message,) = conversation(video, 1)
    reply = answers(engine, "llava-onevision")["hundred"]
    text = prompt_text(processor, message.text)
    encode = processor.tokenizer.encode
    paths = {
        label: {tuple(encode(one, add_special_tokens=False)) for one in spellings(label)} for label in HUNDRED
    }
    every = {path for some in paths.values() for path in some}
    begins = {path[:n] for path in every for n in range(1, len(path))}
    stop = processor.tokenizer.convert_tokens_to_ids("<|im_end|>")
    pad = processor.tokenizer.convert_tokens_to_ids("<|endoftext|>")
    said = {path: [(*path, stop), (*path, pad)] if path in begins else [path] for path in every}
    logs = forced(model, processor, text, frames, {one for ends in said.values() for one in ends})
    mass = {
        label: sum(math.exp(logs[one]) for path in some for one in said[path])
        for label, some in paths.items()
    }
    total = sum(mass.values())
    assert reply["off_scale"] == pytest.approx(1 - total, abs=0.005)
    worst = max(abs(reply["distribution"][label] - mass[label] / total) for label in HUNDRED)
    assert worst <= 0.005
    expected = sum(int(label) * share / total for label, share in mass.items())
    assert load_scale("zero-to-hundred").expected(reply["distribution"]) == pytest.approx(expected, abs=0.5)
    assert np.ptp(list(mass.values())) > 0.01


def prompt_text(processor, text):
    content = [{"type": "video"}, {"type": "text", "text": text.replace("\ufffc", "")}]
    return processor.apply_chat_template(
        [{"role": "user", "content": content}], tokenize=False, add_generation_prompt=True
    )
