"""Videos to be judged, and where lists of them come from."""

from pathlib import Path

from gaia_judge.errors import GaiaJudgeError
from gaia_judge.videos.entries import SUFFIXES, Video, make_video
from gaia_judge.videos.folders import read_folder
from gaia_judge.videos.gaia import is_gaia, read_gaia
from gaia_judge.videos.ids import name_ids
from gaia_judge.videos.manifests import read_manifest
from gaia_judge.videos.tables import FORMATS

__all__ = ["Video", "read_videos"]


def read_videos(source: Path | str) -> list[Video]:
    """Return the videos that a file or folder names; nothing is decoded, and none need exist yet.

    What ``source`` may be:

    - one video: mp4, webm, mov, mkv, avi or gif, in any case;
    - a manifest: CSV, JSONL or Parquet with ``path`` (relative to the manifest) and optionally ``id``,
      ``prompt``, ``action``, ``generator``, ``category``, ``subset``. Listed files that do not exist
      stay in the list: each costs its own row later, not the run;
    - a GAIA folder: ``videos/`` with ``prompts_all.csv`` and ``action_label.xlsx``;
    - any other folder, searched in sorted order, subfolders too but not links to folders nor hidden
      files. A ``prompts.csv`` in it may describe its videos: ``path``, ``video`` or ``id``, then the
      manifest's columns.

    Names: ``(GENERATOR)_(ACTION).mp4``, with the parentheses, is read as generator and action anywhere.
    A bare ``GENERATOR_ACTION.mp4`` is read so only in a GAIA folder, where the actions are known: in
    ``my_clip.mp4`` nothing tells a generator from any other word.

    Ids: what the manifest says, else the file's stem; files that share a stem are told apart by their
    path in the folder without the suffix (``run1/clip``), or with it where even that is shared.

    Raises:
        GaiaJudgeError: There is no such file, nothing to judge in it, or a list that cannot be read.
    """
    source = Path(source)
    if source.is_dir():
        return read_gaia(source) if is_gaia(source) else read_folder(source)
    if not source.is_file():
        raise GaiaJudgeError(f"There is no file or folder {source}.", "Check the path.")
    if source.suffix.lower() in SUFFIXES:
        return [make_video(name_ids([Path(source.name)])[0], source)]
    if source.suffix.lower() in FORMATS:
        return read_manifest(source)
    raise GaiaJudgeError(
        f"{source} is neither a video nor a list of videos.",
        f"Videos end in {', '.join(SUFFIXES)}; lists in {', '.join(FORMATS)}.",
    )
