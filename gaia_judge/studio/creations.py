"""Creations: from a study file and videos to a folder that can be served."""

import hashlib
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from gaia_judge.errors import GaiaJudgeError, unknown
from gaia_judge.scores.files import replacing
from gaia_judge.studio.copies import Copy, copy_videos
from gaia_judge.studio.records import videos as table
from gaia_judge.studio.stores import DATABASE, make_store
from gaia_judge.studio.studies import Study
from gaia_judge.videos import Video

CLIPS = "clips"
"""Folder of the copies, below the study's."""

SECRET = "owner-secret.txt"


@dataclass(frozen=True, slots=True)
class Made:
    """What a study was made of."""

    videos: int
    transcoded: int
    failed: Mapping[str, str]
    """Videos that are not part of it, and why."""


def create_study(
    study: Study,
    videos: Sequence[Video],
    folder: Path,
    *,
    processes: int = 1,
    advance: Callable[[bool], None] = lambda failed: None,
) -> Made:
    """Make a study's folder: copies of the videos, study.db, and the owner's secret.

    The database appears last and whole; without it, the folder is no study and may be used again.

    Args:
        study: Spelt out, as ``read_study`` returns it.
        videos: All of them, those of training too; they stay as they are.
        folder: Made if absent.
        processes: That decode and encode.
        advance: Is told of each video whether it failed.

    Raises:
        GaiaJudgeError: There is a study in the folder, it cannot be written, an example of the training is
            none of the videos or cannot be decoded, or no video is left to be rated.
    """
    if (folder / DATABASE).exists():
        raise GaiaJudgeError(f"{folder} holds a study already.", "Give another folder with --out.")
    examples = {example.video for example in study.training}
    if strange := sorted(examples - {video.id for video in videos}):
        raise unknown("video", strange[0], [video.id for video in videos])
    _make_folders(folder)
    rows: list[dict[str, Any]] = []
    failed: dict[str, str] = {}
    for row, video, copy in _copies(videos, folder, processes):
        advance(isinstance(copy, GaiaJudgeError))
        if isinstance(copy, GaiaJudgeError):
            failed[video.id] = str(copy)
        else:
            rows.append(row | _describe(video, copy, folder, video.id in examples, study.seed))
    _check(rows, failed, examples)
    part = folder / f".{DATABASE}.part"
    for leftover in folder.glob(f"{part.name}*"):
        leftover.unlink()
    store = make_store(folder, part, study, secrets.token_hex(32))
    with store.write() as connection:
        connection.execute(insert(table), rows)
    store.close()  # SQLite folds its log into the file
    read_secret(folder)
    part.chmod(0o600)
    part.replace(folder / DATABASE)
    return Made(len(rows), sum(row["transcoded"] for row in rows), failed)


def read_secret(folder: Path) -> str:
    """Return the secret that opens the owner's page, from a file that is made if there is none.

    Raises:
        GaiaJudgeError: It cannot be made, or is too short to be a secret.
    """
    file = folder / SECRET
    if not file.is_file():
        with replacing(file) as out:
            Path(out.name).chmod(0o600)
            out.write(f"{secrets.token_urlsafe(24)}\n".encode())
    secret = file.read_text(encoding="utf-8").strip()
    if len(secret) < 16:
        raise GaiaJudgeError(f"{file} holds less than 16 characters.", "Remove it, and a new one is made.")
    return secret


def _make_folders(folder: Path) -> None:
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)  # one that is there keeps its rights
        (folder / CLIPS).mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        message = f"{folder} cannot be made: {error.strerror}."
        raise GaiaJudgeError(message, "Give another folder with --out.") from error


def _copies(
    videos: Sequence[Video], folder: Path, processes: int
) -> Iterator[tuple[dict[str, Any], Video, Copy | GaiaJudgeError]]:
    publics = [secrets.token_urlsafe(16) for _ in videos]
    named = [(video, folder / CLIPS / public) for video, public in zip(videos, publics, strict=True)]
    copies = copy_videos(named, processes=processes)
    for public, (video, copy) in zip(publics, copies, strict=True):
        yield {"public": public}, video, copy


def _describe(video: Video, copy: Copy, folder: Path, example: bool, seed: int) -> dict[str, Any]:
    texts = {name: getattr(video, name) for name in ("action", "prompt", "generator", "category", "subset")}
    return {
        **texts,
        "name": video.id,
        "role": "training" if example else "rated",
        "original": str(video.path),
        "original_sha256": copy.original_sha256,
        "clip": copy.path.relative_to(folder).as_posix(),
        "clip_sha256": copy.sha256,
        "transcoded": copy.transcoded,
        "seconds": copy.seconds,
        "ticket": _ticket(seed, video.id),
    }


def _ticket(seed: int, name: str) -> float:
    """Return a video's random number from 0 to below 1, as all of a seed's evenly spread."""
    return int.from_bytes(hashlib.sha256(f"{seed} {name}".encode()).digest()[:6]) / 2**48


def _check(rows: Sequence[Mapping[str, Any]], failed: Mapping[str, str], examples: set[str]) -> None:
    for name in sorted(examples & set(failed)):
        raise GaiaJudgeError(f"The example {name!r} cannot be shown: {failed[name]}", "Take another clip.")
    if not any(row["role"] == "rated" for row in rows):
        why = f" The first: {next(iter(failed.values()))}" if failed else ""
        message = f"No video is left to be rated.{why}"
        raise GaiaJudgeError(message, "Give more videos than the training has.")
