"""Folders of videos, and the prompts.csv that may lie in them."""

import os
import warnings
from pathlib import Path, PurePath
from typing import NoReturn

from gaia_judge.errors import GaiaJudgeError
from gaia_judge.videos.entries import SUFFIXES, TEXTS, Video, clean, make_video
from gaia_judge.videos.ids import check_ids, name_ids
from gaia_judge.videos.tables import Row, read_table

KEYS = ("path", "video", "id")


def find_files(folder: Path) -> list[Path]:
    """Return the paths of videos below a folder, relative to it and sorted.

    Hidden files, ``__MACOSX`` and links to folders are passed over.

    Raises:
        GaiaJudgeError: There are none, or a folder may not be read.
    """
    found = []
    for home, folders, files in os.walk(folder, onerror=refuse_folder):
        folders[:] = [name for name in folders if not name.startswith(".") and name != "__MACOSX"]
        found += [Path(home, name) for name in files if not name.startswith(".")]
    videos = sorted(path.relative_to(folder) for path in found if path.suffix.lower() in SUFFIXES)
    if not videos:
        raise GaiaJudgeError(f"There are no videos in {folder}.", f"Searched for {', '.join(SUFFIXES)}.")
    return videos


def refuse_folder(error: OSError) -> NoReturn:
    """Turn a folder that may not be read into an error: its videos would be missed without a word."""
    message = f"{error.filename} cannot be read: {error.strerror}."
    raise GaiaJudgeError(message, "Change its rights.") from error


def read_folder(folder: Path) -> list[Video]:
    """Return the videos below a folder, described by its prompts.csv where it has one.

    Raises:
        GaiaJudgeError: There are none, or prompts.csv cannot be read or joined.
    """
    names = find_files(folder)
    videos = [make_video(id, folder / name) for id, name in zip(name_ids(names), names, strict=True)]
    prompts = folder / "prompts.csv"
    if prompts.is_file():
        videos = join_prompts(videos, names, prompts)
    check_ids((str(video.path), video.id) for video in videos)
    return videos


def join_prompts(videos: list[Video], names: list[Path], file: Path) -> list[Video]:
    """Return the videos with what the rows of prompts.csv say about them.

    A row names its video by path in the folder or by id, in the first of the columns path, video and id
    that it fills. Rows that name no video get a warning only, for the folder may hold part of a larger set.

    Raises:
        GaiaJudgeError: Two rows name one video, or no row names any.
    """
    known = {clean(name.as_posix()): i for i, name in enumerate(names)}
    known |= {video.id: i for i, video in enumerate(videos)}
    rows: dict[int, Row] = {}
    strays = []
    for row in read_table(file, KEYS, TEXTS):
        position = known.get(find_name(row))
        if position is None:
            strays.append(row.where)
        elif position in rows:
            raise GaiaJudgeError(
                f"{rows[position].where} and {row.where} name the same video {videos[position].id!r}.",
                "Remove one of them.",
            )
        else:
            rows[position] = row
    if not rows:
        raise GaiaJudgeError(
            f"{file}: no row names a video in {file.parent}.", f"Videos are named like {names[0].as_posix()}."
        )
    if strays:
        warnings.warn(f"{len(strays)} rows name no video in {file.parent}, first {strays[0]}.", stacklevel=2)
    return [describe(video, rows.get(i)) for i, video in enumerate(videos)]


def find_name(row: Row) -> str:
    """Return how a row of prompts.csv names its video, ``./`` left out."""
    for key in KEYS:
        if name := clean(row.cells[key]):
            return PurePath(name).as_posix()
    raise GaiaJudgeError(f"{row.where} names no video.", f"Fill {' or '.join(KEYS)}, or remove the row.")


def describe(video: Video, row: Row | None) -> Video:
    """Return the video with a row's texts, and its id if the row names it by path and gives one."""
    if row is None:
        return video
    named = row.cells["path"].strip() or row.cells["video"].strip()
    id = clean(row.cells["id"]) if named else ""
    return make_video(id or video.id, video.path, row.cells)
