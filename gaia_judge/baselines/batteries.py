"""Batteries: several metrics that measure the same videos, each of which is decoded once."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from importlib.metadata import version
from math import isfinite
from typing import Any

from gaia_judge.baselines.clips import Clip
from gaia_judge.baselines.metrics import EVERY, Measurer, Metric, Setting
from gaia_judge.baselines.registry import metric_entries
from gaia_judge.errors import EngineError, GaiaJudgeError
from gaia_judge.frames import Decoders, Frames, FrameSpec, subset
from gaia_judge.judges import Rated
from gaia_judge.runs import Record
from gaia_judge.scores import Score, ScoreTable, missing
from gaia_judge.videos import Video

BATCH_BYTES = 2**30
"""Frames that a batch may hold, so that long videos do not fill the memory."""

DECIMALS = 5
"""Of values: consistencies and smoothness differ late, but float32 noise must not show."""

PACKAGES = ("av", "decord2", "opencv-python-headless", "torch", "torchvision", "transformers")
"""Whose versions may change a value."""


class Battery:
    """Metrics that are loaded and ready. Made by ``load_battery``.

    Args:
        metrics: What is measured, in order.
        measurers: The same, loaded.
        setting: What the user set.
        decoder: Which library decodes.
        batch: Videos that are measured at once, at most.
    """

    def __init__(
        self,
        metrics: Sequence[Metric],
        measurers: Sequence[Measurer],
        setting: Setting,
        *,
        decoder: FrameSpec,
        batch: int = 8,
    ) -> None:
        self.metrics = tuple(metrics)
        self.setting = setting
        self._measurers = tuple(measurers)
        self._batch = batch
        specs = {metric.frames for metric in metrics}
        limits = decoder.model_dump(include={"decoder", "timeout_s", "memory_gib"})
        # Where metrics look at different frames, all are decoded and each metric takes its own out of them.
        self.frames = (specs.pop() if len(specs) == 1 else EVERY).model_copy(update=limits)

    @property
    def raters(self) -> tuple[str, ...]:
        """The names that the metrics' scores stand under."""
        return tuple(metric.rater(self.setting) for metric in self.metrics)

    def stream(self, videos: Iterable[Video]) -> Iterator[Rated]:
        """Measure videos, in order, and yield each when all metrics are through with it.

        A video that cannot be decoded, or that a metric cannot measure, has scores whose error says why.
        """
        with Decoders(self.frames) as decoders:
            for batch in _batches(decoders.stream(videos), self._batch):
                yield from self._measure(batch)

    def rate(self, videos: Iterable[Video]) -> ScoreTable:
        """Measure videos and return one row per video, metric and dimension, in the order of the videos."""
        records = (Record.of(one.video, one.frames, one.scores, DECIMALS) for one in self.stream(videos))
        return ScoreTable.from_records(row for record in records for row in record.rows())

    def manifest(self) -> dict[str, Any]:
        """Return everything that determines the scores: versions, digests and settings."""
        return {
            "gaia_judge": version("gaia-judge"),
            "metrics": {
                rater: _facts(metric, measurer, self.setting)
                for rater, metric, measurer in zip(self.raters, self.metrics, self._measurers, strict=True)
            },
            "frames": self.frames.model_dump(exclude={"timeout_s", "memory_gib"}),
            "packages": {name: version(name) for name in PACKAGES},
            "device": self.setting.device,
        }

    def close(self) -> None:
        """Free what metrics hold, such as engines."""
        for measurer in self._measurers:
            getattr(measurer, "close", lambda: None)()

    def __enter__(self) -> "Battery":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _measure(self, batch: Sequence[tuple[Video, Frames | GaiaJudgeError]]) -> Iterator[Rated]:
        found: list[list[Score]] = [[] for _ in batch]
        clips = {
            place: Clip(video, frames)
            for place, (video, frames) in enumerate(batch)
            if isinstance(frames, Frames)
        }
        for metric, rater, measurer in zip(self.metrics, self.raters, self._measurers, strict=True):
            taken = {place: _take(clip, metric.frames) for place, clip in clips.items()}
            scores = dict(zip(taken, _measured(metric, measurer, list(taken.values())), strict=True))
            for place, (video, frames) in enumerate(batch):
                rows = scores.get(place) or missing(metric.dimensions, video.id, rater, str(frames))
                trace = {"fidelity": metric.fidelity, **_seen(frames, taken.get(place))}
                found[place] += [_finished(score, rater, metric.name, trace) for score in rows]
        for (video, frames), rows in zip(batch, found, strict=True):
            yield Rated(video, frames if isinstance(frames, Frames) else None, tuple(rows), DECIMALS)


