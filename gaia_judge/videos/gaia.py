"""GAIA folders: videos named by generator and action."""

from collections.abc import Mapping
from pathlib import Path

from gaia_judge.errors import GaiaJudgeError
from gaia_judge.videos.actions import LABELS, PROMPTS, Action, fold, read_actions
from gaia_judge.videos.entries import PARENTHESISED, Video, clean
from gaia_judge.videos.folders import find_files
from gaia_judge.videos.ids import check_ids, name_ids


def is_gaia(folder: Path) -> bool:
    """Return whether a folder has ``videos/`` beside one of GAIA's two files."""
    return (folder / "videos").is_dir() and any((folder / name).is_file() for name in (PROMPTS, LABELS))


def read_gaia(folder: Path) -> list[Video]:
    """Return the videos of a GAIA folder, each with its prompt, generator, action, class and subset.

    Raises:
        GaiaJudgeError: A file is missing or cannot be read, the two do not join, or a video's name holds
            no known action.
    """
    actions = read_actions(folder)
    names = find_files(folder / "videos")
    found = [split_name(name.stem, actions) for name in names]
    strays = [name.name for name, match in zip(names, found, strict=True) if match is None]
    if strays:
        raise GaiaJudgeError(
            f"{len(strays)} of {len(names)} names in {folder / 'videos'} hold no action of {PROMPTS}: "
            f"{', '.join(strays[:5])}{', ...' if len(strays) > 5 else ''}.",
            "Name them GENERATOR_ACTION.mp4, move them away, or list the videos in a manifest.",
        )
    videos = [
        Video(
            id=id,
            path=folder / "videos" / name,
            prompt=action.prompt,
            action=action.name,
            generator=generator,
            category=action.category,
            subset=action.subset,
        )
        for id, name, (generator, action) in zip(name_ids(names), names, filter(None, found), strict=True)
    ]
    check_ids((str(video.path), video.id) for video in videos)
    return videos


def split_name(stem: str, actions: Mapping[str, Action]) -> tuple[str, Action] | None:
    """Return generator and action of a file name, or None.

    Both may hold underscores: the longest action that is known wins.
    """
    match = PARENTHESISED.fullmatch(stem)
    splits = [match.group("generator", "action")] if match else []
    splits += [(stem[:i], stem[i + 1 :]) for i, letter in enumerate(stem) if letter == "_"]
    known = ((clean(left), actions.get(fold(right))) for left, right in splits)
    return next(((generator, action) for generator, action in known if action), None)
