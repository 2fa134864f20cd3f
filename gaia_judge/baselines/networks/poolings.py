"""Poolings: from the qualities of frames to that of the video, and from maps of features to vectors."""

import torch
from torch import Tensor
from torch.nn import functional

FAR = 1e4
"""Quality that stands beyond the last frame: too good to weigh anything."""


def present(frames: Tensor, lengths: Tensor | None) -> Tensor:
    """Return which frames are real, shape [B, T], of which each video has the first ``lengths``, shape [B].

    >>> present(torch.zeros(2, 3), torch.tensor([1, 3])).tolist()
    [[True, False, False], [True, True, True]]
    """
    batch, count = frames.shape[:2]
    if lengths is None:
        return torch.ones(batch, count, dtype=torch.bool, device=frames.device)
    return torch.arange(count, device=frames.device) < lengths.to(frames.device)[:, None]


def mean_over(values: Tensor, lengths: Tensor | None = None) -> Tensor:
    """Return the mean over the real frames, shape [B], of values, shape [B, T]."""
    real = present(values, lengths)
    return values.masked_fill(~real, 0).sum(1) / real.sum(1)


def hysteresis(qualities: Tensor, lengths: Tensor | None = None, tau: int = 12, beta: float = 0.5) -> Tensor:
    """Return qualities of frames as viewers remember them, shape [B, T], from those alone.

    People dislike a bad moment at once and forgive it slowly. Each frame gets ``beta`` times the mean of
    itself and the ``tau`` - 1 frames after it, weighted by exp(-quality), plus 1 - ``beta`` times the minimum
    of itself and the ``tau`` - 1 before it. Source: VSFA (Li, Jiang and Jiang, ACM Multimedia 2019).

    Weights are taken relative to the worst frame of their window, so that large qualities do not all vanish.

    Args:
        qualities: Of frames, shape [B, T].
        lengths: How many frames of each video are real, shape [B]; all of them if none. What it returns
            for the others is without meaning.
        tau: Frames that memory reaches, 12 as published.
        beta: Share of the frames to come, 0.5 as published.
    """
    real = present(qualities, lengths)
    past = functional.pad(qualities, (tau - 1, 0), value=torch.inf).unfold(1, tau, 1)
    future = functional.pad(qualities.masked_fill(~real, FAR), (0, tau - 1), value=FAR).unfold(1, tau, 1)
    weighted = (torch.softmax(-future, dim=-1) * future).sum(-1)
    return beta * weighted + (1 - beta) * past.amin(-1)


def temporal_pooling(
    qualities: Tensor, lengths: Tensor | None = None, tau: int = 12, beta: float = 0.5
) -> Tensor:
    """Return the quality of each video, shape [B]: the mean of ``hysteresis`` over its real frames.

    >>> temporal_pooling(torch.tensor([[0.25, 0.25, 0.25]])).tolist()
    [0.25]
    """
    return mean_over(hysteresis(qualities, lengths, tau, beta), lengths)


def mean_and_deviation(maps: Tensor, dims: tuple[int, ...] = (-2, -1)) -> tuple[Tensor, Tensor]:
    """Return mean and standard deviation (that of a sample, n - 1) over some dimensions of maps.

    A map of one place has no deviation: it is 0 there, not the NaN that n - 1 = 0 makes.
    """
    if all(maps.shape[dim] == 1 for dim in dims):
        mean = maps.mean(dims)
        return mean, torch.zeros_like(mean)
    deviation, mean = torch.std_mean(maps, dim=dims)
    return mean, deviation
