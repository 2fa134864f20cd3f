"""What this machine has: packages, memory, weights. Found out without importing anything heavy."""

import csv
import json
import os
import re
import subprocess
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path
from threading import Thread

HUB_SECONDS = 3.0
"""How long the hub may take to answer."""

HUB_NAME = re.compile(r"\w[\w.-]*/\w[\w.-]*")
CGROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found out about this machine."""

    name: str
    ok: bool | None
    """None: neither good nor bad."""
    detail: str
    cure: str = ""
    """A command that helps, where something is wrong."""


@dataclass(frozen=True, slots=True)
class Gpu:
    """An NVIDIA GPU that programs started here may use."""

    name: str
    total_gib: float
    free_gib: float


def missing_packages(names: Iterable[str]) -> list[str]:
    """Return which packages, by the names they are imported under, are not installed; imports none.

    >>> missing_packages(["json", "no_such_package"])
    ['no_such_package']
    """
    return [name for name in names if find_spec(name) is None]


def full_version(package: str) -> str | None:
    """Return a package's version with its build, such as ``2.13.0+cu130``, or None if it is not installed.

    Wheels of torch and torchvision name their build in ``version.py`` even where their metadata does not.
    """
    try:
        found = distribution(package)
    except PackageNotFoundError:
        return None
    source = Path(str(found.locate_file(f"{package}/version.py")))
    written = source.read_text(encoding="utf-8") if source.is_file() else ""
    version = re.search(r"^__version__[^'\"\n]*['\"]([^'\"]+)", written, re.MULTILINE)
    return version[1] if version else found.version


def torch_mismatch(version: Callable[[str], str | None] = full_version) -> Finding | None:
    """Return why torch and torchvision do not work together, with the line that cures it; None if they do.

    Builds that differ fail only at import, with "operator torchvision::nms does not exist".

    >>> torch_mismatch({"torch": "2.13.0+cpu", "torchvision": "0.28.0+cu130"}.get).cure
    "pip install 'torch===2.13.0' 'torchvision===0.28.0'"
    """
    torch, vision = version("torch"), version("torchvision")
    if torch is None or vision is None:
        absent = "torch" if torch is None else "torchvision"
        return Finding("torch", False, f"{absent} is not installed.", "pip install torch torchvision")
    release = re.match(r"2\.(\d+)\.(\d+)", torch)
    if release is None:
        return None
    # Three equals signs: with two, a local build such as 2.13.0+cpu would count as 2.13.0 and stay.
    wanted = f"0.{int(release[1]) + 15}"
    cure = f"pip install 'torch==={release[0]}' 'torchvision==={wanted}.{release[2]}'"
    if not vision.startswith(f"{wanted}."):
        return Finding("torch", False, f"torch {torch} needs torchvision {wanted}, not {vision}.", cure)
    if _device(torch) and _device(vision) and _device(torch) != _device(vision):
        return Finding("torch", False, f"torch {torch} and torchvision {vision} are different builds.", cure)
    return None


def torchvision_cure(version: Callable[[str], str | None] = full_version) -> str:
    """Return the line that installs torchvision anew, of the release that is there.

    >>> torchvision_cure({"torch": "2.13.0", "torchvision": "0.28.0"}.get)
    "pip install --force-reinstall --no-deps 'torchvision===0.28.0'"
    """
    release = (version("torchvision") or "").partition("+")[0]
    return f"pip install --force-reinstall --no-deps 'torchvision==={release}'"


def _device(version: str) -> str:
    """Return what a build is for, such as ``cpu``, ``cu13`` or ``rocm6``; empty if it does not say."""
    build = re.search(r"\+(cpu|xpu|cu\d\d|rocm\d+)", version)
    return build[1] if build else ""


@cache
def nvidia_smi() -> str:
    """Return the driver's list of GPUs: index, uuid, name, total and free MiB; empty without a driver."""
    query = [
        "nvidia-smi",
        "--query-gpu=index,uuid,name,memory.total,memory.free",
        "--format=csv,noheader,nounits",
    ]
    try:
        return subprocess.run(query, capture_output=True, text=True, timeout=5, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return ""


def visible_gpus() -> list[Gpu]:
    """Return the NVIDIA GPUs that CUDA_VISIBLE_DEVICES leaves visible."""
    found = []
    for index, uuid, name, total, free in csv.reader(nvidia_smi().splitlines(), skipinitialspace=True):
        if _visible(index, uuid) and total.isdigit() and free.isdigit():
            found.append(Gpu(name, int(total) / 1024, int(free) / 1024))
    return found


def _visible(index: str, uuid: str) -> bool:
    asked = os.environ.get("CUDA_VISIBLE_DEVICES")
    if asked is None or "MIG-" in asked:  # a slice of a GPU has a name of its own
        return True
    allowed = [one.strip() for one in asked.split(",") if one.strip()]
    return any(one == index or uuid.startswith(one) for one in allowed)


def gpu_memory_gib() -> float:
    """Return the free memory of the roomiest visible NVIDIA GPU in GiB; 0 if there is none."""
    return max((gpu.free_gib for gpu in visible_gpus()), default=0.0)


def memory_gib() -> float:
    """Return the main memory in GiB that programs here may still take, a container's limit included."""
    import psutil

    available = float(psutil.virtual_memory().available)
    with suppress(OSError, ValueError):  # no container, or one without a limit ("max")
        available = min(available, float(CGROUP_LIMIT.read_text()))
    return available / 2**30


def weights_problem(
    model: str, revision: str | None = None, hub: Callable[[], str | None] | None = None
) -> str | None:
    """Return why a model's weights cannot be had, or None: a whole folder, a whole cached snapshot, or a hub.

    Args:
        model: A folder, or a name on the model hub.
        revision: A commit, branch or tag on the hub.
        hub: Returns why the hub cannot be asked, or None; by default ``hub_problem``.
    """
    if Path(model).is_dir():
        return folder_problem(Path(model))
    if not HUB_NAME.fullmatch(model):
        return f"There is no folder {model}."
    cached = _cached_snapshot(model, revision)
    if cached and not folder_problem(cached):
        return None
    closed = (hub or hub_problem)()
    state = "was downloaded only in part" if cached else "was never downloaded"
    return f"{model} {state}, and {closed}" if closed else None


def folder_problem(folder: Path) -> str | None:
    """Return what a checkpoint's folder lacks, or None if it is whole."""
    if not (folder / "config.json").is_file():
        return f"{folder} holds no config.json."
    index = folder / "model.safetensors.index.json"
    if index.is_file():
        shards = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
        missing = sorted(shard for shard in shards if not (folder / shard).is_file())
        return f"{folder} lacks {missing[0]} ({len(missing)} of {len(shards)} files)." if missing else None
    if not any(folder.glob("*.safetensors")):
        return f"{folder} holds no *.safetensors; other formats can run code and are not loaded."
    return None


def _cached_snapshot(model: str, revision: str | None) -> Path | None:
    """Return the folder of a model in the hub's cache, or None."""
    from huggingface_hub import try_to_load_from_cache

    config = try_to_load_from_cache(model, "config.json", revision=revision)
    return Path(config).parent if isinstance(config, str) else None


def hub_problem() -> str | None:
    """Return why the model hub cannot be asked, or None; it is asked at most once a minute."""
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE:
        return "HF_HUB_OFFLINE forbids asking the hub."
    return _ask(constants.ENDPOINT, int(time.monotonic() // 60))


def site_problem(url: str) -> str | None:
    """Return why an address's host cannot be asked, or None; it is asked at most once a minute."""
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE:
        return "HF_HUB_OFFLINE forbids downloads."
    return _ask("/".join(url.split("/")[:3]), int(time.monotonic() // 60))


@cache
def _ask(endpoint: str, minute: int) -> str | None:
    """Return why an address gives no answer to one HEAD request, or None."""
    answers: list[str | None] = []
    asking = Thread(target=lambda: answers.append(_head(endpoint)), daemon=True)
    asking.start()
    asking.join(HUB_SECONDS + 1)  # looking up a name has no time limit of its own
    return answers[0] if answers else f"{endpoint} does not answer."


def _head(endpoint: str) -> str | None:
    from huggingface_hub import get_session

    try:
        status = get_session().head(endpoint, timeout=HUB_SECONDS).status_code
    except Exception as error:  # the HTTP library, and so its errors, vary with huggingface_hub's version
        return f"{endpoint} cannot be reached ({error or type(error).__name__})."
    return f"{endpoint} answers with status {status}." if status >= 500 or status == 407 else None
