"""Ids: the shortest name that tells a video from the others."""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import PurePath

from gaia_judge.errors import GaiaJudgeError
from gaia_judge.videos.entries import clean


def name_ids(paths: Sequence[PurePath]) -> list[str]:
    """Return for each path its stem, its path without suffix, or its whole path: the first that is unique.

    >>> name_ids([PurePath("a.mp4"), PurePath("x/b.mp4"), PurePath("y/b.mp4"), PurePath("y/b.gif")])
    ['a', 'x/b', 'y/b.mp4', 'y/b.gif']
    """
    stems = [clean(path.stem) for path in paths]
    trunks = [clean(path.as_posix().removesuffix(path.suffix)) for path in paths]
    wholes = [clean(path.as_posix()) for path in paths]
    forms = [(names, Counter(names)) for names in (stems, trunks, wholes)]
    return [
        next((names[i] for names, count in forms if names[i] and count[names[i]] == 1), whole)
        for i, whole in enumerate(wholes)
    ]


def check_ids(places: Iterable[tuple[str, str]]) -> None:
    """Refuse an id that stands for two videos.

    Args:
        places: Where each video is named, and its id.

    Raises:
        GaiaJudgeError: It names both places.
    """
    first: dict[str, str] = {}
    for place, id in places:
        if id in first:
            raise GaiaJudgeError(f"{first[id]} and {place} have the same id {id!r}.", "Give each its own.")
        first[id] = place