def load_battery(
    metrics: Sequence[Metric],
    setting: Setting | None = None,
    *,
    decoder: FrameSpec | None = None,
    batch: int = 8,
) -> Battery:
    """Return metrics that are ready to measure.

    Args:
        metrics: See ``find_metrics``.
        setting: Device, own weights, consent to licences.
        decoder: Its decoder and limits are taken, not its frames.
        batch: Videos that are measured at once, at most.

    Raises:
        EngineError: One cannot run here; says what all of them lack, and what would help.
    """
    setting = setting or Setting()
    if found := [problem for metric in metrics for problem in metric.problems(setting)]:
        lacks = "".join(f"\n  {problem.what}" for problem in found)
        cures = "".join(f"\n  {cure}" for cure in dict.fromkeys(problem.cure for problem in found))
        raise EngineError(f"Not all metrics can run here.{lacks}", f"\nWhat would work:{cures}")
    measurers = [metric.load(metric, setting) for metric in metrics]
    return Battery(metrics, measurers, setting, decoder=decoder or FrameSpec(), batch=batch)


def _batches(
    supply: Iterable[tuple[Video, Frames | GaiaJudgeError]], most: int
) -> Iterator[list[tuple[Video, Frames | GaiaJudgeError]]]:
    """Yield videos in batches that are neither too many nor too big."""
    batch: list[tuple[Video, Frames | GaiaJudgeError]] = []
    size = 0
    for video, frames in supply:
        batch.append((video, frames))
        size += frames.images.nbytes if isinstance(frames, Frames) else 0
        if len(batch) >= most or size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _take(clip: Clip, spec: FrameSpec) -> Clip:
    return replace(clip, frames=subset(clip.frames, spec))


def _measured(metric: Metric, measurer: Measurer, clips: Sequence[Clip]) -> list[Sequence[Score]]:
    """Measure clips together; if that fails, one by one, so that only the culprit is lost.

    Raises:
        EngineError: An engine cannot answer at all; the run stops and can be continued.
    """
    if not clips:
        return []
    try:
        return list(measurer.measure(clips))
    except EngineError:
        raise
    except Exception as error:
        if len(clips) > 1:
            return [scores for clip in clips for scores in _measured(metric, measurer, [clip])]
        told = str(error) if isinstance(error, GaiaJudgeError) else f"{type(error).__name__}: {error}"
        return [missing(metric.dimensions, clips[0].video.id, metric.name, told)]


def _seen(decoded: Frames | GaiaJudgeError, clip: Clip | None) -> dict[str, Any]:
    """Return which frames a metric saw, where they are not all that were decoded."""
    if clip is None or clip.frames is decoded:
        return {}
    return {"frames": clip.frames.indices.tolist()} | (
        {"short": clip.frames.note} if clip.frames.note else {}
    )


def _finished(score: Score, rater: str, name: str, trace: Mapping[str, Any]) -> Score:
    """Name the rater and how it came about; a value that is no number becomes a missing one."""
    score = replace(score, rater=rater, trace={**trace, **score.trace})
    if score.value is None or isfinite(score.value):
        return score
    return replace(score, value=None, error=f"{name} gave {score.value}.")


def _facts(metric: Metric, measurer: Measurer, setting: Setting) -> Mapping[str, Any]:
    weights = {one.name: one.describe(setting.weights.get(one.name)) for one in metric.weights}
    entry = metric_entries().get(metric.name.partition(":")[0])
    return {
        "package": f"{entry.dist.name} {entry.dist.version}" if entry and entry.dist else None,
        "fidelity": metric.fidelity,
        "frames": metric.frames.model_dump(include={"count", "fps", "every"}),
        "weights": weights,
        **metric.facts,
        **measurer.describe(),
    }
