"""What several test modules share: small checkpoints, clips, and engines' answers to the same questions."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.checkpoints import Kind, build, make_clip
from tests.clips import write_images

os.environ["HF_HUB_OFFLINE"] = "1"  # no test may reach for a model hub
signal.signal(signal.SIGINT, signal.default_int_handler)  # in the background it is ignored, in children too
for name in ("COLUMNS", "LINES"):  # readline tells them to children, such as the processes that run tests
    os.environ.pop(name, None)

pytest_plugins = ["tests.browsers", "tests.servers", "tests.studios"]

SIZES = {1: (8, 96, 96), 2: (24, 96, 128), 3: (16, 128, 96), 4: (5, 96, 96), 5: (12, 80, 80), 6: (32, 96, 96)}
"""Clips for engines: seed -> frames, height and width.

Each lasts a second. Where a clip's time steps outnumber its patches in height and width, transformers 5.19
and vLLM give the text after it other positions (Qwen2.5-VL), which small frames bring about soonest.
"""


@pytest.fixture(scope="session")
def engine_home(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Kind], Path]:
    """Return the folder with a checkpoint of some architecture, and real mp4 files."""
    made: dict[Kind, Path] = {}

    def home(kind: Kind) -> Path:
        if kind not in made:
            made[kind] = tmp_path_factory.mktemp(kind)
            build(kind, made[kind] / "checkpoint")
            clips = made[kind] / "clips"
            clips.mkdir()
            for seed, size in SIZES.items():
                write_images(clips / f"(maker)_(action {seed}).mp4", make_clip(seed, *size), rate=size[0])
        return made[kind]

    return home


@pytest.fixture(scope="session")
def answers(engine_home: Callable[[Kind], Path]) -> Callable[[str, Kind], dict[str, Any]]:
    """Return an engine's replies to ``tests.answers`` on a checkpoint, asked once a session."""
    made: dict[tuple[str, Kind], dict[str, Any]] = {}

    def replies(engine: str, kind: Kind) -> dict[str, Any]:
        if (engine, kind) not in made:
            out = engine_home(kind) / f"{engine}.json"
            command = [sys.executable, "-m", "tests.answers", engine, str(engine_home(kind)), str(out)]
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=900)
            assert done.returncode == 0, done.stderr[-4000:]
            made[engine, kind] = json.loads(out.read_text(encoding="utf-8"))["replies"]
        return made[engine, kind]

    return replies
