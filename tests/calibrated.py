"""A small made-up run and people's scores of its videos, for tests of calibration."""

import json
from pathlib import Path

import numpy as np
import pandas as pd

from gaia_judge.runs import Record, RunFolder
from gaia_judge.scores import Score
from gaia_judge.videos import Video

DIMENSIONS = ("subject", "completeness", "interaction")
LEVELS = ("bad", "poor", "fair", "good", "excellent")

MANIFEST = {
    "rater": "tiny/syllogism/expected",
    "judge": {"name": "tiny", "model": "here/tiny", "weights_digest": "0123456789ab", "world": "synthetic"},
    "prompt": {"name": "syllogism", "digest": "aaaa"},
    "frames": {"count": 8, "fps": None, "decoder": "auto"},
    "asking": {"readout": "expected", "chain": "mode"},
}


def make_world(folder: Path, actions: int = 20, generators: int = 4, seed: int = 0) -> tuple[Path, Path]:
    """Write a run and a MOS.csv; return the run's folder and the file."""
    random = np.random.default_rng(seed)
    pairs = [(f"g{g}", f"a{a:02}") for a in range(actions) for g in range(generators)]
    quality = random.normal(0, 1, (len(pairs), 3))
    offsets = np.repeat(random.normal(0, 4, (actions, 3)), generators, axis=0)
    mos = 20 + 60 / (1 + np.exp(-1.5 * quality)) + offsets + random.normal(0, 3, quality.shape)
    logits = (quality[..., None] + random.normal(0, 0.4, (*quality.shape, 1))) * np.arange(-2, 3)
    shares = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    run = make_run(folder / "run", pairs, shares)
    return run, write_mos(folder / "MOS.csv", pairs, mos)


def make_run(folder: Path, pairs: list[tuple[str, str]], shares: np.ndarray, **changes: object) -> Path:
    """Write a run whose ratings have these distributions, shape [N, 3, 5]; the second video has failed."""
    videos = [
        Video(id=name(*pair), path=Path("none.mp4"), generator=pair[0], action=pair[1]) for pair in pairs
    ]
    with RunFolder.open(folder, {**MANIFEST, **changes}) as run:
        for at, video in enumerate(videos):
            scores = tuple(
                _score(video.id, dimension, shares[at, d], at == 1) for d, dimension in enumerate(DIMENSIONS)
            )
            run.append(Record.of(video, None, scores))
        run.export(videos)
    return folder


def write_mos(file: Path, pairs: list[tuple[str, str]], mos: np.ndarray) -> Path:
    """Write people's scores, shape [N, 3], as GAIA has them."""
    columns = {f"final action {dimension}": mos[:, at] for at, dimension in enumerate(DIMENSIONS)}
    names = [f"{name(*pair)}.mp4" for pair in pairs]
    pd.DataFrame({"filename": names, **columns}).to_csv(file, index=False)
    return file


def name(generator: str, action: str) -> str:
    return f"({generator})_({action})"


def edit_run(run: Path, part: str, **changes: object) -> Path:
    """Change some settings of one part of a run's manifest."""
    whole = json.loads((run / "run.json").read_text())
    whole["manifest"][part] |= changes
    (run / "run.json").write_text(json.dumps(whole))
    return run


def _score(video: str, dimension: str, shares: np.ndarray, failed: bool) -> Score:
    rater = str(MANIFEST["rater"])
    if failed:
        return Score(video=video, dimension=dimension, rater=rater, value=None, error="could not be decoded")
    distribution = dict(zip(LEVELS, shares.tolist(), strict=True))
    value = float(shares @ np.arange(1, 6))
    return Score(video=video, dimension=dimension, rater=rater, value=value, distribution=distribution)
