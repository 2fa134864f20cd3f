"""Steps towards quality and bias: each in turn, or both at once; and which raters share videos."""

from collections.abc import Callable

import numpy as np

from gaia_judge.agreement.pairs import Numbers, Places
from gaia_judge.opinions.votes import Votes

Step = Callable[[Numbers, Numbers], tuple[Numbers, Numbers]]
"""From how much a vote of each rater weighs, and from biases, to qualities and new biases."""


def projecting(votes: Votes) -> Step:
    """Return the step of P.910: qualities given biases, then biases given these qualities."""

    def step(precision: Numbers, bias: Numbers) -> tuple[Numbers, Numbers]:
        weights = precision[votes.rater]
        unbiased = votes.scores - bias[votes.rater]
        quality = votes.sum_videos(weights * unbiased) / votes.sum_videos(weights)
        return quality, votes.sum_raters(votes.scores - quality[votes.video]) / votes.sum_raters()

    return step


def solving(votes: Votes) -> Step:
    """Return the step to the least weighted squares, biases being 0 on average in each island.

    Qualities are eliminated, which leaves as many equations as raters; they are singular by one for each
    island, whose mean bias is set to 0 instead.
    """
    from scipy.sparse import csr_array

    shape = (len(votes.videos), len(votes.raters))
    counts = csr_array((np.ones(len(votes.scores)), (votes.video, votes.rater)), shape=shape)
    n = votes.sum_raters()
    island = components(votes)[1]
    anchor = np.diag(n) + n.mean() * (island[:, None] == island)

    def step(precision: Numbers, _: Numbers) -> tuple[Numbers, Numbers]:
        weights = precision / precision.max()
        total = counts @ weights
        plain = votes.sum_videos(weights[votes.rater] * votes.scores) / total
        shared = (counts.T @ counts.multiply(1 / total[:, None])).toarray() * weights
        right = votes.sum_raters(votes.scores - plain[votes.video])
        bias = np.linalg.solve(anchor - shared, right)
        return plain - (counts @ (weights * bias)) / total, np.asarray(bias)

    return step


def components(votes: Votes) -> tuple[int, Places]:
    """Return into how many groups raters fall who share no video, and the group of each; shape [raters].

    >>> from gaia_judge.opinions.votes import arrange_table
    >>> nan = float("nan")
    >>> components(arrange_table([[1, 2, nan], [3, nan, nan], [nan, nan, 4]]))[0]
    2
    """
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    videos, raters = len(votes.videos), len(votes.raters)
    ones = np.ones(len(votes.scores))
    graph = csr_array((ones, (votes.video, votes.rater + videos)), shape=(videos + raters,) * 2)
    count, group = connected_components(graph, directed=False)
    return int(count), np.asarray(group[videos:], np.intp)
