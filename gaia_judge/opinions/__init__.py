"""Opinions: from raters' votes to mean opinion scores, and how far the raters agree."""

from gaia_judge.opinions.analyses import METHODS, Analysis, Asking, Method, analyse, describe_raters, opine
from gaia_judge.opinions.curves import settle
from gaia_judge.opinions.reliabilities import Reliability, alpha, icc
from gaia_judge.opinions.results import Opinion, Rejection
from gaia_judge.opinions.tables import arrange, read_votes, scores_table
from gaia_judge.opinions.votes import Votes, arrange_table

__all__ = [
    "METHODS",
    "Analysis",
    "Asking",
    "Method",
    "Opinion",
    "Rejection",
    "Reliability",
    "Votes",
    "alpha",
    "analyse",
    "arrange",
    "arrange_table",
    "describe_raters",
    "icc",
    "opine",
    "read_votes",
    "scores_table",
    "settle",
]
