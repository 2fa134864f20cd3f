"""Which of people's scores belong to which videos: by name, and by a table of names; never by likeness."""

from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gaia_judge.errors import GaiaJudgeError
from gaia_judge.people.generators import known_generator
from gaia_judge.people.scores import HumanScores
from gaia_judge.videos.actions import ALIASES, fold
from gaia_judge.videos.entries import PARENTHESISED

if TYPE_CHECKING:
    from pandas import DataFrame

Key = tuple[str, str]
"""Generator and action, folded, under the names that tables of names give them."""

LABELS = {fold(prompt): fold(label) for prompt, label in ALIASES.items()}


@dataclass(frozen=True, slots=True, eq=False)
class Joined:
    """People's scores in the order of the videos that were asked for; NaN where people have none."""

    mos: "DataFrame"
    spread: "DataFrame | None"
    counts: "DataFrame | None"
    probability: "DataFrame | None"
    votes: "DataFrame | None"
    """Under the videos' own ids."""
    missing: tuple[str, ...]
    """Videos without people's scores."""
    surplus: tuple[str, ...]
    """Videos that people have scored and that were not asked for, as the file names them."""


def join(facts: "DataFrame", human: HumanScores) -> Joined:
    """Return people's scores of these videos.

    A video is found under its own id; else under its generator and action, in any known spelling of both
    (``Anmidiff_Abseiling`` is ``(AnimateDiff)_(abseiling)``).

    Args:
        facts: Index video; columns generator and action, which may be missing.
        human: People's scores.

    Raises:
        GaiaJudgeError: Two rows of a side are one video under different spellings, or nothing is common.
    """
    found = match(facts, list(human.mos.index), human.source)
    names = [found.get(video) for video in facts.index]
    if not found:
        message = f"None of the {len(facts)} videos, such as {_first(facts.index)}, is in {human.source}"
        raise GaiaJudgeError(f"{message}, which has {_first(human.mos.index)}.", "Give the scores of these.")
    taken = set(found.values())

    def ordered(frame: "DataFrame | None") -> "DataFrame | None":
        return None if frame is None else frame.reindex(names).set_axis(facts.index)

    own = {name: video for video, name in found.items()}
    votes = human.votes
    if votes is not None:
        votes = votes[votes["video"].isin(taken)].assign(video=lambda rows: rows["video"].map(own))
    return Joined(
        mos=human.mos.reindex(names).set_axis(facts.index),
        spread=ordered(human.spread),
        counts=ordered(human.counts),
        probability=ordered(human.probability),
        votes=votes,
        missing=tuple(video for video in facts.index if video not in found),
        surplus=tuple(name for name in human.mos.index if name not in taken),
    )


def match(facts: "DataFrame", names: Iterable[str], source: str) -> dict[str, str]:
    """Return under which of people's names each video stands, for those that do.

    Raises:
        GaiaJudgeError: A video may be two of them, or one of them may be two videos.
    """
    left = dict.fromkeys(names)
    found = {video: video for video in facts.index if video in left}
    for name in found:
        del left[name]
    videos = facts.drop(index=list(found))
    makers = {fold(name) for name in facts["generator"].dropna().unique()}
    theirs = _by_key((name, _key(*_split(name, makers))) for name in left)
    ours = _by_key(_rows(videos, makers))
    for key in ours.keys() & theirs.keys():
        found[_only(ours[key], "the videos")] = _only(theirs[key], source)
    return found


def _rows(videos: "DataFrame", makers: Set[str]) -> Iterator[tuple[str, Key | None]]:
    """Yield each video with its key, from what is known of it or else from its name."""
    known = (
        videos[["generator", "action"]].astype(object).where(videos[["generator", "action"]].notna(), None)
    )
    for video, generator, action in known.itertuples(name=None):
        named = _split(video, makers)
        yield video, _key(generator or named[0], action or named[1])


def _key(generator: str | None, action: str | None) -> Key | None:
    if not generator or not action:
        return None
    known = known_generator(generator)
    return fold(known.name if known else generator), LABELS.get(fold(action), fold(action))


def _split(name: str, makers: Set[str]) -> tuple[str, str] | tuple[None, None]:
    """Return generator and action of a name ``(GENERATOR)_(ACTION)``, or of ``GENERATOR_ACTION``.

    The latter only where the generator is known; the longest that is (``Morph_Studio_Zumba``).
    """
    if split := PARENTHESISED.fullmatch(name):
        return split["generator"], split["action"]
    for at in (at for at in range(len(name) - 1, 0, -1) if name[at] == "_"):
        if known_generator(name[:at]) or fold(name[:at]) in makers:
            return name[:at], name[at + 1 :]
    return None, None


def _by_key(keys: Iterable[tuple[str, Key | None]]) -> dict[Key, list[str]]:
    found: dict[Key, list[str]] = {}
    for name, key in keys:
        if key is not None:
            found.setdefault(key, []).append(name)
    return found


def _only(names: list[str], source: str) -> str:
    if len(names) > 1:
        message = f"{names[0]!r} and {names[1]!r} of {source} are one generator and action."
        raise GaiaJudgeError(message, "Keep one of them, or give people's scores under the videos' ids.")
    return names[0]


def _first(names: Iterable[str]) -> str:
    return repr(next(iter(names), "none"))
