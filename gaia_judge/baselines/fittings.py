"""Fitted metrics on disk: a folder with fit.json and a safetensors file per dimension; never a pickle."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gaia_judge.baselines.clips import Clip
from gaia_judge.baselines.features import Features
from gaia_judge.baselines.metrics import Family, Fidelity, Metric, Setting
from gaia_judge.baselines.recipes import Fitted, Recipe
from gaia_judge.baselines.regressions import FittedRegression
from gaia_judge.baselines.weights import file_digest
from gaia_judge.calibration.tables import NAMESAKE
from gaia_judge.engines import Problem
from gaia_judge.errors import GaiaJudgeError
from gaia_judge.scores import SEEN, Score
from gaia_judge.scores.files import replacing
from gaia_judge.videos import Video

FILE = "fit.json"
KIND = "gaia-judge fitted metric 1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitting:
    """What fit.json says of a fitted metric, beside whatever else a report holds."""

    metric: str
    dimensions: tuple[str, ...]
    key: str
    """Of the features, as ``Extractor.key`` gives it."""
    human: Mapping[str, str]
    """``source`` and ``digest`` of people's scores."""
    videos: tuple[str, ...]
    """Marks of the videos with a score, which must not be judged by it."""
    contents: tuple[str, ...] = ()
    """SHA-256 of their files, by which copies under other names are known too; fits of old have none, and go
    by ``videos``."""

    def remark(self, video: Video) -> str | None:
        """Return what must be said of a video's scores: that it was fitted to it, or to one of its name."""
        named = mark(video.id) in self.videos
        if file_digest(video.path) in self.contents or (named and not self.contents):
            return SEEN
        return f"{NAMESAKE} {self.human['digest']}" if named else None


