"""Checkpoints are what they claim: built alike each time, and moved by clip, order and earlier ratings."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from numpy.typing import NDArray

from gaia_judge.prompts import load_prompt_set
from gaia_judge.videos import Video
from tests.checkpoints import Kind, build, make_clip

LABELS = ("Bad", "Poor", "Fair", "Good", "Excellent")
CLIPS = [make_clip(seed) for seed in (1, 2, 3, 4, 5, 6, 7, 8)]

Rate = Callable[[Sequence[NDArray[np.uint8]], Sequence[str]], NDArray[np.float64]]


@pytest.fixture(scope="module", params=get_args(Kind))
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(request.param, tmp_path_factory.mktemp(request.param))


@pytest.fixture(scope="module")
def rate(folder: Path) -> Rate:
    """Return the expected ratings of clips at the question after some answers, by transformers."""
    import torch
    from transformers import AutoModelForImageTextToText, AutoProcessor

    processor = AutoProcessor.from_pretrained(folder)
    model = AutoModelForImageTextToText.from_pretrained(folder, dtype="float32").eval()
    ids = [processor.tokenizer.encode(label)[0] for label in LABELS]

    def rated(clips: Sequence[NDArray[np.uint8]], answers: Sequence[str]) -> NDArray[np.float64]:
        text = processor.apply_chat_template(_messages(answers), tokenize=False, add_generation_prompt=True)
        known = {"total_num_frames": 8, "fps": 8.0, "frames_indices": list(range(8))}
        inputs = processor(
            text=[text] * len(clips),
            videos=list(clips),
            video_metadata=[known] * len(clips),
            do_sample_frames=False,
            return_tensors="pt",
        )
        with torch.no_grad():
            shares = model(**inputs).logits[:, -1, ids].double().softmax(-1)
        return np.asarray(shares @ torch.arange(1.0, 6.0).double())

    return rated


def _messages(answers: Sequence[str]) -> list[dict[str, Any]]:
    prompt, video = load_prompt_set("syllogism"), Video(id="clip", path=Path("clip.mp4"), action="juggling")
    messages: list[dict[str, Any]] = []
    for place, answer in enumerate([*answers, ""]):
        question = prompt.question(prompt.dimensions[place], video, first=place == 0)[place == 0 :]
        shown = [{"type": "video"}] if place == 0 else []
        messages.append({"role": "user", "content": [*shown, {"type": "text", "text": question}]})
        messages.append({"role": "assistant", "content": [{"type": "text", "text": answer}]})
    return messages[:-1]


def test_equal_seeds_give_equal_files_and_others_do_not(tmp_path: Path) -> None:
    one, two, three = (
        build("llava-onevision", tmp_path / n, seed=s) for n, s in (("a", 0), ("b", 0), ("c", 1))
    )
    names = sorted(file.name for file in one.iterdir())
    assert names == sorted(file.name for file in two.iterdir())
    assert all((one / name).read_bytes() == (two / name).read_bytes() for name in names)
    assert (one / "model.safetensors").read_bytes() != (three / "model.safetensors").read_bytes()


def test_the_marker_of_random_weights_survives_loading(folder: Path) -> None:
    from transformers import AutoConfig

    assert AutoConfig.from_pretrained(folder).random_weights is True


def test_a_rating_word_is_one_token_and_a_number_one_token_a_digit(folder: Path) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    assert {word: len(tokenizer.encode(word)) for word in (*LABELS, "Yes", "No", "7")} == dict.fromkeys(
        (*LABELS, "Yes", "No", "7"), 1
    )
    assert [tokenizer.decode([token]) for token in tokenizer.encode("100")] == ["1", "0", "0"]


@pytest.mark.parametrize("answers", [(), ("Good",), ("Good", "Fair")])
def test_ratings_spread_over_two_points(rate: Rate, answers: tuple[str, ...]) -> None:
    assert np.ptp(rate(CLIPS, answers)) >= 2


@pytest.mark.parametrize("answers", [(), ("Good",), ("Good", "Fair")])
def test_reversing_frames_changes_ratings(rate: Rate, answers: tuple[str, ...]) -> None:
    turned = rate([clip[::-1].copy() for clip in CLIPS], answers)
    assert np.abs(turned - rate(CLIPS, answers)).max() > 0.3


@pytest.mark.parametrize(("earlier", "other"), [(("Good",), ("Bad",)), (("Good", "Fair"), ("Good", "Bad"))])
def test_an_earlier_rating_changes_the_next(
    rate: Rate, earlier: tuple[str, ...], other: tuple[str, ...]
) -> None:
    assert np.median(np.abs(rate(CLIPS, earlier) - rate(CLIPS, other))) > 0.1
