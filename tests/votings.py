"""Simulated votes, and the package sureal asked about them."""

import contextlib
import io
import warnings
from types import SimpleNamespace
from typing import Any

import numpy as np
import sureal.subjective_model as models
from sureal.dataset_reader import RawDatasetReader


def simulate(
    seed: int,
    *,
    videos: int = 60,
    raters: int = 20,
    missing: float = 0.0,
    careless: int = 0,
    repeats: int = 0,
    levels: int = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """Return true quality, shape [videos], and votes, shape [videos, raters, 1 + repeats], NaN where none.

    The last ``careless`` raters answer at random; a tenth of the votes has each of the repeats. With
    ``levels`` votes are whole numbers from 1 to as many.
    """
    chance = np.random.default_rng(seed)
    truth = chance.normal(50, 12, videos)
    noise = chance.uniform(6, 15, raters)[:, None]
    votes = (truth[:, None] + chance.normal(0, 7, raters))[..., None] + noise * chance.normal(
        size=(videos, raters, 1 + repeats)
    )
    if careless:
        votes[:, -careless:] = chance.normal(50, 20, (videos, careless, 1 + repeats))
    votes[chance.random((videos, raters)) < missing] = np.nan
    votes[..., 1:][chance.random((videos, raters)) > 0.1] = np.nan
    return truth, np.clip(np.round(votes / 100 * levels), 1, levels) if levels else votes


def ask_sureal(name: str, table: np.ndarray) -> dict[str, Any]:
    """Return what a class of sureal makes of votes of shape [videos, raters, repeats]."""
    votes = table if table.ndim == 3 else table[..., None]
    raters = [f"{at:04d}" for at in range(votes.shape[1])]
    shown = [
        {
            "content_id": at,
            "asset_id": at,
            "path": f"{at}.mp4",
            "os": {
                rater: own[np.isfinite(own)].tolist()
                for rater, own in zip(raters, row, strict=True)
                if np.isfinite(own).any()
            },
        }
        for at, row in enumerate(votes)
    ]
    contents = [{"content_id": at, "path": f"{at}.mp4"} for at in range(len(votes))]
    dataset = SimpleNamespace(ref_videos=contents, dis_videos=shown, ref_score=None)
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found: dict[str, Any] = getattr(models, name)(RawDatasetReader(dataset)).run_modeling()
    return found
