"""Runs that need no model: clips, and recorded replies to all questions about them."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gaia_judge.cards import load_card
from gaia_judge.engines import Reply, Request
from gaia_judge.engines.replay import Recorder
from gaia_judge.frames import FrameSpec
from gaia_judge.judges import Judge, plan_judge
from gaia_judge.prompts import load_prompt_set
from gaia_judge.videos import read_videos
from tests.clips import cut, write_clip
from tests.scripted import ScriptedEngine, shares

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Replay:
    """Clips and replies in a folder, from which ``gaia-judge score`` gives the same table each time."""

    home: Path

    def command(self, out: Path, *more: str) -> list[str]:
        """Return the command that scores the clips."""
        words = ["score", str(self.home / "videos"), "--model", str(self.home / "card.yaml")]
        words += ["--engine", "replay", "--record", str(self.home / "replies.jsonl"), "--out", str(out)]
        return [sys.executable, "-m", "gaia_judge.cli", *words, *more]

    def score(self, out: Path, *more: str) -> "subprocess.CompletedProcess[str]":
        """Run the command."""
        return run(self.command(out, *more))


def run(command: Sequence[str]) -> "subprocess.CompletedProcess[str]":
    """Run a command on this package, on one core."""
    return subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=600, env=environment()
    )


def environment() -> dict[str, str]:
    """Return the environment in which this package is found, wherever it runs."""
    return {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}


def write_replay(home: Path, clips: int, broken: int = 0) -> Replay:
    """Write clips, some of them broken off, and record the replies of a judge that sees noise in them."""
    (home / "videos").mkdir(parents=True)
    for number in range(clips):
        size = (64 + 2 * (number % 50), 64)  # no two alike, for replies go by what is seen
        write_clip(home / "videos" / f"(maker {number % 3})_(action {number}).mp4", frames=8, size=size)
    for number in range(broken):
        cut(write_clip(home / "videos" / f"broken {number}.mp4", frames=8), 0.5)
    (home / "card.yaml").write_text("model: none\nabout: Replies.\nframes: 4\n", encoding="utf-8")
    plan = plan_judge(
        load_card(str(home / "card.yaml")), load_prompt_set("syllogism"), frames=FrameSpec(count=4)
    )
    with Judge(plan, Recorder(ScriptedEngine(_reply), home / "replies.jsonl")) as judge:
        for _ in judge.stream(read_videos(home / "videos")):
            pass
    return Replay(home)


def _reply(request: Request) -> Reply:
    digest = request.frames.digest if request.frames else ""
    draw = np.random.default_rng(int(digest[:12] or "0", 16) + len(request.messages))
    return shares(request, *(float(share) for share in draw.dirichlet(np.ones(len(request.ask.labels)))))


def finished(out: Path) -> int:
    """Return how many videos a run has finished."""
    journal = out / "journal.jsonl"
    return journal.read_bytes().count(b"\n") if journal.exists() else 0


def kill_and_resume(replay: Replay, out: Path, kills: int, chance: random.Random, videos: int) -> int:
    """Kill a run at random instants, most of them while it works, and let it end; return the kills made."""
    made = 0
    while made < kills and finished(out) < videos - 1:
        before = finished(out)
        child = subprocess.Popen(
            replay.command(out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment()
        )
        goal = before + chance.randint(0, max(1, (videos - before) // max(1, kills - made)))
        while child.poll() is None and finished(out) < goal:
            time.sleep(0.002)
        time.sleep(chance.random() * 0.05)
        if child.poll() is None:
            child.send_signal(signal.SIGKILL)
            made += 1
        child.wait()
    return made
