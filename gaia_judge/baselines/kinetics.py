"""Kinetics-400's classes, and which of them an action keyword names.

``kinetics-400.tsv`` has a class per line, in the alphabetical order in which most networks number them, and
its number among the outputs of UMT, which keeps the order of Kinetics-710 instead.

Names and alphabetical order are as in mmaction2 (tools/data/kinetics/label_map_k400.txt at 4d6c934).
VideoMAEv2 (misc/label_map_k400.txt at 29eab1e) has the same order, but gives 13 classes the names of
Kinetics-710, such as inflating balloons for balloon blowing. VBench (kinetics_400_categories.txt at 45e79ec)
has the same names in UMT's order, as has VideoMAEv2 (misc/label_710to400.json). GAIA spells 399 of its 400
whole-body actions the same up to case and punctuation; none of its hand and facial ones is a class.
"""

from functools import cache
from pathlib import Path

from gaia_judge.baselines.clips import Clip
from gaia_judge.videos.actions import ALIASES, fold

FILE = Path(__file__).with_name("kinetics-400.tsv")

SPELLINGS = {**ALIASES, "punching person": "punching person (boxing)"}
"""Actions as GAIA spells them to classes, where folding does not join them."""

OPENING = "person is "
"""What VBench's prompts for human actions say before the action."""


def class_names() -> tuple[str, ...]:
    """Return the 400 classes in alphabetical order.

    >>> class_names()[:2]
    ('abseiling', 'air drumming')
    """
    return tuple(name for name, _ in _lines())


def umt_numbers() -> tuple[int, ...]:
    """Return the number of each class, in alphabetical order, among UMT's outputs.

    >>> umt_numbers()[class_names().index("riding a bike")]
    0
    """
    return tuple(number for _, number in _lines())


def find_class(action: str) -> int | None:
    """Return the number of the class that an action names, in alphabetical order; None if it names none.

    Case and punctuation do not count, and ``SPELLINGS`` join what GAIA words otherwise; nothing is guessed.

    >>> class_names()[find_class("Massaging Person’s Head")], find_class("massaging heads")
    ("massaging person's head", None)
    """
    return _folded().get(fold(action))


def sought(clip: Clip) -> tuple[str, str]:
    """Return the action that a video should show, and a note if its prompt must stand in for it.

    Of a prompt that says, as VBench's do, what a person is doing, that is taken.

    Raises:
        GaiaJudgeError: Neither action nor prompt is known.
    """
    if clip.video.action:
        return clip.video.action, ""
    _, opening, rest = clip.text.partition(OPENING)
    return (rest.rstrip(" .") if opening else clip.text), "no action known: its prompt taken"


@cache
def _lines() -> tuple[tuple[str, int], ...]:
    lines = (line.split("\t") for line in FILE.read_text(encoding="utf-8").splitlines())
    return tuple((name, int(number)) for name, number in lines)


@cache
def _folded() -> dict[str, int]:
    numbers = {fold(name): number for number, name in enumerate(class_names())}
    others = {fold(spelling): fold(name) for spelling, name in SPELLINGS.items()}
    return numbers | {spelling: numbers[name] for spelling, name in others.items() if name in numbers}
