"""The shipped judges' cards agree with each other and with what the installed libraries can load."""

import re
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from gaia_judge.cards import load_card, read_card
from gaia_judge.engines import ModelSpec
from gaia_judge.errors import GaiaJudgeError
from gaia_judge.prompts import load_prompt_set

JUDGES = Path(__file__).parents[1] / "judges"

CARDS: dict[str, dict[str, Any]] = {
    path.stem: yaml.safe_load(path.read_text()) for path in sorted(JUDGES.glob("*.yaml"))
}
MODELS = {name: card for name, card in CARDS.items() if card["architecture"]}

each_card = pytest.mark.parametrize("card", CARDS.values(), ids=CARDS)
each_model = pytest.mark.parametrize("card", MODELS.values(), ids=MODELS)


def test_every_promised_judge_has_a_card() -> None:
    promised = "llava llava-small llava-next-video llava-video qwen2.5-vl qwen3-vl internvl3 smolvlm2 openai"
    assert set(promised.split()) | {"llava-1.5", "videoscore2", "unifiedreward"} <= set(CARDS)


@each_card
def test_no_card_leaves_a_field_out(card: dict[str, Any]) -> None:
    assert set(CARDS["llava"]) <= set(card)


@each_card
def test_the_engine_part_is_a_valid_model_spec(card: dict[str, Any]) -> None:
    spec = ModelSpec(**{field: card[field] for field in ModelSpec.model_fields if field in card})
    assert spec.video is card["video"]


@pytest.mark.parametrize("name", CARDS)
def test_a_card_is_a_valid_judge_card(name: str) -> None:
    model = CARDS[name]["model"]
    expected = str((JUDGES / model).resolve()) if model.startswith(".") else model
    assert read_card(JUDGES / f"{name}.yaml").spec().model == expected


@each_card
def test_only_a_full_commit_may_count_as_verified(card: dict[str, Any]) -> None:
    assert card["verified"] is (card["revision"] is not None)
    assert card["revision"] is None or re.fullmatch(r"[0-9a-f]{40}", card["revision"])


@each_card
def test_engines_are_registered(card: dict[str, Any]) -> None:
    assert card["engines"]
    assert set(card["engines"]) <= {"vllm", "transformers", "openai"}


@each_model
def test_licence_and_citation_are_named(card: dict[str, Any]) -> None:
    assert card["licence"]
    assert re.search(r", 20\d\d(, arXiv:\d{4}\.\d{5}| \(.*no arXiv entry\))$", card["citation"])


@each_model
def test_memory_covers_the_weights_and_little_more(card: dict[str, Any]) -> None:
    weights = card["parameters_billion"] * 1e9 * 2 / 2**30
    assert weights + 2 <= card["memory_gib"] + 0.1
    assert card["memory_gib"] <= weights + 6


@each_model
def test_size_is_that_of_two_or_four_bytes_a_parameter(card: dict[str, Any]) -> None:
    if card["size_gib"] is None:
        pytest.skip("unknown")
    bytes_each = card["size_gib"] * 2**30 / (card["parameters_billion"] * 1e9)
    assert min(abs(bytes_each - 2), abs(bytes_each - 4)) < 0.1


@each_model
def test_the_frames_fit_the_context(card: dict[str, Any]) -> None:
    most = 256 if card["video"] else 576  # what the cards state of videos' frames and of pictures
    assert card["frames"] * most < card["context"]


@each_model
def test_transformers_takes_video_as_the_card_says(card: dict[str, Any]) -> None:
    from transformers.models.auto import modeling_auto, video_processing_auto

    models = modeling_auto.MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES
    kinds = [kind for kind, architecture in models.items() if architecture == card["architecture"]]
    assert len(kinds) == 1
    assert bool(video_processing_auto.VIDEO_PROCESSOR_MAPPING_NAMES.get(kinds[0])) is card["video"]


@pytest.mark.vllm
@pytest.mark.slow
@pytest.mark.parametrize("architecture", sorted({card["architecture"] for card in MODELS.values()}))
def test_vllm_takes_video_where_a_card_prefers_it(architecture: str) -> None:
    registry = pytest.importorskip("vllm.model_executor.models.registry")
    model = registry.ModelRegistry.models[architecture].load_model_cls()
    info = model._processor_factory.info
    if architecture == "LlavaForConditionalGeneration":  # a function that chooses by the vision tower
        info = sys.modules[model.__module__].LlavaProcessingInfo
    takes_video = "video" in info.get_supported_mm_limits(info.__new__(info))
    preferring = {
        name
        for name, card in MODELS.items()
        if card["architecture"] == architecture and card["video"] and "vllm" in card["engines"]
    }
    assert takes_video is bool(preferring), f"{architecture}: {sorted(preferring)}"


def test_a_card_cannot_hide_that_weights_are_random(tmp_path: Path) -> None:
    (tmp_path / "checkpoint").mkdir()
    config = tmp_path / "checkpoint" / "config.json"
    config.write_text('{"random_weights": true}')
    (tmp_path / "mine.yaml").write_text("about: mine\nmodel: ./checkpoint\n")
    assert load_card(str(tmp_path / "mine.yaml")).random_weights
    config.write_text("{}")
    assert not load_card(str(tmp_path / "mine.yaml")).random_weights


def test_a_checkpoint_knows_its_own_world_and_questions(tmp_path: Path) -> None:
    """However it is named: by a card that says nothing of them, or as a folder."""
    (tmp_path / "checkpoint").mkdir()
    config = '{"world": "synthetic", "prompt_sets": ["syllogism@0123456789ab"]}'
    (tmp_path / "checkpoint" / "config.json").write_text(config)
    (tmp_path / "mine.yaml").write_text("about: mine\nmodel: ./checkpoint\n")
    for name in ("mine.yaml", "checkpoint"):
        card = load_card(str(tmp_path / name))
        assert (card.world, card.prompt_sets) == ("synthetic", ("syllogism@0123456789ab",))


def test_a_damaged_checkpoint_is_named(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(GaiaJudgeError, match=r"config\.json is not JSON"):
        load_card(str(tmp_path))


@each_card
def test_prompt_sets_are_shipped_ones_as_they_are_now(card: dict[str, Any]) -> None:
    """Whoever changes a question must train again the judges that were trained on it."""
    for stamp in card.get("prompt_sets", []):
        name, digest = stamp.split("@")
        assert load_prompt_set(name).digest[:12] == digest


@pytest.mark.parametrize("line", ["world: real", "prompt_sets: [syllogism]", "prompt_sets: [syllogism@12]"])
def test_a_wrong_world_or_prompt_set_is_named(line: str, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(f"about: mine\nmodel: somebody/model\n{line}\n")
    with pytest.raises(GaiaJudgeError, match=line.split(":")[0]):
        read_card(tmp_path / "mine.yaml")
