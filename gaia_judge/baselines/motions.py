"""Motions: what is kept of the flow between two frames, so that no pair is computed twice."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gaia_judge.baselines.clips import Clip
from gaia_judge.baselines.flows import Flow, Pair, load_flow
from gaia_judge.baselines.metrics import Metric, Setting
from gaia_judge.errors import GaiaJudgeError
from gaia_judge.scores import Score

FASTEST = 0.05
"""The share of pixels that count as the fastest ones, as in VBench."""


@dataclass(frozen=True, slots=True)
class Motion:
    """How much moves between two frames."""

    mean: float
    """Mean length of the flow, in pixels."""
    top: float
    """Mean length over the fastest twentieth of pixels, rounded down but at least one."""

    @classmethod
    def of(cls, flow: NDArray[np.floating]) -> "Motion":
        """Return what is kept of a flow of shape [H, W, 2].

        >>> Motion.of(np.stack([np.arange(40.0).reshape(5, 8), np.zeros((5, 8))], axis=-1))
        Motion(mean=19.5, top=38.5)
        """
        lengths = np.hypot(flow[..., 0], flow[..., 1]).ravel()
        count = max(1, int(lengths.size * FASTEST))
        top = np.partition(lengths, lengths.size - count)[-count:]
        return cls(mean=float(lengths.mean(dtype=np.float64)), top=float(top.mean(dtype=np.float64)))


class FlowMeter(ABC):
    """Measures clips one by one by their flow; the metric's facts name which."""

    def __init__(self, metric: Metric, setting: Setting) -> None:
        self._metric = metric
        self._flow = load_flow(metric.facts["flow"], setting)

    def measure(self, clips: Sequence[Clip]) -> list[tuple[Score, ...]]:
        """Return the score of each clip."""
        return [self._measure(clip) for clip in clips]

    def describe(self) -> dict[str, Any]:
        """Return the versions and settings of the flow."""
        return dict(self._flow.describe())

    @abstractmethod
    def _measure(self, clip: Clip) -> tuple[Score, ...]: ...


def stream_flows(clip: Clip, flow: Flow, pairs: Sequence[Pair]) -> Iterator[NDArray[np.float32]]:
    """Yield the flow of each pair of a clip's frames, in order, keeping its ``Motion`` for other metrics."""
    kept = _kept(clip, flow)
    for pair, field in zip(pairs, flow.stream(clip.frames.images, pairs), strict=True):
        kept.setdefault(pair, Motion.of(field))
        yield field


def motions(clip: Clip, flow: Flow, pairs: Sequence[Pair]) -> list[Motion]:
    """Return the motion of each pair of a clip's frames; only of pairs not seen before is flow computed."""
    kept = _kept(clip, flow)
    for _ in stream_flows(clip, flow, [pair for pair in pairs if pair not in kept]):
        pass
    return [kept[pair] for pair in pairs]


def steps(count: int, interval: int = 1) -> list[Pair]:
    """Return the pairs of successive frames where one in ``interval`` is taken, from the first.

    Raises:
        GaiaJudgeError: That leaves fewer than two.

    >>> steps(8, interval=3)
    [(0, 3), (3, 6)]
    """
    if count <= interval:
        told = "one frame" if count == 1 else f"{count} frames of which one in {interval} is taken"
        raise GaiaJudgeError(f"A video of {told} shows no motion.", "Leave it out.")
    return [(at, at + interval) for at in range(0, count - interval, interval)]


def padding_note(clip: Clip, flow: Flow) -> str | None:
    """Return what a row must say where upstream's averages take in padding and ours do not."""
    height, width = clip.frames.images.shape[1:3]
    if height % flow.padded == width % flow.padded == 0:
        return None
    return f"{width}x{height} is padded to multiples of {flow.padded}; averages leave the padding out"


def _kept(clip: Clip, flow: Flow) -> dict[Pair, Motion]:
    return clip.once(("motions", flow, clip.frames.digest), dict)
