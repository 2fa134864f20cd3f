"""Judges that metrics ask: why they cannot run here, at once; own weights and what these confess."""

import json
import time
from pathlib import Path

import pytest

from gaia_judge.baselines import Setting, find_metric, load_battery, registry
from gaia_judge.baselines.llavascores import CAPTION, YES
from gaia_judge.baselines.referees import card_of
from gaia_judge.engines import EngineOptions
from gaia_judge.engines.transformers import TransformersEngine
from gaia_judge.errors import EngineError

ASKING = [
    "vqascore",
    "llavascore",
    "llavascore-caption",
    "internvl-score",
    "videoscore2",
    "videoscore2:mean",
    "unifiedreward",
    "unifiedreward:style",
]


@pytest.fixture(autouse=True)
def _nothing_downloaded(tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))


def folder_of(tmp_path, **config):
    """Return a checkpoint's folder with weights that nobody reads."""
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "model.safetensors").write_bytes(b"tensors")
    return folder


@pytest.mark.parametrize("name", ASKING)
def test_without_weights_all_that_is_lacking_is_told_at_once(name, monkeypatch):
    def load(self, model, options):
        raise AssertionError("an engine is loaded")

    monkeypatch.setattr(TransformersEngine, "__init__", load)
    metric = find_metric(name)
    begun = time.perf_counter()
    with pytest.raises(EngineError) as caught:
        load_battery([metric])
    assert time.perf_counter() - begun < 5
    repo = metric.weights[0].repo
    assert f"{name}: " in caught.value.message
    assert f"{repo} was never downloaded" in caught.value.message
    assert f"hf download {repo}" in caught.value.hint
    assert f"--weights {metric.weights[0].name}=FOLDER" in caught.value.hint
    assert f"vllm serve {repo}" in caught.value.hint
    assert "--model" not in caught.value.hint


def test_the_weights_of_the_captions_measure_are_told_too():
    whats = [problem.what for problem in CAPTION.problems(Setting())]
    assert any("openai/clip-vit-base-patch32" in what for what in whats)
    assert any("llava-hf/llava-1.5-7b-hf" in what for what in whats)


def test_a_server_needs_no_weights_here():
    options = EngineOptions(base_urls=("http://localhost:9",))
    told = [one.what for one in YES.problems(Setting(options=options))]
    assert not any("downloaded" in what for what in told)


def test_own_weights_of_the_right_architecture_run(tmp_path):
    folder = folder_of(tmp_path, architectures=["LlavaForConditionalGeneration"])
    setting = Setting(engine="transformers", weights={"llava-1.5": folder})
    assert YES.problems(setting) == []
    card = card_of(YES, setting)
    assert (card.model, card.video, card.name) == (str(folder), False, "llava-1.5")
    assert YES.rater(setting) == "llavascore (adapted, own weights)"
    assert YES.weights[0].describe(folder) != YES.weights[0].describe(None)


def test_own_weights_confess_what_they_are(tmp_path):
    facts = {"random_weights": True, "world": "synthetic"}
    folder = folder_of(tmp_path, architectures=["LlavaForConditionalGeneration"], **facts)
    setting = Setting(engine="transformers", weights={"llava-1.5": folder})
    assert YES.rater(setting) == "llavascore (adapted, random weights)"
    card = card_of(YES, setting)
    assert (card.random_weights, card.world) == (True, "synthetic")


def test_own_weights_of_another_architecture_are_refused(tmp_path):
    folder = folder_of(tmp_path, architectures=["Qwen2_5_VLForConditionalGeneration"])
    (problem,) = YES.problems(Setting(weights={"llava-1.5": folder}))
    assert "Qwen2_5_VLForConditionalGeneration, not the LlavaForConditionalGeneration" in problem.what


@pytest.mark.parametrize("name", ["nowhere", "."])
def test_a_folder_that_holds_no_model_is_told_once(tmp_path, name):
    (problem,) = YES.problems(Setting(weights={"llava-1.5": tmp_path / name}))
    assert "is no folder with config.json" in problem.what


def test_own_weights_are_as_large_as_they_are(tmp_path):
    folder = folder_of(tmp_path, architectures=["LlavaForConditionalGeneration"])
    setting = Setting(weights={"llava-1.5": folder})
    assert card_of(YES, setting).memory_gib is None
    with (folder / "model.safetensors").open("r+b") as file:
        file.truncate(14 * 10**9)  # sparse: takes no room
    assert card_of(YES, setting).memory_gib == 17.2


def test_weights_that_stand_in_a_folder_are_not_downloaded():
    assert find_metric("vqascore:nano").weights == ()
    assert find_metric("vqascore:openai").weights == ()
    assert find_metric("vqascore:nano").problems(Setting(engine="transformers")) == []


def test_every_one_of_them_is_registered():
    assert {name.partition(":")[0] for name in ASKING} <= set(registry.metric_entries())
    assert Path(find_metric("vqascore:nano").facts["judge"]["card"]).name == "nano"
