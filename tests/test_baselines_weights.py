"""Weights of metrics: own ones, caches, downloads, licences, and files that are not what they say."""

import hashlib
import json
import pickle
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from gaia_judge.baselines import find_metric
from gaia_judge.baselines.weights import Weights, load_network, load_tensors
from gaia_judge.errors import GaiaJudgeError

CHECKPOINT = Weights(name="net", licence="MIT", repo="owner/net", revision="c0ffee")
FILE = Weights(name="part", licence="MIT", repo="owner/net", file="sub/net.pth")
ADDRESS = Weights(name="far", licence="BSD-3-Clause", url="https://example.org/models/far-0123.pth")


@pytest.fixture(autouse=True)
def caches(tmp_path, monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr("huggingface_hub.file_download.HF_HUB_CACHE", str(tmp_path / "hub"), raising=False)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))


def cached(tmp_path, name, commit="c0ffee"):
    """Put a file where the hub's cache has it."""
    home = tmp_path / "hub" / "models--owner--net"
    file = home / "snapshots" / commit / name
    file.parent.mkdir(parents=True)
    file.write_bytes(b"weights")
    (home / "refs").mkdir(exist_ok=True)
    (home / "refs" / "main").write_text(commit)
    return file


def closed():
    return "the hub is closed."


def opened():
    return None


@pytest.mark.parametrize("weights", [CHECKPOINT, FILE, ADDRESS])
def test_offline_and_without_them_the_file_its_place_and_the_cure_are_named(tmp_path, weights):
    problem = weights.problem(hub=closed)
    home = tmp_path / ("torch/hub/checkpoints" if weights.url else "hub")
    assert problem.what == f"the weights {weights.source} are not in {home}, and the hub is closed."
    assert f"--weights {weights.name}=PATH" in problem.cure
    assert weights.url or "hf download owner/net" in problem.cure
    assert weights.problem(hub=opened) is None


def test_what_is_in_the_cache_needs_no_hub(tmp_path):
    assert CHECKPOINT.cached() is None
    weights = cached(tmp_path, "model.safetensors")
    assert CHECKPOINT.problem(hub=closed)  # weights alone are half a checkpoint
    weights.with_name("config.json").write_text("{}")
    assert CHECKPOINT.problem(hub=closed) is None
    weights.with_name("model.safetensors.index.json").write_text(
        '{"weight_map": {"a": "shard-2.safetensors"}}'
    )
    assert CHECKPOINT.problem(hub=closed)  # a shard is missing
    weights.with_name("shard-2.safetensors").write_bytes(b"weights")
    assert CHECKPOINT.problem(hub=closed) is None
    assert CHECKPOINT.describe()["used"] == "c0ffee"
    assert FILE.problem(hub=closed)
    file = tmp_path / "torch" / "hub" / "checkpoints" / "far-0123.pth"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"weights")
    assert ADDRESS.problem(hub=closed) is None
    assert ADDRESS.bring() == file


def test_a_checkpoint_of_another_revision_is_not_at_hand(tmp_path):
    cached(tmp_path, "model.safetensors", commit="decaf").with_name("config.json").write_text("{}")
    assert CHECKPOINT.problem(hub=closed)


