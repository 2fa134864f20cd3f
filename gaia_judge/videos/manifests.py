"""Manifests: tables with one video per row."""

from pathlib import Path

from gaia_judge.errors import GaiaJudgeError
from gaia_judge.videos.entries import TEXTS, Video, clean, make_video
from gaia_judge.videos.ids import check_ids, name_ids
from gaia_judge.videos.tables import Row, read_table


def read_manifest(file: Path) -> list[Video]:
    """Return the videos of a manifest in its order; their paths are relative to its folder.

    Raises:
        GaiaJudgeError: The table cannot be read, a path is missing, or an id stands for two videos.
    """
    rows = read_table(file, keys=("path",), others=("id", *TEXTS))
    paths = [read_path(row) for row in rows]
    given = [clean(row.cells["id"]) for row in rows]
    made = iter(name_ids([path for path, id in zip(paths, given, strict=True) if not id]))
    ids = [id or next(made) for id in given]
    check_ids((row.where, id) for row, id in zip(rows, ids, strict=True))
    return [
        make_video(id, file.parent / path, row.cells) for id, path, row in zip(ids, paths, rows, strict=True)
    ]


def read_path(row: Row) -> Path:
    """Return the path that a row gives; whether there is such a file shows when it is decoded."""
    text = row.cells["path"].strip()
    if not text or "\0" in text:
        raise GaiaJudgeError(f"{row.where}: column 'path' holds no path.", "Write one, or remove the row.")
    return Path(text)