def mark(video: str) -> str:
    """Return what a video is remembered by: the first 12 hex digits of its id's SHA-256."""
    return hashlib.sha256(video.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def write_fitting(
    folder: Path, fitting: Fitting, fitted: Mapping[str, Fitted], report: Mapping[str, Any]
) -> None:
    """Write a fitted metric; ``fit.json`` comes last, so that half a metric is none.

    Raises:
        GaiaJudgeError: The disk is full, or the folder cannot be written.
    """
    from safetensors.numpy import save

    names = {}
    for at, (dimension, one) in enumerate(fitted.items()):
        names[dimension] = f"dimension-{at}.safetensors"
        with replacing(folder / names[dimension]) as stream:
            stream.write(save(dict(one.state())))
    told = {
        "kind": KIND,
        "metric": fitting.metric,
        "dimensions": names,
        "digests": {name: file_digest(folder / name) for name in names.values()},
        "key": fitting.key,
        "human": dict(fitting.human),
        "videos": list(fitting.videos),
        "contents": list(fitting.contents),
        **report,
    }
    with replacing(folder / FILE) as stream:
        stream.write(json.dumps(told, indent=1, allow_nan=False).encode() + b"\n")


def read_fitting(folder: Path) -> tuple[Fitting, dict[str, Path]]:
    """Return a fitted metric's facts and the files of its dimensions.

    Raises:
        GaiaJudgeError: It is none, lacks a file, or a file is not the one that was written.
    """
    try:
        told = json.loads((folder / FILE).read_bytes())
        if told["kind"] != KIND:
            raise ValueError(f"its kind is {told['kind']!r}")
        files = {dimension: folder / name for dimension, name in told["dimensions"].items()}
        changed = [path for path in files.values() if file_digest(path) != told["digests"][path.name]]
        fitting = Fitting(
            metric=told["metric"],
            dimensions=tuple(files),
            key=told["key"],
            human=told["human"],
            videos=tuple(told["videos"]),
            contents=tuple(told.get("contents", ())),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        message = f"{folder} is no fitted metric: {error}."
        hint = "Give a folder that `gaia-judge baseline fit` has written of videos, not of --features."
        raise GaiaJudgeError(message, hint) from error
    if changed:
        raise GaiaJudgeError(f"{changed[0]} is not what was written.", "Fit the metric again.")
    return fitting, files


class FittedMeasurer:
    """Measures videos with a metric that was trained before."""

    def __init__(self, metric: Metric, setting: Setting) -> None:
        from safetensors.numpy import load_file

        self.metric = metric
        self.recipe = _recipe(metric)
        self._setting = setting
        self._fitting, files = read_fitting(Path(metric.facts["fit"]))
        self._extract = self.recipe.extractor.load(self.recipe.extractor, setting)
        if self.recipe.extractor.key(setting) != self._fitting.key:  # which downloads may have changed
            message = f"{metric.name} was fitted to other features than those of this installation."
            raise GaiaJudgeError(message, "Give the same --weights, or fit it again.")
        self._fitted = {
            dimension: self.recipe.learner.restore(load_file(file), setting.device)
            for dimension, file in files.items()
        }

    def measure(self, clips: Sequence[Clip]) -> list[tuple[Score, ...]]:
        """Return a score per dimension of each clip; those of videos that it was fitted to are marked."""
        return [self._measure(clip) for clip in clips]

    def describe(self) -> dict[str, Any]:
        """Return what the scores depend on beside the features' weights."""
        digest = file_digest(Path(self.metric.facts["fit"]) / FILE)[:12]
        return {"fit_digest": digest, **self.recipe.learner.describe()}

    def _measure(self, clip: Clip) -> tuple[Score, ...]:
        features = [self._extract(clip.frames)]
        remark = self._fitting.remark(clip.video)
        names = self.recipe.extractor.names()
        return tuple(
            Score(
                video=clip.video.id,
                dimension=dimension,
                rater=self.metric.name,
                value=float(fitted.predict(features)[0]),
                note="; ".join(filter(None, (remark, _gaps(fitted, features[0], names)))) or None,
            )
            for dimension, fitted in self._fitted.items()
        )


def trained(
    name: str,
    recipe: Recipe,
    *,
    about: str,
    family: Family,
    fidelity: Fidelity,
    licence: str,
    citation: str,
) -> Metric:
    """Return a metric that is trained: alone it cannot measure, ``NAME:FIT`` is what a fit has become.

    Args:
        name: See ``Metric``, as all others.
        recipe: Its features and how it learns.
        about: One line.
        family: In GAIA's table.
        fidelity: How close it is to the published metric.
        licence: Of weights, or of the code that computes it if it has none.
        citation: The paper.
    """
    return Metric(
        name=name,
        about=about,
        family=family,
        fidelity=fidelity,
        licence=licence,
        citation=citation,
        load=FittedMeasurer,
        dimensions=("people's",),
        frames=recipe.extractor.frames,
        weights=recipe.extractor.weights,
        takes="FIT",
        arrange=_arrange,
        obstacles=_unfitted,
        recipe=recipe,
    )


def _arrange(metric: Metric, folder: str) -> Metric:
    fitting, _ = read_fitting(Path(folder))
    if fitting.metric != metric.name:
        raise GaiaJudgeError(f"{folder} is a fitted {fitting.metric}.", f"Write {fitting.metric}:{folder}.")
    return replace(
        metric,
        dimensions=fitting.dimensions,
        obstacles=None,
        facts={"fit": folder, "human": dict(fitting.human)},
    )


def _unfitted(metric: Metric, setting: Setting) -> list[Problem]:
    return [
        Problem(
            f"{metric.name} must be trained on people's scores first.",
            f"gaia-judge baseline fit VIDEOS --metric {metric.name} --human MOS.csv, then"
            f" --metric {metric.name}:FIT",
        )
    ]


def _gaps(fitted: Fitted, features: Features, names: Sequence[str]) -> str | None:
    return fitted.gaps(features, names) if isinstance(fitted, FittedRegression) else None


def _recipe(metric: Metric) -> Recipe:
    assert metric.recipe is not None
    return metric.recipe
