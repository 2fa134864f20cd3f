"""Which of people's scores belong to which videos: by name, and by a table of names; never by likeness."""

from collections.abc import Iterable, Iterator, Mapping
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
    """Return under which of people's names each video stands, for those that do."""
    left = dict.fromkeys(names)
    found = {video: video for video in facts.index if video in left}
    for name in found:
        del left[name]
    videos = facts.drop(index=list(found))
    makers = {fold(name): name for name in videos["generator"].dropna().unique()}
    theirs = _by_key(((name, _split(name, makers)) for name in left), source)
    keys = ((video, _key(row.generator, row.action)) for video, row in _rows(videos))
    ours = _by_key(keys, "the videos")
    return found | {video: theirs[key] for key, video in ours.items() if key in theirs}


def _rows(videos: "DataFrame") -> Iterator[tuple[str, "_Facts"]]:
    known = videos[["generator", "action"]].astype(object).where(videos.notna(), None)
    for video, generator, action in known.itertuples(name=None):
        split = PARENTHESISED.fullmatch(video)
        own = split.groupdict() if split else {}
        yield video, _Facts(generator or own.get("generator"), action or own.get("action"))


@dataclass(frozen=True, slots=True)
class _Facts:
    generator: str | None
    action: str | None


def _key(generator: str | None, action: str | None) -> Key | None:
    if not generator or not action:
        return None
    known = known_generator(generator)
    return fold(known.name if known else generator), LABELS.get(fold(action), fold(action))


def _split(name: str, makers: Mapping[str, str]) -> Key | None:
    """Return the key of a name ``(GENERATOR)_(ACTION)``, or ``GENERATOR_ACTION`` of a known generator."""
    if split := PARENTHESISED.fullmatch(name):
        return _key(*split.group("generator", "action"))
    for at in (at for at, letter in enumerate(name) if letter == "_"):
        if known_generator(name[:at]) or fold(name[:at]) in makers:
            return _key(name[:at], name[at + 1 :])
    return None


def _by_key(keys: Iterable[tuple[str, Key | None]], source: str) -> dict[Key, str]:
    found: dict[Key, str] = {}
    for name, key in keys:
        if key is None:
            continue
        if key in found:
            message = f"{found[key]!r} and {name!r} of {source} are one generator and action."
            raise GaiaJudgeError(message, "Keep one of them.")
        found[key] = name
    return found


def _first(names: Iterable[str]) -> str:
    return repr(next(iter(names), "none"))