def test_own_weights_win_and_must_be_of_the_right_kind(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    file = tmp_path / "net.pth"
    file.write_bytes(b"weights")
    assert CHECKPOINT.problem(tmp_path, hub=closed) is None
    assert FILE.problem(file, hub=closed) is None
    assert "is no folder with config.json" in CHECKPOINT.problem(file, hub=closed).what
    assert "is no file" in FILE.problem(tmp_path, hub=closed).what
    assert FILE.bring(file) == file
    assert CHECKPOINT.checkpoint(tmp_path) == {"pretrained_model_name_or_path": str(tmp_path)}
    assert CHECKPOINT.checkpoint() == {
        "pretrained_model_name_or_path": "owner/net",
        "revision": "c0ffee",
    }


def test_weights_that_forbid_commercial_use_are_neither_fetched_nor_taken_from_the_cache_unasked(tmp_path):
    cached(tmp_path, "sub/net.pth")
    free = Weights(name="part", licence="CC BY-NC 4.0", repo="owner/net", file="sub/net.pth")
    bound = Weights(
        name="part", licence="CC BY-NC 4.0", repo="owner/net", file="sub/net.pth", non_commercial=True
    )
    assert free.problem(hub=opened) is None
    problem = bound.problem(hub=opened)
    assert "CC BY-NC 4.0" in problem.what
    assert "--non-commercial" in problem.cure
    assert bound.problem(hub=opened, non_commercial=True) is None


def test_a_file_with_another_digest_is_refused(tmp_path):
    file = cached(tmp_path, "sub/net.pth")
    digest = hashlib.sha256(b"weights").hexdigest()
    good = Weights(name="part", licence="", repo="owner/net", file="sub/net.pth", sha256=digest[:8])
    assert good.bring() == file
    bad = Weights(name="part", licence="", repo="owner/net", file="sub/net.pth", sha256="0" * 64)
    with pytest.raises(GaiaJudgeError, match="its digest differs"):
        bad.bring()


def test_own_weights_are_known_by_their_content(tmp_path):
    file = tmp_path / "net.pth"
    file.write_bytes(b"weights")
    first = FILE.describe(file)
    file.write_bytes(b"other weights")
    assert FILE.describe(file) != first
    assert FILE.describe() == {"source": "owner/net/sub/net.pth", "used": None}


def test_of_a_file_in_the_cache_the_digest_is_kept(tmp_path):
    cached(tmp_path, "sub/net.pth")
    assert FILE.describe()["used"] == hashlib.sha256(b"weights").hexdigest()[:12]


def test_a_download_asks_for_exactly_what_is_wanted(tmp_path, monkeypatch):
    asked = []

    def from_hub(repo, file, *, revision):
        asked.append((repo, file, revision))
        return str(tmp_path / "net.pth")

    def from_address(url, place, *, hash_prefix, progress):
        asked.append((url, place, hash_prefix))
        Path(place).write_bytes(b"weights")

    monkeypatch.setattr("huggingface_hub.hf_hub_download", from_hub)
    monkeypatch.setattr("torch.hub.download_url_to_file", from_address)
    pinned = Weights(name="part", licence="", repo="owner/net", file="sub/net.pth", revision="c0ffee")
    assert pinned.bring() == tmp_path / "net.pth"
    place = tmp_path / "torch" / "hub" / "checkpoints" / "far-0123.pth"
    digest = hashlib.sha256(b"weights").hexdigest()[:8]
    hashed = Weights(name="far", licence="", url=ADDRESS.url, sha256=digest)
    assert hashed.bring() == place
    assert hashed.bring() == place  # from the cache
    assert asked == [("owner/net", "sub/net.pth", "c0ffee"), (ADDRESS.url, str(place), digest)]


def test_whether_an_address_answers_is_asked_of_its_own_host(monkeypatch):
    asked = []
    monkeypatch.setattr("gaia_judge.baselines.weights.site_problem", lambda url: asked.append(url))
    monkeypatch.setattr("gaia_judge.baselines.weights.hub_problem", lambda: asked.append("hub"))
    assert ADDRESS.problem() is None
    assert CHECKPOINT.problem() is None
    assert asked == [ADDRESS.url, "hub"]


class Halved:
    """Loads a network that lacks a weight, as transformers tells it."""

    @classmethod
    def from_pretrained(cls, pretrained_model_name_or_path, **settings):
        assert settings["output_loading_info"]
        assert settings["trust_remote_code"] is False
        if pretrained_model_name_or_path == "nowhere":
            raise OSError("no file named model.safetensors")
        return "network", {"missing_keys": ["head.weight"], "mismatched_keys": []}


def test_a_checkpoint_that_lacks_weights_is_refused_and_not_filled_with_random_ones():
    with pytest.raises(GaiaJudgeError, match=r"half has no head\.weight for a Halved \(1 such weights\)"):
        load_network(Halved, {"pretrained_model_name_or_path": "half"})
    with pytest.raises(GaiaJudgeError, match="nowhere cannot be loaded: no file named"):
        load_network(Halved, {"pretrained_model_name_or_path": "nowhere"})


def test_a_judges_licence_counts_as_any_other(monkeypatch):
    (weights,) = find_metric("vqascore:qwen2.5-vl-3b").weights
    assert "may not be used commercially" in weights.problem(hub=opened).what
    assert weights.problem(hub=opened, non_commercial=True) is None
    (free,) = find_metric("vqascore:llava").weights
    assert free.problem(hub=opened) is None


def test_random_weights_confess(tmp_path):
    assert not CHECKPOINT.is_random()
    (tmp_path / "config.json").write_text(json.dumps({"random_weights": True}))
    assert CHECKPOINT.is_random(tmp_path)
    save_file({"a": torch.zeros(1)}, tmp_path / "a.safetensors", {"random_weights": "true"})
    save_file({"a": torch.zeros(1)}, tmp_path / "b.safetensors")
    assert FILE.is_random(tmp_path / "a.safetensors")
    assert not FILE.is_random(tmp_path / "b.safetensors")


def test_tensors_are_read_from_either_format(tmp_path):
    tensors = {"a": torch.arange(3.0)}
    save_file(tensors, tmp_path / "a.safetensors")
    torch.save(tensors, tmp_path / "a.pth")
    for name in ("a.safetensors", "a.pth"):
        assert load_tensors(tmp_path / name)["a"].tolist() == [0, 1, 2]


class Malice:
    """Writes a file when it is unpickled."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return (Path.touch, (self.mark,))


@pytest.mark.parametrize("write", [torch.save, lambda what, file: file.write_bytes(pickle.dumps(what))])
def test_a_file_that_would_run_code_is_refused_and_runs_none(tmp_path, write):
    mark, file = tmp_path / "ran", tmp_path / "net.pth"
    write({"a": Malice(mark)}, file)
    with pytest.raises(GaiaJudgeError, match=r"net\.pth cannot be read as weights"):
        load_tensors(file)
    assert not mark.exists()


def test_what_cannot_be_downloaded_says_how_to_bring_it(monkeypatch):
    def fail(*_, **__):
        raise OSError("no route")

    monkeypatch.setattr("torch.hub.download_url_to_file", fail)
    with pytest.raises(GaiaJudgeError, match=r"cannot be downloaded: no route.*--weights far=PATH"):
        ADDRESS.bring()
