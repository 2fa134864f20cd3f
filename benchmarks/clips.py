"""Clips that speed is measured on, the questions that a harness asks about them, and decoding for nobody."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from gaia_judge.engines import VIDEO_MARK
from gaia_judge.prompts import load_prompt_set
from gaia_judge.scores.files import replacing
from gaia_judge.synthetic.encoders import encode
from gaia_judge.synthetic.plans import SIZES
from gaia_judge.videos import Video, read_videos
from tests.checkpoints import make_clip

FRAMES, RATE = 16, 8
"""Frames of a clip, and how many a second: the commonest in GAIA's time."""


DECODING = """
import sys
from pathlib import Path
from gaia_judge.frames import FrameSpec, sample
spec, paths = FrameSpec(count=int(sys.argv[1])), list(map(Path, sys.argv[2:]))
sample(paths[0], spec)
print("ready", flush=True)
input()
for path in paths:
    sample(path, spec)
"""


def write_clips(folder: Path, count: int) -> list[Video]:
    """Write clips of the sizes that the synthetic generators have, unless they are there, and return them."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        path = folder / f"(maker {number % 18})_(action {number}).mp4"
        if not path.exists():
            width, height = SIZES[number % len(SIZES)]
            with replacing(path) as file:
                encode(file, make_clip(number, FRAMES, height, width), (width, height), RATE)
    return read_videos(folder)[:count]


def questions(videos: Sequence[Video]) -> list[dict[str, str]]:
    """Return what a harness asks: each dimension in a conversation of its own."""
    prompt = load_prompt_set("independent")
    return [
        {"video": str(video.path), "text": prompt.question(one, video, first=True).replace(VIDEO_MARK, "")}
        for video in videos
        for one in prompt.dimensions
    ]


@contextmanager
def decoding(videos: Sequence[Video], frames: int) -> Iterator[None]:
    """Have another process decode the videos one after the other, for nobody, in the meantime."""
    command = [sys.executable, "-c", DECODING, str(frames), *(str(video.path) for video in videos)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.readline()
        process.stdin.write("now\n")
        process.stdin.flush()
        yield
        process.kill()
