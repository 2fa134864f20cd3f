"""People: what they said of videos, which videos those are, and who made them."""

from gaia_judge.people.generators import Generator, known_generator, known_generators
from gaia_judge.people.joins import Joined, join
from gaia_judge.people.scores import MOS, HumanScores, bound_means, read_human, read_mos

__all__ = [
    "MOS",
    "Generator",
    "HumanScores",
    "Joined",
    "bound_means",
    "join",
    "known_generator",
    "known_generators",
    "read_human",
    "read_mos",
]
