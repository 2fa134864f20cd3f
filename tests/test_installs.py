"""Each finding about the machine is shown both good and bad, on packages, drivers and folders made here."""

import json
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest

from gaia_judge import installs

GPUS = "0, GPU-aa11, NVIDIA H100 80GB HBM3, 81559, 81000\n1, GPU-bb22, NVIDIA L4, 23034, 1024\n"


@pytest.fixture(autouse=True)
def forget() -> Iterator[None]:
    installs.nvidia_smi.cache_clear()
    installs._ask.cache_clear()
    yield
    installs.nvidia_smi.cache_clear()
    installs._ask.cache_clear()


def give_package(folder: Path, name: str, metadata: str, written: str | None = None) -> None:
    info = folder / f"{name}-{metadata}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {metadata}\n")
    if written:
        (folder / name).mkdir()
        (folder / name / "version.py").write_text(f"__version__ = '{written}'\ncuda = '1'\n")


def test_the_build_is_read_from_version_py(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    give_package(tmp_path, "plainwheel", "2.13.0", written="2.13.0+cu130")
    give_package(tmp_path, "barewheel", "1.0")
    monkeypatch.syspath_prepend(tmp_path)
    assert installs.full_version("plainwheel") == "2.13.0+cu130"
    assert installs.full_version("barewheel") == "1.0"
    assert installs.full_version("no-such-package-here") is None


def test_torchs_own_build_is_found() -> None:
    import torch

    assert installs.full_version("torch") == torch.__version__


@pytest.mark.parametrize(
    ("torch", "vision"),
    [
        ("2.13.0+cu130", "0.28.0+cu130"),
        ("2.14.1+cpu", "0.29.1+cpu"),
        ("2.9.1", "0.24.1"),
        ("2.13.0", "0.28.0+cu130"),
        ("2.13.0+cu128", "0.28.0+cu126"),
    ],
)
def test_matching_builds_pass(torch: str, vision: str) -> None:
    assert installs.torch_mismatch({"torch": torch, "torchvision": vision}.get) is None


@pytest.mark.parametrize(
    ("torch", "vision", "says"),
    [
        ("2.13.0+cpu", "0.28.0+cu130", "different builds"),
        ("2.13.0+cu130", "0.28.0+cu128", "different builds"),
        ("2.13.0+cu130", "0.29.1+cu130", "needs torchvision 0.28"),
        ("2.13.0", "0.2.0", "needs torchvision 0.28"),
        ("2.13.0", None, "torchvision is not installed"),
        (None, "0.28.0", "torch is not installed"),
    ],
)
def test_mismatched_builds_are_named_with_one_line_that_cures_them(
    torch: str | None, vision: str | None, says: str
) -> None:
    finding = installs.torch_mismatch({"torch": torch, "torchvision": vision}.get)
    assert finding is not None
    assert finding.ok is False
    assert says in finding.detail
    assert finding.cure.startswith("pip install")
    assert "\n" not in finding.cure


def test_an_unknown_major_version_is_no_mismatch() -> None:
    assert installs.torch_mismatch({"torch": "3.0.0", "torchvision": "1.0.0"}.get) is None


@pytest.mark.parametrize(
    ("visible", "free"),
    [(None, 81000), ("1", 1024), ("GPU-bb", 1024), ("0,1", 81000), ("", 0), ("-1", 0), ("MIG-cc", 81000)],
)
def test_gpu_memory_is_that_of_the_roomiest_visible_gpu(
    visible: str | None, free: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(installs, "nvidia_smi", lambda: GPUS)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert installs.gpu_memory_gib() == free / 1024


def test_gpus_are_read_from_the_drivers_tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool = tmp_path / "nvidia-smi"
    tool.write_text(f"#!/bin/sh\necho '{GPUS.strip()}'\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert [gpu.name for gpu in installs.visible_gpus()] == ["NVIDIA H100 80GB HBM3", "NVIDIA L4"]


@pytest.mark.parametrize("script", [None, "exit 9", "echo No devices were found; exit 6"])
def test_no_driver_means_no_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str | None) -> None:
    if script:
        (tmp_path / "nvidia-smi").write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / "nvidia-smi").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert installs.gpu_memory_gib() == 0.0


def test_memory_ends_at_a_containers_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limit = tmp_path / "memory.max"
    monkeypatch.setattr(installs, "CGROUP_LIMIT", limit)
    without = installs.memory_gib()
    assert without > 0.1
    limit.write_text(f"{64 * 2**20}\n")
    assert installs.memory_gib() == pytest.approx(1 / 16)
    limit.write_text("max\n")
    assert installs.memory_gib() > 0.1


def give_checkpoint(folder: Path, shards: int = 1) -> Path:
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    names = [f"model-{n:05}-of-{shards:05}.safetensors" for n in range(1, shards + 1)]
    for name in names:
        (folder / name).write_bytes(b"weights")
    index = {"weight_map": {f"layer.{n}": name for n, name in enumerate(names)}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    return folder


def closed() -> str | None:
    return "the hub is closed."


def test_a_whole_folder_has_no_problem(tmp_path: Path) -> None:
    assert installs.weights_problem(str(give_checkpoint(tmp_path / "whole", shards=3)), hub=closed) is None


def test_what_a_folder_lacks_is_named(tmp_path: Path) -> None:
    folder = give_checkpoint(tmp_path / "half", shards=3)
    (folder / "model-00002-of-00003.safetensors").unlink()
    assert "lacks model-00002-of-00003.safetensors (1 of 3 files)" in str(
        installs.weights_problem(str(folder))
    )
    (folder / "config.json").unlink()
    assert "config.json" in str(installs.weights_problem(str(folder)))
    assert "There is no folder" in str(installs.weights_problem(str(tmp_path / "absent")))


def test_pickled_weights_do_not_count(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "pytorch_model.bin").write_bytes(b"pickle")
    assert "safetensors" in str(installs.weights_problem(str(tmp_path)))
    (tmp_path / "model.safetensors").write_bytes(b"weights")
    assert installs.weights_problem(str(tmp_path)) is None


@pytest.fixture
def hub_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A hub cache that holds some/judge on main, in two shards."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    home = tmp_path / "hub" / "models--some--judge"
    give_checkpoint(home / "snapshots" / ("a" * 40), shards=2)
    (home / "refs").mkdir()
    (home / "refs" / "main").write_text("a" * 40)
    return home / "snapshots" / ("a" * 40)


def test_a_cached_snapshot_needs_no_hub(hub_cache: Path) -> None:
    assert installs.weights_problem("some/judge", hub=closed) is None
    assert installs.weights_problem("some/judge", "a" * 40, hub=closed) is None


def test_a_broken_or_absent_snapshot_needs_the_hub(hub_cache: Path) -> None:
    assert "never downloaded" in str(installs.weights_problem("some/other", hub=closed))
    assert "never downloaded" in str(installs.weights_problem("some/judge", "b" * 40, hub=closed))
    next(hub_cache.glob("*.safetensors")).unlink()
    problem = str(installs.weights_problem("some/judge", hub=closed))
    assert "only in part, and the hub is closed" in problem
    assert installs.weights_problem("some/judge", hub=lambda: None) is None


def test_the_offline_switch_is_respected(monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(installs, "_head", lambda endpoint: pytest.fail("the hub was asked"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert "HF_HUB_OFFLINE" in str(installs.hub_problem())


def test_a_hub_that_answers_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(installs, "_head", asked.append)
    assert installs._ask("somewhere", 1) is None
    assert installs._ask("somewhere", 1) is None
    assert asked == ["somewhere"]


def test_a_hub_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    never = Event()
    monkeypatch.setattr(installs, "HUB_SECONDS", -0.9)
    monkeypatch.setattr(installs, "_head", lambda endpoint: never.wait(60))
    assert "does not answer" in str(installs._ask("somewhere", 2))
    never.set()


@pytest.mark.parametrize(("status", "good"), [(200, True), (404, True), (503, False), (407, False)])
def test_any_answer_but_a_failing_one_counts(
    status: int, good: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    from http.server import BaseHTTPRequestHandler, HTTPServer
    from threading import Thread

    from huggingface_hub import constants

    class Answer(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        Thread(target=server.handle_request, daemon=True).start()
        problem = installs._head(f"http://127.0.0.1:{server.server_port}")
    assert (problem is None) is good, problem


def test_a_closed_port_is_a_problem() -> None:
    assert "cannot be reached" in str(installs._head("http://127.0.0.1:9"))
