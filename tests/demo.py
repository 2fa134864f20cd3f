"""``make demo``: the main job on a machine without GPU or model hub, with random weights."""

import subprocess
import sys
from pathlib import Path

from tests.checkpoints import build, make_clip
from tests.clips import write_images

HOME = Path("demo")

CLIPS = {
    "(Blobber)_(rolling)": 1,
    "(Blobber)_(jumping)": 2,
    "(Smearer)_(rolling)": 3,
    "(Smearer)_(jumping)": 4,
}
"""File stems, read as generator and action, with the seed of each clip."""


def main() -> int:
    """Write clips and a checkpoint, and score the clips; return the exit code of ``gaia-judge``."""
    videos = HOME / "videos"
    videos.mkdir(parents=True, exist_ok=True)
    for stem, seed in CLIPS.items():
        if not (videos / f"{stem}.mp4").exists():
            write_images(videos / f"{stem}.mp4", make_clip(seed, frames=24), rate=12)
    judge = HOME / "random-llava"
    if not (judge / "config.json").exists():
        print("Making a small LLaVA-OneVision with random weights ...", flush=True)
        build("llava-onevision", judge)
    command = [
        "score",
        str(videos),
        "--model",
        str(judge),
        "--engine",
        "transformers",
        "--out",
        str(HOME / "run"),
    ]
    print("gaia-judge", *command, flush=True)
    return subprocess.run([sys.executable, "-m", "gaia_judge.cli", *command], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
